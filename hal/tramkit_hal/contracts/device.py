"""What every contract stands on, in one place for whoever writes a driver."""

from tramkit_hal import TramkitError
from tramkit_hal.data import Data
from tramkit_hal.device.base import (
    Capabilities,
    Device,
    DeviceContext,
    DeviceInfo,
    DeviceState,
    Health,
    HealthLevel,
    NoSettings,
)
from tramkit_hal.device.clock import Clock, ManualClock, SystemClock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import SimControl, Simulated
from tramkit_hal.document.document import Document
from tramkit_hal.video import Frame, NewestFrame

__all__ = [
    "Capabilities",
    "Clock",
    "Data",
    "Device",
    "DeviceContext",
    "DeviceError",
    "DeviceInfo",
    "DeviceState",
    "Document",
    "Frame",
    "Health",
    "HealthLevel",
    "ManualClock",
    "NewestFrame",
    "NoSettings",
    "Role",
    "SimControl",
    "Simulated",
    "SystemClock",
    "TramkitError",
    "Trouble",
]
