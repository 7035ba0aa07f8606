"""The contract of a sensor of vital signs."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from enum import StrEnum

from pydantic import AwareDatetime, Field

from tramkit_hal.data import BinaryData
from tramkit_hal.device.base import Capabilities, Device


class Vital(StrEnum):
    """What can be measured; blood pressure gives two values in one measurement."""

    BLOOD_PRESSURE = "blood_pressure"
    PULSE = "pulse"
    SPO2 = "spo2"
    TEMPERATURE = "temperature"
    WEIGHT = "weight"
    HEIGHT = "height"


UNITS: dict[Vital, str] = {
    Vital.BLOOD_PRESSURE: "mmHg",
    Vital.PULSE: "/min",
    Vital.SPO2: "%",
    Vital.TEMPERATURE: "°C",
    Vital.WEIGHT: "kg",
    Vital.HEIGHT: "cm",
}
"""The unit of each vital sign, as UCUM prints it."""

PLAUSIBLE: dict[Vital, tuple[tuple[float, float], ...]] = {
    Vital.BLOOD_PRESSURE: ((50, 280), (30, 180)),
    Vital.PULSE: ((25, 240),),
    Vital.SPO2: ((50, 100),),
    Vital.TEMPERATURE: ((30, 44),),
    Vital.WEIGHT: ((2, 300),),
    Vital.HEIGHT: ((40, 230),),
}
"""Limits beyond which a value is an error of measurement, never shown as a reading."""


class Reading(BinaryData):
    """A measured value.

    :param values: one number, or systolic and diastolic for blood pressure, in :data:`UNITS`.
    :param quality: 0 (useless) to 1.
    :param taken_at: when it was measured, aware.
    :param device: driver and serial number of the sensor.
    :param calibration_due: the day its certificate ends; None: not known.
    :param signature: the sensor's own, over the reading as its maker documents; None: it does not sign.
    """

    kind: Vital
    values: tuple[float, ...]
    unit: str
    quality: float
    taken_at: AwareDatetime
    device: str
    calibration_due: AwareDatetime | None = None
    signature: bytes | None = Field(default=None, max_length=512, repr=False)

    @property
    def plausible(self) -> bool:
        """Whether every value is within :data:`PLAUSIBLE`."""
        limits = PLAUSIBLE[self.kind]
        return len(self.values) == len(limits) and all(
            low <= value <= high for value, (low, high) in zip(self.values, limits, strict=True)
        )


class VitalSensorCapabilities(Capabilities):
    """What a sensor measures.

    :param calibration_due: the day its certificate ends; None: not known.
    """

    kinds: tuple[Vital, ...]
    calibration_due: datetime | None = None


class VitalSensor(Device):
    """A sensor of vital signs. Events: ``state``, ``battery_low``."""

    @property
    @abstractmethod
    def capabilities(self) -> VitalSensorCapabilities: ...

    @abstractmethod
    async def measure(self, kind: Vital, deadline: float = 60.0) -> Reading:
        """Measure now; a reading stored before the call (of the person before) is never returned.

        :param deadline: seconds.
        :raises DeviceError: ``unreadable`` where the resident should try again.
        """

    @abstractmethod
    async def abort(self) -> None:
        """Stop measuring: the cuff deflates at once; the measurement ends with ``unreadable``."""

    @abstractmethod
    async def purge_memory(self) -> None:
        """Delete the readings the sensor itself keeps; ``wipe`` does so too."""
