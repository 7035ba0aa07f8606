"""Code scanners on a serial line or as a USB serial device (CDC-ACM), which send each code as a line."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field, field_validator

from tramkit_hal.device.base import DeviceContext, DeviceInfo
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.drivers._reading import MAX_CODE, ListeningScanner
from tramkit_hal.drivers._wire import Wire, WireSettings, dial


class SerialScannerSettings(WireSettings):
    r"""Settings of a scanner on a serial line.

    :param suffix: what it sends after each code, as hexadecimal digits: ``0d`` (CR) or ``0d0a``.
    :param on: what switches its beam on, as hexadecimal digits; empty: it watches all the time.
    :param off: what switches it off.
    :param encoding: of its texts; the QR of an identity card is UTF-8.
    """

    baud: int = 9600
    suffix: str = Field("0d", min_length=2)
    on: str = ""
    off: str = ""
    encoding: str = "utf-8"

    @field_validator("suffix", "on", "off")
    @classmethod
    def _hexadecimal(cls, value: str) -> str:
        try:
            bytes.fromhex(value)
        except ValueError:
            raise ValueError('hexadecimal digits are needed, e.g. "0d0a"') from None
        return value

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError('an encoding is needed, e.g. "utf-8"') from None
        return value


class SerialScanner(ListeningScanner):
    """A code scanner on a serial line; it types nothing into any page."""

    driver = "serial_scanner"
    Settings = SerialScannerSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._wire: Wire | None = None
        self._listener: asyncio.Task[None] | None = None
        self._text = bytearray()
        self._suffix = bytes.fromhex(self.settings.suffix)

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="serial code scanner", serial=self.settings.identity)

    async def _open(self) -> None:
        await self._close()
        wire = self._wire = await dial(self.settings)
        self._listener = asyncio.create_task(self._listen(wire), name="scanner listener")

    async def _close(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()
        self._text.clear()

    async def _wipe(self) -> None:
        self._text.clear()

    async def _light(self, on: bool) -> None:
        if not on:
            if self._wire is not None and self.settings.off:
                await self._wire.write(bytes.fromhex(self.settings.off))
            return
        self._text.clear()  # what was half sent before the call is of another moment
        if self._wire is None:
            raise DeviceError(Trouble.UNPLUGGED)
        if self.settings.on:
            await self._wire.write(bytes.fromhex(self.settings.on))

    async def _listen(self, wire: Wire) -> None:
        while data := await wire.read():
            self._text += data
            while (end := self._text.find(self._suffix)) >= 0:
                code = bytes(self._text[:end])
                del self._text[: end + len(self._suffix)]
                self._take(code)
            if len(self._text) > MAX_CODE * 4:  # noise without an end
                self._text.clear()
        self._lost(Trouble.UNPLUGGED)

    def _take(self, code: bytes) -> None:
        try:
            self._heard(code.decode(self.settings.encoding).strip("\r\n\x02\x03"))
        except UnicodeDecodeError:  # disturbed on the way: the next look of the scanner is whole
            return
