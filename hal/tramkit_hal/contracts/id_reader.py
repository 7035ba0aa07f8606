"""The contract of a reader of identity cards."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

from tramkit_hal.card.errors import AccessRefusedError, ChipError
from tramkit_hal.card.files import CardFiles, DataGroup
from tramkit_hal.device.base import Capabilities, Device
from tramkit_hal.device.errors import DeviceError, Trouble

WHO: tuple[DataGroup, ...] = ("dg1", "dg13", "sod")
"""The files that tell and prove who the holder is; the portrait (``dg2``) is read only where it is needed."""


Place = Literal["", "left", "right", "below", "front"]
"""Where the reader is, seen from who stands before the screen; empty: nobody said."""


class IdReaderCapabilities(Capabilities):
    """What a reader can do.

    :param chip: reads the chip over ISO/IEC 14443 or contacts.
    :param portrait: can read the holder's picture (DG2).
    :param optical: finds what opens the chip by itself; else whoever reads must give an access key.
    :param place: where the card is to be laid.
    """

    chip: bool = True
    portrait: bool = False
    optical: bool = True
    place: Place = ""


class IdReader(Device):
    """A reader of identity cards. Events: ``card_in``, ``card_out``, ``progress`` (0 to 100), ``state``.

    A reader reads and believes nothing: whether the country signed what the chip holds, and whether the chip is no
    copy, is for the station to find out (:mod:`tramkit_hal.card.trust`). The driver opens the chip (PACE or BAC, ICAO
    9303 part 11), has it do chip or active authentication where it offers them, and hands over what it answered
    (:attr:`CardFiles.proofs`); :func:`tramkit_hal.card.chip.read_chip` does all of that over any transport of APDUs.
    A chip is opened only after an act of the resident, never because a card has come near.
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

        The security object comes with them, and DG14 and DG15 where the chip has them.

        :param access_key: what opens the chip, as :meth:`tramkit_hal.card.access.AccessKeys.parse` takes it: the
            number, its last six digits, keys of the zone; empty: the reader finds it optically.
        :raises DeviceError: ``unreadable`` where the card was taken away too soon or is no identity card;
            ``access_refused`` where the key is another card's.
        """

    @abstractmethod
    async def wait_removed(self, deadline: float = 60.0) -> None:
        """Wait until no card lies on the reader."""


def device_error(error: ChipError) -> DeviceError:
    """Return what a driver raises for what went wrong at a chip."""
    refused = isinstance(error, AccessRefusedError)
    return DeviceError(Trouble.ACCESS_REFUSED if refused else Trouble.UNREADABLE, str(error))
