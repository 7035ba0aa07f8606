"""Working days of authorities in Vietnam: weekends, public holidays, moved days; data of ``calendar.toml``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from pydantic import Field, model_validator

from tramkit.facts import CALENDAR, Dated, DatedFile
from tramkit.problems import read_settings
from tramkit_hal.data import Data

SATURDAY = 5
MAX_DAYS = 3660


class _Names(Data):
    vi: str = Field(min_length=1, max_length=120)
    en: str = Field(min_length=1, max_length=120)


class Holiday(Dated):
    """A holiday on the same day of every year.

    :param day: ``MM-DD``.
    """

    day: str = Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")
    name: _Names

    def of(self, year: int) -> date | None:
        """Return its day in a year; None: it is no holiday then."""
        day = date(year, int(self.day[:2]), int(self.day[3:]))
        return day if self.in_force(day) else None


class Year(Dated):
    """A year as it was decided.

    :param off: days from Monday to Friday on which nobody works.
    :param worked: Saturdays and Sundays on which authorities work.
    """

    year: int = Field(ge=2000, le=2200)
    what: _Names
    off: tuple[date, ...]
    worked: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Year:
        for day in (*self.off, *self.worked):
            if day.year != self.year:
                raise ValueError(f"{day.isoformat()} is not in {self.year}")
        for day in self.off:
            if day.weekday() >= SATURDAY:
                raise ValueError(f"{day.isoformat()} is a Saturday or Sunday: it is off anyway")
        for day in self.worked:
            if day.weekday() < SATURDAY:
                raise ValueError(f"{day.isoformat()} is no Saturday or Sunday: it is worked anyway")
        return self


class WorkingDays(DatedFile):
    """The calendar of a file."""

    holidays: tuple[Holiday, ...] = ()
    years: tuple[Year, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> WorkingDays:
        if len({each.year for each in self.years}) < len(self.years):
            raise ValueError("years: a year stands there twice")
        return self

    def knows(self, year: int) -> bool:
        """Tell whether a year's days were decided when the file was written."""
        return any(each.year == year for each in self.years)

    def is_working(self, day: date) -> bool:
        """Tell whether authorities work on a day. Of a year that is not known the lunar holidays count as worked."""
        for year in self.years:
            if year.year == day.year:
                return day in year.worked or (day.weekday() < SATURDAY and day not in year.off)
        return day.weekday() < SATURDAY and day not in set(self._off(day.year))

    def after(self, day: date, count: int) -> date:
        """Return the day that is so many working days after a day.

        :param count: 0: the day itself, whether it is worked or not.
        :raises ValueError: fewer than none, or more than ten years.
        """
        if not 0 <= count <= MAX_DAYS:
            raise ValueError(f"0 to {MAX_DAYS} working days")
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day

    def _off(self, year: int) -> Iterator[date]:
        """Yield the holidays of a year that nobody has decided yet, with the days that make up for a weekend."""
        taken: set[date] = set()
        for day in sorted(filter(None, (each.of(year) for each in self.holidays))):
            while day.weekday() >= SATURDAY or day in taken:
                day += timedelta(days=1)  # noqa: PLW2901
            taken.add(day)
            yield day


def working_days(file: Path | None = None) -> WorkingDays:
    """Return the calendar of an operator's file; without one the core's.

    :raises FileError: it is malformed; the words name file and key.
    """
    return read_settings(file, WorkingDays) if file is not None else _bundled()


@cache
def _bundled() -> WorkingDays:
    return read_settings(CALENDAR, WorkingDays)
