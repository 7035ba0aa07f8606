"""The log says once that a device has gone and once that it is back, however often it is tried meanwhile."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tramkit.station.devices import Devices
from tramkit_hal.device.base import DeviceContext, DeviceState
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.vital_sensor import SimVitalSensor


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    """Return what the log says of devices: message, state, trouble."""
    lines: list[Any] = [line for line in caplog.records if line.levelno >= logging.INFO]
    return [(line.message, line.state, line.trouble) for line in lines if line.message.startswith("device")]


async def test_a_device_that_goes_and_returns_is_named_once_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    clock = ManualClock()
    sensor = SimVitalSensor(SimVitalSensor.Settings(), DeviceContext(Role.VITAL_SENSOR, clock))
    devices = Devices({Role.VITAL_SENSOR: [sensor]}, clock)
    await devices.open()
    assert said(caplog) == []
    await sensor.control("plugged", "off")
    for _minute in range(10):
        await clock.advance(60)
    assert sensor.state is DeviceState.ABSENT
    assert said(caplog) == [("device is down", "absent", "unplugged")]
    await sensor.control("plugged", "on")
    assert said(caplog)[1:] == [("device is back", "ready", "")]
    await devices.close()
    assert len(said(caplog)) == 2, "a device that is closed on purpose has not gone"


async def test_a_device_that_was_never_there_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    clock = ManualClock()
    sensor = SimVitalSensor(SimVitalSensor.Settings(plugged=False), DeviceContext(Role.VITAL_SENSOR, clock))
    devices = Devices({Role.VITAL_SENSOR: [sensor]}, clock)
    await devices.open()
    for _minute in range(5):
        await clock.advance(60)
    assert said(caplog) == [("device is down", "absent", "unplugged")]
    await devices.close()


async def test_another_trouble_and_a_reset_are_named_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    clock = ManualClock()
    sensor = SimVitalSensor(SimVitalSensor.Settings(), DeviceContext(Role.VITAL_SENSOR, clock))
    devices = Devices({Role.VITAL_SENSOR: [sensor]}, clock)
    await devices.open()
    await sensor.control("fault", "faulty")
    await sensor.control("plugged", "off")
    assert [state for _message, state, _trouble in said(caplog)] == ["fault", "absent"]
    await sensor.control("fault", "none")
    await sensor.control("plugged", "on")
    await devices.reset(sensor)
    assert said(caplog)[2:] == [("device is back", "ready", "")]
    await devices.close()
