"""What the kiosk receives: the doctor's sound for the speaker and the doctor's newest picture for the screen."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler, VideoFrame
from numpy.typing import NDArray

from tramkit import NewestFrame
from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE, Sound
from tramkit_telehealth.media.connection import ReceivedTrack

_log = logging.getLogger(__name__)


async def play_sound(track: ReceivedTrack, play: Callable[[Sound], None]) -> None:
    """Play a track until it ends; the speaker itself drops what is older than 200 ms, so nothing queues.

    :param play: takes pieces of 20 ms, 48 kHz, mono.
    """
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    rest = np.zeros(0, np.int16)
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        if not isinstance(frame, AudioFrame):
            continue
        rest = np.concatenate([rest, *(_mono(mono) for mono in _to_mono(frame, resampler))])
        now = time.monotonic()
        while len(rest) >= PIECE:
            play(Sound(rest[:PIECE].copy(), now))
            rest = rest[PIECE:]


def _to_mono(frame: AudioFrame, resampler: AudioResampler) -> list[AudioFrame]:
    frame.pts = None
    return resampler.resample(frame)


def _mono(frame: AudioFrame) -> NDArray[np.int16]:
    return frame.to_ndarray().reshape(-1).astype(np.int16, copy=False)


async def show_picture(track: ReceivedTrack, show: Callable[[NDArray[np.uint8], float], None]) -> None:
    """Hand over each picture of a track until it ends.

    :param show: takes the picture as ``i420`` and when it was received, seconds of ``time.monotonic()``.
    """
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        if isinstance(frame, VideoFrame):
            show(i420(frame), time.monotonic())


def i420(frame: VideoFrame) -> NDArray[np.uint8]:
    """Return a decoded picture as planes Y, U, V with even width and height."""
    width, height = frame.width & ~1, frame.height & ~1
    if frame.format.name != "yuv420p" or (width, height) != (frame.width, frame.height):
        frame = frame.reformat(width=width, height=height, format="yuv420p")
    return np.asarray(frame.to_ndarray(), dtype=np.uint8)


class Output:
    """Where the doctor's picture and sound come out; only the leg in charge feeds it.

    :param speaker: plays a piece; None: there is no speaker.
    :param backlog: returns the seconds of sound that wait at the speaker.
    """

    def __init__(
        self, speaker: Callable[[Sound], None] | None = None, backlog: Callable[[], float] = lambda: 0.0
    ) -> None:
        self.backlog = backlog
        self.picture = NewestFrame()
        self.speaker = speaker
        self.leg = 0
        """Number of the leg that is shown and heard."""

    def show(self, leg: int, image: NDArray[np.uint8], received_at: float) -> None:
        if leg == self.leg and not self.picture.closed:
            self.picture.put(image, "i420", received_at)

    def play(self, leg: int, sound: Sound) -> None:
        if leg == self.leg and self.speaker is not None:
            self.speaker(sound)

    def close(self) -> None:
        self.picture.close()
