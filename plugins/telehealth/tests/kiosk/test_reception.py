"""Reports of what came, as the standards lay them out."""

from __future__ import annotations

import struct
import time

from tramkit_telehealth.media.reception import ArrivalFeedback, Reception, ntp_time
from tramkit_telehealth.media.unwrap import Unwrapper


def read(packet: bytes) -> dict[int, float]:
    """Read an arrival message back: sequence number → seconds."""
    first, kind, length = struct.unpack_from("!BBH", packet)
    assert (first & 0xDF, kind, len(packet)) == (2 << 6 | 15, 205, 4 * (length + 1))
    if first & 0x20:
        packet = packet[: -packet[-1]]
    _ssrc, _media, base, count, word = struct.unpack_from("!LLHHL", packet, 4)
    at, symbols = 20, []
    while len(symbols) < count:
        (chunk,) = struct.unpack_from("!H", packet, at)
        at += 2
        if chunk >> 15:
            assert chunk >> 14 & 1
            symbols += [chunk >> 12 - 2 * i & 3 for i in range(7)]
        else:
            symbols += [chunk >> 13 & 3] * (chunk & 0x1FFF)
    moment = (word >> 8) * 0.064
    arrived = {}
    for offset, symbol in enumerate(symbols[:count]):
        if symbol == 1:
            moment += packet[at] * 0.00025
            at += 1
        elif symbol == 2:
            moment += struct.unpack_from("!h", packet, at)[0] * 0.00025
            at += 2
        if symbol:
            arrived[(base + offset) & 0xFFFF] = moment
    assert at == len(packet)
    return arrived


def test_arrivals_are_told_with_what_is_missing_and_to_a_quarter_of_a_millisecond() -> None:
    feedback = ArrivalFeedback()
    came = {65_530 + n: 1000 + n * 0.011 + (0.4 if n == 9 else 0) for n in range(20) if n not in (3, 4, 12)}
    for sequence, at in came.items():
        feedback.add(sequence & 0xFFFF, at)
    (packet,) = feedback.packets(1, 2)
    told = read(packet)
    assert set(told) == {sequence & 0xFFFF for sequence in came}
    for sequence, at in came.items():
        assert abs(told[sequence & 0xFFFF] - at) < 0.0006
    assert feedback.packets(1, 2) == []


def test_a_long_gap_and_a_long_run_are_told_shortly() -> None:
    feedback = ArrivalFeedback()
    for sequence in [*range(100, 200), *range(700, 760)]:
        feedback.add(sequence, 50 + sequence * 0.001)
    (packet,) = feedback.packets(1, 2)
    assert set(read(packet)) == {*range(100, 200), *range(700, 760)}
    assert len(packet) < 20 + 160 * 2 + 16


def test_what_is_missing_between_two_messages_is_told_in_the_next() -> None:
    feedback = ArrivalFeedback()
    feedback.add(10, 1.0)
    assert read(feedback.packets(1, 2)[0]).keys() == {10}
    feedback.add(13, 1.1)
    (packet,) = feedback.packets(1, 2)
    assert struct.unpack_from("!HH", packet, 12) == (11, 3)


def test_a_jump_of_the_counter_is_no_flood_of_losses() -> None:
    feedback = ArrivalFeedback()
    feedback.add(10, 1.0)
    feedback.packets(1, 2)
    feedback.add(30_000, 1.1)
    assert sum(len(packet) for packet in feedback.packets(1, 2)) < 100


def test_losses_and_jitter_are_counted_as_rfc_3550_has_them() -> None:
    reception = Reception(48_000)
    for number in range(100):
        if number % 10:
            reception.add((65_500 + number) & 0xFFFF, number * 960, number * 0.02 + (number % 2) * 0.004)
    report = reception.report(7, 5.0)
    assert (reception.expected, report.packets_lost) == (99, 9)
    assert report.fraction_lost == 9 * 256 // 99
    assert 0.003 < reception.jitter < 0.0045
    assert reception.report(7, 6.0).fraction_lost == 0


def test_setting_the_clock_changes_no_round_trip() -> None:
    reception = Reception(48_000)
    reception.add(1, 0, 10.0)
    ntp = ntp_time(3.0)
    reception.sender_reported(ntp, 10.0)
    report = reception.report(7, 10.5)
    assert report.lsr == (ntp >> 16) & 0xFFFFFFFF
    assert report.dlsr == 32_768
    assert abs(ntp_time(time.monotonic()) / (1 << 32) - 2_208_988_800 - time.time()) < 5


def test_counters_that_run_over_go_on_rising() -> None:
    unwrapper = Unwrapper(16)
    found = [unwrapper.unwrap(value & 0xFFFF) for value in (65_534, 65_535, 65_537, 65_536, 65_538)]
    assert [value - found[0] for value in found] == [0, 1, 3, 2, 4]
