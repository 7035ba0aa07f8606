"""Dated values as public sources have them, on both sides of the day from which they hold."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tramkit import FileError
from tramkit.plugins.dated_facts import collect
from tramkit.plugins.installed import discover
from tramkit_payments.banks import bank_of
from tramkit_procedures.catalogue import Catalogue, Procedure, bundled, read_catalogue
from tramkit_procedures.fees import UnknownFeeError, bundled_rules, fee

NOW = date(2026, 11, 30)
VNEID = ("vneid_2", "basic_documents")
ALL = (*VNEID, "criminal_record_data")


def procedure(code: str, on: date) -> Procedure:
    return next(each for each in bundled().procedures if each.code == code and each.in_force(on))


@pytest.mark.parametrize("code", ["1.004222", "1.004194", "1.002755", "1.010038", "2.000635", "1.004873"])
@pytest.mark.parametrize(
    ("on", "waived"),
    [(date(2026, 8, 14), False), (date(2026, 8, 15), True), (date(2027, 2, 28), True), (date(2027, 3, 1), False)],
)
def test_what_is_waived_online_and_for_how_long(code: str, on: date, waived: bool) -> None:
    try:
        found: int | None = fee(code, "online", on, VNEID).amount
    except UnknownFeeError:
        found = None
    assert (found == 0) is waived
    with_less = None
    try:
        with_less = fee(code, "online", on, ("vneid_2",)).amount
    except UnknownFeeError:
        assert code == "1.004873"
    assert with_less != 0


@pytest.mark.parametrize(
    ("holds", "amount"),
    [
        ((), 200_000),
        (("student",), 100_000),
        (("pupil_16",), 100_000),
        (("merit",), 100_000),
        (("martyr_kin",), 100_000),
        (VNEID, 200_000),
        (ALL, 0),
        ((*VNEID, "martyr_kin"), 100_000),
    ],
)
def test_a_criminal_record_and_who_pays_less(holds: tuple[str, ...], amount: int) -> None:
    found = fee("3.000333", "online", NOW, holds)
    assert found == amount
    assert "16/2025/TT-BTC" in found.source
    assert "martyr_kin" in {each.id for each in procedure("3.000333", NOW).reductions}


def test_at_the_counter_nothing_is_waived() -> None:
    for code in ("1.004222", "1.010038", "2.000635", "3.000333"):
        assert fee(code, "counter", NOW, ALL) > 0


@pytest.mark.parametrize(
    ("on", "source"), [(date(2026, 6, 28), "53/2025/TT-BCA"), (date(2026, 6, 29), "116/2026/TT-BCA"), (NOW, "116/2026")]
)
def test_the_version_of_form_ct01_that_the_station_fills_in(on: date, source: str) -> None:
    for code in ("1.004222", "1.004194", "1.002755", "1.010041", "1.010038"):
        assert source in bundled().forms_of(procedure(code, on), on)["ct01"]
    assert bundled().forms_of(procedure("1.001193", on), on) == {}


def test_a_stay_asks_birth_date_and_address_since_1_july_2026() -> None:
    before, after = procedure("2.001159", date(2026, 6, 30)), procedure("2.001159", date(2026, 7, 1))
    asked = {each.id: each for each in after.questions}
    assert set(asked) - {each.id for each in before.questions} == {"guest_born", "stay_address"}
    assert asked["guest_born"].required
    assert asked["guest_born"].when == "past"
    assert asked["stay_address"].required
    assert "118/2025/QH15" in after.source


def test_birth_of_a_child_under_6_brings_a_card_since_1_september_2026() -> None:
    before, after = procedure("2.000986", date(2026, 8, 31)), procedure("2.000986", date(2026, 9, 1))
    assert "thẻ căn cước" in after.name.vi
    assert "thẻ căn cước" not in before.name.vi
    assert "24 giờ" in after.time.vi
    assert "301/2026/NĐ-CP" in after.source


def test_on_every_day_a_procedure_stands_in_one_version() -> None:
    for on in (date(2025, 7, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 9, 1), NOW, date(2030, 1, 1)):
        codes = [each.code for each in bundled().procedures if each.in_force(on)]
        assert len(set(codes)) == len(codes) >= 12


def test_two_versions_of_a_procedure_on_one_day_are_refused(tmp_path: Path) -> None:
    from tramkit_procedures.catalogue import BUNDLED

    text = BUNDLED.read_text(encoding="utf-8").replace("effective_to = 2026-06-30", "effective_to = 2026-07-01")
    (tmp_path / "catalogue.toml").write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match=r"2\.001159"):
        read_catalogue(tmp_path / "catalogue.toml")


def test_an_operators_catalogue_without_forms_is_read(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").write_text(
        """
[[procedures]]
code = "1.004222"
group = "residence"
name = { vi = "A", en = "A" }
agency = { vi = "B", en = "B" }
time = { vi = "C", en = "C" }
working_days = 7
documents = []
questions = []
source = "Luật"
effective_from = 2025-07-01
""",
        encoding="utf-8",
    )
    read: Catalogue = read_catalogue(tmp_path / "catalogue.toml")
    assert read.forms == ()


BANKS = [
    "970400",
    "970403",
    "970405",
    "970406",
    "970407",
    "970408",
    "970409",
    "970410",
    "970412",
    "970414",
    "970415",
    "970416",
    "970418",
    "970419",
    "970421",
    "970422",
    "970423",
    "970424",
    "970425",
    "970426",
    "970427",
    "970428",
    "970429",
    "970430",
    "970431",
    "970432",
    "970433",
    "970434",
    "970436",
    "970437",
    "970438",
    "970439",
    "970440",
    "970441",
    "970442",
    "970443",
    "970444",
    "970446",
    "970448",
    "970449",
    "970452",
    "970454",
    "970455",
    "970456",
    "970457",
    "970458",
    "970459",
    "970460",
    "970462",
    "970463",
    "970464",
    "970465",
    "970466",
    "970467",
    "970468",
    "970470",
]


def test_all_56_numbers_of_banks_have_a_name() -> None:
    assert len(BANKS) == 56
    assert all(bank_of(bin) for bin in BANKS)
    assert bank_of("970469") == ""


def test_every_rule_of_a_fee_has_its_source_and_its_days() -> None:
    for rule in bundled_rules():
        assert len(rule.source) > 10
        assert rule.effective_to is None or rule.effective_to >= rule.effective_from


DOUBTFUL = {
    ("banks.toml", "banks"): "đổi tên",
    ("calendar.toml", "years 2026"): "02/01",
    ("calendar.toml", "years 2027"): "Tết",
    ("catalogue.toml", "procedures 2.000986"): "4 ngày",
    ("fees.toml", "fees 1.004873, 1.004772, 1.004746"): "bị cắt",
    ("fees.toml", "fees 3.000333"): "Ngày hiệu lực",
    ("fines.toml", "vehicles motorcycle"): "xe máy",
    ("rules.toml", "cards 1"): "ngoại lệ",
}
"""What nobody could confirm of a value, in words that must stand beside it."""


@pytest.mark.parametrize("which", DOUBTFUL)
def test_what_could_not_be_confirmed_is_said_beside_the_value(which: tuple[str, str]) -> None:
    installed = [each for each in discover() if each.manifest is not None]
    values = collect(installed, [each.name for each in installed], {})
    found = [each for each in values if (each.file, each.what) == which and (each.ends is None or each.ends >= NOW)]
    assert found
    for each in found:
        assert DOUBTFUL[which] in each.doubt
        assert each.source
        assert each.begins is not None
