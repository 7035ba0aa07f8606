"""A simulated sensor of vital signs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, Field

from tramkit_hal.contracts.vital import PLAUSIBLE, UNITS, Reading, Vital, VitalSensor, VitalSensorCapabilities
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import COMMON_FAULTS, SimSettings, Simulator
from tramkit_hal.words import noted

USUAL: dict[Vital, tuple[float, ...]] = {
    Vital.BLOOD_PRESSURE: (128, 82),
    Vital.PULSE: (76,),
    Vital.SPO2: (97,),
    Vital.TEMPERATURE: (36.8,),
    Vital.WEIGHT: (61.5,),
    Vital.HEIGHT: (162,),
}


NEXT: Mapping[Vital, str] = {
    Vital.BLOOD_PRESSURE: noted("Next blood pressure (mmHg, 120/80)"),
    Vital.PULSE: noted("Next pulse (1/min)"),
    Vital.SPO2: noted("Next oxygen (%)"),
    Vital.TEMPERATURE: noted("Next temperature (°C)"),
    Vital.WEIGHT: noted("Next weight (kg)"),
    Vital.HEIGHT: noted("Next height (cm)"),
}
"""What the operator's panel calls the reading that comes next."""


class VitalSettings(SimSettings):
    """Settings of the simulated sensor.

    :param seconds: how long a measurement takes.
    :param kinds: what it measures.
    """

    seconds: float = Field(3.0, ge=0, le=120)
    kinds: tuple[Vital, ...] = tuple(Vital)


class SimVitalSensor(Simulator, VitalSensor):
    """A health booth that measures what the operator sets, with small seeded variations."""

    driver = "sim_vital_sensor"
    model = noted("simulated health booth")
    Settings = VitalSettings
    faults = (*COMMON_FAULTS, Trouble.UNREADABLE)

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._next: dict[Vital, tuple[float, ...]] = {}
        self._memory: list[Reading] = []
        self._stale = False
        self._abort = asyncio.Event()

    @property
    def capabilities(self) -> VitalSensorCapabilities:
        return VitalSensorCapabilities(kinds=self.settings.kinds)

    async def measure(self, kind: Vital, deadline: float = 60.0) -> Reading:
        async with self._simulate(deadline):
            if kind not in self.capabilities.kinds:
                raise DeviceError(Trouble.UNSUPPORTED)
            self._abort.clear()
            if await self._aborted_within(self.settings.seconds):
                raise DeviceError(Trouble.UNREADABLE, "aborted")
            taken = self.clock.now()
            if self._stale:  # a stored reading of the person before is never returned
                taken -= timedelta(hours=1)
            reading = Reading(
                kind=kind,
                values=self._values(kind),
                unit=UNITS[kind],
                quality=round(self.random.uniform(0.9, 1.0), 2),
                taken_at=taken,
                device=f"{self.driver} {self.settings.serial}",
            )
            if self.clock.now() - reading.taken_at > timedelta(minutes=2):
                raise DeviceError(Trouble.UNREADABLE, "stale")
            self._memory.append(reading)
            return reading

    def _values(self, kind: Vital) -> tuple[float, ...]:
        if kind in self._next:
            return self._next[kind]
        places = 1 if kind in (Vital.TEMPERATURE, Vital.WEIGHT) else 0
        spread = 0.2 if places else 2.0
        (low, high) = PLAUSIBLE[kind][0]
        return tuple(
            round(min(max(value + self.random.uniform(-spread, spread), low), high), places) for value in USUAL[kind]
        )

    async def _aborted_within(self, seconds: float) -> bool:
        """Wait out a measurement on the station's clock; True: it was aborted."""
        sleep: asyncio.Future[Any] = asyncio.ensure_future(self.clock.sleep(seconds))
        abort = asyncio.create_task(self._abort.wait())
        try:
            await asyncio.wait({sleep, abort}, return_when=asyncio.FIRST_COMPLETED)
            return abort.done()
        finally:
            sleep.cancel()
            abort.cancel()

    async def abort(self) -> None:
        self._abort.set()

    async def purge_memory(self) -> None:
        self._memory.clear()

    async def _wipe(self) -> None:
        self._abort.set()
        self._memory.clear()
        self._next.clear()

    def _facts(self) -> dict[str, str]:
        return {noted("stored readings"): str(len(self._memory)), noted("battery"): "100 %"}

    def _controls(self) -> tuple[SimControl, ...]:
        values = tuple(
            SimControl(
                name=kind.value,
                label=NEXT[kind],
                kind="text",
                value="/".join(f"{value:g}" for value in self._next.get(kind, ())),
            )
            for kind in Vital
        )
        return (
            *values,
            SimControl(
                name="stale", label=noted("Gives a stored reading"), kind="switch", value="on" if self._stale else "off"
            ),
        )

    async def _control(self, name: str, value: str) -> None:
        if name == "stale":
            self._stale = value == "on"
            return
        kind = Vital(name)
        if not value.strip():
            self._next.pop(kind, None)
            return
        try:
            values = tuple(float(part) for part in value.replace(",", ".").split("/"))
        except ValueError:
            values = ()
        if len(values) != len(UNITS_OF[kind]):
            raise ValueError(f"{name} takes {' and '.join(UNITS_OF[kind])}, e.g. {_example(kind)}")
        self._next[kind] = values


UNITS_OF: dict[Vital, tuple[str, ...]] = {
    kind: ("a number",) if len(USUAL[kind]) == 1 else ("systolic", "diastolic") for kind in Vital
}


def _example(kind: Vital) -> str:
    return "/".join(f"{value:g}" for value in USUAL[kind])
