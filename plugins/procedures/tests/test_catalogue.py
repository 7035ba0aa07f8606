"""The catalogue: data that is checked when it loads, forms made of it, and search."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tramkit import FileError
from tramkit_procedures.catalogue import BUNDLED, Catalogue, bundled, form_of, read_catalogue
from tramkit_procedures.fees import UnknownFeeError, fee
from tramkit_procedures.search import Index, fold, words_of

TEXT = BUNDLED.read_text(encoding="utf-8")


def test_the_bundled_catalogue_has_twelve_procedures_and_more_each_with_its_source() -> None:
    offered = [each for each in bundled().procedures if each.in_force(date(2026, 11, 24))]
    assert len({each.code for each in offered}) == len(offered) >= 12
    assert all(each.source for each in bundled().procedures)


def test_every_procedure_has_a_fee_or_says_that_it_is_set_locally() -> None:
    local = set()
    for each in bundled().procedures:
        try:
            fee(each.code, each.channel, date(2026, 11, 24))
        except UnknownFeeError:
            local.add(each.code)
    assert local == {"1.004873"}, "the fee of a certificate of marital status is the province's"


def test_every_page_of_questions_makes_a_form_of_four_questions_at_most() -> None:
    for procedure in bundled().procedures:
        for number, questions in enumerate(procedure.pages()):
            assert 1 <= len(form_of(procedure, number, questions).views({}, {}, {})) <= 4


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('code = "1.004222"', 'code = "1.04222"', "code"),
        ('kind = "phone"', 'kind = "fone"', "kind"),
        ("working_days = 7", 'working_days = "seven"', "working_days"),
        ('group = "residence"', 'group = "housing"', "group"),
        ('code = "1.004194"', 'code = "1.004222"', "twice"),
        ("members = true", "membres = true", "membres"),
        ('when = "future"', 'when = "soon"', "when"),
        ('kind = "phone"', 'kind = "phone", when = "past"', "only a question of kind day"),
        ('when = "future"', 'when = "future", under = 6', "has an under"),
        ('when = "future"', 'when = "future", required = false', "is always required"),
        ('after = "child_born"', 'after = "child"', "no question child of kind day"),
    ],
)
def test_a_mistake_in_a_catalogue_is_told_with_file_and_key(tmp_path: Path, old: str, new: str, named: str) -> None:
    file = tmp_path / "catalogue.toml"
    file.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(FileError) as problem:
        read_catalogue(file)
    assert "catalogue.toml" in str(problem.value)
    assert named in str(problem.value)


def test_a_catalogue_may_hold_thousands_of_procedures_with_all_their_questions(tmp_path: Path) -> None:
    first = TEXT[TEXT.index("[[procedures]]") : TEXT.index("[[procedures]]", TEXT.index("[[procedures]]") + 1)]
    code = bundled().procedures[0].code
    file = tmp_path / "catalogue.toml"
    file.write_text("".join(first.replace(code, f"9.{each:06d}", 1) for each in range(3_000)), encoding="utf-8")
    assert file.stat().st_size > 2 * 1024 * 1024, "larger than a settings file may be"
    assert len(read_catalogue(file).procedures) == 3_000


@pytest.mark.parametrize(
    ("code", "id", "typed", "right"),
    [
        ("1.004194", "until", "23/11/2026", False),
        ("1.004194", "until", "24/11/2026", True),
        ("1.004194", "until", "24/11/2027", True),
        ("1.003677", "from", "01/01/1900", False),
        ("1.001193", "child_born", "24/11/2026", True),
        ("1.001193", "child_born", "25/11/2026", False),
        ("2.000986", "child_born", "25/11/2020", True),
        ("2.000986", "child_born", "24/11/2020", False),
    ],
)
def test_a_day_that_is_over_or_has_not_come_is_told(code: str, id: str, typed: str, right: bool) -> None:
    procedure = next(each for each in bundled().procedures if each.code == code)
    questions = [each for each in procedure.questions if each.id == id]
    _form, errors = form_of(procedure, 0, questions, date(2026, 11, 24)).read({id: typed})
    assert list(errors) == ([] if right else [id])


@pytest.mark.parametrize("code", ["1.004222", "1.004194", "1.002755"])
def test_for_a_minors_residence_a_parent_is_asked_for_consent(code: str) -> None:
    procedure = next(each for each in bundled().procedures if each.code == code)
    assert [each.under_age for each in procedure.consents if each.id == "parent"] == [18]


@pytest.mark.parametrize("words", ["dang ky thuong tru", "ĐĂNG KÝ thường", "thường trú đăng", "1.004222", "permanent"])
def test_a_procedure_is_found_without_tones_in_any_order_and_by_its_code(words: str) -> None:
    assert "1.004222" in [each.code for each in Index(bundled().procedures).find(words)]


def test_words_that_nothing_holds_find_nothing() -> None:
    index = Index(bundled().procedures)
    assert [index.find(words) for words in ("", "   ", "xyz", "thuong xyz")] == [[], [], [], []]


@given(
    st.lists(
        st.sampled_from(sorted({word for each in bundled().procedures for word in words_of(each.name.vi)})), max_size=3
    ),
    st.integers(1, 9),
)
def test_the_index_finds_what_looking_at_every_name_finds(words: list[str], cut: int) -> None:
    procedures = bundled().procedures
    wanted = [word[:cut] for word in words]

    def holds(text: str) -> bool:
        return all(any(word.startswith(each) for word in words_of(text)) for each in wanted)

    slow = [
        each for each in procedures if wanted and holds(f"{each.code} {each.name.vi} {each.name.en} {each.agency.vi}")
    ]
    assert Index(procedures).find(" ".join(wanted), most=100) == slow


def test_folding_takes_tones_and_the_barred_d_away() -> None:
    assert fold("Đặng Thị Thuỳ Dương") == "dang thi thuy duong"


def test_a_catalogue_is_plain_data(tmp_path: Path) -> None:
    one = tomllib.loads(TEXT)["procedures"][0]
    assert not re.search(r"python|import", TEXT)
    assert Catalogue.model_validate({"procedures": [one]}).procedures[0].code == "1.004222"
