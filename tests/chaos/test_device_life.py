"""A day of a station whose devices are pulled, hang, break and lie, by seed, in virtual time; a monkey stands there.

The station never hangs: visits go on. Unknown is never ok: a device that cannot tell says so, one that is broken is not
healthy, a role without a usable device is not available.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Sequence
from typing import Any

import pytest
from support.virtual_time import LoopClock, run_virtually

from tramkit import Level, Messages, NotIdentifiedError, Service, Visit, Vital, verbatim
from tramkit.testing.station import Running, station
from tramkit_hal.contracts.enclosure import Enclosure
from tramkit_hal.contracts.power import Power
from tramkit_hal.contracts.presence import Presence
from tramkit_hal.contracts.printer import ReceiptPrinter
from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Document, Paragraph
from tramkit_hal.drivers.qr_receipt import QrReceipt
from tramkit_hal.screens.scripted import ScriptedScreen, ScriptedSettings
from tramkit_hal.sim._base import HEALTHY, Simulator
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.document_printer import SimDocumentPrinter
from tramkit_hal.sim.enclosure import SimEnclosure
from tramkit_hal.sim.face_matcher import SimFaceMatcher
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.lights import SimLights
from tramkit_hal.sim.power import SimPower
from tramkit_hal.sim.presence import SimPresence
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.vital_sensor import SimVitalSensor

_ = Messages("tests")
HOUR = 3600.0
LONGEST_VISIT = 3600.0
"""Seconds in which a station must have come to the end of some visit: whatever hangs has a deadline."""

OPERATOR_COMES = 900.0
"""Seconds after which somebody resets a screen that was left alone."""

BOUND: Sequence[tuple[Role, type[Simulator]]] = (
    (Role.ID_READER, SimIdReader),
    (Role.CODE_SCANNER, SimCodeScanner),
    (Role.CAMERA, SimCamera),
    (Role.FACE_MATCHER, SimFaceMatcher),
    (Role.RECEIPT_PRINTER, SimReceiptPrinter),
    (Role.DOCUMENT_PRINTER, SimDocumentPrinter),
    (Role.VITAL_SENSOR, SimVitalSensor),
    (Role.PRESENCE, SimPresence),
    (Role.POWER, SimPower),
    (Role.LIGHTS, SimLights),
    (Role.ENCLOSURE, SimEnclosure),
)
DOWN = (Trouble.FAULTY.value, Trouble.MISCONFIGURED.value, Trouble.DEADLINE.value)


class CheckUp(Service):
    """Uses one device after the other."""

    id = "test.check_up"
    title = _("Check-up")
    wants = (Role.RECEIPT_PRINTER, Role.VITAL_SENSOR, Role.ID_READER)
    asks_identity = True

    async def serve(self, visit: Visit) -> None:
        with contextlib.suppress(NotIdentifiedError):
            await visit.identify(Level.CLAIMED)
        await visit.measure(Vital.PULSE, _("Your pulse"))
        await visit.tell(_("It is printed now"))
        await visit.commit(_("It is printed now"))
        await visit.print(Document(title=verbatim("Kết quả"), blocks=(Paragraph(text=verbatim("76")),)), name="result")
        await visit.done(_("It is over"))


class Life:
    """What happens to the devices, by seed, and what must hold meanwhile."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.clock = LoopClock()
        self.simulators = [kind(kind.Settings(), DeviceContext(role, self.clock, seed=seed)) for role, kind in BOUND]
        self.happened: dict[str, int] = {}

    @property
    def bound(self) -> dict[Role, list[Device]]:
        found: dict[Role, list[Device]] = {device.context.role: [device] for device in self.simulators}
        found[Role.RECEIPT_PRINTER].append(
            QrReceipt(QrReceipt.Settings(), DeviceContext(Role.RECEIPT_PRINTER, self.clock))
        )
        return found

    async def happen(self, screen: ScriptedScreen) -> None:
        """Let one thing happen to one device: whatever its controls can do."""
        if self.dice.random() < 0.02:
            screen.break_down()
            return
        device = self.dice.choice(self.simulators)
        control = self.dice.choice([each for each in device.controls() if each.kind != "text"])
        match control.kind:
            case "switch":
                value = self.dice.choice(("on", "off"))
            case "choice":
                value = self.dice.choice(control.options)
            case _:
                value = ""
        await device.control(control.name, value)
        what = f"{control.name}={value}"
        self.happened[what] = self.happened.get(what, 0) + 1

    async def mend(self) -> None:
        """Have somebody put everything right."""
        for device in self.simulators:
            for control in device.controls():
                good = {"fault": HEALTHY, "plugged": "on", "unknown": "off", "paper": "enough"}.get(control.name)
                if good is not None and (control.kind != "choice" or good in control.options):
                    await device.control(control.name, good)

    async def check(self, s: Running) -> None:
        """Hold every device and role to what is true of it."""
        for device in self.simulators:
            now = {control.name: control.value for control in device.controls()}
            role = device.context.role
            if now["plugged"] == "off":
                assert not device.state.usable, f"{role}: pulled, and usable"
            looked = await device.health(deadline=0.5)
            if now["fault"] in DOWN or not device.state.usable:
                assert looked.trouble is not None or looked.state is DeviceState.STARTING, f"{role}: {now}, and healthy"
            if now.get("unknown") == "on":
                await self._unknown(device)
        for role in self.bound:
            state, why = s.devices.availability(role)
            if not s.devices.usable(role, Device):
                assert state != "available", f"{role}: nothing usable, and available"
                assert why is not None, f"{role}: no reason"

    async def _unknown(self, device: Any) -> None:
        try:
            match device:
                case Presence():
                    assert (await device.snapshot(0.5)).present is None
                case Power():
                    assert (await device.snapshot(0.5)).on_battery is None
                case Enclosure():
                    assert None in dict(await device.snapshot(0.5)).values() or not device.state.usable
                case ReceiptPrinter():
                    assert device.state is not DeviceState.READY, "cannot tell its paper, and ready"
                case _:
                    return
        except DeviceError:
            return  # it says that it cannot


async def life(seed: int, hours: float) -> dict[str, int]:
    lived = Life(seed)
    loop = asyncio.get_running_loop()

    def robot(_settings: Any, context: DeviceContext) -> ScriptedScreen:
        return ScriptedScreen(ScriptedSettings(seed=seed, pause=10.0), context)

    async with station([CheckUp()], clock=lived.clock, bound=lived.bound, seed=seed, screen=robot) as s:
        visits, since = 0, loop.time()
        while loop.time() < hours * HOUR:
            await asyncio.sleep(lived.dice.expovariate(1 / 40))
            await lived.happen(s.screen)
            await asyncio.sleep(1)
            await lived.check(s)
            if s.station.visits > visits:
                visits, since = s.station.visits, loop.time()
            if not s.screen.state.usable and loop.time() - since > OPERATOR_COMES:
                await s.devices.reset(s.screen)  # after three faults in ten minutes it is left alone until then
            assert loop.time() - since < LONGEST_VISIT, f"no visit for {loop.time() - since:.0f} s"
        await lived.mend()
        for device in s.devices:
            if not device.state.usable or s.devices.is_quarantined(device):
                await s.devices.reset(device)
        await asyncio.sleep(180)
        assert [device.driver for device in s.devices if not device.state.usable] == []
        before = s.station.visits
        await asyncio.sleep(LONGEST_VISIT)
        assert s.station.visits > before
        return {**lived.happened, "visits": s.station.visits}


@pytest.mark.timeout(60)
def test_a_device_that_refuses_everything_at_once_does_not_keep_the_station_busy() -> None:
    async def a_minute_of_it() -> int:
        clock = LoopClock()
        bound: dict[Role, list[Device]] = {}
        for role, kind in ((Role.ID_READER, SimIdReader), (Role.CODE_SCANNER, SimCodeScanner)):
            bound[role] = [kind(kind.Settings(), DeviceContext(role, clock))]
        async with station([CheckUp()], clock=clock, bound=bound) as s:
            for (device,) in bound.values():
                assert isinstance(device, Simulator)
                await device.control("fault", "unreadable")
            await s.menu()
            s.screen.answer(CheckUp.id)
            await s.page("capture")
            before = len(s.screen.history)
            await asyncio.sleep(60)
            return len(s.screen.history) - before

    assert run_virtually(a_minute_of_it()) < 150


@pytest.mark.parametrize(
    ("seed", "hours"),
    [
        (1, 1.0),
        pytest.param(11, 4.0, marks=pytest.mark.slow),
        pytest.param(21, 24.0, marks=pytest.mark.slow),
        *(pytest.param(seed, 24.0, marks=[pytest.mark.long, pytest.mark.timeout(1800)]) for seed in (22, 23, 24)),
    ],
)
def test_a_station_outlives_what_its_devices_do(seed: int, hours: float, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    happened = run_virtually(life(seed, hours))
    print(f"seed {seed}: {happened}")
    assert happened["visits"] > 3 * hours, happened
    assert sum(happened.values()) > 40 * hours
