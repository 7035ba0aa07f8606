"""The suite that is shipped as ``tramkit_hal.testing``."""

from tramkit_hal.testing import DeviceConformance

__all__ = ["DeviceConformance"]
