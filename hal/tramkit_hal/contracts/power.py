"""The contract of a source of power that can last a while without the mains (UPS)."""

from __future__ import annotations

from abc import abstractmethod

from pydantic import Field

from tramkit_hal.data import Data
from tramkit_hal.device.base import Capabilities, Device


class PowerNow(Data):
    """Where the power comes from.

    :param on_battery: None: not known, which is neither yes nor no.
    :param low: it ends soon: the station must end in order now.
    :param charge: per cent; None: not known.
    :param runtime: seconds that it lasts; None: not known.
    """

    on_battery: bool | None
    low: bool = False
    charge: float | None = Field(default=None, ge=0, le=100)
    runtime: float | None = Field(default=None, ge=0)


class PowerCapabilities(Capabilities):
    """What a source of power can tell."""

    runtime: bool = False


class Power(Device):
    """A UPS. Events: ``on_battery``, ``low``, ``restored``, ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> PowerCapabilities: ...

    @abstractmethod
    async def snapshot(self, deadline: float = 5.0) -> PowerNow:
        """Return where the power comes from now."""
