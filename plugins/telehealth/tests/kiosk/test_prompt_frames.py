"""A picture goes to the decoder as soon as its last packet is here, whatever the order they come in."""

from __future__ import annotations

from random import Random

import pytest
from aiortc import rtcrtpreceiver
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket

from tramkit_telehealth.media.prompt_frames import PromptJitterBuffer, install


def packets_of(pictures: list[int], first: int = 65_530, *, marked: bool = True) -> list[RtpPacket]:
    """Return packets of pictures with so many packets each; the sequence numbers wrap around."""
    found: list[RtpPacket] = []
    for number, count in enumerate(pictures):
        for part in range(count):
            packet = RtpPacket(
                payload_type=97,
                sequence_number=(first + len(found)) % 65_536,
                timestamp=number * 3000,
                marker=int(marked and part == count - 1),
            )
            packet._data = bytes([number, part])  # type: ignore[attr-defined]
            found.append(packet)
    return found


def given(buffer: JitterBuffer, packets: list[RtpPacket]) -> list[tuple[int, bytes]]:
    """Return what the buffer gives while packets come in."""
    frames = [buffer.add(packet)[1] for packet in packets]
    return [(frame.timestamp, frame.data) for frame in frames if frame is not None]


def test_a_whole_picture_is_given_with_its_last_packet() -> None:
    buffer = PromptJitterBuffer(capacity=512, is_video=True)
    first, second, third = packets_of([3])
    assert buffer.add(first)[1] is None
    assert buffer.add(second)[1] is None
    frame = buffer.add(third)[1]
    assert frame is not None
    assert frame.data == bytes([0, 0, 0, 1, 0, 2])


def test_a_picture_with_a_hole_waits_and_comes_whole() -> None:
    buffer = PromptJitterBuffer(capacity=512, is_video=True)
    a, b, c, d = packets_of([3, 1])
    assert given(buffer, [a, c, d]) == []
    assert given(buffer, [b]) == [(0, bytes([0, 0, 0, 1, 0, 2]))]


@pytest.mark.parametrize("seed", range(20))
def test_every_picture_comes_once_whole_and_in_order_when_packets_are_mixed_up(seed: int) -> None:
    random = Random(seed)
    packets = packets_of([random.randint(1, 6) for _ in range(40)])
    first, rest = packets[0], packets[1:]
    mixed = [first, *(packet for _, packet in sorted((n + random.uniform(0, 4), p) for n, p in enumerate(rest)))]
    came = given(PromptJitterBuffer(capacity=512, is_video=True), mixed)
    straight = given(PromptJitterBuffer(capacity=512, is_video=True), packets)
    assert came == straight[: len(came)]
    assert len(came) >= len(straight) - 6, "at most what waits for a late packet is missing"


def test_without_marker_bits_it_does_as_aiortc_does() -> None:
    packets = packets_of([2, 2, 2], marked=False)
    ours = given(PromptJitterBuffer(capacity=512, is_video=True), packets)
    assert ours == given(JitterBuffer(capacity=512, is_video=True), packets) != []


def test_sound_is_left_to_aiortc() -> None:
    packets = packets_of([1] * 8)
    ours = given(PromptJitterBuffer(capacity=16, prefetch=4), packets)
    assert ours == given(JitterBuffer(capacity=16, prefetch=4), packets) != []


def test_canary_aiortc_still_takes_its_buffer_from_where_we_put_ours() -> None:
    install()
    assert rtcrtpreceiver.JitterBuffer is PromptJitterBuffer
    assert {"_origin", "_packets", "_capacity", "_is_video"} <= set(vars(PromptJitterBuffer(16)))
