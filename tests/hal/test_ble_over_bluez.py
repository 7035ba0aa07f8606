"""The Bluetooth sensors over their real library: driver → bleak → D-Bus → a stand-in of BlueZ with a cuff."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from support.bluez import BlueZ
from support.bus import PrivateBus

from tramkit_hal.contracts.vital import Vital
from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers import _gatt_codes as gatt
from tramkit_hal.drivers.ble_vitals import BleVitals
from tramkit_hal.testing import DeviceConformance

ADDRESS = "C8:0F:10:AA:BB:CC"
BP, TEMPERATURE, PLX, WEIGHT = gatt.PROFILES
CUFF = {
    "00001810-0000-1000-8000-00805f9b34fb": (BP, gatt.RECORDS),
    "0000180a-0000-1000-8000-00805f9b34fb": (gatt.MODEL, gatt.SERIAL, gatt.BATTERY),
}
VALUES = {gatt.MODEL: b"HEM-7\0", gatt.SERIAL: b"S-17", gatt.BATTERY: b"\x50"}
LOCAL = timedelta(hours=7)


class Cuff:
    """What sends a reading every twentieth of a second to who listens, and keeps what nobody has deleted."""

    def __init__(self, bluez: BlueZ) -> None:
        self.bluez = bluez
        self.numbers = itertools.count(110)
        self.late = timedelta()
        self.quiet = False
        self.implausible = False
        self._seen_writes = 0
        self._kept = 0

    def reading(self, systolic: int, at: datetime) -> bytes:
        """Return a reading as the profile lays it out: mmHg, time, pulse (2A35h)."""
        when = at.year.to_bytes(2, "little") + bytes((at.month, at.day, at.hour, at.minute, at.second))
        return bytes((0x06, systolic, 0, 82, 0, 97, 0)) + when + bytes((72, 0))

    def send(self) -> None:
        systolic = 10 if self.implausible else 110 + next(self.numbers) % 60
        at = (datetime.now(UTC) + LOCAL - self.late).replace(tzinfo=None)
        self._kept = self.kept + 1
        self.bluez.notify(BP, self.reading(systolic, at))

    @property
    def kept(self) -> int:
        """Readings in the cuff's own memory."""
        writes = self.bluez.written
        if len(writes) > self._seen_writes:
            assert writes[-1] == (gatt.RECORDS, gatt.DELETE_ALL)
            self._seen_writes, self._kept = len(writes), 0
        return self._kept

    async def run(self) -> None:
        while True:
            self.bluez.advertise()
            if not self.quiet and self.bluez.listens(BP):
                self.send()
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def cuff_on_a_bus(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[tuple[Cuff, PrivateBus]]:
    with tempfile.TemporaryDirectory() as folder:
        bus = PrivateBus(Path(folder))
        await bus.start()
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus.address)
        connection = await bus.connect()
        cuff = Cuff(BlueZ(ADDRESS, CUFF, VALUES))
        await cuff.bluez.start(connection)
        running = asyncio.create_task(cuff.run())
        try:
            yield cuff, bus
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            connection.disconnect()
            await bus.stop()
            async with asyncio.timeout(10):  # bleak's own connection ends with the bus
                while any("bleak" in str(task.get_coro()) for task in asyncio.all_tasks()):
                    await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def here(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Cuff, PrivateBus]]:
    async with cuff_on_a_bus(monkeypatch) as both:
        yield both


@pytest.fixture
def cuff(here: tuple[Cuff, PrivateBus]) -> Cuff:
    return here[0]


def made() -> BleVitals:
    return BleVitals(BleVitals.Settings(address=ADDRESS), DeviceContext(Role.VITAL_SENSOR))


async def until_absent(device: Device) -> None:
    async with asyncio.timeout(10):
        while device.state is not DeviceState.ABSENT:
            await asyncio.sleep(0.01)


async def test_a_reading_comes_over_bleak_and_bears_the_sensors_own_number(cuff: Cuff) -> None:
    device = made()
    await device.open()
    assert device.info.model == "HEM-7"
    assert device.info.serial == "S-17"
    assert device.capabilities.kinds == (Vital.BLOOD_PRESSURE, Vital.PULSE)
    assert (await device.health()).facts == {"battery": "80 %"}
    assert (await device.measure(Vital.PULSE, deadline=10)).values == (72,)
    await device.wipe()
    assert cuff.kept == 0
    await device.close()
    assert not cuff.bluez.connected


async def test_a_cuff_whose_batteries_were_out_is_connected_again(cuff: Cuff) -> None:
    device = made()
    await device.open()
    for _again in range(3):
        cuff.bluez.leave()
        await until_absent(device)
        with pytest.raises(DeviceError) as caught:
            await device.measure(Vital.PULSE, deadline=1)
        assert caught.value.trouble is Trouble.UNPLUGGED
        cuff.bluez.away = False
        await device.open()
        assert (await device.measure(Vital.PULSE, deadline=10)).values == (72,)
    assert cuff.bluez.connections == 4
    await device.close()


async def test_the_end_of_bluez_is_a_sensor_that_has_gone(here: tuple[Cuff, PrivateBus]) -> None:
    _cuff, bus = here
    device = made()
    await device.open()
    await bus.stop()
    await until_absent(device)
    await device.close()


async def test_a_bluez_that_hangs_holds_nobody_up(cuff: Cuff) -> None:
    cuff.bluez.silent = True
    device = made()
    with pytest.raises(DeviceError) as caught:
        await device.open(deadline=0.5)
    assert caught.value.trouble is Trouble.DEADLINE
    assert not device.state.usable
    cuff.bluez.silent = False
    await device.open()
    await device.close()


async def test_a_sensor_that_does_not_advertise_is_absent(cuff: Cuff, monkeypatch: pytest.MonkeyPatch) -> None:
    cuff.bluez.away = True
    device = made()
    with pytest.raises(DeviceError) as caught:
        await device.open(deadline=1)
    assert caught.value.trouble in (Trouble.UNPLUGGED, Trouble.DEADLINE)
    assert not device.state.usable


class TestBleOverBlueZ(DeviceConformance):
    """Pulling it out is taking it out of reach."""

    contract = BleVitals
    pluggable = True

    @pytest.fixture(autouse=True)
    def _cuff(self, cuff: Cuff) -> None:
        self.cuff = cuff

    def make(self) -> Device:
        return made()

    async def operate(self, device: Any) -> None:
        assert (await device.measure(Vital.PULSE, deadline=self.seconds)).values == (72,)

    async def operate_shortly(self, device: Any) -> None:
        self.cuff.quiet = True
        await device.measure(Vital.PULSE, deadline=0.1)

    async def hang(self, device: Any) -> bool:
        self.cuff.quiet = True
        return True

    async def unplug(self, device: Any) -> None:
        self.cuff.bluez.leave()

    async def plug(self, device: Any) -> None:
        self.cuff.bluez.away = False
        self.cuff.quiet = False

    async def do(self, device: Any, name: str, value: str = "") -> None:
        if name != "stale":
            await super().do(device, name, value)
        self.cuff.late = timedelta(hours=1)
        self.seconds = 1.0

    async def count(self, device: Any, what: str) -> int:
        if what != "readings":
            return await super().count(device, what)
        return self.cuff.kept
