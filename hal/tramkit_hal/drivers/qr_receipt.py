"""No paper: the receipt as QR codes on the screen, which the resident's phone reads without a network."""

from __future__ import annotations

from tramkit_hal.contracts.printer import Printed, ReceiptPrinter, ReceiptPrinterCapabilities
from tramkit_hal.device.base import DeviceInfo
from tramkit_hal.document.document import Document
from tramkit_hal.words import noted

CODE_BYTES = 900
"""Most bytes in one code: version 24 at level M, whose modules an old phone still reads from a screen."""


class QrReceipt(ReceiptPrinter):
    """A receipt printer without paper."""

    driver = "qr_receipt"

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model=noted("receipt as QR code"), serial="0")

    @property
    def capabilities(self) -> ReceiptPrinterCapabilities:
        return ReceiptPrinterCapabilities(medium="screen")

    async def print(self, document: Document, language: str, operation: str, deadline: float = 30.0) -> Printed:
        async with self._operation(deadline):
            return Printed(medium="screen", codes=codes(document.lines(language)))

    async def present(self, deadline: float = 5.0) -> None:
        async with self._operation(deadline):
            return

    async def _open(self) -> None:
        return

    async def _close(self) -> None:
        return

    async def _wipe(self) -> None:
        return


def codes(lines: list[str]) -> tuple[str, ...]:
    """Return lines as texts of at most :data:`CODE_BYTES` bytes, cut at line ends, numbered where there are several."""
    room = CODE_BYTES - len("99/99\n")
    parts: list[str] = []
    for line in lines:
        for piece in _pieces(line, room):
            longer = f"{parts[-1]}\n{piece}" if parts else piece
            if parts and len(longer.encode()) <= room:
                parts[-1] = longer
            else:
                parts.append(piece)
    if len(parts) == 1:
        return tuple(parts)
    return tuple(f"{number}/{len(parts)}\n{part}" for number, part in enumerate(parts, start=1))


def _pieces(line: str, room: int) -> list[str]:
    """Cut a line that is too long for one code, between letters."""
    pieces = [""]
    for letter in line:
        if len((pieces[-1] + letter).encode()) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces
