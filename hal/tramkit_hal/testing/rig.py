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
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated
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


SIM_CONTROLS: dict[str, tuple[str, str | None]] = {
    "code": ("code", None),
    "card": ("card", None),
    "stale": ("stale", "on"),
    "tamper": ("shake", ""),
    "arrive": ("present", "on"),
    "leave": ("present", "off"),
    "mains_off": ("supply", "battery"),
    "mains_low": ("supply", "battery is nearly empty"),
    "mains_on": ("supply", "mains"),
    "door_open": ("door", "on"),
    "out_of_paper": ("paper", "out"),
    "tray_empty": ("tray", "out"),
    "outcome_unknown": ("fault", "outcome_unknown"),
    "line_lost": ("answer", "line lost after the bank took it"),
    "decline": ("answer", "decline"),
}


class SimRig(Rig):
    """A simulator, whose controls are the hands."""

    pluggable = True

    def __init__(self, driver: type[Device], role: Role, **settings: Any) -> None:
        self._driver, self._role, self._settings = driver, role, settings

    def make(self) -> Device:
        return self._driver(self._driver.Settings.model_validate(self._settings), DeviceContext(self._role))

    async def operate(self, device: Any) -> None:
        from tramkit_hal.testing.sim_operations import operate

        if not await operate(device, self):
            await super().operate(device)

    async def operate_shortly(self, device: Any) -> None:
        from tramkit_hal.testing.sim_operations import operate_shortly

        await operate_shortly(device)

    async def hang(self, device: Any) -> bool:
        await device.control("fault", Trouble.DEADLINE.value)
        return True

    async def unplug(self, device: Any) -> None:
        await device.control("plugged", "off")

    async def plug(self, device: Any) -> None:
        await device.control("plugged", "on")
        if not device.state.usable:
            with contextlib.suppress(DeviceError):
                await device.open()

    async def do(self, device: Any, name: str, value: str = "") -> None:
        if name in ("unknown", "known"):
            await self._unknown(device, name == "unknown")
            return
        control, fixed = SIM_CONTROLS[name]
        if control not in {each.name for each in device.controls()}:
            raise NotApplicableError(f"the simulator has no control for that: {name}")
        await device.control(control, value if fixed is None else fixed)

    async def _unknown(self, device: Any, unknown: bool) -> None:
        if isinstance(device, Power):
            await device.control("supply", "cannot tell" if unknown else "mains")  # type: ignore[attr-defined]
        else:
            await device.control("unknown", "on" if unknown else "off")

    async def count(self, device: Any, what: str) -> int:
        if what == "printed":
            return int(device.printed)
        facts = (await device.health()).facts
        if what == "readings" and "stored readings" in facts:
            return int(facts["stored readings"])
        raise NotApplicableError(f"nobody can count that here: {what}")

    def shown(self, device: Any) -> str:
        return device.shown() if isinstance(device, Simulated) else super().shown(device)
