"""Working days: weekends, public holidays with what makes up for them, moved days, per year."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tramkit import FileError, working_days
from tramkit_procedures.sandbox import Authorities

CALENDAR = working_days()


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2026, 11, 24), False),  # a Tuesday: Resolution 28/2026/QH16
        (date(2025, 11, 24), True),  # a Monday, before it
        (date(2027, 11, 24), False),
        (date(2026, 11, 25), True),
        (date(2026, 11, 28), False),  # a Saturday
        (date(2026, 1, 1), False),
        (date(2026, 1, 2), False),  # moved
        (date(2026, 1, 10), True),  # a Saturday that makes up for it
        (date(2026, 2, 17), False),  # the lunar New Year
        (date(2026, 2, 20), False),
        (date(2026, 2, 23), True),
        (date(2026, 4, 27), False),  # Hùng Kings' Day fell on a Sunday
        (date(2026, 4, 30), False),
        (date(2026, 8, 22), True),
        (date(2026, 8, 31), False),
        (date(2026, 9, 2), False),
        (date(2026, 9, 3), True),
        (date(2027, 5, 3), False),  # 1 May is a Saturday
    ],
)
def test_days_on_which_authorities_work(day: date, working: bool) -> None:
    assert CALENDAR.is_working(day) is working


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2026, 11, 23), 1, date(2026, 11, 25)),
        (date(2026, 11, 20), 3, date(2026, 11, 26)),
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
        (date(2026, 2, 13), 1, date(2026, 2, 23)),
        (date(2026, 1, 9), 1, date(2026, 1, 10)),
        (date(2026, 8, 21), 7, date(2026, 9, 3)),
        (date(2026, 12, 31), 1, date(2027, 1, 4)),
    ],
)
def test_so_many_working_days_later(start: date, count: int, end: date) -> None:
    assert CALENDAR.after(start, count) == end


def test_of_a_year_that_nobody_has_decided_the_fixed_holidays_are_known_with_what_makes_up_for_them() -> None:
    assert not CALENDAR.knows(2033)
    assert not CALENDAR.is_working(date(2033, 11, 24))
    assert date(2033, 1, 1).weekday() == 5
    assert not CALENDAR.is_working(date(2033, 1, 3))
    assert date(2033, 5, 1).weekday() == 6
    assert date(2033, 4, 30).weekday() == 5
    assert not CALENDAR.is_working(date(2033, 5, 2))
    assert not CALENDAR.is_working(date(2033, 5, 3))
    assert CALENDAR.is_working(date(2033, 5, 4))


@pytest.mark.parametrize("count", [-1, 10_000])
def test_no_number_of_days_makes_it_hang(count: int) -> None:
    with pytest.raises(ValueError, match="working days"):
        CALENDAR.after(date(2026, 1, 1), count)


def test_a_year_has_as_many_working_days_as_it_says() -> None:
    for year in (2025, 2026, 2027):
        days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
        entry = next(each for each in CALENDAR.years if each.year == year)
        weekdays = sum(day.weekday() < 5 for day in days)
        assert sum(map(CALENDAR.is_working, days)) == weekdays - len(entry.off) + len(entry.worked)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("off = [2028-01-01]", "Saturday"),
        ("off = [2027-01-04]", "not in 2028"),
        ("off = []\nworked = [2028-01-03]", "worked anyway"),
    ],
)
def test_a_calendar_of_the_operators_that_cannot_be_is_refused(tmp_path: Path, wrong: str, said: str) -> None:
    file = tmp_path / "calendar.toml"
    file.write_text(
        '[[years]]\nyear = 2028\nwhat = { vi = "A", en = "A" }\n'
        f'{wrong}\nsource = "TB 1"\neffective_from = 2028-01-01\n',
        encoding="utf-8",
    )
    with pytest.raises(FileError, match=said):
        working_days(file)


def test_the_authoritys_sandbox_counts_so(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from tramkit_hal.device.clock import ManualClock

    clock = ManualClock(datetime(2026, 11, 23, 3, tzinfo=UTC))
    sandbox = Authorities(tmp_path / "a.sqlite", clock)
    body = {
        "kind": "dossier",
        "applicant": {"number": "079090123458"},
        "working_days": 3,
        "name_vi": "A",
        "name_en": "A",
        "agency": "B",
    }
    assert sandbox.decide(body).more["appointment"] == "2026-11-27"
