"""The contract of a reader of identity cards."""

from __future__ import annotations

from abc import abstractmethod

from tramkit_hal.card.files import CardFiles, DataGroup
from tramkit_hal.device.base import Capabilities, Device

WHO: tuple[DataGroup, ...] = ("dg1", "dg13", "sod")
"""The files that tell and prove who the holder is; the portrait (``dg2``) is read only where it is needed."""


class IdReaderCapabilities(Capabilities):
    """What a reader can do.

    :param chip: reads the chip over ISO/IEC 14443 or contacts.
    :param portrait: can read the holder's picture (DG2).
    """

    chip: bool = True
    portrait: bool = False


class IdReader(Device):
    """A reader of identity cards. Events: ``card_in``, ``card_out``, ``progress`` (0 to 100), ``state``.

    A reader reads and believes nothing: whether the country signed what the chip holds is for the station to find out
    (:mod:`tramkit_hal.card.trust`). What opens the chip (BAC or PACE, ICAO 9303 part 11) and whether the chip is no
    copy (active or chip authentication) are the driver's.
    """

    @property
    @abstractmethod
    def capabilities(self) -> IdReaderCapabilities: ...

    @abstractmethod
    async def wait_card(self, deadline: float = 60.0) -> None:
        """Wait until a card lies on the reader."""

    @abstractmethod
    async def read(
        self, access_key: str = "", groups: tuple[DataGroup, ...] = WHO, deadline: float = 20.0
    ) -> CardFiles:
        """Return files of the card that lies there, whole and unchanged; one that the chip does not have is left out.

        :param access_key: what opens the chip (the number's last six digits); empty: the reader finds it
            optically.
        :raises DeviceError: ``unreadable`` where the card was taken away too soon or is no identity card.
        """

    @abstractmethod
    async def wait_removed(self, deadline: float = 60.0) -> None:
        """Wait until no card lies on the reader."""
