"""A doctor's page in a real Chromium, at a desk that does what the test says."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from desk_page.page_kit import CHROMIUM, Doctor, PageDesk
from playwright.async_api import Browser, async_playwright


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One Chromium for a module's tests; each test has a profile of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def desk() -> AsyncIterator[PageDesk]:
    """A desk with nobody in its queue."""
    async with PageDesk() as desk:
        yield desk


@pytest_asyncio.fixture(loop_scope="module")
async def doctor(chromium: Browser, desk: PageDesk) -> AsyncIterator[Doctor]:
    """A doctor who has opened the desk's page in English; the page must not complain."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 720})
    doctor = Doctor(await context.new_page(), desk)
    await doctor.open()
    yield doctor
    await context.close()
    assert doctor.complaints == []


@pytest.fixture(autouse=True)
def _needs_a_browser(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.browser)
