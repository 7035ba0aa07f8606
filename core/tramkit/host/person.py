"""Who the resident is, and how sure the station is of it."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Literal

from pydantic import Field

from tramkit_hal import TramkitError
from tramkit_hal.data import Data
from tramkit_hal.partial_date import Born
from tramkit_hal.words import Nfc, Text


class Level(Enum):
    """How sure the station is of who the resident is; a service says which it needs.

    ``NONE`` < ``CLAIMED`` < ``CHIP`` < ``CHIP_FACE``; ``VNEID`` counts as much as ``CHIP_FACE``. Levels are compared
    by :meth:`reaches` only.
    """

    NONE = "none"
    CLAIMED = "claimed"
    """The resident says so, or the card's printed QR does: unsigned, good for filling in only."""
    CHIP = "chip"
    """The card's chip was read, its signature checked (ICAO 9303 part 11, passive authentication), and where the card
    offers it, chip or active authentication held: :attr:`Person.chip_proof` says which."""
    CHIP_FACE = "chip_face"
    """The chip, and the face before the camera is the one on it."""
    VNEID = "vneid"
    """Signed in with a VNeID account of level 2 (Decree 69/2024/NĐ-CP)."""

    def reaches(self, asked: Level, *, exactly: bool = False) -> bool:
        """Tell whether who is known so surely may do what asks for a level.

        :param exactly: a sign-in does not stand in for the chip, nor the chip for a sign-in.
        """
        if exactly and Level.VNEID in (self, asked) and self is not asked:
            return _STRENGTH[asked] <= _STRENGTH[Level.CLAIMED]
        return _STRENGTH[self] >= _STRENGTH[asked]


_STRENGTH = {Level.NONE: 0, Level.CLAIMED: 1, Level.CHIP: 2, Level.CHIP_FACE: 3, Level.VNEID: 3}


class Person(Data):
    """A resident, as a card, an account or they themselves say.

    :param number: personal identity number, twelve digits; empty: not given.
    :param born: a day, or as much of it as is known.
    :param issued: day on which the card was issued; None: not known.
    :param expires: last day of the card; None: not known, or it never expires.
    :param chip_proof: how the card's chip showed that it is no copy; ``not_offered``: its country gave it no key for
        that; empty: no chip was believed.
    """

    level: Level
    name: Nfc
    number: str = ""
    born: Born | None = None
    sex: Literal["male", "female"] | None = None
    address: Nfc = ""
    issued: date | None = None
    expires: date | None = None
    chip_proof: Literal["", "chip_authentication", "active_authentication", "not_offered"] = ""

    def reaches(self, asked: Level, *, exactly: bool = False) -> bool:
        """Tell whether the person may do what asks for a level; see :meth:`Level.reaches`."""
        return self.level.reaches(asked, exactly=exactly)


class KnownPerson(Person):
    """A resident whose chip was read or who has signed in: the number is certain, and there is one."""

    number: str = Field(pattern=r"^[0-9]{12}$")


class NotIdentifiedError(TramkitError):
    """The resident could not, or would not, be identified as surely as was asked.

    A service that does not catch it ends there; the station tells the resident why, and where else to go.

    :param reason: for the resident.
    """

    def __init__(self, reason: Text) -> None:
        super().__init__("not identified")
        self.reason = reason


def masked(number: str) -> str:
    """Return an identity number with its middle hidden, ``079•••••3458``."""
    return f"{number[:3]}•••••{number[-4:]}" if len(number) >= 9 else number
