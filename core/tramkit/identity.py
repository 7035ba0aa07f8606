"""Who the resident is, and how sure the station is of it."""

from __future__ import annotations

from datetime import date
from enum import IntEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tramkit_hal.words import Nfc


class Level(IntEnum):
    """How sure the station is of who the resident is; a service says which it needs."""

    NONE = 0
    CLAIMED = 1
    """The resident says so, or the card's printed QR does: unsigned, good for filling in only."""
    CHIP = 2
    """The card's chip was read and its signature checked (ICAO 9303 part 11, passive authentication)."""
    CHIP_FACE = 3
    """The chip, and the face before the camera is the one on it."""


class Person(BaseModel):
    """A resident, as a card or they themselves say.

    :param number: personal identity number, twelve digits; empty: not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Level
    name: Nfc
    number: str = ""
    born: date | None = None
    sex: Literal["male", "female"] | None = None
    address: Nfc = ""
