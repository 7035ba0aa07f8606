"""Days as they count in Vietnam."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tramkit import age, day_of


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (date(2026, 7, 1), date(2026, 7, 1)),
        (datetime(2026, 6, 30, 16, 59, tzinfo=UTC), date(2026, 6, 30)),
        (datetime(2026, 6, 30, 17, 0, tzinfo=UTC), date(2026, 7, 1)),
        ("2026-07-01T00:30", date(2026, 7, 1)),
        ("2026-07-01", date(2026, 7, 1)),
        ("2026-06-30T17:00:00Z", date(2026, 7, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_vietnam(value: date | datetime | str, day: date) -> None:
    assert day_of(value) == day


@pytest.mark.parametrize("value", ["", "01/07/2026", "2026-02-30", 20260701, None])
def test_what_is_no_day(value: object) -> None:
    with pytest.raises(ValueError, match="no day"):
        day_of(value)  # type: ignore[arg-type]


def test_a_year_is_completed_on_the_birthday() -> None:
    born = date(2011, 11, 24)
    assert [age(born, day) for day in (date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25))] == [14, 15, 15]
    assert age(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age(date(2008, 2, 29), date(2026, 3, 1)) == 18
