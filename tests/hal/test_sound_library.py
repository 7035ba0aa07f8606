"""A sound library that is missing or half made when the station starts is a state that heals."""

from __future__ import annotations

import ctypes.util
import sys
import types

import pytest

from tramkit_hal.device.base import DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.sounddevice import SoundDeviceMicrophone


async def trouble_at_opening(device: SoundDeviceMicrophone) -> Trouble | None:
    try:
        await device.open()
    except DeviceError as error:
        return error.trouble
    await device.close()
    return None


@pytest.fixture(autouse=True)
def _imported_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sounddevice", "_sounddevice"):
        monkeypatch.delitem(sys.modules, name, raising=False)


async def test_portaudio_that_is_installed_later_is_found_at_the_next_try(monkeypatch: pytest.MonkeyPatch) -> None:
    device = SoundDeviceMicrophone(SoundDeviceMicrophone.Settings(), DeviceContext(Role.MICROPHONE))
    with monkeypatch.context() as missing:
        missing.setattr(ctypes.util, "find_library", lambda _name: None)
        for _try in range(3):
            assert await trouble_at_opening(device) is Trouble.MISCONFIGURED
    assert await trouble_at_opening(device) in (None, Trouble.UNPLUGGED)  # no card here is no fault
    assert device.state in (DeviceState.OFFLINE, DeviceState.ABSENT)


async def test_a_module_that_was_left_half_made_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    device = SoundDeviceMicrophone(SoundDeviceMicrophone.Settings(), DeviceContext(Role.MICROPHONE))
    monkeypatch.setitem(sys.modules, "sounddevice", types.ModuleType("sounddevice"))
    assert await trouble_at_opening(device) is Trouble.MISCONFIGURED
    assert await trouble_at_opening(device) in (None, Trouble.UNPLUGGED)
