"""A resident at the web screen: a page of a real Chromium, and what the screen hears of it."""

from __future__ import annotations

import asyncio

from tramkit.testing.needs import needs
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import View

with needs("playwright"):
    from playwright.async_api import Page, ViewportSize

PORTRAIT: ViewportSize = {"width": 1080, "height": 1920}
LANDSCAPE: ViewportSize = {"width": 1920, "height": 1080}


class BrowserScreen:
    """A browser at a web screen, without a station.

    :ivar problems: what the browser's console said and should not have (a CSP violation, a script error).
    :ivar requests: every address that was asked for.
    """

    def __init__(self, screen: WebScreen, page: Page) -> None:
        self.screen = screen
        self.page = page
        self.problems: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda m: self.problems.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    async def open(self) -> None:
        """Open the screen by its address."""
        await self.page.goto(self.screen.addresses["station"])
        await self.page.wait_for_selector("#main")

    async def show(self, view: View) -> None:
        """Show a view and wait until the browser has it."""
        await self.screen.show(view)
        await self.has(view)

    async def has(self, view: View) -> None:
        """Wait until the browser shows a view, the newest."""
        await self.page.wait_for_function(
            """([serial, language]) => Number(document.documentElement?.dataset.shown) >= serial
                && document.documentElement.lang === language && document.readyState === 'complete'""",
            arg=[self.screen.serial, view.language],
        )

    async def event(self) -> Answered | Pressed:
        """Return the next answer or press, passing over touches."""
        async with asyncio.timeout(10):
            while True:
                event = await self.screen.next_event()
                if not isinstance(event, Touched):
                    return event

    async def touched(self) -> Touched:
        """Return the next touch."""
        async with asyncio.timeout(10):
            while True:
                event = await self.screen.next_event()
                if isinstance(event, Touched):
                    return event
