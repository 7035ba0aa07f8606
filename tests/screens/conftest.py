"""A web screen with real sockets, and a resident at it in a real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright
from support.resident import PORTRAIT, Resident

from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import WebScreen

MakeScreen = Callable[..., Awaitable[WebScreen]]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One Chromium for a module's tests; each test has a profile of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def make_screen() -> AsyncIterator[MakeScreen]:
    """Make open web screens that are closed after the test."""
    async with AsyncExitStack() as stack:

        async def make(**settings: object) -> WebScreen:
            given = WebScreen.Settings.model_validate({"ghost_tap_ms": 0} | settings)
            screen = WebScreen(given, DeviceContext(role=Role.SCREEN))
            await screen.open()
            stack.push_async_callback(screen.close)
            return screen

        yield make


@pytest_asyncio.fixture(loop_scope="module")
async def profile(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh browser profile, portrait."""
    context = await chromium.new_context(viewport=PORTRAIT)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def resident(make_screen: MakeScreen, profile: BrowserContext) -> Resident:
    """A browser that has opened a screen in portrait."""
    person = Resident(await make_screen(), await profile.new_page())
    await person.open()
    return person
