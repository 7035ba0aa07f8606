"""Opus and VP8 by their libraries themselves."""

from __future__ import annotations

import av
import numpy as np
import pytest
from line_kit import Scene, voice

from tramkit_telehealth.media import opus
from tramkit_telehealth.media.vp8 import Vp8Encoder, Vp8Error, is_keyframe


def pieces(sound: np.ndarray) -> list[np.ndarray]:
    return [sound[i : i + 960] for i in range(0, len(sound) - 959, 960)]


@pytest.mark.parametrize("bitrate", [16_000, 24_000, 32_000])
def test_speech_is_sent_at_the_rate_that_was_asked_for(bitrate: int) -> None:
    encoder = opus.Encoder(bitrate)
    packets = [encoder.encode(piece) for piece in pieces(voice(6.0))]
    assert sum(map(len, packets)) * 8 / 6 < bitrate * 1.1


def test_a_lost_piece_comes_back_from_its_successor_far_better_than_made_up() -> None:
    encoder, decoder = opus.Encoder(24_000), opus.Decoder()
    encoder.loss = 20
    packets = [encoder.encode(piece) for piece in pieces(voice(6.0))]
    whole = [decoder.decode(packet) for packet in packets]
    recovered, concealed = [], []
    for at in range(60, 250):
        if not opus.has_fec(packets[at + 1]):
            continue
        for found, how in ((recovered, "recover"), (concealed, "conceal")):
            fresh = opus.Decoder()
            for packet in packets[at - 10 : at]:
                fresh.decode(packet)
            sound = fresh.recover(packets[at + 1]) if how == "recover" else fresh.conceal()
            found.append(np.corrcoef(sound, whole[at])[0, 1])
    assert len(recovered) > 50
    assert np.median(recovered) > 0.8
    assert np.median(recovered) > np.median(concealed) + 0.2


def test_silence_is_sent_in_one_byte() -> None:
    encoder = opus.Encoder()
    sizes = [len(encoder.encode(np.zeros(960, np.int16))) for _ in range(100)]
    assert sum(size <= opus.DTX_BYTES for size in sizes) > 80


def test_a_packet_that_is_none_is_refused() -> None:
    with pytest.raises(opus.OpusError):
        opus.samples_of(b"")


async def test_the_rate_of_pictures_changes_without_a_key_frame() -> None:
    scene, encoder = Scene(0.0), Vp8Encoder(1280, 720, 1_200_000)
    decoder, sizes, keys = av.CodecContext.create("libvpx", "r"), [], []
    for number in range(120):
        scene.number = number
        if number == 60:
            encoder.bitrate = 300_000
        data = encoder.encode(scene.image(), number * 3000, 3000)
        sizes.append(len(data))
        if data:
            keys.append((number, is_keyframe(data)))
            assert len(decoder.decode(av.Packet(data))) == 1
    assert [number for number, key in keys if key] == [0]
    assert sum(sizes[80:]) * 8 * 30 / 40 < 360_000
    assert sum(sizes[20:60]) > 2 * sum(sizes[80:120])


async def test_a_key_frame_is_made_when_it_is_asked_for_and_is_bounded() -> None:
    scene, encoder = Scene(0.0), Vp8Encoder(640, 360, 300_000)
    for number in range(40):
        scene.number = number
        image = np.ascontiguousarray(scene.image()[::2, ::2])
        data = encoder.encode(image, number * 3000, 3000, keyframe=number == 30)
        if number == 30:
            assert is_keyframe(data)
            assert len(data) < 12_000


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(Vp8Error):
        Vp8Encoder(640, 360, 300_000).encode(np.zeros((100, 100), np.uint8), 0, 3000)
