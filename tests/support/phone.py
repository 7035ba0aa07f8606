"""A resident's phone: reads the code on the station's screen, opens the page, sends files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from playwright.async_api import Browser, ConsoleMessage, FilePayload, Page

from support import qr_reading
from tramkit.testing.drivers import AnyDriver
from tramkit.testing.web_driver import LOOK_SECONDS, WebDriver

SCREEN = {"width": 390, "height": 844}
ANSWERED_SO = "the server responded with a status of"
"""What the console says of an answer such as 403, which is meant."""


async def read_code(glass: AnyDriver) -> str:
    """Return what the QR code on the station's screen says, read off the glass where there is one."""
    if not isinstance(glass, WebDriver):
        async with asyncio.timeout(LOOK_SECONDS):
            while not (found := [item.name for item in await glass.describe() if item.role == "code"]):  # type: ignore[attr-defined]
                await asyncio.sleep(0.02)
        return found[0]
    code = glass.page.locator(".code")
    await code.wait_for()
    image = cv2.imdecode(np.frombuffer(await code.screenshot(animations="disabled"), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    text = qr_reading.read_code(image)
    assert text, "the code on the glass cannot be read"
    return text


class Phone:
    """A phone's browser.

    :ivar problems: what its console said and should not have.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.problems: list[str] = []
        page.set_default_timeout(LOOK_SECONDS * 1000)
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and ANSWERED_SO not in message.text:
            self.problems.append(message.text)

    @classmethod
    async def of(cls, browser: Browser) -> Phone:
        """Take a phone out of somebody's pocket."""
        context = await browser.new_context(viewport=SCREEN, is_mobile=True, has_touch=True, device_scale_factor=2)  # type: ignore[arg-type]
        return cls(await context.new_page())

    async def open(self, address: str) -> None:
        """Open what a code says."""
        await self.page.goto(address)
        if await self.page.locator("#begin").count():
            await self._press("#begin")

    async def send(self, *files: tuple[str, bytes]) -> None:
        """Choose files by name and content, and send them."""
        payloads: Sequence[FilePayload] = [
            {"name": name, "mimeType": "image/jpeg", "buffer": content} for name, content in files
        ]
        await self.page.set_input_files("input[type=file]", payloads)
        await self._press("button")

    async def _press(self, what: str) -> None:
        """Press what leads to a page, and wait until that page stands there with its style."""
        async with self.page.expect_navigation():
            await self.page.click(what)

    async def says(self, words: str) -> None:
        """Wait until the page says something."""
        await self.page.locator("main", has_text=words).wait_for()

    async def picture(self, file: Path) -> None:
        """Take a picture of the page."""
        await self.page.screenshot(path=file)
