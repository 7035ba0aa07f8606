"""A simulated scanner of printed codes."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

from tramkit_hal.contracts.scanner import CodeScanner, CodeScannerCapabilities, ScannedCode, Symbology
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.errors import Trouble
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import COMMON_FAULTS, Simulator
from tramkit_hal.sim.people import PEOPLE, by_name, qr_text
from tramkit_hal.words import noted


class SimCodeScanner(Simulator, CodeScanner):
    """A scanner before which the operator holds a code."""

    driver = "sim_code_scanner"
    model = noted("simulated code scanner")
    faults = (*COMMON_FAULTS, Trouble.UNREADABLE)

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._waiting: asyncio.Future[str] | None = None

    @property
    def capabilities(self) -> CodeScannerCapabilities:
        return CodeScannerCapabilities(symbologies=("qr", "code128", "ean13"))

    async def scan(self, symbologies: tuple[Symbology, ...] = ("qr",), deadline: float = 60.0) -> ScannedCode:
        async with self._simulate(deadline):
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                text = await self._waiting
            finally:
                self._waiting = None
            self._emit("code")
            return ScannedCode(symbology="qr", text=text)

    async def _wipe(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _controls(self) -> tuple[SimControl, ...]:
        names = tuple(person.name for person in PEOPLE)
        return (
            SimControl(name="card", label=noted("Hold the QR of a card before it"), kind="choice", options=names),
            SimControl(name="code", label=noted("Hold a code with this text before it"), kind="text"),
        )

    async def _control(self, name: str, value: str) -> None:
        person = by_name(value) if name == "card" else None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(qr_text(person) if person else value)

    def shown(self) -> str:
        return noted("The red light is on.") if self._waiting is not None else ""
