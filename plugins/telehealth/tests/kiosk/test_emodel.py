"""The E-model against the curves of ITU-T G.107."""

from __future__ import annotations

import pytest

from tramkit_telehealth.media.emodel import FAIR, GOOD, impairment_of_delay, opinion, rating


def test_a_clean_line_has_the_rating_and_opinion_of_the_standard() -> None:
    assert rating(0.05, 0.0) == pytest.approx(93.2)
    assert opinion(93.2) == pytest.approx(4.41, abs=0.01)
    assert opinion(0) == 1
    assert opinion(50) == pytest.approx(2.58, abs=0.02)


@pytest.mark.parametrize(("delay", "impairment"), [(0.1, 0.0), (0.15, 0.3), (0.2, 3.0), (0.3, 14.0), (0.4, 24.0)])
def test_delay_takes_away_what_the_standards_curve_says(delay: float, impairment: float) -> None:
    assert impairment_of_delay(delay) == pytest.approx(impairment, abs=1.2)


def test_more_loss_and_more_delay_never_sound_better() -> None:
    ratings = [rating(delay / 100, loss / 100) for delay in range(5, 60, 5) for loss in (0,)]
    assert ratings == sorted(ratings, reverse=True)
    ratings = [rating(0.1, loss / 100) for loss in range(0, 50, 5)]
    assert ratings == sorted(ratings, reverse=True)
    assert rating(0.1, 0.05) > rating(0.1, 0.05, repaired=False)


def test_the_bounds_stand_where_people_are_satisfied_and_where_they_still_understand() -> None:
    assert rating(0.08, 0.02) >= GOOD
    assert GOOD > rating(0.15, 0.05) >= FAIR
    assert rating(0.25, 0.15) < FAIR
