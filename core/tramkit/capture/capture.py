"""Steps of a visit in which the station reads something: a card, a vital sign, a picture."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict

from tramkit.conversation.steps import one_step, page_or_device
from tramkit.conversation.timeouts import Idle
from tramkit_hal.contracts.audio import Microphone, SoundQueue
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.vital import Reading, Vital, VitalSensor
from tramkit_hal.device.base import Device
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Capture, Fact, Option
from tramkit_hal.words import Decimal1, Messages, Text

if TYPE_CHECKING:
    from tramkit.visit.visit import Visit

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

D = TypeVar("D", bound=Device)

HEARD = 0.004
"""Loudness (0 to 1) from which the microphone counts as heard: about 20 dB above a quiet converter's noise."""

METER_SECONDS = 0.25
METER_STEPS = 10
"""The loudness meter moves in this many steps, four times a second at most: enough for the eye."""


# ── vital signs ───────────────────────────────────────────────────────────────────────────────────────────────

_KINDS: dict[Vital, Text] = {
    Vital.BLOOD_PRESSURE: _("Blood pressure"),
    Vital.PULSE: _("Pulse"),
    Vital.SPO2: _("Oxygen in the blood (SpO₂)"),
    Vital.TEMPERATURE: _("Temperature"),
    Vital.WEIGHT: _("Weight"),
    Vital.HEIGHT: _("Height"),
}


def vital_name(kind: Vital) -> Text:
    """Return what residents call a vital sign."""
    return _KINDS[kind]


def reading_text(reading: Reading) -> Text:
    """Return a reading as it is shown: ``128/82 mmHg``, ``36,8 °C``."""
    places = 1 if reading.kind in (Vital.TEMPERATURE, Vital.WEIGHT) else 0
    values = [Decimal1(number=value, places=places) for value in reading.values]
    if len(values) == 2:
        return _("{systolic}/{diastolic} {unit}", systolic=values[0], diastolic=values[1], unit=reading.unit)
    return _("{value} {unit}", value=values[0], unit=reading.unit)


async def measure(visit: Visit, kind: Vital, title: Text, body: tuple[Text, ...]) -> Reading | None:
    """Measure a vital sign; see :meth:`Visit.measure`."""
    value = await one_step(visit, f"measure:{kind.value}", kind.value, lambda: _measure(visit, kind, title, body))
    return value if isinstance(value, Reading) else None


async def _measure(visit: Visit, kind: Vital, title: Text, body: tuple[Text, ...]) -> Reading | str | None:
    try:
        sensor = visit.device(Role.VITAL_SENSOR, VitalSensor)
    except DeviceError:
        return None
    if kind not in sensor.capabilities.kinds:
        return None
    id = visit.page_id(visit.current)
    skip = Option(value="skip", label=_("Skip this measurement"))
    kept = visit.kept()
    reading: Reading | None = kept if isinstance(kept, Reading) else None
    trouble: Text | None = None
    while True:
        told = (*((trouble,) if trouble else ()), *body)
        if reading is None:
            page = Capture(
                id=id,
                source="vital",
                measure=kind,
                title=title,
                body=told,
                options=(skip,),
                action=_("Start measuring"),
            )
        else:
            page = Capture(
                id=f"{id}-result",
                source="vital",
                measure=kind,
                title=title,
                body=(_("Measured."),),
                result=(Fact(label=vital_name(kind), value=reading_text(reading)),),
                options=(Option(value="again", label=_("Measure again")),),
                action=_("Continue"),
            )
        answered = await visit.conversation.exchange(page, Idle.QUESTION, back=visit.can_go_back)
        if answered.choice == "skip":
            return "skip"
        if answered.choice == "continue" and reading is not None:
            return reading
        reading, trouble = await _run_sensor(visit, sensor, kind, id, title)
        visit.keep(reading)


async def _run_sensor(
    visit: Visit, sensor: VitalSensor, kind: Vital, id: str, title: Text
) -> tuple[Reading | None, Text | None]:
    stop = Option(value="stop", label=_("Stop measuring"))
    page = Capture(
        id=f"{id}-busy",
        source="vital",
        measure=kind,
        title=title,
        body=(_("Measuring. Please sit still and do not speak."),),
        options=(stop,),
    )
    try:
        found = await page_or_device(visit, page, [lambda: sensor.measure(kind)], Idle.NONE)
    except DeviceError as error:
        return None, error.trouble.words
    if isinstance(found, Answered):
        with contextlib.suppress(DeviceError):
            await sensor.abort()
        return None, _("The measurement was stopped.")
    if not found.plausible:
        return None, _("That value cannot be right. Please measure again.")
    return found, None


# ── camera and microphone ─────────────────────────────────────────────────────────────────────────────────────


class CameraTest(BaseModel):
    """What the camera and microphone test found.

    :param camera: a picture was seen.
    :param microphone: the microphone gave sound.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera: bool
    microphone: bool


async def try_camera(visit: Visit, title: Text, body: tuple[Text, ...]) -> CameraTest:
    """Show the resident their own picture and a loudness meter; see :meth:`Visit.try_camera`."""
    found = await one_step(visit, "try_camera", "camera", lambda: _try_camera(visit, title, body))
    return CameraTest(camera=bool(found[0]), microphone=bool(found[1]))


async def _try_camera(visit: Visit, title: Text, body: tuple[Text, ...]) -> list[bool]:
    camera = await _start_camera(visit)
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
        await visit.conversation.exchange(first, Idle.QUESTION, back=visit.can_go_back)
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


async def _start_camera(visit: Visit) -> Camera | None:
    try:
        camera = visit.device(Role.CAMERA, Camera)
        await camera.start(1280, 720, 30)
    except DeviceError:
        return None
    return camera


async def _start_microphone(visit: Visit) -> tuple[Microphone | None, SoundQueue | None]:
    try:
        microphone = visit.device(Role.MICROPHONE, Microphone)
        return microphone, await microphone.start()
    except DeviceError:
        return None, None


async def _drain(sounds: SoundQueue | None) -> None:
    while sounds is not None and await sounds.get() is not None:
        pass
