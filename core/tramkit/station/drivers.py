"""Finding drivers by their entry points."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points

from tramkit.problems import did_you_mean
from tramkit_hal import TramkitError
from tramkit_hal.device.base import Device

GROUP = "tramkit.drivers"

_EXTRAS = {"cv2": "camera", "jinja2": "web", "sounddevice": "audio", "textual": "terminal"}
"""Which extra of ``tramkit`` brings a library that a driver misses."""


class DriverError(TramkitError, ValueError):
    """A driver that cannot be had, in words for who wrote ``station.toml``."""


@cache
def _installed() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load_driver(name: str) -> type[Device]:
    """Return the class of a driver.

    :raises DriverError: it is not installed, or a library that it needs is not.
    """
    entry = _installed().get(name)
    if entry is None:
        raise DriverError(f'there is no driver "{name}"{did_you_mean(name, _installed())}')
    try:
        driver = entry.load()
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        extra = _EXTRAS.get(missing)
        cure = f"; run: pip install 'tramkit[{extra}]'" if extra else ""
        raise DriverError(f'driver "{name}" needs the library "{missing or error}"{cure}') from error
    except Exception as error:  # a driver's edge
        raise DriverError(f'driver "{name}" does not load: {type(error).__name__}') from error
    if not (isinstance(driver, type) and issubclass(driver, Device)):
        raise DriverError(f'driver "{name}" is no device')
    return driver
