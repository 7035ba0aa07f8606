"""Premiums of households before and after the rise of 1 July 2026; codes old and new."""

from __future__ import annotations

from datetime import date

import pytest

from tramkit_procedures.health_insurance import CodeProblem, parse_code, premiums

BEFORE, AFTER = date(2026, 6, 30), date(2026, 7, 1)
MONTH = {BEFORE: (105_300, 73_710, 63_180, 52_650, 42_120), AFTER: (113_850, 79_695, 68_310, 56_925, 45_540)}


@pytest.mark.parametrize("members", range(1, 8))
@pytest.mark.parametrize("months", [3, 6, 12])
@pytest.mark.parametrize("on", [BEFORE, AFTER])
def test_premiums(members: int, months: int, on: date) -> None:
    month = MONTH[on]
    expected = tuple(month[min(place, 4)] * months for place in range(members))
    assert premiums(members, months, on) == expected


def test_four_people_for_a_year() -> None:
    assert premiums(4, 12, AFTER) == (1_366_200, 956_340, 819_720, 683_100)
    assert sum(premiums(["a", "b", "c", "d"], 12, AFTER)) == 3_825_360


@pytest.mark.parametrize(("members", "months"), [(0, 3), (-1, 3), (51, 3), (True, 3), (1, 1), (1, 0), (1, 24)])
def test_what_nobody_pays(members: int, months: int) -> None:
    with pytest.raises(ValueError, match=r"members|months"):
        premiums(members, months, AFTER)


def test_a_day_long_ago_has_no_base_salary() -> None:
    with pytest.raises(ValueError, match="base salary"):
        premiums(1, 3, date(2000, 1, 1))


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("0123456789", "number", "0123456789"),
        ("079090123458", "identity", "079090123458"),
        ("GD4790123456789", "card", "0123456789"),
        ("gd 4 79 0123456789", "card", "0123456789"),
    ],
)
def test_codes(text: str, kind: str, number: str) -> None:
    found = parse_code(text)
    assert (found.kind, found.number) == (kind, number)


@pytest.mark.parametrize("text", ["", "123", "GD6790123456789", "GD479012345678", "12345678901", "<script>"])
def test_what_is_no_code(text: str) -> None:
    with pytest.raises(CodeProblem):
        parse_code(text)
