"""Days as they count in Vietnam: what a day is meant, how old somebody is."""

from __future__ import annotations

from datetime import date, datetime

from tramkit_hal.words import VIETNAM


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


def age(born: date, on: date) -> int:
    """Return how many years somebody has completed on a day."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
