"""Mobile numbers: one form of all that people write, and what old eleven-digit numbers have become."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from tramkit import DataFile, Dated, PhoneError, read_mobile

BUNDLED = Path(__file__).parent / "prefixes.toml"


Prefix = Annotated[str, Field(pattern=r"^0[35789][0-9]$")]


class Prefixes(Dated):
    """Whom prefixes were given to, and what old ones became; see the file."""

    given_to: dict[str, tuple[Prefix, ...]]
    became: dict[Annotated[str, Field(pattern=r"^01[0-9]{2}$")], Prefix]

    @model_validator(mode="after")
    def _sound(self) -> Prefixes:
        all = [prefix for owned in self.given_to.values() for prefix in owned]
        if twice := {prefix for prefix in all if all.count(prefix) > 1}:
            raise ValueError(f"given_to: {min(twice)} stands there twice")
        return self


NumberError = PhoneError
"""The text is no Vietnamese mobile number."""


class MobileNumber(str):
    """A mobile number as it is dialled in Vietnam, ``0901234567``.

    :ivar international: as it is dialled from abroad, ``+84901234567``.
    :ivar given_to: the operator its prefix was given to; the number may have been ported since. Empty: not known.
    :ivar was: the eleven digits it had before 2018, where it was written so.
    """

    international: str
    given_to: str
    was: str

    def __new__(cls, national: str, given_to: str = "", was: str = "") -> MobileNumber:
        number = super().__new__(cls, national)
        number.international = f"+84{national[1:]}"
        number.given_to = given_to
        number.was = was
        return number


FILE = DataFile(Prefixes, BUNDLED)
read_prefixes, prefixes = FILE.read, FILE.bundled


def normalise(text: str, known: Prefixes | None = None) -> MobileNumber:
    """Return a mobile number in its one form.

    :param text: as a person writes it; see :func:`tramkit.phones.read_mobile`.
    :param known: prefixes; None: the plugin's own.
    :raises NumberError: it is no Vietnamese mobile number.
    """
    known = known or prefixes()
    national, was = read_mobile(text, known.became)
    given = next((name for name, owned in known.given_to.items() if national[:3] in owned), "")
    return MobileNumber(national, given, was)


def grouped(number: str) -> str:
    """Return a mobile number as people write it: ``0901 234 567``."""
    return f"{number[:4]} {number[4:7]} {number[7:]}"
