"""The contract of the station's housing: its doors, and whether somebody tampers with it."""

from __future__ import annotations

from abc import abstractmethod
from enum import StrEnum

from tramkit_hal.data import Data
from tramkit_hal.device.base import Capabilities, Device


class Door(StrEnum):
    """A door of the housing."""

    SERVICE = "service"
    PAPER = "paper"
    CASH = "cash"


class EnclosureNow(Data):
    """How the housing is.

    :param open: for each door whether it stands open; None: not known.
    :param tampered: a sensor says that the housing was broken into or moved; so until :meth:`Enclosure.acknowledge`.
    :param temperature: inside, °C; None: not known.
    """

    open: dict[Door, bool | None]
    tampered: bool | None
    temperature: float | None = None


class EnclosureCapabilities(Capabilities):
    """What the housing can tell."""

    doors: tuple[Door, ...]
    tamper: bool = False


class Enclosure(Device):
    """The housing. Events: ``opened`` and ``closed`` (value: which door), ``tamper``, ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> EnclosureCapabilities: ...

    @abstractmethod
    async def snapshot(self, deadline: float = 2.0) -> EnclosureNow:
        """Return how the housing is now."""

    @abstractmethod
    async def acknowledge(self, deadline: float = 2.0) -> None:
        """Note that the operator has seen to a tampering: a wipe never does."""
