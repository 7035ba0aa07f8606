"""A simulated housing."""

from __future__ import annotations

from pydantic import BaseModel

from tramkit_hal.contracts.enclosure import Door, Enclosure, EnclosureCapabilities, EnclosureNow
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import Simulator
from tramkit_hal.words import noted


class SimEnclosure(Simulator, Enclosure):
    """A housing whose door the operator opens."""

    driver = "sim_enclosure"
    model = "simulated housing"

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._door_open = False
        self._tampered = False

    @property
    def capabilities(self) -> EnclosureCapabilities:
        return EnclosureCapabilities(doors=(Door.SERVICE,), tamper=True)

    async def snapshot(self, deadline: float = 2.0) -> EnclosureNow:
        async with self._simulate(deadline, exclusive=False):
            return EnclosureNow(open={Door.SERVICE: self._door_open}, tampered=self._tampered, temperature=31.0)

    async def acknowledge(self, deadline: float = 2.0) -> None:
        async with self._simulate(deadline):
            self._tampered = False

    async def _wipe(self) -> None:
        return

    def _controls(self) -> tuple[SimControl, ...]:
        door = "on" if self._door_open else "off"
        return (
            SimControl(name="door", label=noted("Service door open"), kind="switch", value=door),
            SimControl(name="shake", label=noted("Shake the housing"), kind="press"),
        )

    async def _control(self, name: str, value: str) -> None:
        if name == "shake":
            self._tampered = True
            self._emit("tamper")
        elif (value == "on") != self._door_open:
            self._door_open = value == "on"
            self._emit("opened" if self._door_open else "closed", Door.SERVICE.value)
