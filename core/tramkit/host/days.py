"""Days as they count in Vietnam: what a day is meant, how old somebody is."""

from __future__ import annotations

from datetime import date, datetime

from tramkit_hal.partial_date import PartialDate, first_day, last_day
from tramkit_hal.words import VIETNAM, Day, Messages, Text

_ = Messages("tramkit")


def day_of(value: date | datetime | str) -> date:
    """Return a day of the calendar in Vietnam.

    :param value: a day, a moment (without a zone: Vietnam's), or either as ISO 8601 writes it.
    :raises ValueError: it is none.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f"{value[:40]!r} is no day; write 2026-07-01") from None
    if isinstance(value, datetime):
        return value.astimezone(VIETNAM).date() if value.tzinfo is not None else value.date()
    if not isinstance(value, date):  # pyright: ignore[reportUnnecessaryIsInstance]  others call it too
        raise ValueError(f"a {type(value).__name__} is no day")
    return value


def age(born: date | PartialDate, on: date) -> int:
    """Return how many years somebody has completed on a day, for certain.

    Of whom only the year or the month of birth is known counts as born on its last day, as Article 417 of the Criminal
    Procedure Code of 2015 has it: nobody is taken for older than they may be.
    """
    day = last_day(born)
    return on.year - day.year - ((on.month, on.day) < (day.month, day.day))


def age_at_most(born: date | PartialDate, on: date) -> int:
    """Return how many years somebody may have completed on a day: for a rule that has an oldest age."""
    return age(first_day(born), on)


def assumed(born: date | PartialDate | None, *, at_most: bool = False) -> tuple[Text, ...]:
    """Return what a rule says that needed a day of birth and did not have it; empty: it had.

    :param at_most: the rule asked for :func:`age_at_most`.
    """
    if not isinstance(born, PartialDate):
        return ()
    day = Day(day=first_day(born) if at_most else last_day(born))
    if born.month is None:
        return (_("Only the year of birth is known, so it was reckoned from {day}.", day=day),)
    return (_("Only the month of birth is known, so it was reckoned from {day}.", day=day),)
