"""What the desk says of a prescription: a corpus of cases, the doctor's answers in words, and the lists behind it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner
from desk.kit import Clinic, call
from desk.prescriptions import SAID, Case, cases

from tramkit_telehealth.desk.allergies import allergy_of
from tramkit_telehealth.desk.command import desk
from tramkit_telehealth.desk.doses import days, strengths, units_a_day
from tramkit_telehealth.desk.lists import KINDS, CodeSet, ListError, bundled, import_list, load
from tramkit_telehealth.desk.medicine_names import skeleton
from tramkit_telehealth.desk.page_protocol import CallTrouble, Draft
from tramkit_telehealth.desk.prescribing import PrescriptionType, check, prescription_code, type_of
from tramkit_telehealth.protocol import Answer, Medicine

LISTS = load()
ALLERGIC = Answer(id="allergies", question="Dị ứng?", answer="Penicillin")


def draft(*names: str, diagnosis: str = "J00", **more: object) -> Draft:
    lines = tuple(Medicine(name=name, amount="10 viên", directions="Uống 1 viên × 2 lần/ngày") for name in names)
    return Draft.model_validate({"conclusion": "Cảm lạnh", "diagnosis": diagnosis, "prescription": lines} | more)


# ── the corpus ────────────────────────────────────────────────────────────────────────────────────────────────


def test_of_the_prescriptions_at_which_something_must_be_said_the_desk_says_it_at_nineteen_in_twenty() -> None:
    due = list(cases("due.txt"))
    assert len(due) >= 200
    missed = [f"{case.kind}: {case.line}" for case in due if not case.is_met(LISTS)]
    assert len(missed) <= len(due) * 0.05, "\n".join(missed)


@pytest.mark.parametrize("kind", sorted(SAID))
def test_no_kind_of_concern_is_missed_more_often_than_one_in_five(kind: str) -> None:
    due = [case for case in cases("due.txt") if case.kind == kind]
    assert due, f"the corpus has no case of {kind}"
    missed = [case.line for case in due if not case.is_met(LISTS)]
    assert len(missed) <= len(due) * 0.2, "\n".join(missed)


def test_of_the_ordinary_prescriptions_at_most_one_in_twenty_is_warned_of() -> None:
    clear = list(cases("clear.txt"))
    assert len(clear) >= 200
    false = [f"{case.line}: {sorted(said)}" for case in clear if (said := case.said(LISTS))]
    assert len(false) <= len(clear) * 0.05, "\n".join(false)


def test_every_narcotic_and_psychotropic_is_refused_however_it_is_written() -> None:
    """The lists' own names, as Vietnamese labels write them, with salts, accents, capitals and strengths."""
    passed = [
        written
        for name, kind in LISTS.controlled.kinds.items()
        if kind != "precursor"
        for written in (name, re.sub("e$", "", name), name.upper(), f"{name} hydroclorid 10 mg", f"Thuốc {name}, 5mg")
        if check(draft(written), (), LISTS) != (CallTrouble.BLOCKED, "draft.prescription.0.name")
    ]
    assert passed == []


def test_no_two_substances_of_the_list_are_taken_for_one_another() -> None:
    names = {each for part in LISTS.medicines.classes for each in part.substances} | set(LISTS.controlled.kinds)
    compared = Counter(" ".join(map(skeleton, name.split())) for name in names)
    assert [each for each, count in compared.items() if count > 1] == []


# ── what the doctor must do ───────────────────────────────────────────────────────────────────────────────────


def test_a_concern_is_answered_in_words_or_the_case_stays_open() -> None:
    written = draft("Amoxicilin")
    assert check(written, (ALLERGIC,), LISTS) == (CallTrouble.UNANSWERED, "draft.reasons.allergy_class-0-amoxicillin")
    for reason in ("", " . ", "ok"):
        answered = written.model_copy(update={"reasons": {"allergy_class-0-amoxicillin": reason}})
        assert check(answered, (ALLERGIC,), LISTS) is not None
    answered = written.model_copy(update={"reasons": {"allergy_class-0-amoxicillin": "đã thử test, không phản ứng"}})
    assert check(answered, (ALLERGIC,), LISTS) is None


def test_a_reason_never_lets_a_narcotic_through() -> None:
    written = draft("Morphin 10 mg", reasons={"blocked-0-morphine": "đau nhiều, đã hội chẩn"})
    assert check(written, (), LISTS) == (CallTrouble.BLOCKED, "draft.prescription.0.name")


async def test_a_prescription_against_an_allergy_goes_out_only_with_its_reason_and_the_reason_is_kept(
    clinic: Clinic,
) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open(answers=(ALLERGIC,))
    await call(kiosk, doctor)
    await doctor.must("save_draft", case="case-1", version=0, draft=draft("Penicillin V"))
    held = (await doctor.sees(lambda state: state.held is not None and state.held.warnings)).held
    assert held is not None
    assert held.allergy.state == "stated"
    assert [concern.kind for concern in held.warnings] == ["allergy"]
    refused = await doctor.do("close", case="case-1", draft=draft("Penicillin V"))
    assert (refused.trouble, refused.field) == (CallTrouble.UNANSWERED, f"draft.reasons.{held.warnings[0].id}")
    assert (await clinic.case()).state == "live"
    reasons = {held.warnings[0].id: "người bệnh đã dùng lại an toàn"}
    await doctor.must("close", case="case-1", draft=draft("Penicillin V", reasons=reasons))
    closed = await clinic.case()
    assert closed.draft["reasons"] == reasons
    assert closed.summary is not None
    assert "an toàn" not in str(closed.summary), "what the doctor says to the record does not go to the resident"
    assert re.fullmatch(r"[0-9a-z]{12}-C", closed.summary["prescription_code"])


async def test_a_blocked_line_is_marked_while_it_is_written(clinic: Clinic) -> None:
    kiosk, doctor = await clinic.kiosk(), await clinic.doctor()
    await kiosk.open()
    await call(kiosk, doctor)
    await doctor.must("save_draft", case="case-1", version=0, draft=draft("Paracetamol", "Codéin"))
    held = (await doctor.sees(lambda state: state.held is not None and state.held.blocked)).held
    assert held is not None
    assert held.blocked == (1,)
    assert held.allergy.state == "unknown"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("Penicillin", "stated"),
        ("Không dung nạp được ibuprofen", "stated"),
        ("Dị ứng tôm, không dị ứng thuốc", "stated"),
        ("Không", "none"),
        ("Không có", "none"),
        ("không dị ứng thuốc", "none"),
        ("No known drug allergies", "none"),
        ("Chưa trả lời", "unknown"),
        ("Không rõ", "unknown"),
        ("None stated", "unknown"),
        ("", "unknown"),
    ],
)
def test_no_allergy_and_no_answer_are_told_apart(said: str, state: str) -> None:
    assert allergy_of((Answer(id="allergies", question="?", answer=said),)).state == state


# ── what directions say ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("directions", "units"),
    [
        ("Uống 1 viên × 2 lần/ngày", 2),
        ("ngày uống 2 lần, mỗi lần 1 viên", 2),
        ("Sáng 1 viên, chiều 2 viên", 3),
        ("Uống 1/2 viên/ngày", 0.5),
        ("1 viên mỗi 6 giờ", 4),
        ("2 tablets 3 times a day", 6),
        ("1 tablet once a day", 1),
        ("Uống 1 viên khi sốt", None),
        ("Uống 1 viên mỗi tuần", None),
        ("Theo chỉ định", None),
    ],
)
def test_units_of_a_day_are_read_from_the_doctors_words(directions: str, units: float | None) -> None:
    assert units_a_day(directions) == units


@pytest.mark.parametrize(
    ("amount", "directions", "lasts"),
    [
        ("60 viên", "Uống 1 viên × 2 lần/ngày", 30),
        ("10 viên", "Uống 1 viên × 2 lần/ngày trong 45 ngày", 45),
        ("30 viên", "x 6 tuần, ngày 1 viên", 42),
        ("1 tuýp", "Bôi 2 lần/ngày", None),
    ],
)
def test_days_are_read_or_reckoned(amount: str, directions: str, lasts: float | None) -> None:
    assert days(amount, directions) == lasts


@pytest.mark.parametrize(
    ("written", "milligrams"),
    [
        ("500 mg", [500]),
        ("37,5/325 mg", [37.5, 325]),
        ("1 g", [1000]),
        ("50 mcg", [0.05]),
        ("0,1%", []),
        ("500.000 IU", []),
        ("5 mg/ml", []),
    ],
)
def test_strengths_are_read_as_milligrams(written: str, milligrams: list[float]) -> None:
    assert strengths(written) == pytest.approx(milligrams)


# ── the lists ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_lists_are_those_of_the_circulars() -> None:
    kinds = Counter(part.kind for part in LISTS.controlled.lists for _name in part.names)
    assert kinds == {"narcotic": 42, "psychotropic": 72, "precursor": 8}
    assert str(LISTS.controlled.effective) == "2026-07-16"
    for code in ("E66", "J44.1", "N18.1", "E10.9", "E03.9", "I10"):
        assert code in LISTS.remote, code
    for code in ("E10.1", "E10", "N18.2", "A09", "S82.0"):
        assert code not in LISTS.remote, code
    for code in ("I10", "B22", "E11.9", "J45.0", "Z21"):
        assert code in LISTS.long, code
    for code in ("E11.1", "J00", "A09"):
        assert code not in LISTS.long, code


def test_a_set_of_codes_has_ranges_and_exceptions() -> None:
    codes = CodeSet(("B20 đến B24, Z21", "E10 - E14 (trừ E10.0, E11.1)", "E00-E07"))
    assert "B24.1" in codes
    assert "Z21" in codes
    assert "E12.3" in codes
    assert "E11.1" not in codes
    assert "E08" not in codes


def test_the_letter_of_a_prescription_is_a_capital_and_a_precursor_has_its_own() -> None:
    assert type_of(draft("Paracetamol"), LISTS) is PrescriptionType.ORDINARY
    assert type_of(draft("Paracetamol", "Pseudoephedrin"), LISTS) is PrescriptionType.PSYCHOTROPIC
    assert {each.value for each in PrescriptionType} == {"C", "N", "H", "T"}
    for each in PrescriptionType:
        assert re.fullmatch(rf"79001[0-9a-z]{{7}}-{each.value}", prescription_code("79001", each))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_bundled_can_be_imported_again_and_is_then_gone_by(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "official"
    file.write_bytes(bundled(kind))
    told = CliRunner().invoke(desk, ["--data", str(tmp_path / "desk"), "import", kind, str(file)])
    assert told.exit_code == 0, told.output
    assert load(tmp_path / "desk") is not None
    file.write_text("nonsense = [", encoding="utf-8")
    told = CliRunner().invoke(desk, ["--data", str(tmp_path / "desk"), "import", kind, str(file)])
    assert told.exit_code == 1
    assert (tmp_path / "desk" / "lists" / KINDS[kind]).read_bytes() == bundled(kind), "a wrong file changes nothing"


def test_an_imported_list_replaces_the_bundled_one(tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text(
        'effective = 2027-01-01\n[[lists]]\nkind = "narcotic"\nsource = "Thông tư mới"\nnames = ["paracetamol"]\n',
        encoding="utf-8",
    )
    assert import_list("controlled", file, tmp_path) == 1
    lists = load(tmp_path)
    assert check(draft("Panadol"), (), lists) == (CallTrouble.BLOCKED, "draft.prescription.0.name")
    assert check(draft("Morphin"), (), lists) is None


def test_a_list_that_was_spoiled_on_the_disk_stops_the_desk_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / KINDS["remote"]).write_text("codes = []", encoding="utf-8")
    with pytest.raises(ListError, match=r"remote_treatment\.toml"):
        load(tmp_path)


def test_a_case_of_the_corpus_can_fail() -> None:
    """The measure itself: a case whose concern is not the due one counts as missed."""
    case = Case("dose", "x", draft("Amoxicilin"), (ALLERGIC,))
    assert case.said(LISTS) == {"allergy_class"}
    assert not case.is_met(LISTS)
