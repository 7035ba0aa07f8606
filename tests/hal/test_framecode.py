"""The code in a picture survives what a call does to it."""

from __future__ import annotations

import fractions

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tramkit_hal.sim import framecode


def room(width: int, height: int, seed: int) -> np.ndarray:
    """Return a noisy grey room."""
    return np.random.default_rng(seed).normal(120, 25, (height, width)).clip(0, 255).astype(np.uint8)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    sequence=st.integers(0, 2**32 - 1),
    stamp=st.integers(0, 2**48 - 1),
    size=st.sampled_from([(1280, 720), (1920, 1080), (640, 360), (641, 357), (320, 180)]),
)
def test_what_is_drawn_is_read(sequence: int, stamp: int, size: tuple[int, int]) -> None:
    picture = room(*size, seed=1)
    framecode.draw(picture, sequence, stamp)
    assert framecode.read(picture) == (sequence, stamp)


def test_a_picture_without_a_code_says_nothing() -> None:
    for seed in range(20):
        assert framecode.read(room(640, 360, seed)) is None


def test_one_copy_is_enough() -> None:
    picture = room(640, 360, seed=2)
    framecode.draw(picture, 7, 8)
    picture[:180] = 0
    assert framecode.read(picture) == (7, 8)


@pytest.mark.parametrize(("width", "height", "bits"), [(1280, 720, 1_000_000), (640, 360, 400_000)])
def test_the_code_survives_vp8(width: int, height: int, bits: int) -> None:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.bit_rate = width, height, bits
    encoder.pix_fmt, encoder.time_base = "yuv420p", fractions.Fraction(1, 30)
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    decoder = av.CodecContext.create("vp8", "r")
    read: list[tuple[int, int] | None] = []
    still = room(width, height, seed=3) // 4 + 90
    for number in range(20):
        luma = still.copy()
        framecode.draw(luma, number, number * 33_333)
        planes = np.concatenate([luma.reshape(-1), np.full(width * height // 2, 128, np.uint8)])
        frame = av.VideoFrame.from_ndarray(planes.reshape(height * 3 // 2, width), format="yuv420p")
        frame.pts = number
        for packet in encoder.encode(frame):
            for decoded in decoder.decode(packet):
                read.append(framecode.read(decoded.to_ndarray(format="gray")))
    assert len(read) >= 18
    assert read == [(number, number * 33_333) for number in range(len(read))]
