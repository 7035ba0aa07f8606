"""What the law asks of subscribers is data with days, and a mistake in it is told with file and key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tramkit import FileError, Level
from tramkit_sim_identity.rules import BUNDLED, bundled, read_rules

LATER = """
[[identification]]
most_numbers = 5
parent_under = 6
consent_under = 16
needs = "chip"
effective_from = 2027-01-01
source = "một thử nghiệm"
"""


def test_the_rule_of_today_is_that_of_circular_08_of_2026() -> None:
    rule = bundled().identifying(date(2026, 11, 23))
    assert (rule.most_numbers, rule.parent_under, rule.consent_under, rule.level) == (3, 6, 15, Level.CHIP_FACE)
    assert "08/2026/TT-BKHCN" in rule.source


@pytest.mark.parametrize(("on", "there"), [(date(2026, 6, 14), False), (date(2026, 6, 15), True)])
def test_changes_of_device_count_from_15_june_2026(on: date, there: bool) -> None:
    change = bundled().changing(on)
    assert (change is not None) == there
    if change is not None:
        assert (change.outgoing_hours, change.lock_days, change.end_days) == (2, 30, 5)


def test_a_later_rule_counts_from_its_day(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(BUNDLED.read_text(encoding="utf-8") + LATER, encoding="utf-8")
    rules = read_rules(file)
    assert rules.identifying(date(2026, 12, 31)).most_numbers == 3
    assert rules.identifying(date(2027, 1, 1)).most_numbers == 5


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("most_numbers = 3", "most_numbers = 0", "identification.0.most_numbers"),
        ("parent_under = 6", "parent_under = 16", "parent_under is more than consent_under"),
        ('needs = "chip_face"', 'needs = "chipface"', "identification.0.needs"),
        ("lock_days = 30", "lock_day = 30", "device_change.0.lock_day"),
    ],
)
def test_a_mistake_is_told_with_file_and_key(tmp_path: Path, old: str, new: str, named: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(BUNDLED.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FileError) as problem:
        read_rules(file)
    assert "rules.toml" in str(problem.value)
    assert named in str(problem.value)
