"""The camera and microphone test: the resident sees and hears whether they work."""

from __future__ import annotations

import asyncio

from tramkit.asking.idle import Idle
from tramkit.conversation.station_visit import StationVisit
from tramkit.host.results import CameraTest
from tramkit_hal.contracts.audio import Microphone, SoundQueue
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.pages import Capture
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

HEARD = 0.004
"""Loudness (0 to 1) from which the microphone counts as heard: about 20 dB above a quiet converter's noise."""

METER_SECONDS = 0.25
METER_STEPS = 10
"""The loudness meter moves in this many steps, four times a second at most: enough for the eye."""


async def try_camera(visit: StationVisit, title: Text, body: tuple[Text, ...]) -> CameraTest:
    """Show the resident their own picture and a loudness meter; see :meth:`Visit.try_camera`."""
    found = await visit.one_step("try_camera", "camera", lambda: _try_camera(visit, title, body))
    return CameraTest(camera=bool(found[0]), microphone=bool(found[1]))


async def _try_camera(visit: StationVisit, title: Text, body: tuple[Text, ...]) -> list[bool]:
    camera = await visit.start_camera(Role.CAMERA)
    microphone, heard = await _start_microphone(visit)
    loudest = 0.0
    id = visit.page_id(visit.current)

    def page(level: float | None) -> Capture:
        missing: list[Text] = []
        if camera is None:
            missing.append(_("The camera does not work now: you will be heard but not seen."))
        if microphone is None:
            missing.append(_("The microphone does not work now: you will be seen but not heard."))
        return Capture(
            id=id,
            source="camera",
            title=title,
            body=(*missing, *body),
            video="self" if camera else "",
            level=level,
            action=_("Continue"),
        )

    async def meter() -> None:
        nonlocal loudest
        shown = -1.0
        while microphone is not None:
            await visit.clock.sleep(METER_SECONDS)
            loudest = max(loudest, microphone.level)
            level = min(1.0, round(microphone.level * METER_STEPS * 4) / METER_STEPS)
            if level != shown:
                shown = level
                visit.conversation.replace(page(level))

    if camera is not None:
        visit.set_video("self", camera.picture)
    tasks = [asyncio.create_task(meter()), asyncio.create_task(_drain(heard))]
    try:
        first = page(0.0 if microphone else None)
        await visit.exchange(first, Idle.QUESTION)
        return [camera is not None, microphone is not None and loudest >= HEARD]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        visit.set_video("self", None)
        if camera is not None:
            await camera.stop()
        if microphone is not None:
            await microphone.stop()


async def _start_microphone(visit: StationVisit) -> tuple[Microphone | None, SoundQueue | None]:
    try:
        microphone = visit.device(Role.MICROPHONE, Microphone)
        return microphone, await microphone.start()
    except DeviceError:
        return None, None


async def _drain(sounds: SoundQueue | None) -> None:
    while sounds is not None and await sounds.get() is not None:
        pass
