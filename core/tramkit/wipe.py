"""The end of a visit, however it ends: nothing of the resident stays behind, and that is checked."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from tramkit.devices import Devices
from tramkit.visit import Visit
from tramkit_hal.device import Device
from tramkit_hal.screen import Screen
from tramkit_hal.trouble import DeviceError

_log = logging.getLogger(__name__)


async def wipe(visit: Visit, devices: Devices, screen: Screen) -> bool:
    """Wipe the visit's memory, every device and the screen; return whether all of it is certain.

    A device that cannot be wiped is reset; one that cannot be reset serves no resident until the operator resets it. A
    device that is away is wiped again when it is back.
    """
    visit.wipe()
    for device in devices:
        if not device.state.usable and device is not screen:
            devices.owe_wipe(device)
            with contextlib.suppress(
                Exception
            ):  # what the driver holds goes now, what the hardware holds when it is back
                await device.wipe()
    certain = await asyncio.gather(
        *(_wipe_device(device, devices, visit.id) for device in devices if device.state.usable or device is screen)
    )
    clean = all(certain) and len(visit.journal) == 0 and visit.person is None
    if not clean:
        _log.error("wipe is not certain", extra={"visit": visit.id})
    return clean


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
