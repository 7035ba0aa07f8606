"""What the provider tells of a resident, by the names that ``claims.toml`` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tramkit import Data, DataFile, Level, Person
from tramkit_hal.card import number as card_number
from tramkit_hal.partial_date import PartialDate, read_iso, read_written
from tramkit_hal.words import JOINERS, without_invisible

BUNDLED = Path(__file__).with_name("claims.toml")


class UnusableClaimsError(Exception):
    """The claims are not those of a resident; which one is wrong, never what it says."""


class LevelTooLowError(Exception):
    """The account is not of level 2."""


class Names(Data):
    """How the provider names its claims.

    :param enough: what ``level`` says of an account that is let in.
    """

    scope: str = Field(pattern=r"^openid( [!-~]+)*$")
    number: str = Field(min_length=1)
    name: str = Field(min_length=1)
    born: str = Field(min_length=1)
    sex: str = Field(min_length=1)
    female: tuple[str, ...] = Field(min_length=1)
    male: tuple[str, ...] = Field(min_length=1)
    address: str = ""
    level: str = Field(min_length=1)
    enough: tuple[str, ...] = Field(min_length=1)


FILE = DataFile(Names, BUNDLED)
bundled = FILE.bundled


def person(claims: Mapping[str, Any], names: Names) -> Person:
    """Return the resident that an ID token tells of.

    :param claims: of a token whose signature and claims of time, issuer and audience were checked.
    :raises LevelTooLowError: the account is not of level 2 (Decree 69/2024/NĐ-CP).
    :raises UnusableClaimsError: something that is needed is missing, or is no identity number, name or day.
    """
    if claims.get(names.level) not in names.enough:
        raise LevelTooLowError
    number = _text(claims, names.number)
    born, sex = _born(claims, names.born, number), _sex(claims, names)
    if not card_number.check(number, born, sex).ok:
        raise UnusableClaimsError(names.number)
    address = _address(claims, names.address) if claims.get(names.address) else ""
    return Person(level=Level.VNEID, name=_text(claims, names.name), number=number, born=born, sex=sex, address=address)


def _address(claims: Mapping[str, Any], key: str) -> str:
    """Return an address in one line; one with parts has its lines in ``formatted`` (OpenID Connect Core 1.0, 5.1.1)."""
    value = claims.get(key)
    if isinstance(value, Mapping):
        value = value.get("formatted")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if isinstance(value, str):
        value = ", ".join(filter(None, map(without_invisible, value.splitlines())))
    return _text({key: value}, key)


def _text(claims: Mapping[str, Any], key: str) -> str:
    value = claims.get(key)
    if not isinstance(value, str) or len(value.splitlines()) != 1:
        raise UnusableClaimsError(key)
    told = without_invisible(value)
    if not 0 < len(told) <= 300 or not all(letter.isprintable() or letter in JOINERS for letter in told):
        raise UnusableClaimsError(key)
    return told


def _sex(claims: Mapping[str, Any], names: Names) -> Literal["female", "male"]:
    told = _text(claims, names.sex)
    if told not in (*names.female, *names.male):
        raise UnusableClaimsError(names.sex)
    return "female" if told in names.female else "male"


def _born(claims: Mapping[str, Any], key: str, number: str) -> date | PartialDate:
    """Read a date of birth of which only the year may be told (OpenID Connect Core 1.0, section 5.1).

    :param number: says the year where the claim leaves it out (``0000-05-17``).
    """
    told = _text(claims, key)
    if told.startswith("0000-") and (year := card_number.check(number).year) is not None:
        told = f"{year:04}{told[4:]}"
    try:
        return read_written(told) if "/" in told else read_iso(told)
    except ValueError:
        raise UnusableClaimsError(key) from None
