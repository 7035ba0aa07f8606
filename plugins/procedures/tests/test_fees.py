"""What procedures cost, on both sides of each change, and what an operator's own file may say."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tramkit_procedures.fees import UnknownFee, bundled_rules, fee, read_rules

NOW = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("procedure", "channel", "person", "amount"),
    [
        ("1.004222", "counter", (), 20_000),
        ("1.004222", "online", (), 10_000),
        ("1.004222", 1, (), 20_000),
        ("1.004222", 2, (), 10_000),
        ("1.004222", "online", ("vneid_2", "basic_documents"), 0),
        ("1.004222", "online", ("vneid_2",), 10_000),
        ("1.004194", "counter", (), 15_000),
        ("1.004194", "online", (), 7_000),
        ("1.004194", "online", ("listed",), 5_000),
        ("1.010038", "online", (), 5_000),
        ("1.010041", "counter", (), 0),
        ("2.001159", "online", (), 0),
        ("1.001193", "counter", (), 0),
        ("3.000333", "online", (), 200_000),
        ("3.000333", "online", ("student",), 100_000),
        ("3.000333", "counter", ("pupil_16",), 100_000),
        ("3.000333", "counter", ("merit",), 100_000),
    ],
)
def test_fees_of_today(procedure: str, channel: str, person: tuple[str, ...], amount: int) -> None:
    found = fee(procedure, channel, NOW, person)
    assert found.amount == amount
    assert found.source


@pytest.mark.parametrize(
    ("on", "amount"),
    [
        (date(2026, 8, 14), 10_000),
        (date(2026, 8, 15), 0),
        (date(2027, 2, 28), 0),
        (date(2027, 3, 1), 10_000),
    ],
)
def test_the_resolution_of_2026_holds_on_its_days_only(on: date, amount: int) -> None:
    assert fee("1.004222", "online", on, ("vneid_2", "basic_documents")).amount == amount


def test_before_the_first_rule_the_fee_is_not_known() -> None:
    assert fee("1.004222", "counter", date(2023, 2, 5)).amount == 20_000
    with pytest.raises(UnknownFee, match="04/02/2023"):
        fee("1.004222", "counter", date(2023, 2, 4))


@pytest.mark.parametrize(("pages", "amount"), [(1, 2_000), (2, 4_000), (3, 5_000), (10, 12_000), (500, 200_000)])
def test_certified_copies_by_page(pages: int, amount: int) -> None:
    assert fee("2.000815", "counter", NOW, units=pages).amount == amount


@pytest.mark.parametrize("channel", ["fax", "", 4])
def test_an_unknown_channel_is_refused(channel: str) -> None:
    with pytest.raises(ValueError, match="no channel"):
        fee("1.004222", channel, NOW)


def test_an_unknown_procedure_and_no_unit_are_refused() -> None:
    with pytest.raises(UnknownFee):
        fee("9.999999", "counter", NOW)
    with pytest.raises(ValueError, match="unit"):
        fee("2.000815", "counter", NOW, units=0)


def test_every_rule_has_a_source_and_a_day() -> None:
    assert len(bundled_rules()) > 12
    assert all(rule.source and rule.effective_from for rule in bundled_rules())


@pytest.mark.parametrize(
    "rule",
    [
        'procedures = ["1.004222"]\nchannels = ["fax"]\namount = 1\neffective_from = 2026-01-01\nsource = "Luật"',
        'procedures = ["?"]\nchannels = ["online"]\namount = 1\neffective_from = 2026-01-01\nsource = "Luật"',
        'procedures = ["1.004222"]\nchannels = ["online"]\namount = -1\neffective_from = 2026-01-01\nsource = "Luật"',
        'procedures = ["1.004222"]\nchannels = ["online"]\namount = 1\neffective_from = 2026-01-01',
        'procedures = ["1.004222"]\nchannels = ["online"]\namount = 1\neffective_from = 2026-01-02\n'
        'effective_to = 2026-01-01\nsource = "Luật"',
    ],
)
def test_a_bad_file_names_itself(tmp_path: Path, rule: str) -> None:
    file = tmp_path / "fees.toml"
    file.write_text(f"[[fees]]\n{rule}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"fees\.toml"):
        read_rules(file)
