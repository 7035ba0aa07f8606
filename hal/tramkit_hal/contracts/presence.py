"""The contract of a presence sensor."""

from __future__ import annotations

from abc import abstractmethod

from tramkit_hal.data import Data
from tramkit_hal.device.base import Capabilities, Device


class PresenceNow(Data):
    """Whether somebody stands there.

    :param present: None: not known, which is neither yes nor no.
    :param distance: metres; None: not known.
    :param confidence: 0 to 1.
    """

    present: bool | None
    distance: float | None = None
    confidence: float = 1.0


class PresenceCapabilities(Capabilities):
    """What a presence sensor can tell."""

    distance: bool = False


class Presence(Device):
    """A presence sensor. Events: ``arrived``, ``left``, ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> PresenceCapabilities: ...

    @abstractmethod
    async def snapshot(self, deadline: float = 2.0) -> PresenceNow:
        """Return whether somebody stands there now."""
