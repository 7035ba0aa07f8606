"""What a phone sees of the page that takes papers: axe-core finds nothing, and a finger hits what it means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from support.phone import Phone

from tramkit.papers.server import Uploads
from tramkit.testing import layout
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.words import LANGUAGES, bilingual

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WHAT = bilingual(vi="Giấy tờ chỗ ở", en="Proof of dwelling")
LEAST = 44
"""CSS pixels of what a finger presses (WCAG 2.5.5)."""
SMALL = """(least) => [...document.querySelectorAll('a, button, input')]
    .filter((each) => Math.min(each.getBoundingClientRect().width, each.getBoundingClientRect().height) < least)
    .map((each) => each.outerHTML)"""
SIDEWAYS = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest_asyncio.fixture(loop_scope="session")
async def phone(browser: Browser) -> Phone:
    phone = await Phone.of(browser)
    await layout.prepare(phone.page)
    return phone


@pytest_asyncio.fixture(loop_scope="session")
async def uploads() -> AsyncIterator[Uploads]:
    server = Uploads("127.0.0.1", 0, ManualClock(), agency="UBND phường Bình Trưng, TP. Hồ Chí Minh")
    await server.start()
    yield server
    await server.stop()


async def faults(phone: Phone) -> list[str]:
    """Return what is wrong with the page that stands on the phone."""
    small = [f"small: {each}" for each in await phone.page.evaluate(SMALL, LEAST)]
    sideways = ["scrolls sideways"] if await phone.page.evaluate(SIDEWAYS) else []
    return [*await layout.violations(phone.page), *small, *sideways]


@pytest.mark.parametrize("language", list(LANGUAGES))
async def test_every_page_for_phones_is_accessible(uploads: Uploads, phone: Phone, language: str) -> None:
    with uploads.link(WHAT, 3, language) as link:
        await phone.open(link.address)
        assert await faults(phone) == []
        await phone.send(("note.txt", b"no picture at all"))
        await phone.page.locator(".problem li").wait_for()
        assert await faults(phone) == []
        other = await Phone.of(phone.page.context.browser)  # type: ignore[arg-type]
        await layout.prepare(other.page)
        await other.open(link.address)
        assert await faults(other) == []
    await phone.open(link.address)
    assert urlsplit(phone.page.url).path == urlsplit(link.address).path
    assert await faults(phone) == []


@pytest.mark.parametrize(("most", "says"), [(1, "One file"), (3, "At most 3 files")])
async def test_the_page_takes_as_many_files_as_it_says(uploads: Uploads, phone: Phone, most: int, says: str) -> None:
    with uploads.link(WHAT, most, "en") as link:
        await phone.open(link.address)
        words = await phone.page.inner_text("body")
        several = await phone.page.evaluate("() => document.getElementById('files').multiple")
    assert says in words
    assert ("You may choose several" in words) == several == (most > 1)
