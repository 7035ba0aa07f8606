"""What is said to people, in their language and their way of writing figures."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime

import pytest

from tramkit_hal.words import Day, Decimal1, Messages, Moment, Money, Text, bilingual, render, verbatim

_ = Messages("tramkit_hal")


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        (Money(amount=341550), "341.550 ₫", "341.550 ₫"),
        (Money(amount=0), "0 ₫", "0 ₫"),
        (Day(day=date(1990, 5, 17)), "17/05/1990", "17/05/1990"),
        (Moment(at=datetime(2026, 11, 23, 3, 42, tzinfo=UTC)), "10:42", "10:42"),
        (Moment(at=datetime(2026, 11, 23, 20, 0, tzinfo=UTC), with_day=True), "03:00 24/11/2026", "03:00 24/11/2026"),
        (Decimal1(number=36.84), "36,8", "36.8"),
    ],
)
def test_figures_are_written_as_people_here_write_them(value: object, vi: str, en: str) -> None:
    text = Text(id="{x}", params={"x": value})
    assert (render(text, "vi"), render(text, "en")) == (vi, en)


def test_a_message_is_translated_and_its_values_with_it() -> None:
    inner = _("Yes")
    assert render(inner, "en") == "Yes"
    assert render(inner, "vi") != "Yes"
    outer = Text(id="{answer}!", params={"answer": inner})
    assert render(outer, "vi") == f"{render(inner, 'vi')}!"


def test_a_message_without_a_translation_is_said_in_english() -> None:
    assert render(_("Nobody ever translated this"), "vi") == "Nobody ever translated this"


def test_words_from_outside_bring_their_own_translation() -> None:
    clinic = bilingual(vi="Phòng khám {1}", en="Clinic {1}")
    assert (render(clinic, "vi"), render(clinic, "en")) == ("Phòng khám {1}", "Clinic {1}")


def test_what_a_resident_typed_is_never_a_format() -> None:
    assert render(verbatim("{name} %s {"), "vi") == "{name} %s {"
    assert render(Text(id="Hello {who}", params={"who": "{who}"}), "en") == "Hello {who}"


def test_text_is_stored_composed() -> None:
    text = verbatim(unicodedata.normalize("NFD", "Nguyễn Thị Hoàng Yến"))
    assert unicodedata.is_normalized("NFC", Text.model_validate(text.model_dump()).id)


def test_a_text_survives_json() -> None:
    text = _("Help was called at {time}", time=Moment(at=datetime(2026, 1, 1, tzinfo=UTC)))
    assert Text.model_validate_json(text.model_dump_json()) == text


def test_singular_and_plural() -> None:
    one, many = (_.plural("{n} minute", "{n} minutes", n) for n in (1, 5))
    assert (render(one, "en"), render(many, "en")) == ("1 minute", "5 minutes")
