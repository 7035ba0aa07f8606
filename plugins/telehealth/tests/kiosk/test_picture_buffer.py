"""The buffer for pictures: what is missing is asked for again, and a whole key frame is gone to at once."""

from __future__ import annotations

import itertools

import pytest

from tramkit_telehealth.media.picture_buffer import (
    ASK_SECONDS,
    PLI_AFTER,
    PLI_SECONDS,
    REORDER_SECONDS,
    RESTART_GAP,
    Part,
    PictureBuffer,
)

KEY, DELTA = b"\x00\x00\x00", b"\x01\x00\x00"


def picture(number: int, first: int, size: int = 3, *, key: bool = False) -> list[Part]:
    """Return the packets of a picture."""
    return [
        Part(first + i, number * 3000, (KEY if key else DELTA) if i == 0 else b"rest", i == 0, i == size - 1)
        for i in range(size)
    ]


def begun() -> tuple[PictureBuffer, float]:
    """Return a buffer that has shown its first key frame; the next packet is 103."""
    buffer = PictureBuffer()
    buffer.round_trip = 0.04
    shown = [each for part in picture(0, 100, key=True) for each in buffer.put(part, 0.0)]
    assert [each.keyframe for each in shown] == [True]
    return buffer, 0.0


def test_a_picture_is_given_with_its_last_packet() -> None:
    buffer, _ = begun()
    first, second, third = picture(1, 103)
    assert (buffer.put(first, 0.03), buffer.put(second, 0.03)) == ([], [])
    assert [each.timestamp for each in buffer.put(third, 0.03)] == [3000]


def test_packets_that_overtake_each_other_are_put_in_order_and_not_asked_for() -> None:
    buffer, _ = begun()
    first, second, third = picture(1, 103)
    assert buffer.put(third, 0.0) == []
    assert buffer.put(first, 0.004) == []
    assert buffer.to_ask_again(0.005) == []
    assert len(buffer.put(second, 0.006)) == 1


def test_a_lost_packet_is_asked_for_again_and_again_until_it_comes() -> None:
    buffer, _ = begun()
    first, second, third = picture(1, 103)
    buffer.put(first, 0.0)
    buffer.put(third, 0.0)
    asked = [now for tick in range(60) if buffer.to_ask_again(now := tick * 0.005)]
    assert asked[0] == pytest.approx(REORDER_SECONDS)
    assert all(0.05 <= b - a <= 0.06 for a, b in itertools.pairwise(asked))
    assert len(buffer.put(second, 0.31, repaired=True)) == 1
    assert buffer.to_ask_again(0.4) == []


def test_it_is_given_up_when_the_sender_cannot_have_it_any_more() -> None:
    buffer, _ = begun()
    buffer.put(picture(1, 103)[2], 0.0)
    assert buffer.to_ask_again(0.1)
    assert buffer.to_ask_again(ASK_SECONDS + 0.1) == []


def test_a_line_on_which_packets_overtake_each_other_is_given_time() -> None:
    buffer, _ = begun()
    first, second, third = picture(1, 103)
    for part, now in ((second, 0.0), (third, 0.0), (first, 0.03)):
        buffer.put(part, now)
    buffer.put(picture(2, 106)[2], 1.0)
    assert buffer.to_ask_again(1.02) == []
    assert buffer.to_ask_again(1.04)


def test_a_picture_that_stays_incomplete_makes_it_ask_for_a_key_frame_once_a_second() -> None:
    buffer, _ = begun()
    buffer.put(picture(1, 103)[2], 0.0)
    asked = [now for tick in range(260) if buffer.wants_keyframe(now := tick * 0.01)]
    assert PLI_AFTER < asked[0] < PLI_AFTER + 0.1
    assert all(b - a >= PLI_SECONDS - 1e-9 for a, b in itertools.pairwise(asked))
    assert len(asked) == 3


def test_a_whole_key_frame_is_gone_to_at_once_and_what_was_before_is_forgotten() -> None:
    buffer, _ = begun()
    buffer.put(picture(1, 103)[0], 0.0)  # its rest never comes
    for part in picture(2, 106):
        assert buffer.put(part, 0.03) == []
    shown = [each for part in picture(3, 109, key=True) for each in buffer.put(part, 0.06)]
    assert [(each.timestamp, each.keyframe) for each in shown] == [(9000, True)]
    assert buffer.jumps == 1
    assert buffer.to_ask_again(0.2) == []
    assert not buffer.wants_keyframe(1.0)
    assert len([each for part in picture(4, 112) for each in buffer.put(part, 0.1)]) == 1


def test_nothing_is_shown_that_leans_on_a_picture_that_never_was() -> None:
    buffer = PictureBuffer()
    assert [each for part in picture(0, 100) for each in buffer.put(part, 0.0)] == []
    assert buffer.wants_keyframe(0.01)
    assert len([each for part in picture(1, 103, key=True) for each in buffer.put(part, 0.1)]) == 1


def test_a_decoder_that_is_lost_gets_a_key_frame_next() -> None:
    buffer, _ = begun()
    buffer.start_anew()
    assert [each for part in picture(1, 103) for each in buffer.put(part, 0.1)] == []
    assert buffer.wants_keyframe(0.11)


def test_a_stream_that_jumps_is_followed_from_its_next_key_frame() -> None:
    buffer, _ = begun()
    first = 103 + RESTART_GAP * 2
    assert [each for part in picture(1, first) for each in buffer.put(part, 0.1)] == []
    assert [each.keyframe for part in picture(2, first + 3, key=True) for each in buffer.put(part, 0.2)] == [True]


def test_what_waits_for_ever_does_not_fill_the_memory() -> None:
    buffer, _ = begun()
    for number in range(2, 2000):
        for part in picture(number, 100 + number * 3):
            buffer.put(part, number / 30)
    assert len(buffer._now.parts) < 2100
    assert buffer.waits_for_key
