"""Simulated guide lights."""

from __future__ import annotations

from pydantic import BaseModel

from tramkit_hal.contracts.lights import Light, Lights, LightsCapabilities, Shine
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import Simulator


class SimLights(Simulator, Lights):
    """Guide lights that can be looked at in the panel."""

    driver = "sim_lights"
    model = "simulated guide lights"

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._shining = dict.fromkeys(Light, Shine.OFF)

    @property
    def capabilities(self) -> LightsCapabilities:
        return LightsCapabilities(lights=tuple(Light))

    async def set(self, light: Light, shine: Shine, deadline: float = 2.0) -> None:
        async with self._simulate(deadline):
            self._shining[light] = shine

    async def shining(self, deadline: float = 2.0) -> dict[Light, Shine]:
        async with self._simulate(deadline, exclusive=False):
            return dict(self._shining)

    async def _stop(self) -> None:
        self._shining = dict.fromkeys(Light, Shine.OFF)

    async def _wipe(self) -> None:
        self._shining = dict.fromkeys(Light, Shine.OFF)

    async def _control(self, name: str, value: str) -> None:
        return

    def _controls(self) -> tuple[SimControl, ...]:
        return ()

    def shown(self) -> str:
        return "\n".join(f"{light.value}: {shine.value}" for light, shine in self._shining.items() if shine != "off")
