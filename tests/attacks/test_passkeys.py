"""Passkeys in Chromium, with its virtual authenticator: added, asked for, lost; and what a stolen session cannot do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from click.testing import CliRunner
from desk.kit import PASSWORD, Clinic
from playwright.async_api import Browser, CDPSession, Page, expect

from tramkit_telehealth.desk.command import desk

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


class Doctor:
    """A doctor at a browser with an authenticator."""

    def __init__(self, page: Page, devtools: CDPSession, address: str) -> None:
        self.page = page
        self._devtools = devtools
        self.address = address
        self.authenticator = ""

    async def plug_in(self) -> None:
        """Plug a security key in."""
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = await self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.authenticator = str(added["authenticatorId"])

    async def pull_out(self) -> None:
        """Lose the security key."""
        await self._devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.authenticator})

    async def credentials(self) -> list[dict[str, Any]]:
        told = await self._devtools.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        return list(told["credentials"])

    async def password(self, password: str = PASSWORD) -> None:
        await self.page.goto(f"{self.address}/sign-in")
        await self.page.fill("#name", "lan")
        await self.page.fill("#password", password)
        await self.page.click('[type="submit"]')

    async def add_passkey(self, password: str = PASSWORD) -> None:
        await self.page.goto(f"{self.address}/account")
        await self.page.fill("#passkey-label", "khóa trên bàn")
        await self.page.fill("#passkey-password", password)
        await self.page.click("#passkey-enrol button")

    async def is_in(self) -> None:
        await expect(self.page.get_by_test_id("line")).to_have_attribute("data-state", "up")


@asynccontextmanager
async def at_a_browser(chromium: Browser, clinic: Clinic) -> AsyncIterator[Doctor]:
    context = await chromium.new_context()
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    # an authenticator knows names, not addresses (Web Authentication §5.1.3)
    doctor = Doctor(page, devtools, clinic.address.replace("127.0.0.1", "localhost"))
    try:
        yield doctor
    finally:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with Clinic(tmp_path / "desk") as clinic:
        await clinic.put_doctor("lan")
        yield clinic


@pytest.mark.shows("ASVS V6")
async def test_a_passkey_is_added_and_then_asked_for_at_each_sign_in(chromium: Browser, clinic: Clinic) -> None:
    async with at_a_browser(chromium, clinic) as lan:
        await lan.plug_in()
        await lan.password()
        await lan.is_in()
        await lan.add_passkey()
        await expect(lan.page.get_by_test_id("passkey")).to_contain_text("khóa trên bàn")
        await lan.page.context.clear_cookies()
        await lan.password()
        await lan.page.wait_for_url("**/sign-in/passkey")
        before = (await lan.credentials())[0]["signCount"]
        await lan.page.click("#passkey-sign-in")
        await lan.is_in()
        assert (await lan.credentials())[0]["signCount"] > before


@pytest.mark.shows("ASVS V6")
async def test_the_password_alone_opens_nothing_once_there_is_a_passkey(chromium: Browser, clinic: Clinic) -> None:
    async with at_a_browser(chromium, clinic) as lan:
        await lan.plug_in()
        await lan.password()
        await lan.add_passkey()
        await expect(lan.page.get_by_test_id("passkey")).to_be_visible()
        await lan.pull_out()
        await lan.page.context.clear_cookies()
        await lan.password()
        await lan.page.wait_for_url("**/sign-in/passkey")
        for path in ("/", "/account"):
            await lan.page.goto(lan.address + path)
            await lan.page.wait_for_url("**/sign-in*")
        async with aiohttp.ClientSession() as http:
            headers = {"Origin": clinic.address}
            forged: dict[str, Any] = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}
            for body in (forged, [], {}, {"id": 1}):
                async with http.post(f"{clinic.address}/sign-in/passkey", json=body, headers=headers) as answer:
                    assert answer.status == 401


@pytest.mark.shows("ASVS V6")
async def test_another_authenticators_answer_is_refused(chromium: Browser, clinic: Clinic) -> None:
    async with at_a_browser(chromium, clinic) as lan:
        await lan.plug_in()
        await lan.password()
        await lan.add_passkey()
        await expect(lan.page.get_by_test_id("passkey")).to_be_visible()
        (credential,) = await lan.credentials()
        await lan.page.context.clear_cookies()
        await lan.password()
        await lan.page.wait_for_url("**/sign-in/passkey")
        clinic.write("UPDATE passkeys SET sign_count = ?", (credential["signCount"] + 50,))  # the copy was used since
        await lan.page.click("#passkey-sign-in")
        await expect(lan.page.get_by_test_id("passkey-error")).to_be_visible()
        assert clinic.read("SELECT count(*) FROM sessions WHERE seen_at = created_at")[0][0] <= 1


async def test_a_doctor_who_lost_the_passkey_gets_in_again_when_the_operator_has_removed_it(
    chromium: Browser, clinic: Clinic
) -> None:
    async with at_a_browser(chromium, clinic) as lan:
        await lan.plug_in()
        await lan.password()
        await lan.add_passkey()
        await expect(lan.page.get_by_test_id("passkey")).to_be_visible()
        await lan.pull_out()
        await lan.page.context.clear_cookies()
        command = ["--data", str(clinic.folder), "doctor", "passkeys", "lan", "--remove-all"]
        done = await asyncio.to_thread(CliRunner().invoke, desk, command)
        assert "1 removed" in done.output
        await lan.password()
        await lan.is_in()


@pytest.mark.shows("ASVS V7")
async def test_a_stolen_session_adds_and_removes_no_passkey_and_changes_no_password(
    chromium: Browser, clinic: Clinic
) -> None:
    async with at_a_browser(chromium, clinic) as lan, at_a_browser(chromium, clinic) as thief:
        await lan.plug_in()
        await thief.plug_in()
        await lan.password()
        await lan.is_in()
        await lan.add_passkey()
        await expect(lan.page.get_by_test_id("passkey")).to_be_visible()
        await thief.page.context.add_cookies(await lan.page.context.cookies())  # type: ignore[arg-type]
        await thief.add_passkey("a guess of mine")
        await expect(thief.page.get_by_test_id("passkey-error")).to_be_visible()
        assert await thief.credentials() == []
        form = thief.page.get_by_test_id("passkey").first
        await form.locator("[name=password]").fill("a guess of mine")
        await form.locator("button").click()
        await expect(thief.page.get_by_test_id("account-error")).to_be_visible()
        assert clinic.read("SELECT count(*) FROM passkeys") == [(1,)]
        await lan.page.goto(f"{lan.address}/account")
        await lan.page.locator('form[action="/account/sign-out-everywhere"] button').click()
        await lan.page.wait_for_url("**/sign-in")
        await thief.page.goto(f"{thief.address}/account")
        await thief.page.wait_for_url("**/sign-in")


@pytest.mark.shows("ASVS V6")
async def test_where_passkeys_are_demanded_a_doctor_without_one_sees_nobody(chromium: Browser, tmp_path: Path) -> None:
    async with Clinic(tmp_path / "strict", require_passkeys=True) as clinic:
        await clinic.put_doctor("lan")
        async with at_a_browser(chromium, clinic) as lan:
            await lan.plug_in()
            await lan.password()
            await lan.page.wait_for_url("**/account")
            await expect(lan.page.get_by_test_id("must-enrol")).to_be_visible()
            await lan.page.goto(lan.address)
            await lan.page.wait_for_url("**/account")
            await lan.add_passkey()
            await expect(lan.page.get_by_test_id("passkey")).to_be_visible()
            await lan.page.goto(lan.address)
            await lan.is_in()
