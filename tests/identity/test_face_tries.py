"""Tries of the face are counted by card: a new visit gives none back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tramkit import Level, Person
from tramkit.identity.face_check import MAX_FAILURES, FaceCheck
from tramkit.identity.face_tries import MAX_CARDS, MAX_FAILURES_OF_A_CARD, WINDOW, FaceTries

NOW = datetime(2026, 11, 25, tzinfo=UTC)
AN = Person(level=Level.CHIP, name="Nguyễn Văn An", number="079090123458")
HA = Person(level=Level.CHIP, name="Trần Thị Hà", number="079303012342")


@pytest.mark.shows("ASVS V6")
def test_a_new_visit_gives_a_card_no_new_tries() -> None:
    tries = FaceTries()
    for _visit in range(2):
        visit = FaceCheck(tries)
        for _try in range(MAX_FAILURES):
            assert visit.tries_left(AN, NOW)
            visit.failed(AN, NOW)
        assert visit.tries_left(AN, NOW) == 0
    assert MAX_FAILURES_OF_A_CARD == 2 * MAX_FAILURES
    third = FaceCheck(tries)
    assert third.tries_left(AN, NOW) == 0
    third.forget()
    assert third.tries_left(AN, NOW) == 0
    assert third.tries_left(HA, NOW) == MAX_FAILURES


def test_a_day_later_the_card_may_be_tried_again() -> None:
    tries = FaceTries()
    for _failure in range(MAX_FAILURES_OF_A_CARD):
        tries.failed(AN.number, NOW)
    assert tries.left(AN.number, NOW + WINDOW - timedelta(seconds=1)) == 0
    assert tries.left(AN.number, NOW + WINDOW) == MAX_FAILURES_OF_A_CARD


def test_the_count_holds_no_number_and_does_not_grow_without_end() -> None:
    tries = FaceTries()
    tries.failed(AN.number, NOW)
    assert AN.number.encode() not in b"".join(tries._failures)
    for number in range(MAX_CARDS + 10):
        tries.failed(f"{number:012}", NOW)
    assert len(tries._failures) == MAX_CARDS
