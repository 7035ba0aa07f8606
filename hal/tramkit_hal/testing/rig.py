"""What the cases need of a device's surroundings: hands that pull it out, hold a code before it, count its paper."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator
from typing import Any

from tramkit_hal.contracts.document_printer import DocumentPrinter
from tramkit_hal.contracts.enclosure import Enclosure
from tramkit_hal.contracts.lights import Lights, Shine
from tramkit_hal.contracts.power import Power
from tramkit_hal.contracts.presence import Presence
from tramkit_hal.contracts.printer import ReceiptPrinter
from tramkit_hal.contracts.voice import Voice
from tramkit_hal.device.base import Device
from tramkit_hal.document.document import Document, Paragraph
from tramkit_hal.testing.case import NotApplicableError
from tramkit_hal.words import verbatim

CANARY = "Nguyễn Thị Hoàng Yến 079399000001"
"""A person who does not exist; after a wipe she is found nowhere."""

RECEIPT = Document(title=verbatim("Biên nhận"), blocks=(Paragraph(text=verbatim(CANARY)),))
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


class Rig(ABC):
    """A device and its surroundings. Only :meth:`make` must be written; a case that needs more is not run."""

    pluggable = False
    """Whether :meth:`unplug` and :meth:`plug` do something."""
    seconds = 10.0
    """How long an operation may take here."""

    @abstractmethod
    def make(self) -> Device:
        """Return a new device, not opened."""

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncGenerator[Any]:
        """Open a new device for a case and close it."""
        device = self.make()
        await device.open()
        try:
            yield device
        finally:
            await device.close()

    # ── what it is for ──

    _operations = 0

    async def operate(self, device: Any) -> None:
        """Do one thing that the device is for; by default what needs nobody's hand."""
        self._operations += 1
        match device:
            case ReceiptPrinter():
                await device.print(RECEIPT, "vi", f"conformance:{id(self)}:{self._operations}", self.seconds)
            case DocumentPrinter():
                await device.submit(PDF, f"conformance:{id(self)}:{self._operations}", self.seconds)
            case Presence() | Power() | Enclosure():
                await device.snapshot()
            case Lights():
                await device.set(device.capabilities.lights[0], Shine.ON)
            case Voice():
                await device.say("một hai ba", "vi")
            case _:
                raise NotApplicableError("somebody must do something at the device")

    async def operate_shortly(self, device: Any) -> None:
        """Do the same with a deadline of a tenth of a second."""
        raise NotApplicableError("the operation has no deadline here")

    async def hang(self, device: Any) -> bool:
        """Make the next operation take forever; False: that can't be had here."""
        return False

    # ── hands ──

    async def unplug(self, device: Any) -> None:
        """Pull it out."""
        raise NotApplicableError("nobody can pull it out")

    async def plug(self, device: Any) -> None:
        """Put it in again."""
        raise NotApplicableError("nobody can put it in")

    async def do(self, device: Any, name: str, value: str = "") -> None:
        """Do something to it that a resident, an operator or chance does.

        :param name: ``code`` (hold a code before it), ``card`` (hold a card to it), ``unknown`` (it cannot tell any
            more), ``known``, ``tamper``, ``arrive``, ``leave``, ``mains_off``, ``stale`` (it gives a stored reading) …
        """
        raise NotApplicableError(f"nobody can do that here: {name}")

    async def count(self, device: Any, what: str) -> int:
        """Count what the device did or holds: ``printed``, ``readings``, ``charged``."""
        raise NotApplicableError(f"nobody can count that here: {what}")

    def shown(self, device: Any) -> str:
        """Return what a bystander sees of it."""
        raise NotApplicableError("nobody looks at it here")
