"""What vital signs and their values are called."""

from __future__ import annotations

from tramkit_hal.contracts.vital import Reading, Vital
from tramkit_hal.words import Decimal1, Messages, Text

_ = Messages("tramkit")

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
