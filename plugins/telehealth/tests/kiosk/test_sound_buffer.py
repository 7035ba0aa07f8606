"""The buffer for sound: nothing waits for what is lost, and what jitters is held back for as long as it needs."""

from __future__ import annotations

from random import Random

import pytest
from line_kit import voice

from tramkit_telehealth.media import opus, red
from tramkit_telehealth.media.sound_buffer import MAX_DELAY, Origin, SoundBuffer

PIECES = 900


@pytest.fixture(scope="module")
def packets() -> list[bytes]:
    """Return 18 s of speech in packets with FEC."""
    sound, encoder = voice(PIECES / 50 + 0.1), opus.Encoder(24_000)
    encoder.loss = 20
    return [encoder.encode(sound[i * 960 : (i + 1) * 960]) for i in range(PIECES)]


def listen(packets, *, loss=0.0, jitter=0.0, drift=0.0, seed=1, jump_at=None, redundant=False):
    """Play packets that were sent over a line; return the buffer, its delays, and the pieces."""
    print(f"seed {seed}")
    random, buffer = Random(seed), SoundBuffer()
    coming = []
    for number, packet in enumerate(packets):
        if random.random() >= loss:
            late = 0.2 if jump_at is not None and number >= jump_at else 0.0
            coming.append((number * 0.02 * (1 + drift) + 0.02 + late + random.uniform(0, 2 * jitter), number, packet))
    coming.sort()
    pieces, delays, now = [], [], 0.003
    while now < len(packets) * 0.02:
        while coming and coming[0][0] <= now:
            at, number, packet = coming.pop(0)
            buffer.put(number + 65_536, number * 960 + (1 << 32), packet, at)
            if redundant and number:
                buffer.put(number + 65_535, (number - 1) * 960 + (1 << 32), packets[number - 1], at, redundant=True)
        piece = buffer.pull(now, quiet=(now * 3) % 1 > 0.8)
        if piece is not None:
            pieces.append(piece)
            delays.append(buffer.delay)
        now += 0.02
    return buffer, delays, pieces


def missing(buffer: SoundBuffer) -> float:
    counts = buffer.counts
    return (counts[Origin.CONCEALED] + counts[Origin.STRETCHED]) / sum(counts.values())


def test_on_a_quiet_line_every_packet_is_played_in_order_within_60_ms(packets) -> None:
    buffer, delays, pieces = listen(packets)
    assert missing(buffer) == 0
    assert max(delays) < 0.06
    assert [piece.packet for piece in pieces] == packets[: len(pieces)]


@pytest.mark.parametrize("loss", [0.02, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_lost_packet_costs_itself_and_no_delay(packets, loss: float, seed: int) -> None:
    buffer, delays, _ = listen(packets, loss=loss, seed=seed)
    assert missing(buffer) < loss  # what has a copy in its successor is not missing
    assert buffer.counts[Origin.RECOVERED] > 0
    assert max(delays) < 0.06


@pytest.mark.parametrize("loss", [0.05, 0.1, 0.2])
def test_with_redundant_sound_only_two_losses_in_a_row_are_missing(packets, loss: float) -> None:
    buffer, _, _ = listen(packets, loss=loss, redundant=True)
    assert missing(buffer) < loss**2 * 1.8 + 0.01


def test_a_jittering_line_is_held_back_as_long_as_it_needs_and_no_longer(packets) -> None:
    buffer, delays, _ = listen(packets, jitter=0.03)
    assert missing(buffer) < 0.03
    assert 0.05 < sum(delays[200:]) / len(delays[200:]) < 0.1


def test_a_pause_of_the_sender_is_no_loss() -> None:
    encoder, buffer = opus.Encoder(), SoundBuffer()
    sound = voice(4.0)
    sound[48_000:144_000] = 0
    sent = [encoder.encode(sound[i * 960 : (i + 1) * 960]) for i in range(199)]
    now, sequence, silent = 0.0, 70_000, False
    for number, packet in enumerate(sent):
        quiet = len(packet) <= opus.DTX_BYTES
        if not (quiet and silent):
            buffer.put(sequence, number * 960 + (1 << 32), packet, now)
            sequence += 1
        silent = quiet
        buffer.pull(now)
        now += 0.02
    assert buffer.counts[Origin.PAUSE] > 60
    assert buffer.counts[Origin.CONCEALED] == 0


def test_a_line_that_becomes_slower_is_followed_and_nothing_is_lost_for_long(packets) -> None:
    _buffer, delays, pieces = listen(packets, jump_at=300)
    assert 0.15 < max(delays) <= MAX_DELAY
    later = [piece.origin for piece in pieces[450:]]
    assert later.count(Origin.PACKET) > 0.97 * len(later)


@pytest.mark.parametrize("drift", [-0.0005, 0.0005])
def test_a_sender_whose_clock_is_off_by_ten_times_what_crystals_are_stays_in_step(packets, drift: float) -> None:
    buffer, delays, _ = listen(packets * 4, drift=drift)
    assert missing(buffer) < 0.02
    assert max(delays) - min(delays) < 0.05


def test_a_gap_in_the_time_stamps_that_is_no_whole_piece_is_followed(packets) -> None:
    buffer = SoundBuffer()
    for number, packet in enumerate(packets[:200]):
        off = 480 if number >= 100 else 0
        buffer.put(number + 65_536, number * 960 + off + (1 << 32), packet, number * 0.02)
        buffer.pull(number * 0.02)
    assert buffer.counts[Origin.PACKET] > 190


def test_a_stream_that_begins_anew_is_followed(packets) -> None:
    buffer = SoundBuffer()
    for number, packet in enumerate(packets[:300]):
        base = (1 << 32) if number < 150 else (1 << 32) + 48_000 * 1000
        buffer.put(number + 65_536, number * 960 + base, packet, number * 0.02)
        buffer.pull(number * 0.02)
    assert buffer.counts[Origin.PACKET] > 280


def test_nonsense_in_a_packet_is_left_out(packets) -> None:
    buffer = SoundBuffer()
    buffer.put(70_000, 1 << 32, b"", 0.0)
    assert buffer.pull(1.0) is None


def test_redundant_sound_is_packed_and_unpacked() -> None:
    blocks = [red.Block(96, 960, b"older"), red.Block(96, 0, b"newest")]
    assert red.unpack(red.pack(blocks)) == blocks
    assert red.unpack(red.pack([red.Block(96, 20_000, b"too old"), blocks[1]])) == [blocks[1]]


@pytest.mark.parametrize("size", range(14))
def test_redundant_sound_that_was_cut_off_is_nothing_or_a_shorter_packet(size: int) -> None:
    whole = red.pack([red.Block(96, 960, b"older"), red.Block(96, 0, b"newest")])
    assert red.unpack(whole[:size]) == [] or size >= 10
