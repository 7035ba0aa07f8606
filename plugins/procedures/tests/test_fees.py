"""What procedures cost, on both sides of each change, and what an operator's own file may say."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum, StrEnum
from pathlib import Path

import pytest

from tramkit import FileError
from tramkit_procedures.fees import UnknownFeeError, bundled_rules, fee, read_rules

NOW = date(2026, 11, 23)
CUT = ("vneid_2", "basic_documents")


class Channel(StrEnum):
    """As an authority's client might name them."""

    DIRECT = "direct"
    ONLINE = "online"


class Portal(Enum):
    """As the national portal numbers them."""

    ONLINE = 2


@pytest.mark.parametrize(
    ("procedure", "channel", "person", "amount", "source"),
    [
        ("1.004222", "counter", (), 20_000, "75/2022/TT-BTC"),
        ("1.004222", "online", (), 10_000, "75/2022/TT-BTC"),
        ("1.004222", "post", (), 20_000, "75/2022/TT-BTC"),
        ("1.004222", "online", CUT, 0, "66.22/2026/NQ-CP"),
        ("1.004222", "counter", CUT, 20_000, "75/2022/TT-BTC"),
        ("1.004222", "online", ("vneid_2",), 10_000, "75/2022/TT-BTC"),
        ("1.004222", "online", ("basic_documents",), 10_000, "75/2022/TT-BTC"),
        ("1.004194", "counter", (), 15_000, "75/2022/TT-BTC"),
        ("1.004194", "online", (), 7_000, "75/2022/TT-BTC"),
        ("1.004194", "counter", ("listed",), 10_000, "75/2022/TT-BTC"),
        ("1.004194", "online", ("listed",), 5_000, "75/2022/TT-BTC"),
        ("1.002755", "counter", (), 15_000, "75/2022/TT-BTC"),
        ("1.002755", "online", (), 7_000, "75/2022/TT-BTC"),
        ("1.010038", "counter", (), 10_000, "75/2022/TT-BTC"),
        ("1.010038", "online", (), 5_000, "75/2022/TT-BTC"),
        ("1.010041", "counter", (), 0, "68/2020/QH14"),
        ("2.001159", "online", (), 0, "68/2020/QH14"),
        ("1.003677", "counter", (), 0, "68/2020/QH14"),
        ("1.001193", "counter", (), 0, "60/2014/QH13"),
        ("2.000986", "online", (), 0, "60/2014/QH13"),
        ("2.000635", "counter", (), 8_000, "281/2016/TT-BTC"),
        ("3.000333", "online", (), 200_000, "16/2025/TT-BTC"),
        ("3.000333", "online", ("student",), 100_000, "16/2025/TT-BTC"),
        ("3.000333", "counter", ("pupil_16",), 100_000, "16/2025/TT-BTC"),
        ("3.000333", "counter", ("merit",), 100_000, "16/2025/TT-BTC"),
    ],
)
def test_fees_of_today(procedure: str, channel: str, person: tuple[str, ...], amount: int, source: str) -> None:
    found = fee(procedure, channel, NOW, person)
    assert found == found.amount == amount
    assert source in found.source


@pytest.mark.parametrize("procedure", ["1.004222", "1.004194", "1.002755"])
@pytest.mark.parametrize(
    ("on", "free"),
    [(date(2026, 8, 14), False), (date(2026, 8, 15), True), (date(2027, 2, 28), True), (date(2027, 3, 1), False)],
)
def test_the_resolution_of_2026_holds_on_its_days_only(procedure: str, on: date, free: bool) -> None:
    full = fee(procedure, "online", on)
    assert full > 0, "without the documents on VNeID nothing changes"
    assert fee(procedure, "online", on, CUT) == (0 if free else full)


@pytest.mark.parametrize(
    ("procedure", "first", "amount"),
    [
        ("1.004222", date(2023, 2, 5), 20_000),
        ("1.004194", date(2023, 2, 5), 15_000),
        ("3.000333", date(2026, 7, 1), 200_000),
        ("2.000815", date(2017, 1, 1), 2_000),
    ],
)
def test_before_its_first_rule_a_fee_is_not_known(procedure: str, first: date, amount: int) -> None:
    assert fee(procedure, "counter", first) == amount
    before = date.fromordinal(first.toordinal() - 1)
    with pytest.raises(UnknownFeeError, match=f"{before:%d/%m/%Y}"):
        fee(procedure, "counter", before)


@pytest.mark.parametrize("channel", ["online", "Online", " ONLINE ", 2, "2", Channel.ONLINE, Portal.ONLINE])
def test_a_channel_may_be_named_as_the_portal_does(channel: str | int | Enum) -> None:
    assert fee("1.004222", channel, NOW) == 10_000
    assert fee("1.004222", 1, NOW) == fee("1.004222", Channel.DIRECT, NOW) == 20_000
    assert fee("1.004222", 3, NOW) == 20_000


@pytest.mark.parametrize(
    "on",
    ["2026-08-15", "2026-08-14T17:00:00Z", datetime(2026, 8, 14, 17, 0, tzinfo=UTC), date(2026, 8, 15)],
)
def test_the_day_is_vietnams(on: str | date) -> None:
    assert fee("1.004222", "online", on, CUT) == 0


@pytest.mark.parametrize(
    "person", ["student", ["student"], {"student"}, {"student": True, "merit": False}, ("citizen", "student")]
)
def test_what_holds_of_the_person_may_be_said_in_many_ways(person: str | list[str] | dict[str, bool]) -> None:
    assert fee("3.000333", "online", NOW, person) == 100_000


@pytest.mark.parametrize("person", [None, "", (), {}, {"student": False}, "citizen"])
def test_nothing_said_of_the_person_is_the_full_fee(person: str | tuple[str, ...] | None) -> None:
    assert fee("3.000333", "online", NOW, person) == 200_000


@pytest.mark.parametrize(
    ("pages", "amount"),
    [(1, 2_000), (2, 4_000), (3, 5_000), (10, 12_000), (198, 200_000), (199, 200_000), (500, 200_000)],
)
def test_certified_copies_by_page(pages: int, amount: int) -> None:
    assert fee("2.000815", "counter", NOW, units=pages) == amount


@pytest.mark.parametrize(("people", "amount"), [(1, 10_000), (4, 40_000)])
def test_a_list_is_charged_by_person(people: int, amount: int) -> None:
    assert fee("1.004194", "counter", NOW, "listed", units=people) == amount
    assert fee("1.004194", "counter", NOW, units=people) == 15_000, "a dossier is one dossier"


@pytest.mark.parametrize("channel", ["fax", "", 4, 0, None])
def test_an_unknown_channel_is_refused_with_those_there_are(channel: str) -> None:
    with pytest.raises(ValueError, match="counter, online, post"):
        fee("1.004222", channel, NOW)


def test_an_unknown_procedure_no_unit_and_no_day_are_refused() -> None:
    with pytest.raises(UnknownFeeError, match=r"9\.999999"):
        fee("9.999999", "counter", NOW)
    with pytest.raises(ValueError, match="unit"):
        fee("2.000815", "counter", NOW, units=0)
    with pytest.raises(ValueError, match="no day"):
        fee("2.000815", "counter", "23/11/2026")


def test_every_rule_has_a_source_and_a_day() -> None:
    assert len(bundled_rules()) > 12
    assert all(rule.source and rule.effective_from for rule in bundled_rules())


SOUND = 'procedures = ["1.004222"]\nchannels = ["online"]\namount = 1\neffective_from = 2026-01-02\nsource = "Luật"\n'


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('["online"]', '["fax"]', "channels"),
        ('["1.004222"]', '["?"]', "no procedure code"),
        ("amount = 1", "amount = -1", "amount"),
        ("amount = 1", 'amount = "ten"', "amount"),
        ('source = "Luật"', "", "source"),
        ("effective_from = 2026-01-02", "effective_from = 2026-01-02\neffective_to = 2026-01-01", "before"),
        ("amount = 1", "amount = 1\nammount = 2", "ammount"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_file_and_key(tmp_path: Path, old: str, new: str, named: str) -> None:
    file = tmp_path / "fees.toml"
    file.write_text(f"[[fees]]\n{SOUND}", encoding="utf-8")
    assert len(read_rules(file)) == 1
    file.write_text(f"[[fees]]\n{SOUND.replace(old, new)}", encoding="utf-8")
    with pytest.raises(FileError) as problem:
        read_rules(file)
    assert "fees.toml" in str(problem.value)
    assert named in str(problem.value)
