"""The contract of a reader of identity cards."""

from __future__ import annotations

from abc import abstractmethod
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tramkit_hal.card.portrait import Portrait
from tramkit_hal.device import Capabilities, Device
from tramkit_hal.words import Nfc

DataGroup = Literal["dg1", "dg2", "dg13", "dg14", "dg15", "sod"]


class CardData(BaseModel):
    """What a card says of its holder (ICAO 9303 data groups 1 and 13, and 2 where it was asked for).

    :param number: twelve digits.
    :param authentic: True where the chip's signature was checked against the country's certificates; False
        where it failed; None where it was not checked. It holds for the portrait too.
    :param portrait: DG2; None: not asked for, or the chip has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str
    name: Nfc
    born: date
    sex: Literal["male", "female"]
    address: Nfc = ""
    issued: date | None = None
    expires: date | None = None
    authentic: bool | None = None
    portrait: Portrait | None = None


class IdReaderCapabilities(Capabilities):
    """What a reader can do.

    :param chip: reads the chip over ISO/IEC 14443 or contacts.
    :param authenticates: can check that the chip is genuine.
    :param portrait: can read the holder's picture (DG2).
    """

    chip: bool = True
    authenticates: bool = False
    portrait: bool = False


class IdReader(Device):
    """A reader of identity cards. Events: ``card_in``, ``card_out``, ``progress`` (0 to 100), ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> IdReaderCapabilities: ...

    @abstractmethod
    async def wait_card(self, deadline: float = 60.0) -> None:
        """Wait until a card lies on the reader."""

    @abstractmethod
    async def read(
        self, access_key: str = "", groups: tuple[DataGroup, ...] = ("dg1", "dg13"), deadline: float = 20.0
    ) -> CardData:
        """Read the card that lies there.

        :param access_key: what opens the chip (the number's last six digits); empty: the reader finds it
            optically.
        :raises DeviceError: ``unreadable`` where the card was taken away too soon or is no identity card.
        """

    @abstractmethod
    async def wait_removed(self, deadline: float = 60.0) -> None:
        """Wait until no card lies on the reader."""
