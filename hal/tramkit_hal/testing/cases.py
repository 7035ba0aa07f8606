"""All cases of the suite; those of a class of device."""

from __future__ import annotations

from tramkit_hal.device.base import Device
from tramkit_hal.testing import device_cases, life_cases, peripheral_cases, sense_cases
from tramkit_hal.testing.case import Case, registered

_ = (device_cases, life_cases, peripheral_cases, sense_cases)  # they register themselves


def cases_for(kind: type[Device]) -> list[Case]:
    """Return the cases of a class of device, by number."""
    return sorted((each for each in registered() if issubclass(kind, each.contract)), key=lambda each: each.id)
