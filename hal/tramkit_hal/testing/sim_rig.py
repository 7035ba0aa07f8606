"""The rig of a simulator: its controls are the hands."""

from __future__ import annotations

import contextlib
from typing import Any

from tramkit_hal.contracts.power import Power
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated
from tramkit_hal.testing.case import NotApplicableError
from tramkit_hal.testing.rig import Rig
from tramkit_hal.testing.sim_operations import operate, operate_shortly

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
        if not await operate(device, self):
            await super().operate(device)

    async def operate_shortly(self, device: Any) -> None:
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
