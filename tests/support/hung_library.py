"""A device whose library hangs, in a process of its own since the library is one for a whole process; tells JSON.

Run as ``python hung_library.py microphone|speaker PID``, with the environment of that sound server, or as
``python hung_library.py camera FIFO``, with nobody who writes into it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Generator
from typing import Any

from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.library import MAX_HUNG, MAX_LEFT
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.opencv import OpenCvCamera
from tramkit_hal.drivers.sounddevice import SoundDeviceMicrophone, SoundDeviceSpeaker

KINDS: dict[str, Any] = {
    "microphone": lambda: SoundDeviceMicrophone(SoundDeviceMicrophone.Settings(), DeviceContext(Role.MICROPHONE)),
    "speaker": lambda: SoundDeviceSpeaker(SoundDeviceSpeaker.Settings(), DeviceContext(Role.SPEAKER)),
}
SOON = 20.0


@contextlib.contextmanager
def hanging(server: int) -> Generator[None]:
    """Have the sound server stand still meanwhile."""
    os.kill(server, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server, signal.SIGCONT)


async def trouble_of(step: Any) -> str | None:
    """Return how a step ended; None: well."""
    try:
        await asyncio.wait_for(step, SOON)
    except DeviceError as error:
        return error.trouble.value
    return None


async def back(device: Any) -> str | None:
    """Try the device as the station does, until it is there; return what a full look finds then."""
    async with asyncio.timeout(SOON):
        while True:
            with contextlib.suppress(DeviceError):
                await device.reset()
                await device.start()
                await device.stop()
                trouble = (await device.health("full")).trouble
                return trouble.value if trouble is not None else None
            await asyncio.sleep(0.1)


async def station_works() -> bool:
    """Return whether what the rest of the station does in threads is done."""
    many = [asyncio.to_thread(time.monotonic) for _each in range(2 * (os.cpu_count() or 1) + 8)]
    await asyncio.wait_for(asyncio.gather(*many), SOON)
    return True


async def camera(never: str) -> None:
    """Open a film that never comes."""
    device = OpenCvCamera(OpenCvCamera.Settings(device=never), DeviceContext(Role.CAMERA))
    opens = [await trouble_of(device.open(deadline=0.2)) for _try in range(MAX_LEFT + 4)]
    print(json.dumps({"opens": opens, "station works": await station_works()}))


async def sound(kind: str, server: int) -> None:
    """Start, stop and look while the server stands still, and again when it goes on."""
    device = KINDS[kind]()
    told: dict[str, Any] = {}
    await device.open()
    assert await back(device) is None
    with hanging(server):
        told["starts"] = [await trouble_of(device.start(deadline=0.3)) for _try in range(MAX_HUNG + 4)]
        told["station works"] = await station_works()
        looked = await asyncio.wait_for(device.health("full", 0.5), SOON)
        told["health"] = looked.trouble.value if looked.trouble else None
        await asyncio.wait_for(device.wipe(), SOON)
    told["back"] = await back(device)
    await device.start()
    with hanging(server):
        async with asyncio.timeout(SOON):
            while device.state.usable:
                await asyncio.sleep(0.05)
        told["in the middle"] = device.trouble.value
    told["back again"] = await back(device)
    await device.close()
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(camera(sys.argv[2]) if sys.argv[1] == "camera" else sound(sys.argv[1], int(sys.argv[2])))
