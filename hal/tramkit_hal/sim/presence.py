"""A simulated presence sensor."""

from __future__ import annotations

from pydantic import BaseModel

from tramkit_hal.contracts.presence import Presence, PresenceCapabilities, PresenceNow
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import Simulator
from tramkit_hal.words import noted


class SimPresence(Simulator, Presence):
    """A sensor before which the operator lets somebody stand or go."""

    driver = "sim_presence"
    model = noted("simulated presence sensor")

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._present = True
        self._unknown = False

    @property
    def capabilities(self) -> PresenceCapabilities:
        return PresenceCapabilities(distance=True)

    async def snapshot(self, deadline: float = 2.0) -> PresenceNow:
        async with self._simulate(deadline, exclusive=False):
            if self._unknown:
                return PresenceNow(present=None, confidence=0.0)
            return PresenceNow(present=self._present, distance=0.6 if self._present else 4.0)

    async def _wipe(self) -> None:
        return

    def _controls(self) -> tuple[SimControl, ...]:
        return (
            SimControl(
                name="present",
                label=noted("Somebody stands there"),
                kind="switch",
                value="on" if self._present else "off",
            ),
            SimControl(
                name="unknown", label=noted("Cannot tell"), kind="switch", value="on" if self._unknown else "off"
            ),
        )

    async def _control(self, name: str, value: str) -> None:
        if name == "unknown":
            self._unknown = value == "on"
            return
        present = value == "on"
        if present != self._present:
            self._present = present
            if not self._unknown and self.state.usable:
                self._emit("arrived" if present else "left")

    def shown(self) -> str:
        return noted("Somebody stands before the station.") if self._present else noted("Nobody is here.")
