"""Premiums of households before and after the rise of 1 July 2026; codes old and new.

Law on Health Insurance (amended by 46/2014/QH13), Decree 188/2025: 4.5 % of the base salary, then 70, 60, 50, 40 %.
Base salary: Decree 73/2024 until 30 June 2026, Decree 161/2026 after.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from tramkit import FileError
from tramkit_hal.words import render
from tramkit_procedures.health_insurance import BUNDLED, CodeError, parse_code, premiums, read_rules

BEFORE, AFTER = date(2026, 6, 30), date(2026, 7, 1)
MONTH = {BEFORE: (105_300, 73_710, 63_180, 52_650, 42_120), AFTER: (113_850, 79_695, 68_310, 56_925, 45_540)}
AFTER_TABLE = {
    3: (341_550, 239_085, 204_930, 170_775, 136_620),
    6: (683_100, 478_170, 409_860, 341_550, 273_240),
    12: (1_366_200, 956_340, 819_720, 683_100, 546_480),
}


@pytest.mark.parametrize("members", range(1, 8))
@pytest.mark.parametrize("months", [3, 6, 12])
@pytest.mark.parametrize("on", [BEFORE, AFTER])
def test_premiums(members: int, months: int, on: date) -> None:
    month = MONTH[on]
    expected = tuple(month[min(place, 4)] * months for place in range(members))
    assert premiums(members, months, on) == expected
    if on == AFTER:
        assert expected[:5] == AFTER_TABLE[months][:members]


@pytest.mark.parametrize(
    ("on", "first"),
    [
        (date(2019, 7, 1), 67_050),
        (date(2023, 6, 30), 67_050),
        (date(2023, 7, 1), 81_000),
        (date(2024, 6, 30), 81_000),
        (date(2024, 7, 1), 105_300),
    ],
)
def test_earlier_base_salaries(on: date, first: int) -> None:
    assert premiums(1, 3, on) == (3 * first,)


def test_four_people_for_a_year() -> None:
    assert premiums(4, 12, AFTER) == (1_366_200, 956_340, 819_720, 683_100)
    assert sum(premiums(["a", "b", "c", "d"], 12, AFTER)) == 3_825_360
    assert sum(premiums(({"name": "a"}, {"name": "b"}), 12, "2026-07-01")) == 2_322_540


@pytest.mark.parametrize(
    ("members", "months", "named"),
    [
        (0, 3, "members"),
        (-1, 3, "members"),
        (51, 3, "members"),
        (True, 3, "members"),
        ("4", 3, "members"),
        (4.0, 3, "members"),
        (None, 3, "members"),
        ([], 3, "members"),
        (1, 1, "3, 6, 12 months"),
        (1, 0, "3, 6, 12 months"),
        (1, 24, "3, 6, 12 months"),
        (1, "12", "3, 6, 12 months"),
        (1, True, "3, 6, 12 months"),
    ],
)
def test_what_nobody_pays(members: int, months: int, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        premiums(members, months, AFTER)


def test_a_day_of_which_nothing_is_known() -> None:
    with pytest.raises(ValueError, match="no premium is known of 01/01/2000"):
        premiums(1, 3, date(2000, 1, 1))
    with pytest.raises(ValueError, match="no base salary is known of 30/06/2019"):
        premiums(1, 3, datetime.fromisoformat("2019-06-30T12:00:00+07:00"))


def test_a_new_rate_is_data(tmp_path: Path) -> None:
    file = tmp_path / "health_insurance.toml"
    new = (
        "[[premiums]]\nrate_per_mille = 51\nshares_percent = [100, 60]\nmonths = [6, 12]\n"
        'effective_from = 2027-01-01\nsource = "một thử nghiệm"\n'
    )
    file.write_text(BUNDLED.read_text(encoding="utf-8") + new, encoding="utf-8")
    rules = read_rules(file)
    assert premiums(3, 6, date(2026, 12, 31), rules) == (683_100, 478_170, 409_860)
    assert premiums(3, 6, date(2027, 1, 1), rules) == (774_180, 464_508, 464_508)
    with pytest.raises(ValueError, match="6, 12 months"):
        premiums(3, 3, date(2027, 1, 1), rules)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("rate_per_mille = 45", "rate_per_mille = 4500", "premiums.0.rate_per_mille"),
        ("amount = 2530000", "amount = 0", "base_salaries.3.amount"),
        ("months = [3, 6, 12]", "month = [3]", "premiums.0.month"),
        ("payee = {", "payer = {", "payee"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_file_and_key(tmp_path: Path, old: str, new: str, named: str) -> None:
    file = tmp_path / "health_insurance.toml"
    file.write_text(BUNDLED.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FileError) as problem:
        read_rules(file)
    assert "health_insurance.toml" in str(problem.value)
    assert named in str(problem.value)


@pytest.mark.parametrize(
    ("text", "kind", "number", "more"),
    [
        ("0123456789", "number", "0123456789", ("", None, "")),
        ("079090123458", "identity", "079090123458", ("", None, "")),
        ("GD4790123456789", "card", "0123456789", ("GD", 4, "79")),
        ("gd 4 79 0123456789", "card", "0123456789", ("GD", 4, "79")),
        ("ＧＤ4790123456789", "card", "0123456789", ("GD", 4, "79")),
        ("079.090.123.458", "identity", "079090123458", ("", None, "")),
        ("GD4790123456789|4e677579e1bb856e|17/05/1990|1|486ce1bb99|79-012|", "card", "0123456789", ("GD", 4, "79")),
    ],
)
def test_codes(text: str, kind: str, number: str, more: tuple[str, int | None, str]) -> None:
    found = parse_code(text)
    assert (found.kind, found.number) == (kind, number)
    assert (found.group, found.level, found.province) == more


@pytest.mark.parametrize(
    "text",
    ["", "123", "GD6790123456789", "GD0790123456789", "GD479012345678", "GD47901234567890", "12345678901", "<script>"],
)
def test_what_is_no_code_is_told_so_that_a_resident_understands(text: str) -> None:
    with pytest.raises(CodeError) as caught:
        parse_code(text)
    assert render(caught.value.text, "vi") == (
        "Mã số BHXH/thẻ BHYT có 10 hoặc 15 ký tự (ví dụ GD4790123456789); số định danh có 12 chữ số."
    )
    assert render(caught.value.text, "en") == (
        "A health-insurance code has 10 or 12 digits, or 15 characters such as GD4790123456789."
    )
