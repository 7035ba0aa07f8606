"""Measuring vital signs."""

from __future__ import annotations

import contextlib
import logging

from tramkit.asking.idle import Idle
from tramkit.conversation.station_visit import StationVisit
from tramkit.host.vitals import reading_text, vital_name
from tramkit_hal.contracts.vital import Reading, Vital, VitalSensor
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import Capture, Fact, Option
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")
_log = logging.getLogger(__name__)


async def measure(visit: StationVisit, kind: Vital, title: Text, body: tuple[Text, ...]) -> Reading | None:
    """Measure a vital sign; see :meth:`Visit.measure`."""
    value = await visit.one_step(f"measure:{kind.value}", kind.value, lambda: _measure(visit, kind, title, body))
    return value if isinstance(value, Reading) else None


async def _measure(visit: StationVisit, kind: Vital, title: Text, body: tuple[Text, ...]) -> Reading | str | None:
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
        answered = await visit.exchange(page, Idle.QUESTION)
        if answered.choice == "skip":
            return "skip"
        if answered.choice == "continue" and reading is not None:
            return reading
        reading, trouble = await _run_sensor(visit, sensor, kind, id, title)
        visit.keep(reading)


async def _run_sensor(
    visit: StationVisit, sensor: VitalSensor, kind: Vital, id: str, title: Text
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
        found = await visit.page_or_device(page, [lambda: sensor.measure(kind)], Idle.NONE)
    except DeviceError as error:
        return None, error.trouble.words
    if isinstance(found, Answered):
        with contextlib.suppress(DeviceError):
            await sensor.abort()
        return None, _("The measurement was stopped.")
    if not found.plausible:
        return None, _("That value cannot be right. Please measure again.")
    return found, None
