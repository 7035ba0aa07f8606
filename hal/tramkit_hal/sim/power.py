"""A simulated UPS."""

from __future__ import annotations

from pydantic import BaseModel

from tramkit_hal.contracts.power import Power, PowerCapabilities, PowerNow
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import Simulator
from tramkit_hal.words import noted

MAINS, BATTERY, LOW, UNKNOWN = noted("mains"), noted("battery"), noted("battery is nearly empty"), noted("cannot tell")
SUPPLIES = (MAINS, BATTERY, LOW, UNKNOWN)
EVENTS = {MAINS: "restored", BATTERY: "on_battery", LOW: "low"}


class SimPower(Simulator, Power):
    """A UPS whose mains the operator pulls."""

    driver = "sim_power"
    model = "simulated UPS"

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._supply = MAINS

    @property
    def capabilities(self) -> PowerCapabilities:
        return PowerCapabilities(runtime=True)

    async def snapshot(self, deadline: float = 5.0) -> PowerNow:
        async with self._simulate(deadline, exclusive=False):
            if self._supply == UNKNOWN:
                return PowerNow(on_battery=None)
            charge = {MAINS: 100.0, BATTERY: 60.0, LOW: 8.0}[self._supply]
            return PowerNow(
                on_battery=self._supply != MAINS, low=self._supply == LOW, charge=charge, runtime=charge * 12
            )

    async def _wipe(self) -> None:
        return

    def _controls(self) -> tuple[SimControl, ...]:
        return (SimControl(name="supply", label=noted("Power"), kind="choice", options=SUPPLIES, value=self._supply),)

    async def _control(self, name: str, value: str) -> None:
        before, self._supply = self._supply, value
        if value != before and value in EVENTS and self.state.usable:
            self._emit(EVENTS[value])
