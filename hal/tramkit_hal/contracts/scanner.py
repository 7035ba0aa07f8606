"""The contract of a code scanner."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

from tramkit_hal.data import Data
from tramkit_hal.device.base import Capabilities, Device
from tramkit_hal.words import Nfc

Symbology = Literal["qr", "code128", "ean13"]


class ScannedCode(Data):
    """A code that was read; ``text`` is NFC."""

    symbology: Symbology
    text: Nfc


class CodeScannerCapabilities(Capabilities):
    """What a scanner can read."""

    symbologies: tuple[Symbology, ...]


class CodeScanner(Device):
    """A scanner of printed codes. Events: ``code``, ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> CodeScannerCapabilities: ...

    @abstractmethod
    async def scan(self, symbologies: tuple[Symbology, ...] = ("qr",), deadline: float = 60.0) -> ScannedCode:
        """Light up and wait for a code; one that was shown before the call does not count.

        :param deadline: seconds.
        """
