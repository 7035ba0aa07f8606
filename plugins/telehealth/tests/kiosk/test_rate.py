"""The ladder: down at once, up slowly, sound first."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tramkit_telehealth.media.rate import (
    CLIMB_SECONDS,
    LADDER,
    MAX_BITRATE,
    MIN_BITRATE,
    ONE_KEYFRAME_SECONDS,
    START_BITRATE,
    TRY_SECONDS,
    RateControl,
    Rung,
)


class Talk:
    """A call second by second: what the other side reports of it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rate = RateControl(self.now)
        self.highest = {"audio": 0, "video": 0}
        self.lost = {"audio": 0.0, "video": 0.0}
        self.rungs: list[tuple[float, Rung]] = [(self.now, self.rate.rung)]

    def go(self, seconds: float, *, loss=0.0, estimate=None, round_trip=0.05, reports=True, hears=True) -> None:
        """Let so many seconds pass."""
        for _ in range(round(seconds * 20)):
            self.now += 0.05
            self.rate.sending = self.rate.bitrate + 40_000
            if hears:
                self.rate.got(self.now)
            for kind in self.highest:
                self.highest[kind] += 4
                self.lost[kind] += 4 * loss
            if reports and round(self.now * 20) % 10 == 0:
                self.rate.round_trip(round_trip, 0.05)
                for kind in self.highest:
                    self.rate.reported(kind, self.highest[kind], round(self.lost[kind]), self.now)
                if estimate is not None:
                    self.rate.estimated(estimate, self.now)
            self.rate.tick(self.now)
            if self.rate.rung is not self.rungs[-1][1]:
                self.rungs.append((self.now, self.rate.rung))


def test_a_good_line_has_the_whole_picture_within_three_seconds() -> None:
    talk = Talk()
    assert talk.rate.bitrate == START_BITRATE
    talk.go(3)
    assert talk.rate.rung is Rung.P720
    talk.go(5)
    assert talk.rate.bitrate == MAX_BITRATE


@pytest.mark.parametrize(
    ("estimate", "rung"),
    [
        (1_000_000, Rung.P720),
        (500_000, Rung.P540),
        (260_000, Rung.P360),
        (140_000, Rung.P240),
        (70_000, Rung.P240_15),
        (35_000, Rung.SOUND),
    ],
)
def test_the_estimate_of_the_other_side_says_how_large_the_picture_is(estimate: int, rung: Rung) -> None:
    talk = Talk()
    talk.go(4)
    talk.go(3, estimate=estimate)
    assert talk.rate.rung is rung
    assert talk.rate.bitrate <= max(MIN_BITRATE, estimate)


def test_it_goes_down_within_a_second_and_up_one_step_in_five() -> None:
    talk = Talk()
    talk.go(10)
    began = talk.now
    talk.go(1.1, estimate=70_000)
    assert talk.rate.rung is Rung.P240_15
    talk.go(60, estimate=3_000_000)
    ups = [(at, rung) for at, rung in talk.rungs if at > began and rung > Rung.P240_15]
    assert [rung for _, rung in ups] == [Rung.P240, Rung.P360, Rung.P540, Rung.P720]
    assert all(b - a >= CLIMB_SECONDS - 0.06 for (a, _), (b, _) in pairwise(ups))


def test_no_two_changes_of_size_come_within_a_second_because_each_is_a_key_frame() -> None:
    talk = Talk()
    talk.go(10)
    for estimate in (500_000, 300_000, 200_000, 110_000, 60_000, 400_000, 90_000):
        talk.go(0.5, estimate=estimate)
    pictures = [at for at, rung in talk.rungs if rung is not Rung.SOUND]
    assert all(b - a >= ONE_KEYFRAME_SECONDS - 0.06 for a, b in pairwise(pictures))


@pytest.mark.parametrize("loss", [0.02, 0.05])
def test_a_radio_that_loses_one_in_twenty_costs_no_picture(loss: float) -> None:
    talk = Talk()
    talk.go(10, loss=loss)
    assert talk.rate.rung is Rung.P720


def test_one_in_five_lost_at_random_leaves_a_picture() -> None:
    talk = Talk()
    talk.go(20, loss=0.2)
    assert talk.rate.rung >= Rung.P360
    assert talk.rate.sound_loss >= 20


def test_half_of_all_lost_leads_down_to_sound() -> None:
    talk = Talk()
    talk.go(25, loss=0.5)
    assert talk.rate.rung <= Rung.P240_15
    assert talk.rate.sound_bitrate <= 24_000


def test_what_queues_leads_down_where_the_other_side_estimates_nothing() -> None:
    talk = Talk()
    talk.go(5)
    talk.go(4, round_trip=0.4)
    assert talk.rate.bitrate < MAX_BITRATE / 3


def test_where_no_report_comes_though_something_does_the_rate_is_halved_again_and_again() -> None:
    talk = Talk()
    talk.go(5)
    talk.go(6, reports=False)
    assert talk.rate.rung is Rung.SOUND


def test_a_cut_says_nothing_of_how_wide_the_line_is() -> None:
    talk = Talk()
    talk.go(8)
    before = talk.rate.bitrate
    talk.go(5, reports=False, hears=False, loss=1.0)
    assert talk.rate.got(talk.now + 0.01)
    talk.go(1)
    assert talk.rate.bitrate >= before * 0.9
    assert talk.rate.rung is Rung.P720


def test_a_picture_is_tried_again_from_sound_alone_and_more_rarely_each_time_it_fails() -> None:
    talk = Talk()
    talk.go(8)
    talk.go(100, estimate=20_000)
    tries = [at for at, rung in talk.rungs if rung is Rung.P240_15]
    gaps = [b - a for a, b in pairwise(tries)]
    assert len(tries) >= 3
    assert gaps[0] >= TRY_SECONDS
    assert all(b > 1.5 * a for a, b in pairwise(gaps[:3]))
    talk.go(120)
    assert talk.rate.rung is Rung.P720


def test_the_sound_gets_less_only_where_the_pictures_have_next_to_nothing() -> None:
    talk = Talk()
    talk.go(5)
    assert talk.rate.sound_bitrate == 32_000
    talk.go(5, estimate=90_000)
    assert talk.rate.sound_bitrate == 24_000
    talk.go(5, estimate=20_000)
    assert (talk.rate.rung, talk.rate.sound_bitrate) == (Rung.SOUND, 16_000)


def test_every_rung_is_kept_below_the_rate_from_which_it_is_climbed_to() -> None:
    assert all(step.hold < step.climb for step in LADDER.values())
    assert all(a.climb < b.hold * 1.5 for a, b in pairwise(LADDER.values()))
