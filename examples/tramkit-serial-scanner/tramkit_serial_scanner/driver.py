"""A code scanner that sends each code as a line of UTF-8, and prefixes it with its AIM identifier (ISO/IEC 15424)."""

from __future__ import annotations

import asyncio
import os
import termios
import tty

from pydantic import BaseModel, ConfigDict, Field

from tramkit_hal.contracts.device import DeviceContext, DeviceError, DeviceInfo, Trouble
from tramkit_hal.contracts.scanner import CodeScanner, CodeScannerCapabilities, ScannedCode, Symbology

KINDS: dict[bytes, Symbology] = {b"]Q": "qr", b"]C": "code128", b"]E": "ean13"}
MAX_CODE = 4296
"""Most characters of a code: what the largest QR code holds (ISO/IEC 18004, version 40-L)."""


class LineScannerSettings(BaseModel):
    """Settings of the scanner.

    :param device: a node that keeps its name, ``/dev/serial/by-id/…``.
    """

    model_config = ConfigDict(extra="forbid")

    device: str = Field(min_length=1)


class LineScanner(CodeScanner):
    """The scanner; a code that comes while nobody waits is forgotten."""

    driver = "line_scanner"
    Settings = LineScannerSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._line = -1
        self._heard = bytearray()
        self._waiting: asyncio.Future[ScannedCode] | None = None
        self._wanted: tuple[Symbology, ...] = ()

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="line scanner", serial=self.settings.device)

    @property
    def capabilities(self) -> CodeScannerCapabilities:
        return CodeScannerCapabilities(symbologies=("qr", "code128", "ean13"))

    async def _open(self) -> None:
        await self._close()
        try:
            self._line = os.open(self.settings.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(self._line)
            termios.tcflush(self._line, termios.TCIFLUSH)  # what was read before the station was there is nobody's
        except (OSError, termios.error) as error:
            await self._close()
            raise DeviceError(Trouble.UNPLUGGED, type(error).__name__) from None
        asyncio.get_running_loop().add_reader(self._line, self._readable)

    async def _close(self) -> None:
        line, self._line = self._line, -1
        if line >= 0:
            asyncio.get_running_loop().remove_reader(line)
            os.close(line)
        self._heard.clear()

    async def _wipe(self) -> None:
        self._heard.clear()

    async def scan(self, symbologies: tuple[Symbology, ...] = ("qr",), deadline: float = 60.0) -> ScannedCode:
        async with self._operation(deadline):
            if not set(symbologies) & set(self.capabilities.symbologies):
                raise DeviceError(Trouble.UNSUPPORTED)
            termios.tcflush(self._line, termios.TCIFLUSH)  # what was sent before the call is of another moment
            self._heard.clear()
            self._wanted = symbologies
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                code = await self._waiting
            finally:
                self._waiting = None
            self._emit("code")
            return code

    def _readable(self) -> None:
        try:
            data = os.read(self._line, 4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._line)
            self._lost(Trouble.UNPLUGGED)
            return
        self._heard += data
        while (end := self._heard.find(b"\r")) >= 0:
            self._take(bytes(self._heard[:end]))
            del self._heard[: end + 1]
        if len(self._heard) > MAX_CODE * 4:  # noise without an end
            self._heard.clear()

    def _take(self, code: bytes) -> None:
        kind = KINDS.get(code[:2])
        waiting = self._waiting
        if waiting is None or waiting.done() or kind not in self._wanted:
            return
        try:
            text = code[3:].decode()
        except UnicodeDecodeError:  # disturbed on the way: the next look of the scanner is whole
            return
        if 0 < len(text) <= MAX_CODE:
            waiting.set_result(ScannedCode(symbology=kind, text=text))
