"""What is watched beside the devices themselves: what is plugged in, and the power."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

from tramkit.station.devices import Devices
from tramkit_hal.contracts.power import Power
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role

_log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Between two looks at what is plugged in. The kernel's list is read whole each time, so that no event can be lost."""

STEADY_LOOKS = 2
"""So many looks must agree: a plug that wobbles comes and goes within a second."""

FOLDERS = ("dev/serial/by-id", "dev/input/by-id", "dev/v4l/by-id", "dev/usb", "sys/bus/usb/devices", "proc/asound")

POWER_SECONDS = 10.0
"""Between two looks at the power; its events come at once."""


def plugged_in(root: Path = Path("/")) -> frozenset[str]:
    """Return the names of what is plugged into this machine."""
    found: set[str] = set()
    for folder in FOLDERS:
        with contextlib.suppress(OSError):
            found |= {f"{folder}/{entry.name}" for entry in (root / folder).iterdir()}
    return frozenset(found)


async def watch_plugs(devices: Devices, clock: Clock, look: Callable[[], frozenset[str]] = plugged_in) -> None:
    """Have devices that are down tried at once when something was plugged in, until cancelled.

    :param look: returns what is plugged in.
    """
    known = seen = await asyncio.to_thread(look)
    steady = 0
    while True:
        await clock.sleep(LOOK_SECONDS)
        now = await asyncio.to_thread(look)
        steady = steady + 1 if now == seen else 1
        seen = now
        if steady >= STEADY_LOOKS and seen != known:
            came, went = len(seen - known), len(known - seen)
            _log.info("plugs changed", extra={"came": came, "went": went})
            known = seen
            if came:
                devices.look_again()


async def watch_power(devices: Devices, clock: Clock, end: Callable[[], None]) -> None:
    """Take no new payments on battery, and end in order before it is empty, until cancelled.

    A UPS that cannot tell changes nothing: neither mains nor battery is assumed.

    :param end: ends the station in order.
    """
    supplies = [device for device in devices.of(Role.POWER) if isinstance(device, Power)]
    await asyncio.gather(*(_watch_one(supply, devices, clock, end) for supply in supplies))


async def _watch_one(supply: Power, devices: Devices, clock: Clock, end: Callable[[], None]) -> None:
    async with supply.events() as events:
        while True:
            with contextlib.suppress(DeviceError):
                now = await supply.snapshot()
                if now.on_battery is not None and now.on_battery != devices.on_battery:
                    _log.warning("power changed", extra={"on_battery": now.on_battery})
                    devices.on_battery = now.on_battery
                if now.low:
                    _log.error("battery is nearly empty: the station ends")
                    end()
                    return
            event = asyncio.ensure_future(anext(events))
            pause = asyncio.ensure_future(clock.sleep(POWER_SECONDS))
            try:
                await asyncio.wait({event, pause}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                event.cancel()
                pause.cancel()
