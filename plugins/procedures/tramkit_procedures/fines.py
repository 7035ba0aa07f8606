"""Traffic fines: plates, decisions, kinds of vehicle: data of ``fines.toml``, or of an operator's own file."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from tramkit import DataFile, Dated, DatedFile, Messages, Words

_ = Messages("tramkit_procedures")

BUNDLED = Path(__file__).parent / "fines.toml"
MAX_TYPED = 80


class Shape(Dated):
    """How a plate or a decision's number looks.

    :param pattern: regular expression of the whole, in capitals.
    :param strip: characters that do not count.
    :param meant: what is typed without marks, and what is meant: the keyboard of codes has no Đ.
    """

    pattern: str
    strip: str = ""
    meant: dict[str, str] = Field(default_factory=dict[str, str])
    example: str

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from None
        return pattern

    def tidy(self, typed: str) -> str:
        """Return what was typed as the police write it; empty: it can be none.

        :param typed: small letters, spaces, dots and hyphens as people write them.
        """
        text = unicodedata.normalize("NFKC", typed)[:MAX_TYPED].upper()
        text = re.sub(r"[‐-―−]", "-", text)  # what a word processor makes of a hyphen
        text = "".join(letter for letter in text if letter not in self.strip and not letter.isspace())
        for typed_so, meant in self.meant.items():
            text = text.replace(typed_so, meant)
        return text if re.fullmatch(self.pattern, text, re.ASCII) else ""


class Vehicle(Dated):
    """A kind of vehicle.

    :param number: in the look-up.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    number: int = Field(ge=0, le=99)
    name: Words


class State(Dated):
    """A state of a violation.

    :param id: ``open``: nothing to pay yet; ``punished``: a decision was made.
    :param told: as the look-up writes it.
    """

    id: Literal["open", "punished"]
    told: str = Field(min_length=1)
    name: Words


class Law(Dated):
    """The law that the amounts stand in."""

    name: Words


class Fines(DatedFile):
    """All that a file says.

    :param procedure: the ministry's own code of paying a fine online.
    :param payee: who gets the money.
    :param police: whose look-up it is.
    """

    procedure: str = Field(pattern=r"^[A-Z0-9_]{4,20}$")
    payee: Words
    police: Words
    plate: Shape
    decision: Shape
    vehicles: tuple[Vehicle, ...] = Field(min_length=1)
    states: tuple[State, ...] = Field(min_length=1)
    laws: tuple[Law, ...] = ()

    def law(self, on: date) -> Law | None:
        """Return the law of the amounts on a day; None: none is known."""
        return next((each for each in self.laws if each.in_force(on)), None)

    def state(self, told: str) -> State | None:
        """Return a state by the look-up's words; None: the look-up has a new one."""
        folded = " ".join(unicodedata.normalize("NFC", told).casefold().split())
        return next((each for each in self.states if each.told.casefold() == folded), None)


FILE = DataFile(Fines, BUNDLED)
read_fines, bundled = FILE.read, FILE.bundled
