"""The end of a visit, however it ends: nothing of the resident stays behind, and that is checked."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tramkit.station.devices import Devices
from tramkit.station.station_host import StationHost
from tramkit_hal.device.base import Device
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.ui.screen import Screen

_log = logging.getLogger(__name__)


async def wipe(host: StationHost, devices: Devices, screen: Screen, *, stopped: bool) -> bool:
    """Wipe the visit's memory, every device and the screen; return whether all of it is certain.

    :param stopped: the service has stopped; what one holds that has not is not known.

    A device that cannot be wiped is reset; one that cannot be reset serves no resident until the operator resets it. A
    device that is away is wiped when it is back and before it serves; it is uncertain where this visit has used it.
    """
    visit = host.visit
    used = visit.used
    host.forget()
    present = [device for device in devices if device.state.usable or device is screen]
    away = [device for device in devices if device not in present]
    for device in away:
        await _owe(device, devices)
    wiped = await asyncio.gather(*(_wipe_device(device, devices, visit.id) for device in present))
    clean = all(wiped) and used.isdisjoint(away) and stopped and await _is_blank(screen)
    if not clean:
        _log.error("wipe is not certain", extra={"visit": visit.id})
    return clean


async def _owe(device: Device, devices: Devices) -> None:
    """Note that a device must be wiped when it is back; what its driver holds goes now."""
    devices.owe_wipe(device)
    with contextlib.suppress(Exception):  # the driver's edge
        await device.wipe()


async def _is_blank(screen: Screen) -> bool:
    """Look whether the screen shows nothing of the visit any more."""
    return not screen.state.usable or await screen.describe() == []


async def _wipe_device(device: Device, devices: Devices, visit: str) -> bool:
    fields = {"visit": visit, "role": device.context.role.value}
    try:
        await device.wipe()
        return True
    except DeviceError as error:
        _log.warning("device not wiped, resetting it", extra={**fields, "trouble": error.trouble.value})
    except Exception:  # the driver's edge
        _log.exception("device not wiped, resetting it", extra=fields)
    try:
        await device.reset()
        await device.wipe()
        return True
    except Exception:  # the driver's edge: whatever it was, the device must not meet the next resident
        _log.exception("device kept from residents", extra=fields)
    devices.quarantine(device)
    return False
