"""The web screen as a device."""

from __future__ import annotations

import asyncio
import logging
import secrets

from pydantic import BaseModel

from tramkit_hal.device.base import DeviceContext, DeviceInfo, DeviceState, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.screens.web.server import Server
from tramkit_hal.screens.web.settings import WebSettings
from tramkit_hal.screens.web.start_page import remove_start_page, write_start_page
from tramkit_hal.ui.accessibility import describe
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import View
from tramkit_hal.ui.screen import Screen, ScreenCapabilities, Shown
from tramkit_hal.ui.stage import BLANK, ShownView
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import noted

LOOK_SECONDS = 1.0
SILENT_SECONDS = 8.0
"""Without a sign of life of a page, which comes every three seconds: told within ten that nobody looks."""

_log = logging.getLogger(__name__)


class WebScreen(Screen):
    """A touch screen: pages for a browser in kiosk mode on this machine."""

    driver = "web"
    Settings = WebSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._videos: dict[str, NewestFrame] = {}
        self._stage = ShownView()
        self._server: Server | None = None
        self._watching: asyncio.Task[None] | None = None
        self._token: str = self.settings.token or secrets.token_urlsafe(24)
        self._port: int = self.settings.port

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="Tramkit web screen", serial=self.settings.host)

    @property
    def capabilities(self) -> ScreenCapabilities:
        return ScreenCapabilities()

    @property
    def addresses(self) -> dict[str, str]:
        return {"station": self._server.guard.address} if self._server else {}

    @property
    def serial(self) -> int:
        """The number of the view on show; a browser that shows it says so in ``data-shown``."""
        return self._stage.serial

    async def _open(self) -> None:
        self._stage.open()
        server = Server(self.settings, self._token, self._stage, self._videos)
        try:
            self._port = await server.start(self._port)  # the same one again after a reset
        except OSError as error:
            await server.stop()
            detail = f"cannot listen on port {self._port}: {error.strerror}"
            raise DeviceError(Trouble.MISCONFIGURED, detail) from error
        self._server = server
        if self.settings.start_page is not None:
            try:
                write_start_page(self.settings.start_page, server.guard.address)
            except OSError as error:
                raise DeviceError(Trouble.MISCONFIGURED, f"start_page: {error.strerror}") from error
        self._watching = asyncio.create_task(self._watch(), name="screen watch")

    async def _watch(self) -> None:
        """Tell when nobody looks: the browser is gone, or stands still. The station goes on and takes it up again."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            server = self._server
            if server is None:
                continue
            if server.silent > SILENT_SECONDS and self.state is DeviceState.READY:
                _log.warning("nobody looks at the screen", extra={"browsers": server.viewers})
                self._become(DeviceState.DEGRADED, Trouble.UNPLUGGED)
            elif server.silent <= SILENT_SECONDS and self.state is DeviceState.DEGRADED:
                _log.info("somebody looks at the screen again")
                self._become(DeviceState.READY)

    async def _close(self) -> None:
        self._stage.close()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None
        server, self._server = self._server, None
        if server:
            await server.stop()
        if self.settings.start_page is not None:
            remove_start_page(self.settings.start_page)

    async def _wipe(self) -> None:
        self._stage.wipe()
        self._videos.clear()

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        return {noted("browsers"): str(self._server.viewers if self._server else 0)}

    async def show(self, view: View) -> None:
        if not self.state.usable:
            raise DeviceError(self.trouble or Trouble.NOT_OPEN)
        self._stage.show(view)

    async def next_event(self) -> Answered | Pressed | Touched:
        return await self._stage.events.get()

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        if picture is None:
            self._videos.pop(name, None)
        else:
            self._videos[name] = picture

    async def describe(self) -> list[Shown]:
        return [] if self._stage.view is BLANK else describe(self._stage.view, self._stage.drafts)
