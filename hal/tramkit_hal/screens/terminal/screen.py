"""The terminal screen as a device."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from pydantic import BaseModel, Field

from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.screens.terminal.app import CAPABILITIES, TerminalApp, ViewChanged
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import View
from tramkit_hal.ui.screen import Screen, ScreenCapabilities, Shown
from tramkit_hal.ui.stage import BLANK, ShownView
from tramkit_hal.video import NewestFrame


class TerminalSettings(Data):
    """Settings of the driver ``terminal``.

    :param headless: without a terminal, for tests.
    :param columns: width without a terminal, cells.
    :param lines: height without a terminal.
    :param ghost_tap_ms: presses this soon after a page change are not meant for it.
    """

    headless: bool = False
    columns: int = Field(default=42, ge=42, le=400)
    lines: int = Field(default=36, ge=24, le=200)
    ghost_tap_ms: int = Field(default=250, ge=0, le=1000)


class TerminalScreen(Screen):
    """Pages in the terminal in which the station runs."""

    driver = "terminal"
    Settings = TerminalSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._stage = ShownView()
        self._videos: dict[str, NewestFrame] = {}
        self._running: asyncio.Task[None] | None = None
        self.app: TerminalApp | None = None
        """The Textual application while the screen is open."""

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="Tramkit terminal screen", serial=os.environ.get("TERM", ""))

    @property
    def capabilities(self) -> ScreenCapabilities:
        return CAPABILITIES

    @property
    def serial(self) -> int:
        """The number of the view on the stage; :attr:`TerminalApp.serial` is that of the one on the glass."""
        return self._stage.serial

    @property
    def view(self) -> View:
        """The view on the stage."""
        return self._stage.view

    async def _open(self) -> None:
        settings: TerminalSettings = self.settings
        if not settings.headless and not (sys.stdin.isatty() and sys.stderr.isatty()):  # Textual draws on the latter
            raise DeviceError(
                Trouble.MISCONFIGURED,
                "the terminal screen needs a terminal: run the station in one, with neither standard input nor "
                "standard error sent elsewhere",
            )
        self._stage.open()
        app = TerminalApp(self._stage, self._videos, self._stop, settings.ghost_tap_ms / 1000)
        size = (settings.columns, settings.lines) if settings.headless else None
        ready = asyncio.Event()

        async def started(_pilot: object) -> None:
            ready.set()

        self.app = app
        self._running = asyncio.create_task(app.run_async(headless=settings.headless, size=size, auto_pilot=started))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({waiting, self._running}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not ready.is_set():
            raise DeviceError(Trouble.FAULTY, "the terminal application ended at once")

    async def _close(self) -> None:
        self._stage.close()
        app, self.app = self.app, None
        running, self._running = self._running, None
        if app is not None:
            app.exit()
        if running is not None:
            await running

    async def _wipe(self) -> None:
        self._stage.wipe()
        self._videos.clear()
        await self._shown()

    async def show(self, view: View) -> None:
        if not self.state.usable:
            raise DeviceError(self.trouble or Trouble.NOT_OPEN)
        self._stage.show(view)
        await self._shown()

    async def _shown(self) -> None:
        if self.app is not None:
            self.app.post_message(ViewChanged())

    async def next_event(self) -> Answered | Pressed | Touched:
        return await self._stage.events.get()

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        if picture is None:
            self._videos.pop(name, None)
        else:
            self._videos[name] = picture

    async def describe(self) -> list[Shown]:
        return [] if self.app is None or self._stage.view is BLANK else self.app.described()

    def _stop(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
