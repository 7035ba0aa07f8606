"""A driver in a process of its own keeps the same contract; what its library does to the process hurts nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import BaseModel
from support.fake_escpos import TcpPrinter

from tramkit_hal.contracts.presence import Presence, PresenceCapabilities, PresenceNow
from tramkit_hal.contracts.vital import Vital
from tramkit_hal.device.base import Device, DeviceContext, DeviceInfo, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.isolated import can_be_isolated, isolated
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Document
from tramkit_hal.drivers.escpos import EscPosPrinter
from tramkit_hal.drivers.opencv import OpenCvCamera
from tramkit_hal.sim.vital_sensor import SimVitalSensor
from tramkit_hal.testing import DeviceConformance, NotApplicableError
from tramkit_hal.words import verbatim

SHORT = Document(title=verbatim("Biên nhận"))


class BadLibrary(Presence):
    """A driver whose library crashes, hangs or prints, as it is told to."""

    driver = "bad_library"

    class Settings(BaseModel):
        fault: str = ""

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="bad", serial="1")

    @property
    def capabilities(self) -> PresenceCapabilities:
        return PresenceCapabilities()

    async def snapshot(self, deadline: float = 2.0) -> PresenceNow:
        async with self._operation(deadline, exclusive=False):
            match self.settings.fault:
                case "crash":
                    os.kill(os.getpid(), signal.SIGSEGV)
                case "hang":
                    time.sleep(60)  # noqa: ASYNC251 - that is the fault
                case "print":
                    os.write(1, b"a library's own words\n{}\n")
                case "raise":
                    raise OSError("library")
                case _:
                    pass
            return PresenceNow(present=True)

    async def _open(self) -> None:
        return

    async def _close(self) -> None:
        return

    async def _wipe(self) -> None:
        return


def bad(fault: str) -> Any:
    kind: Any = isolated(BadLibrary)
    return kind(kind.Settings(fault=fault), DeviceContext(Role.PRESENCE))


async def trouble_of(step: Any) -> Trouble:
    with pytest.raises(DeviceError) as caught:
        await step
    return caught.value.trouble


async def until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_library_that_crashes_is_a_fault_and_opens_again() -> None:
    device = bad("crash")
    await device.open(60)
    assert await trouble_of(device.snapshot()) is Trouble.FAULTY
    await until(lambda: device.state is DeviceState.FAULT)
    await device.open(60)
    assert device.state is DeviceState.READY
    await device.close()


async def test_a_library_that_hangs_keeps_nobody_and_its_process_is_killed() -> None:
    device = bad("hang")
    await device.open(60)
    begin = time.monotonic()
    assert await trouble_of(device.snapshot(deadline=0.2)) is Trouble.DEADLINE
    assert time.monotonic() - begin < 2
    await until(lambda: device.state is DeviceState.FAULT)
    await device.open(60)
    await device.close()


async def test_what_a_library_prints_or_raises_does_not_disturb() -> None:
    device = bad("print")
    await device.open(60)
    assert (await device.snapshot()).present
    await device.close()
    device = bad("raise")
    await device.open(60)
    assert await trouble_of(device.snapshot()) is Trouble.FAULTY
    assert device.state is DeviceState.READY
    await device.close()


async def test_a_reading_crosses_whole() -> None:
    kind: Any = isolated(SimVitalSensor)
    device = kind(kind.Settings(seconds=0), DeviceContext(Role.VITAL_SENSOR))
    await device.open(60)
    reading = await device.measure(Vital.BLOOD_PRESSURE)
    assert len(reading.values) == 2
    assert reading.taken_at.tzinfo is not None
    assert device.capabilities.kinds == tuple(Vital)
    await device.close()


def test_pictures_are_not_copied_from_process_to_process() -> None:
    assert not can_be_isolated(OpenCvCamera)
    with pytest.raises(ValueError, match="cannot run"):
        isolated(OpenCvCamera)


@pytest.mark.slow
class TestIsolatedPrinter(DeviceConformance):
    """The ESC/POS driver in a process of its own."""

    contract = EscPosPrinter
    pluggable = True

    @pytest_asyncio.fixture(autouse=True)
    async def _fake(self) -> AsyncIterator[None]:
        self.fake = TcpPrinter()
        await self.fake.start()
        self.jobs = 0
        yield
        await self.fake.stop()

    def make(self) -> Device:
        kind: Any = isolated(EscPosPrinter)
        return kind(kind.Settings(host="127.0.0.1", port=self.fake.port, poll=60), DeviceContext(Role.RECEIPT_PRINTER))

    async def operate(self, device: Any, deadline: float = 10) -> None:
        self.jobs += 1
        await device.print(SHORT, "vi", f"visit:{self.jobs}", deadline)

    async def operate_shortly(self, device: Any) -> None:
        raise NotApplicableError("the deadline is kept on both sides")

    async def unplug(self, device: Device) -> None:
        await self.fake.unplug()

    async def plug(self, device: Device) -> None:
        await self.fake.start()

    async def count(self, device: Device, what: str) -> int:
        return sum(bool(paper.rows) for paper in self.fake.papers)

    async def test_a_process_that_dies_while_it_prints_leaves_the_job_unknown(self) -> None:
        async with self.opened() as device:
            self.fake.knows_process_ids = False  # the printer never says that it is done
            printing = asyncio.create_task(device.print(SHORT, "vi", "visit:1"))
            await until(lambda: self.fake.received > 4000)
            os.kill(device._process.pid, signal.SIGKILL)
            assert await trouble_of(printing) is Trouble.OUTCOME_UNKNOWN
