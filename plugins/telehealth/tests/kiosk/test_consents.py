"""The words of the consents: whoever changes them gives them a new version."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime

import pytest

from tramkit_hal.words import render
from tramkit_telehealth.consents import (
    CHILD,
    CONTACT_PHONE,
    GUARDIAN,
    HEALTH_DATA,
    TELEHEALTH,
    Consents,
    ConsentText,
    GuardianAndChild,
    age_on,
    guardian_form,
    record,
)

TEXTS = (TELEHEALTH, HEALTH_DATA, CONTACT_PHONE, GUARDIAN, CHILD)
KNOWN = {
    ("telehealth", "2026-11-1"): "5e25c346978e9d83",
    ("telehealth", "2026-11-2"): "27670fac84d55713",
    ("health_data", "2026-11-1"): "94a774a6f3292a10",
    ("contact_phone", "2026-11-1"): "73e8f143e26691bf",
    ("contact_phone", "2026-11-2"): "13836b37b2f962df",
    ("guardian", "2026-11-1"): "374c1be17f66b321",
    ("child", "2026-11-1"): "49d3f0baf6ccc820",
    ("child", "2026-11-2"): "b4819506feefd503",
}


def digest(text: ConsentText) -> str:
    """Return a fingerprint of the words in both languages."""
    words = [render(each, language) for language in ("vi", "en") for each in (text.label, text.hint)]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.purpose)
def test_words_that_change_get_a_new_version(text: ConsentText) -> None:
    assert KNOWN[text.purpose, text.version] == digest(text), "new words need a new version; then note both here"


def test_each_purpose_is_asked_by_itself_and_none_is_filled_in() -> None:
    for form in (Consents, GuardianAndChild):
        for text in TEXTS:
            if text.purpose in form.questions:
                assert form.questions[text.purpose].label == text.label
    assert set(Consents.questions) == {"telehealth", "health_data", "contact_phone"}


def test_a_refusal_is_recorded_as_one() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    given = Consents(telehealth=True, health_data=False, contact_phone=False)
    consents = record(TEXTS, given, "en", at)
    assert [(c.purpose, c.given) for c in consents] == [
        ("telehealth", True),
        ("health_data", False),
        ("contact_phone", False),
    ]
    assert {(c.language, c.at) for c in consents} == {("en", at)}


@pytest.mark.parametrize(
    ("born", "age"),
    [(date(2010, 11, 23), 16), (date(2010, 11, 24), 15), (date(2020, 2, 29), 6), (None, None)],
)
def test_age_counts_full_years(born: date | None, age: int | None) -> None:
    assert age_on(born, date(2026, 11, 23)) == age


def test_a_guardian_is_asked_for_below_16_and_the_child_from_7_on() -> None:
    asked = {age: guardian_form(age) for age in (0, 6, 7, 15, 16, None)}
    assert [form.__name__ if form else None for form in asked.values()] == [
        "Guardian",
        "Guardian",
        "GuardianAndChild",
        "GuardianAndChild",
        None,
        None,
    ]
