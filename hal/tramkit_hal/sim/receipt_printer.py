"""A simulated receipt printer that holds the paper out until it is taken."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from tramkit_hal.contracts.printer import Printed, ReceiptPrinter, ReceiptPrinterCapabilities
from tramkit_hal.device.base import DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.document.document import Document
from tramkit_hal.document.raster import raster
from tramkit_hal.sim._base import COMMON_FAULTS, SimSettings, Simulator
from tramkit_hal.words import noted

if TYPE_CHECKING:
    from PIL.Image import Image


PAPER = (noted("ok"), noted("low"), noted("out"))


class PrinterSettings(SimSettings):
    """Settings of the simulated printer.

    :param dots: dots across the paper.
    """

    dots: int = Field(576, ge=200, le=1000)


class SimReceiptPrinter(Simulator, ReceiptPrinter):
    """A printer whose paper, cover and cutter the operator controls."""

    driver = "sim_receipt_printer"
    model = noted("simulated receipt printer")
    Settings = PrinterSettings
    faults = (*COMMON_FAULTS, Trouble.JAMMED, Trouble.OUTCOME_UNKNOWN)

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._paper = "ok"
        self._cover_open = False
        self._out: Image | None = None
        self._out_text: list[str] = []
        self._done: dict[str, Printed] = {}
        self.printed = 0
        """How many documents it has printed."""

    @property
    def capabilities(self) -> ReceiptPrinterCapabilities:
        return ReceiptPrinterCapabilities(medium="paper", dots=self.settings.dots, presents=True)

    async def print(self, document: Document, language: str, operation: str, deadline: float = 30.0) -> Printed:
        async with self._simulate(deadline):
            if operation in self._done:
                return self._done[operation]
            if self._cover_open:
                raise DeviceError(Trouble.COVER_OPEN)
            if self._paper == "out":
                raise DeviceError(Trouble.OUT_OF_PAPER)
            self._out = await asyncio.to_thread(raster, document, language, self.settings.dots)
            self._out_text = document.lines(language)
            self.printed += 1
            self._done[operation] = Printed(medium="paper")
            if self._fault is Trouble.OUTCOME_UNKNOWN:
                raise DeviceError(Trouble.OUTCOME_UNKNOWN)
            return self._done[operation]

    async def present(self, deadline: float = 5.0) -> None:
        async with self._simulate(deadline):
            return

    async def _wipe(self) -> None:
        self._clear()
        self._done.clear()

    def _clear(self) -> None:
        self._out = None
        self._out_text = []

    def paper_png(self) -> bytes | None:
        """Return the paper that hangs out as a PNG; None where there is none."""
        if self._out is None:
            return None
        out = io.BytesIO()
        self._out.save(out, "PNG")
        return out.getvalue()

    def _facts(self) -> dict[str, str]:
        cover = noted("open") if self._cover_open else noted("closed")
        return {noted("paper"): self._paper, noted("cover"): cover, noted("printed"): str(self.printed)}

    def _controls(self) -> tuple[SimControl, ...]:
        return (
            SimControl(name="paper", label=noted("Paper"), kind="choice", options=PAPER, value=self._paper),
            SimControl(
                name="cover", label=noted("Cover open"), kind="switch", value="on" if self._cover_open else "off"
            ),
            SimControl(name="take", label=noted("Take the paper"), kind="press"),
        )

    async def _control(self, name: str, value: str) -> None:
        if name == "take":
            if self._out is not None:
                self._clear()
                self._emit("taken")
            return
        if name == "paper":
            self._paper = value
            if value != "ok":
                self._emit(value)
        else:
            self._cover_open = value == "on"
        self._show_trouble()

    def _show_trouble(self) -> None:
        """Let the state tell what paper and cover are like."""
        if not self.state.usable or self.state is DeviceState.BUSY:
            return
        trouble = Trouble.OUT_OF_PAPER if self._paper == "out" else None
        trouble = Trouble.COVER_OPEN if self._cover_open else trouble
        low = self._paper == "low"
        self._become(DeviceState.DEGRADED if trouble or low else DeviceState.READY, trouble)

    def shown(self) -> str:
        return "\n".join(self._out_text)
