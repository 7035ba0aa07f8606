"""What all simulators share: being pulled and plugged, faults, a script of what happens when."""

from __future__ import annotations

import asyncio
import contextlib
import random
from abc import abstractmethod
from collections.abc import AsyncGenerator
from typing import ClassVar

from pydantic import BaseModel, Field

from tramkit_hal.data import Data
from tramkit_hal.device.base import Device, DeviceContext, DeviceInfo, DeviceState, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.words import noted

HEALTHY = noted("none")
COMMON_FAULTS = (Trouble.FAULTY, Trouble.MISCONFIGURED, Trouble.DEADLINE)


class Cue(Data):
    """One line of a script: what happens, and when.

    :param at: seconds after the device was opened for the first time.
    :param do: name of a control.
    :param value: what the control is set to.
    """

    at: float = Field(ge=0)
    do: str
    value: str = ""


class SimSettings(Data):
    """Settings of every simulator.

    :param serial: the serial number it reports.
    :param plugged: whether it is there when the station starts.
    :param latency: seconds that each operation takes at least.
    :param script: what happens to it while the station runs.
    """

    serial: str = "SIM-1"
    plugged: bool = True
    latency: float = Field(0.0, ge=0, le=60)
    script: list[Cue] = Field(default_factory=list[Cue])


class Simulator(Device):
    """Base of the simulators, put before the device class: ``class SimCamera(Simulator, Camera)``."""

    Settings = SimSettings
    model: ClassVar[str] = "simulator"
    faults: ClassVar[tuple[Trouble, ...]] = COMMON_FAULTS
    """The troubles that can be switched on."""

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self.random = random.Random(context.seed)
        self._plugged: bool = self.settings.plugged
        self._fault: Trouble | None = None
        self._script: asyncio.Task[None] | None = None

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model=self.model, serial=self.settings.serial, simulated=True)

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        if self._script is None and self.settings.script:
            self._script = asyncio.create_task(self._play(), name="simulator script")
        if not self._plugged:
            raise DeviceError(Trouble.UNPLUGGED)
        if self._fault is Trouble.MISCONFIGURED or self._fault is Trouble.FAULTY:
            raise DeviceError(self._fault)
        await self._start()

    async def _close(self) -> None:
        await self._stop()
        if self._script is not None and self._script is not asyncio.current_task():
            self._script.cancel()
            await asyncio.gather(self._script, return_exceptions=True)
            self._script = None

    async def _reset(self) -> None:
        await self._stop()
        await self._open()

    async def _start(self) -> None:
        """Begin what the simulator does while it is there."""

    async def _stop(self) -> None:
        """End what :meth:`_start` began."""

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        if self._fault is not None:
            raise DeviceError(self._fault)
        return self._facts()

    def _facts(self) -> dict[str, str]:
        return {}

    async def _play(self) -> None:
        begin = self.clock.monotonic()
        for cue in sorted(self.settings.script, key=lambda cue: cue.at):
            await self.clock.sleep(max(0.0, begin + cue.at - self.clock.monotonic()))
            await self.control(cue.do, cue.value)

    @contextlib.asynccontextmanager
    async def _simulate(self, deadline: float, *, exclusive: bool = True) -> AsyncGenerator[None]:
        """Frame an operation with the latency and the fault that are set."""
        async with self._operation(deadline, exclusive=exclusive):
            if self.settings.latency:
                await asyncio.sleep(self.settings.latency)
            if self._fault is Trouble.DEADLINE:
                await asyncio.get_running_loop().create_future()  # never answers
            if self._fault is not None and self._fault is not Trouble.OUTCOME_UNKNOWN:
                raise DeviceError(self._fault)
            yield

    # ── controls ──────────────────────────────────────────────────────────────────────────────────────────

    def controls(self) -> tuple[SimControl, ...]:
        """Return what can be done to it now."""
        fault = self._fault.value if self._fault else HEALTHY
        options = (HEALTHY, *(trouble.value for trouble in self.faults))
        return (
            *self._controls(),
            SimControl(
                name="plugged", label=noted("Plugged in"), kind="switch", value="on" if self._plugged else "off"
            ),
            SimControl(name="fault", label=noted("Fault"), kind="choice", options=options, value=fault),
        )

    def _controls(self) -> tuple[SimControl, ...]:
        """Return the controls of this kind of simulator."""
        return ()

    async def control(self, name: str, value: str = "") -> None:
        """Do it.

        :raises ValueError: an unknown control, or a value it does not take.
        """
        found = next((control for control in self.controls() if control.name == name), None)
        if found is None:
            known = ", ".join(control.name for control in self.controls())
            raise ValueError(f"there is no control of that name; there are: {known}")
        if found.kind == "switch" and value not in ("on", "off"):
            raise ValueError(f"{name} takes on or off")
        if found.kind == "choice" and value not in found.options:
            raise ValueError(f"{name} takes one of: {', '.join(found.options)}")
        if name == "plugged":
            await self._plug(value == "on")
        elif name == "fault":
            self._set_fault(None if value == HEALTHY else Trouble(value))
        else:
            await self._control(name, value)

    @abstractmethod
    async def _control(self, name: str, value: str) -> None:
        """Do what a control of this kind of simulator says."""

    async def _plug(self, plugged: bool) -> None:
        if plugged == self._plugged:
            return
        self._plugged = plugged
        if not plugged:
            await self._stop()
            self._lost(Trouble.UNPLUGGED)
        elif self.state is DeviceState.ABSENT:
            with contextlib.suppress(DeviceError):  # the state tells
                await self.open()

    def _set_fault(self, fault: Trouble | None) -> None:
        self._fault = fault
        if (fault is Trouble.FAULTY or fault is Trouble.MISCONFIGURED) and self.state.usable:
            self._lost(fault)

    def shown(self) -> str:
        """Return what a bystander would see of it."""
        return ""
