"""Bluetooth's health profiles: numbers and readings from bytes, and whose reading it is."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from tramkit_hal.contracts.vital import Vital
from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers import _gatt_codes as gatt
from tramkit_hal.drivers.ble_vitals import BleVitals
from tramkit_hal.testing import DeviceConformance

BP, TEMPERATURE, PLX, WEIGHT = gatt.PROFILES
NOON = datetime(2026, 11, 30, 5, 0, tzinfo=UTC)  # twelve in Việt Nam


def at(hour: int, minute: int, second: int = 0) -> bytes:
    return (2026).to_bytes(2, "little") + bytes((11, 30, hour, minute, second))


def pressure(when: bytes, systolic: int = 128) -> bytes:
    """A cuff's reading: mmHg, with time and pulse."""
    return bytes((0x06, systolic, 0, 82, 0, 97, 0)) + when + bytes((72, 0))


# ── numbers ──


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("7200", 114.0),
        ("e8f0", 23.2),
        ("00f0", 0.0),
        ("ffff", -0.1),
        ("0110", 10.0),
    ],
)
def test_short_numbers_of_ieee_11073(raw: str, value: float) -> None:
    assert gatt._Bytes(bytes.fromhex(raw)).sfloat() == pytest.approx(value)


@pytest.mark.parametrize("raw", ["ff07", "0008", "0108", "fe07", "0208"])
def test_what_says_that_it_is_no_number_is_none(raw: str) -> None:
    assert gatt._Bytes(bytes.fromhex(raw)).sfloat() is None


def test_long_numbers_of_ieee_11073() -> None:
    assert gatt._Bytes(bytes.fromhex("6c0100ff")).float() == pytest.approx(36.4)  # the profile's own example
    assert gatt._Bytes(bytes.fromhex("ffff7f00")).float() is None


# ── readings ──


def test_a_cuff_gives_pressure_and_pulse_with_its_time() -> None:
    read = gatt.blood_pressure(pressure(at(12, 0)))
    assert read.values == {Vital.BLOOD_PRESSURE: (128, 82), Vital.PULSE: (72,)}
    assert read.at == datetime(2026, 11, 30, 12, 0)  # noqa: DTZ001
    assert not read.doubtful


def test_kilopascal_pound_and_fahrenheit_become_the_stations_units() -> None:
    kilopascal = gatt.blood_pressure(bytes.fromhex("01aaf06df080f0"))
    assert kilopascal.values[Vital.BLOOD_PRESSURE] == (127.5, 81.8)
    assert gatt.temperature(bytes.fromhex("01da0300ff")).values[Vital.TEMPERATURE] == (37.0,)
    assert gatt.weight(b"\x01" + (13558).to_bytes(2, "little")).values[Vital.WEIGHT] == (61.5,)
    assert gatt.weight(b"\x00" + (12300).to_bytes(2, "little")).values[Vital.WEIGHT] == (61.5,)


def test_a_loose_cuff_or_a_poor_signal_is_doubtful() -> None:
    assert gatt.blood_pressure(bytes.fromhex("108000520061000200")).doubtful
    assert gatt.oximetry(bytes.fromhex("0461004800010000")).doubtful


def test_what_was_not_measured_is_no_reading() -> None:
    for read, data in (
        (gatt.blood_pressure, "00ff0752006100"),
        (gatt.temperature, "00ffff7f00"),
        (gatt.oximetry, "00ff07ff07"),
        (gatt.weight, "00ffff"),
    ):
        with pytest.raises(ValueError, match=r"no reading|did not succeed"):
            read(bytes.fromhex(data))


def test_no_bytes_from_the_air_do_more_than_be_refused() -> None:
    dice = random.Random(17)
    for _time in range(5000):
        for read, _kinds in gatt.PROFILES.values():
            try:
                read(dice.randbytes(dice.randrange(24)))
            except ValueError:
                continue


# ── the driver, with a sensor of the test's own in place of bleak's client ──


class Sensor:
    """What bleak's client offers, for a sensor that is told what to send."""

    def __init__(self, has: tuple[str, ...]) -> None:
        self.has = has
        self.services = self
        self.listeners: dict[str, Any] = {}
        self.written: list[tuple[str, bytes]] = []
        self.is_connected = False
        self.away = False
        self.gone: Any = None

    def get_characteristic(self, uuid: str) -> str | None:
        return uuid if uuid in self.has else None

    async def connect(self) -> None:
        if self.away:
            raise OSError("out of reach")
        self.is_connected = True

    async def disconnect(self) -> None:
        self.is_connected = False
        self.listeners.clear()

    async def start_notify(self, uuid: str, heard: Any) -> None:
        self.listeners[uuid] = heard

    async def read_gatt_char(self, uuid: str) -> bytearray:
        return bytearray({gatt.MODEL: b"HEM-7\0", gatt.SERIAL: b"S-17", gatt.BATTERY: b"\x0a"}[uuid])

    async def write_gatt_char(self, uuid: str, data: bytes, response: bool) -> None:
        self.written.append((uuid, data))

    def send(self, uuid: str, data: bytes) -> None:
        if uuid in self.listeners:
            self.listeners[uuid](None, bytearray(data))


class OverSensor(BleVitals):
    """The driver with that sensor."""

    sensor: Sensor

    def _connect_to(self, gone: Any) -> Any:
        self.sensor.gone = gone
        return self.sensor


def made(sensor: Sensor, clock: Any = None, **settings: Any) -> Any:
    context = DeviceContext(Role.VITAL_SENSOR, clock) if clock else DeviceContext(Role.VITAL_SENSOR)
    device = OverSensor(OverSensor.Settings(address="C8:0F:10:AA:BB:CC", **settings), context)
    device.sensor = sensor
    return device


async def asked(device: Any, kind: Vital) -> asyncio.Task[Any]:
    task = asyncio.create_task(device.measure(kind, deadline=10))
    async with asyncio.timeout(5):
        while device._waiting is None and not task.done():
            await asyncio.sleep(0.001)
    return task


async def test_a_stored_reading_of_the_person_before_is_never_given() -> None:
    sensor, clock = Sensor((BP, gatt.RECORDS)), ManualClock(NOON)
    device = made(sensor, clock)
    await device.open()
    sensor.send(BP, pressure(at(11, 59, 50), 150))  # nobody asked
    task = await asked(device, Vital.BLOOD_PRESSURE)
    sensor.send(BP, pressure(at(11, 59, 50), 150))  # the same again, now that somebody asks
    sensor.send(BP, pressure(at(9, 0), 140))  # stored this morning
    sensor.send(BP, b"\x06\x80")  # cut off
    sensor.send(BP, pressure(at(12, 1), 121))
    assert (await task).values == (121, 82)
    await device.wipe()
    assert sensor.written == [(gatt.RECORDS, b"\x02\x01")]
    await device.close()


async def test_without_a_clock_what_comes_at_once_was_stored() -> None:
    sensor, clock = Sensor((WEIGHT,)), ManualClock(NOON)
    device = made(sensor, clock)
    await device.open()
    task = await asked(device, Vital.WEIGHT)
    sensor.send(WEIGHT, b"\x00" + (16000).to_bytes(2, "little"))
    await clock.advance(3)
    sensor.send(WEIGHT, b"\x00" + (12300).to_bytes(2, "little"))
    assert (await task).values == (61.5,)
    await device.close()


async def test_who_stops_gets_no_reading_and_what_no_person_has_is_unreadable() -> None:
    sensor = Sensor((BP,))
    device = made(sensor, ManualClock(NOON))
    await device.open()
    task = await asked(device, Vital.PULSE)
    await device.abort()
    with pytest.raises(DeviceError, match="aborted"):
        await task
    task = await asked(device, Vital.BLOOD_PRESSURE)
    sensor.send(BP, pressure(at(12, 1), 20))
    with pytest.raises(DeviceError, match="not plausible"):
        await task
    await device.close()


async def test_a_sensor_of_another_kind_is_misconfigured_and_one_out_of_reach_absent() -> None:
    other = made(Sensor(()))
    with pytest.raises(DeviceError) as caught:
        await other.open()
    assert caught.value.trouble is Trouble.MISCONFIGURED
    sensor = Sensor((BP,))
    sensor.away = True
    device = made(sensor)
    with pytest.raises(DeviceError) as caught:
        await device.open()
    assert caught.value.trouble is Trouble.UNPLUGGED
    assert device.state is DeviceState.ABSENT


async def test_without_bluez_the_real_client_says_that_nothing_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    device = BleVitals(BleVitals.Settings(address="C8:0F:10:AA:BB:CC"), DeviceContext(Role.VITAL_SENSOR))
    with pytest.raises(DeviceError) as caught:
        await device.open()
    assert caught.value.trouble is Trouble.UNPLUGGED


class TestBleVitals(DeviceConformance):
    """The driver over the test's sensor."""

    contract = BleVitals
    pluggable = True

    @pytest.fixture(autouse=True)
    def _sensor(self) -> None:
        self.sensor = Sensor((BP, gatt.MODEL, gatt.SERIAL, gatt.BATTERY, gatt.RECORDS))
        self.readings = 0

    def make(self) -> Device:
        return made(self.sensor, ManualClock(NOON))

    async def operate(self, device: Any) -> None:
        task = await asked(device, Vital.PULSE)
        try:
            self.readings += 1
            self.sensor.send(BP, pressure(at(12, 0, self.readings % 60)))
            assert (await task).values == (72,)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def operate_shortly(self, device: Any) -> None:
        await device.measure(Vital.PULSE, deadline=0.1)

    async def hang(self, device: Any) -> bool:
        self.sensor.send = lambda _uuid, _data: None  # type: ignore[method-assign]
        return True

    async def unplug(self, device: Any) -> None:
        self.sensor.away = True
        self.sensor.is_connected = False
        self.sensor.gone(self.sensor)

    async def plug(self, device: Any) -> None:
        self.sensor.away = False

    async def test_case(self, hal_case: Any) -> None:
        if hal_case.id in ("HAL-VIT-001", "HAL-VIT-003", "HAL-VIT-005"):
            return  # its sensor sends when it is told to: the tests above hold it to the same
        await super().test_case(hal_case)
