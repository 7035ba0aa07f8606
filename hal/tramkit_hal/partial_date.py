"""Dates of birth of which only the year, or year and month, are known.

Many elders' papers say ``1950`` and nothing more. ICAO 9303 part 3 (section 4.8) leaves the unknown part of the zone
to fillers, OpenID Connect Core 1.0 (section 5.1) allows ``YYYY``, ISO 8601-1 (section 5.2.2) writes less than a day as
``1950-05`` and ``1950``. A full day stays a :class:`datetime.date`; :data:`Born` is either.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer


@dataclass(frozen=True)
class PartialDate:
    """A day of which only the year, or month and year, are known.

    :param month: 1 to 12; None: not known.
    :raises ValueError: there is no such year or month.
    """

    year: int
    month: int | None = None

    def __post_init__(self) -> None:
        date(self.year, 1 if self.month is None else self.month, 1)

    def isoformat(self) -> str:
        """Return it as ISO 8601 writes it: ``1950`` or ``1950-05``."""
        return f"{self.year:04}" if self.month is None else f"{self.year:04}-{self.month:02}"

    def __str__(self) -> str:
        return self.isoformat()


def of_parts(year: int, month: int = 0, day: int = 0) -> date | PartialDate:
    """Return what is known of a day.

    :param month, day: 0: not known; a day without its month says nothing.
    :raises ValueError: there is no such day.
    """
    if not month:
        return PartialDate(year)
    return date(year, month, day) if day else PartialDate(year, month)


def read_iso(text: str) -> date | PartialDate:
    """Read ``1950-05-17``, ``1950-05`` or ``1950``.

    :raises ValueError: it is none of them, or not in the calendar.
    """
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", text.strip())
    if not found:
        raise ValueError("not a day, month or year as isoformat() writes it")
    year, month, day = (None if part is None else int(part) for part in found.groups())
    if month == 0 or day == 0:
        raise ValueError("not a day, month or year as isoformat() writes it")
    return of_parts(year or 0, month or 0, day or 0)


def read_written(text: str) -> date | PartialDate:
    """Read a day as people and cards of Vietnam write it.

    ``17/05/1990``, ``17051990``, ``05/1950``, ``051950``, ``1950``; what is not known may stand as zeros, dashes, dots
    or letters X: ``00/00/1950``, ``--/--/1950``, ``../../1950``, ``XX/XX/1950``.

    :raises ValueError: it is none of them, or not in the calendar.
    """
    unknown = r"[0xX?_.*\s-]{1,2}"
    before_year, before_month = (
        rf"^(?:{unknown}/)?{unknown}/(?=[0-9]{{4}}$)",
        rf"^{unknown}/(?=[0-9]{{1,2}}/[0-9]{{4}}$)",
    )
    tidied = re.sub(f"{before_year}|{before_month}", "", unicodedata.normalize("NFKC", text).strip())
    found = (
        re.fullmatch(r"(?:(?:([0-9]{1,2})[^0-9])?([0-9]{1,2})[^0-9])?([0-9]{4})", tidied)
        or re.fullmatch(r"([0-9]{2})([0-9]{2})([0-9]{4})", tidied)
        or re.fullmatch(r"()([0-9]{2})([0-9]{4})", tidied)
    )
    if not found:
        raise ValueError("not a day, month or year as it is written in Vietnam")
    day, month, year = (int(part) if part else 0 for part in found.groups())
    if day and not month:
        raise ValueError("not a day, month or year as it is written in Vietnam")
    return of_parts(year, month, day)


def write(born: date | PartialDate) -> str:
    """Return it as it is written in Vietnam: ``17/05/1990``, ``05/1950``, ``1950``."""
    if isinstance(born, date):
        return f"{born.day:02}/{born.month:02}/{born.year:04}"
    return f"{born.year:04}" if born.month is None else f"{born.month:02}/{born.year:04}"


def first_day(born: date | PartialDate) -> date:
    """Return the earliest day that it can be."""
    return born if isinstance(born, date) else date(born.year, born.month or 1, 1)


def last_day(born: date | PartialDate) -> date:
    """Return the latest day that it can be."""
    if isinstance(born, date):
        return born
    month = born.month or 12
    return date(born.year, month, calendar.monthrange(born.year, month)[1])


def agree(one: date | PartialDate, other: date | PartialDate) -> bool:
    """Tell whether two can be the same day."""
    return first_day(one) <= last_day(other) and first_day(other) <= last_day(one)


def fuller(one: date | PartialDate, other: date | PartialDate) -> date | PartialDate:
    """Return the one of two that agree of which more is known."""
    return min(one, other, key=lambda each: last_day(each) - first_day(each))


def _read(value: Any) -> Any:
    return read_iso(value) if isinstance(value, str) else value


Born = Annotated[
    date | PartialDate,
    BeforeValidator(_read),
    PlainSerializer(lambda value: value.isoformat(), return_type=str, when_used="json"),
]
"""A date of birth in a model: a day, or what is known of it; ISO 8601 in JSON."""
