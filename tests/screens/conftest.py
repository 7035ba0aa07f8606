"""A web screen with real sockets, and a resident at it in a real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

from tramkit.testing.browser_screen import PORTRAIT, BrowserScreen
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import WebScreen

MakeScreen = Callable[..., Awaitable[WebScreen]]


@pytest_asyncio.fixture(loop_scope="session")
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


@pytest_asyncio.fixture(loop_scope="session")
async def profile(chromium: Browser) -> AsyncIterator[BrowserContext]:
    """A fresh browser profile, portrait."""
    context = await chromium.new_context(viewport=PORTRAIT)
    yield context
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def resident(make_screen: MakeScreen, profile: BrowserContext) -> BrowserScreen:
    """A browser that has opened a screen in portrait."""
    person = BrowserScreen(await make_screen(), await profile.new_page())
    await person.open()
    return person
