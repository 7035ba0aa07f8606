"""Strangers who try to get in at the desk as a doctor: they guess, they flood, they keep doctors out."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import aiohttp
import pytest
from desk.kit import PASSWORD, Clinic

from tramkit_telehealth.desk.attempts import FREE

GUESSES = 120


async def guess(clinic: Clinic, name: str, password: str = "a wrong password", forwarded: str = "") -> tuple[int, str]:
    """Try a password from an unknown browser; return the status and after how many seconds the next is heard."""
    headers = {"Origin": clinic.address} | ({"X-Forwarded-For": forwarded} if forwarded else {})
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            f"{clinic.address}/sign-in",
            data={"name": name, "password": password},
            headers=headers,
            allow_redirects=False,
        ) as answer,
    ):
        return answer.status, answer.headers.get("Retry-After", "")


async def at_once(clinic: Clinic, guesses: int) -> list[int]:
    return [status for status, _ in await asyncio.gather(*(guess(clinic, "lan", f"guess {n}") for n in range(guesses)))]


@pytest.mark.shows("ASVS V6")
async def test_of_120_guesses_at_once_only_the_free_ones_are_tried(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        await clinic.put_doctor("lan")
        statuses = await at_once(clinic, GUESSES)
        assert statuses.count(401) <= FREE
        assert statuses.count(429) >= GUESSES - FREE


@pytest.mark.shows("ASVS V6", "ASVS V2")
async def test_the_right_password_among_many_at_once_is_not_found(tmp_path: Path) -> None:
    """Whoever sends guesses together must not have more of them heard than whoever sends them one by one."""
    async with Clinic(tmp_path) as clinic:
        await clinic.put_doctor("lan")
        tries = [guess(clinic, "lan", "wrong, of course") for _ in range(GUESSES)] + [guess(clinic, "lan", PASSWORD)]
        assert 303 not in [status for status, _ in await asyncio.gather(*tries)]


@pytest.mark.shows("ASVS V6", "ASVS V2")
async def test_another_doctor_signs_in_while_somebody_guesses(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        await clinic.put_doctor("lan")
        minh = await clinic.put_doctor("minh")
        assert (await minh.sign_in()).status == 303
        await minh.post("/sign-out")
        alone = time.monotonic()
        assert (await minh.sign_in()).status == 303
        alone = time.monotonic() - alone
        flood = asyncio.create_task(at_once(clinic, GUESSES))
        await asyncio.sleep(0)
        started = time.monotonic()
        assert (await minh.sign_in()).status == 303
        took = time.monotonic() - started
        await flood
        print(f"sign-in alone {alone:.2f} s, under {GUESSES} guesses {took:.2f} s")
        assert took < 10


@pytest.mark.shows("ASVS V6")
async def test_wrong_names_from_one_address_keep_no_doctor_out_who_has_signed_in_there(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        minh = await clinic.put_doctor("minh")
        assert (await minh.sign_in()).status == 303
        await minh.post("/sign-out")
        for n in range(40):
            await guess(clinic, f"nobody-{n}")
        assert (await minh.sign_in()).status == 303


@pytest.mark.shows("ASVS V6")
async def test_guesses_at_an_account_keep_its_doctor_out_of_no_known_browser(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        lan = await clinic.put_doctor("lan")
        assert (await lan.sign_in()).status == 303
        await lan.post("/sign-out")
        await at_once(clinic, GUESSES)
        assert (await guess(clinic, "lan"))[0] == 429
        assert (await lan.sign_in()).status == 303


@pytest.mark.shows("ASVS V6")
async def test_whoever_waits_is_told_for_how_long_and_is_heard_then(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        await clinic.put_doctor("lan")
        for _ in range(FREE):
            assert (await guess(clinic, "lan"))[0] == 401
        status, seconds = await guess(clinic, "lan", PASSWORD)
        assert status == 429
        assert 1 <= int(seconds) <= 60
        await clinic.pass_time(int(seconds) + 1)
        assert (await guess(clinic, "lan", PASSWORD))[0] == 303


@pytest.mark.parametrize("wait", [59.0])
async def test_no_number_of_guesses_makes_an_account_wait_longer_than_a_minute(tmp_path: Path, wait: float) -> None:
    async with Clinic(tmp_path) as clinic:
        await clinic.put_doctor("lan")
        for _ in range(14):
            status, seconds = await guess(clinic, "lan")
            if status == 429:
                assert int(seconds) <= 60
                await clinic.pass_time(int(seconds) + 1)
        await clinic.pass_time(wait + 2)
        assert (await guess(clinic, "lan", PASSWORD))[0] == 303


@pytest.mark.shows("ASVS V4", "ASVS V6")
async def test_behind_a_trusted_proxy_each_client_counts_for_itself(tmp_path: Path) -> None:
    async with Clinic(tmp_path, trusted_proxies=("127.0.0.1",)) as clinic:
        await clinic.put_doctor("lan")
        for n in range(31):
            assert (await guess(clinic, f"nobody-{n}", forwarded=f"203.0.113.{n + 1}"))[0] == 401
        for _ in range(FREE + 1):
            await guess(clinic, "lan", forwarded="203.0.113.7")
        assert (await guess(clinic, "lan", PASSWORD, forwarded="203.0.113.7"))[0] == 429
        assert (await guess(clinic, "lan", PASSWORD, forwarded="203.0.113.200"))[0] == 303


@pytest.mark.shows("ASVS V4")
async def test_a_client_that_is_no_trusted_proxy_cannot_pass_for_many(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        await clinic.put_doctor("lan")
        statuses = [(await guess(clinic, "lan", forwarded=f"203.0.113.{n}"))[0] for n in range(FREE + 5)]
        assert statuses.count(401) == FREE


@pytest.mark.shows("ASVS V4")
async def test_what_a_client_writes_before_the_proxys_own_word_is_not_believed(tmp_path: Path) -> None:
    async with Clinic(tmp_path, trusted_proxies=("127.0.0.0/8",)) as clinic:
        await clinic.put_doctor("lan")
        tries = [(await guess(clinic, "lan", forwarded=f"198.51.100.{n}, 203.0.113.9"))[0] for n in range(FREE + 5)]
        assert tries.count(401) == FREE


@pytest.mark.shows("ASVS V16")
async def test_the_log_names_account_and_client_and_cannot_be_filled(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with Clinic(tmp_path, trusted_proxies=("127.0.0.1",)) as clinic:
            await clinic.put_doctor("lan")
            await guess(clinic, "lan", forwarded="203.0.113.7")
            await guess(clinic, "my-secret-passphrase", forwarded="203.0.113.8")
            for n in range(45):
                await guess(clinic, "", forwarded="203.0.113.9")
                await guess(clinic, f"n{n}", forwarded=f"198.51.100.{n}")
    lines = [record for record in caplog.records if record.getMessage() == "sign-in refused"]
    assert (lines[0].__dict__["account"], lines[0].__dict__["client"]) == ("lan", "203.0.113.7")
    assert "my-secret-passphrase" not in str([record.__dict__ for record in caplog.records])
    assert len(lines) < 40


# ── passwords ─────────────────────────────────────────────────────────────────────────────────────────────────

NEW = "bốn con trâu xanh lội suối"


@pytest.mark.shows("ASVS V6", "ASVS V7")
async def test_a_doctor_changes_the_password_and_every_other_session_ends(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        lan = await clinic.put_doctor("lan")
        assert (await lan.sign_in()).status == 303
        thief = await clinic.put_doctor("other")
        for cookie in lan.http.cookie_jar:
            thief.http.cookie_jar.update_cookies({cookie.key: cookie.value}, response_url=_url(clinic))
        second = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        async with second:
            form = {"name": "lan", "password": PASSWORD}
            await second.post(f"{clinic.address}/sign-in", data=form, headers={"Origin": clinic.address})
            assert (await _front(clinic, second)) == 200
            done = await lan.post("/account/password", old=PASSWORD, new=NEW, again=NEW)
            assert (done.status, done.headers["Location"]) == (303, "/account?done=password")
            assert (await _front(clinic, second)) == 303
        assert (await lan.get("/")).status == 200
        assert (await guess(clinic, "lan", PASSWORD))[0] == 401
        assert (await guess(clinic, "lan", NEW))[0] == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "status"),
    [
        ("not the old one", NEW, NEW, 401),
        (PASSWORD, NEW, NEW + "x", 400),
        (PASSWORD, "short", "short", 400),
        (PASSWORD, "password12", "password12", 400),
        (PASSWORD, "aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", 400),
        (PASSWORD, "MậtKhẩu123456", "MậtKhẩu123456", 400),
        (PASSWORD, PASSWORD, PASSWORD, 400),
    ],
)
@pytest.mark.shows("ASVS V6")
async def test_a_password_is_changed_only_by_who_knows_it_and_to_a_good_one(
    tmp_path: Path, old: str, new: str, again: str, status: int
) -> None:
    async with Clinic(tmp_path) as clinic:
        lan = await clinic.put_doctor("lan")
        await lan.sign_in()
        assert (await lan.post("/account/password", old=old, new=new, again=again)).status == status
        assert (await guess(clinic, "lan", PASSWORD))[0] == 303


@pytest.mark.shows("ASVS V7")
async def test_a_stolen_session_cannot_guess_the_password_at_the_change(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        lan = await clinic.put_doctor("lan")
        await lan.sign_in()
        tries = [(await lan.post("/account/password", old=f"guess {n}", new=NEW, again=NEW)).status for n in range(20)]
        assert tries.count(401) <= FREE
        assert tries[-1] == 429


@pytest.mark.shows("ASVS V6", "EN 5.1")
async def test_a_password_that_was_reset_opens_nothing_before_it_is_changed(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        lan = await clinic.put_doctor("lan")
        await lan.sign_in()
        assert clinic.desk is not None
        told = await clinic.desk.accounts.reset_password("lan")
        assert (await lan.get("/")).status == 303, "the session of before is over"
        entered = await lan.sign_in(told)
        assert (entered.status, entered.headers["Location"]) == (303, "/account")
        assert (await lan.get("/")).headers["Location"] == "/account"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await lan.open_page()
        assert (await lan.get("/search?kind=icd10&q=a")).status == 401
        assert (await lan.post("/account/password", old=told, new=NEW, again=NEW)).status == 303
        assert (await lan.get("/")).status == 200


@pytest.mark.shows("ASVS V7")
async def test_who_signs_out_everywhere_is_signed_out_everywhere(tmp_path: Path) -> None:
    async with Clinic(tmp_path) as clinic:
        lan = await clinic.doctor("lan")
        assert (await lan.post("/account/sign-out-everywhere")).status == 303
        await lan.heard.until(lambda: lan.heard.close_code is not None)
        assert (await lan.get("/")).status == 303


async def _front(clinic: Clinic, http: aiohttp.ClientSession) -> int:
    async with http.get(f"{clinic.address}/", allow_redirects=False) as answer:
        return answer.status


def _url(clinic: Clinic):
    from yarl import URL

    return URL(clinic.address)
