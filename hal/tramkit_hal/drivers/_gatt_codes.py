"""Readings of Bluetooth's own health profiles, from bytes (GATT Specification Supplement; IEEE 11073-20601 numbers).

Every length comes from the air: what is cut off, or says that it is no number, is no reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tramkit_hal.contracts.vital import Vital

KPA_IN_MMHG = 7.500617
POUND_IN_KG = 0.45359237

_NO_SFLOAT = {0x07FE, 0x07FF, 0x0800, 0x0801, 0x0802}
_NO_FLOAT = {0x007FFFFE, 0x007FFFFF, 0x00800000, 0x00800001, 0x00800002}


@dataclass(frozen=True)
class Measured:
    """What a sensor sent.

    :param values: by kind, in the units of :data:`tramkit_hal.vital.UNITS`.
    :param at: by the sensor's own clock, without a zone; None: it has none, or it is not set.
    :param doubtful: the sensor itself says that something was wrong (movement, a loose cuff, poor signal).
    """

    values: dict[Vital, tuple[float, ...]]
    at: datetime | None
    doubtful: bool = False


class _Bytes:
    """Takes a value apart from the front.

    :raises ValueError: it is cut off.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def unsigned(self, size: int) -> int:
        if self._at + size > len(self._data):
            raise ValueError("cut off")
        value = int.from_bytes(self._data[self._at : self._at + size], "little")
        self._at += size
        return value

    def sfloat(self) -> float | None:
        """Return a 16-bit number; None: it says that it is none."""
        raw = self.unsigned(2)
        return None if raw in _NO_SFLOAT else _decimal(raw & 0x0FFF, 12, raw >> 12, 4)

    def float(self) -> float | None:
        """Return a 32-bit number; None: it says that it is none."""
        raw = self.unsigned(4)
        mantissa = raw & 0x00FFFFFF
        return None if mantissa in _NO_FLOAT else _decimal(mantissa, 24, raw >> 24, 8)

    def time(self) -> datetime | None:
        """Return a Date Time; None: year, month or day is 0, "not known"."""
        year, month, day, hour, minute, second = (self.unsigned(size) for size in (2, 1, 1, 1, 1, 1))
        try:
            return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the sensor names no zone
        except ValueError:
            return None


def _decimal(mantissa: int, bits: int, exponent: int, exponent_bits: int) -> float:
    if mantissa >= 1 << (bits - 1):
        mantissa -= 1 << bits
    if exponent >= 1 << (exponent_bits - 1):
        exponent -= 1 << exponent_bits
    return mantissa * 10.0**exponent if exponent >= 0 else mantissa / 10.0**-exponent


def blood_pressure(data: bytes) -> Measured:
    """Read a Blood Pressure Measurement (2A35h).

    :raises ValueError: it is cut off, or no reading.
    """
    given = _Bytes(data)
    flags = given.unsigned(1)
    systolic, diastolic, _mean = given.sfloat(), given.sfloat(), given.sfloat()
    at = given.time() if flags & 0x02 else None
    pulse = given.sfloat() if flags & 0x04 else None
    if flags & 0x08:
        given.unsigned(1)
    status = given.unsigned(2) if flags & 0x10 else 0
    if systolic is None or diastolic is None:
        raise ValueError("no reading")
    factor = KPA_IN_MMHG if flags & 0x01 else 1.0
    values: dict[Vital, tuple[float, ...]] = {
        Vital.BLOOD_PRESSURE: (round(systolic * factor, 1), round(diastolic * factor, 1))
    }
    if pulse is not None:
        values[Vital.PULSE] = (pulse,)
    return Measured(values, at, doubtful=bool(status & 0x27))  # movement, cuff, irregular pulse, position


def temperature(data: bytes) -> Measured:
    """Read a Temperature Measurement (2A1Ch)."""
    given = _Bytes(data)
    flags, value = given.unsigned(1), given.float()
    at = given.time() if flags & 0x02 else None
    if value is None:
        raise ValueError("no reading")
    celsius = (value - 32) * 5 / 9 if flags & 0x01 else value
    return Measured({Vital.TEMPERATURE: (round(celsius, 2),)}, at)


def oximetry(data: bytes) -> Measured:
    """Read a PLX Spot-Check Measurement (2A5Eh)."""
    given = _Bytes(data)
    flags, spo2, pulse = given.unsigned(1), given.sfloat(), given.sfloat()
    at = given.time() if flags & 0x01 else None
    status = given.unsigned(2) if flags & 0x02 else 0
    sensor = given.unsigned(3) if flags & 0x04 else 0
    values: dict[Vital, tuple[float, ...]] = {}
    if spo2 is not None:
        values[Vital.SPO2] = (spo2,)
    if pulse is not None:
        values[Vital.PULSE] = (pulse,)
    if not values:
        raise ValueError("no reading")
    if flags & 0x10:  # the sensor's clock is not set
        at = None
    return Measured(values, at, doubtful=bool(sensor) or bool(status & 0xE000))  # questionable, invalid


def weight(data: bytes) -> Measured:
    """Read a Weight Measurement (2A9Dh)."""
    given = _Bytes(data)
    flags, raw = given.unsigned(1), given.unsigned(2)
    at = given.time() if flags & 0x02 else None
    if raw == 0xFFFF:
        raise ValueError("the measurement did not succeed")
    kilograms = raw * 0.01 * POUND_IN_KG if flags & 0x01 else raw * 0.005
    return Measured({Vital.WEIGHT: (round(kilograms, 2),)}, at)


def _uuid(short: int) -> str:
    return f"0000{short:04x}-0000-1000-8000-00805f9b34fb"


PROFILES = {
    _uuid(0x2A35): (blood_pressure, (Vital.BLOOD_PRESSURE, Vital.PULSE)),
    _uuid(0x2A1C): (temperature, (Vital.TEMPERATURE,)),
    _uuid(0x2A5E): (oximetry, (Vital.SPO2, Vital.PULSE)),
    _uuid(0x2A9D): (weight, (Vital.WEIGHT,)),
}
"""Each characteristic that a sensor tells readings by, how it is read, and what it measures."""

RECORDS = _uuid(0x2A52)
"""Record Access Control Point: where stored readings are deleted."""
DELETE_ALL = b"\x02\x01"
SERIAL, MODEL, BATTERY = _uuid(0x2A25), _uuid(0x2A24), _uuid(0x2A19)
