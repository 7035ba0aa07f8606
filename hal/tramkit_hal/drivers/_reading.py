"""What scanners share: a code counts only while somebody waits for it, and it says what kind of code it is."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from tramkit_hal.contracts.scanner import CodeScanner, CodeScannerCapabilities, ScannedCode, Symbology
from tramkit_hal.device.errors import DeviceError, Trouble

MAX_CODE = 4296
"""Most characters of a code: what the largest QR code holds (ISO/IEC 18004, version 40-L)."""

AIM: dict[str, Symbology] = {"Q": "qr", "C": "code128", "E": "ean13"}
"""The letter of an AIM identifier, as in ``]Q1`` (ISO/IEC 15424)."""


def without_aim(text: str) -> tuple[Symbology | None, str]:
    """Take the AIM identifier off a code; None: it bears none, or one of a kind that no contract names."""
    if len(text) > 3 and text[0] == "]":
        return AIM.get(text[1]), text[3:]
    return None, text


def guessed(text: str) -> Symbology:
    """Tell what a code without an identifier is: thirteen digits with the right check digit are EAN-13 (GS1)."""
    if len(text) == 13 and text.isascii() and text.isdigit():
        digits = [int(digit) for digit in text]
        if (sum(digits[0:12:2]) + 3 * sum(digits[1:12:2]) + digits[12]) % 10 == 0:
            return "ean13"
    return "qr"


class ListeningScanner(CodeScanner):
    """A scanner that hears codes all the time and keeps none."""

    _waiting: asyncio.Future[ScannedCode] | None = None
    _wanted: tuple[Symbology, ...] = ()

    @property
    def capabilities(self) -> CodeScannerCapabilities:
        return CodeScannerCapabilities(symbologies=("qr", "code128", "ean13"))

    async def scan(self, symbologies: tuple[Symbology, ...] = ("qr",), deadline: float = 60.0) -> ScannedCode:
        async with self._operation(deadline):
            if not set(symbologies) & set(self.capabilities.symbologies):
                raise DeviceError(Trouble.UNSUPPORTED)
            self._wanted = symbologies
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._light(True)
                code = await self._waiting
            finally:
                self._waiting = None
                await self._light(False)
            self._emit("code")
            return code

    def _heard(self, text: str, symbology: Symbology | None = None) -> None:
        """Take a code that was held up: it is forgotten where nobody waits for one of its kind."""
        waiting, found = self._waiting, symbology
        if found is None:
            found, text = without_aim(text)
        found = found or guessed(text)
        if waiting is not None and not waiting.done() and text and len(text) <= MAX_CODE and found in self._wanted:
            waiting.set_result(ScannedCode(symbology=found, text=text))

    @abstractmethod
    async def _light(self, on: bool) -> None:
        """Switch the beam, where it can be switched."""
