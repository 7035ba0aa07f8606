"""Codes before the scanner: waiting for one, and what of it is looked at."""

from __future__ import annotations

from tramkit.station.devices import Devices
from tramkit_hal.contracts.scanner import CodeScanner, Symbology
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.words import Messages

_ = Messages("tramkit")

SCAN_SECONDS = 120.0
"""How long one wait for a code lasts before it starts again; the page's time-out is the conversation's."""

PRINTED: tuple[Symbology, ...] = ("qr", "code128", "ean13")
"""Codes that stand on bills and other papers."""

MAX_LETTERS = 2000
"""Of a code that are looked at; a QR code holds up to 4,296."""

OR_SCAN = _("Or hold the code on the paper in front of the scanner.")


def scanner_works(devices: Devices) -> bool:
    """Tell whether a scanner reads codes now."""
    return bool(devices.usable(Role.CODE_SCANNER, CodeScanner))


async def scan(scanner: CodeScanner, kinds: tuple[Symbology, ...] = ("qr",)) -> str:
    """Wait for a code before the scanner.

    :param kinds: of code that it looks for; those that it cannot read are left out.

    :raises DeviceError: the scanner went away, or the code cannot be read.
    """
    able: tuple[Symbology, ...] = tuple(kind for kind in kinds if kind in scanner.capabilities.symbologies)
    while True:
        try:
            return (await scanner.scan(able, deadline=SCAN_SECONDS)).text
        except DeviceError as error:
            if error.trouble is not Trouble.DEADLINE:
                raise
