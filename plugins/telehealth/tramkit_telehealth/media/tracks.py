"""What the kiosk sends: the camera's newest picture and the microphone's sound, as aiortc tracks.

Both tracks are stamped from one monotonic clock, from the moment of capture, and never end by themselves: a camera
that is gone becomes a slate, a microphone that is gone becomes silence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, VideoFrame

from tramkit import Frame, NewestFrame
from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE, Sound, SoundQueue
from tramkit_telehealth.media.slate import CAMERA_OFF, NO_PICTURE, slate, words

VIDEO_CLOCK = 90_000
"""RTP clock of video (RFC 3551)."""

FPS = 30
SLATE_SECONDS = 0.2
"""Between two slates: enough to keep the receiver's picture alive, cheap to encode."""

PATIENCE = 0.5
"""Seconds without a new picture until the slate is shown."""

FIRST_PATIENCE = 1.5
"""Seconds that the first picture may take, so that a call does not begin with a slate."""

SIZE = (1280, 720)
PIECE_SECONDS = PIECE / SAMPLE_RATE
SOUND_GAP = 0.06
"""Seconds by which sound may lag or lead its time stamps before they jump."""

SILENCE = np.zeros(PIECE, np.int16)


class CameraTrack(MediaStreamTrack):
    """The camera's pictures, newest only, up to 30 a second.

    :param picture: returns the slot of the newest frame, None while there is no camera.
    :param off: returns whether the resident has switched the picture off.
    :param epoch: seconds of ``time.monotonic()`` that are zero in the time stamps.
    """

    kind = "video"

    def __init__(self, picture: Callable[[], NewestFrame | None], off: Callable[[], bool], epoch: float) -> None:
        super().__init__()
        self._picture = picture
        self._off = off
        self.epoch = epoch
        self._sequence = 0
        self._slot: NewestFrame | None = None
        self._last_pts = -1
        self._due = 0.0
        self._patience = FIRST_PATIENCE
        self._size = SIZE
        self.slating = False
        """Whether the slate was sent last because the camera gives no picture."""

    async def recv(self) -> VideoFrame:
        """Return the next picture; waits for it, but never longer than until the slate is due."""
        if self.readyState != "live":
            raise MediaStreamError
        await _until(self._due)
        frame = None if self._off() else await self._fresh()
        if self.readyState != "live":
            raise MediaStreamError
        if frame is None:
            self.slating = not self._off()
            self._patience = SLATE_SECONDS
            self._due = time.monotonic() + (SLATE_SECONDS if self._off() else 0)
            text = words(NO_PICTURE if self.slating else CAMERA_OFF)
            return self._stamp(VideoFrame.from_ndarray(slate(text, *self._size), format="yuv420p"), time.monotonic())
        self.slating = False
        self._patience = PATIENCE
        self._sequence = frame.sequence
        self._due = max(self._due + 1 / FPS, time.monotonic() - 1 / FPS)
        return self._stamp(_video_frame(frame), frame.captured_at)

    async def _fresh(self) -> Frame | None:
        """Return a frame that was not sent yet; None where none comes in time."""
        slot = self._picture()
        if slot is not self._slot:
            self._slot, self._sequence = slot, 0
        if slot is None or slot.closed:
            await asyncio.sleep(SLATE_SECONDS)
            return None
        frame = slot.frame
        if frame is None or frame.sequence <= self._sequence:
            try:
                async with asyncio.timeout(self._patience):
                    frame = await slot.next(self._sequence)
            except TimeoutError:
                return None
        if frame is not None and frame.width >= 2 and frame.height >= 2:
            self._size = (frame.width & ~1, frame.height & ~1)
            return frame
        return None

    def _stamp(self, frame: VideoFrame, captured_at: float) -> VideoFrame:
        pts = max(round((captured_at - self.epoch) * VIDEO_CLOCK), self._last_pts + 1, 0)
        self._last_pts = pts
        frame.pts = pts
        frame.time_base = Fraction(1, VIDEO_CLOCK)
        return frame


def _video_frame(frame: Frame) -> VideoFrame:
    """Hand I420 straight to the encoder; what a camera gives in BGR the encoder converts off the loop."""
    if frame.pixel_format == "i420":
        return VideoFrame.from_ndarray(frame.image, format="yuv420p")
    return VideoFrame.from_ndarray(frame.image, format="bgr24")


class SoundFan:
    """Gives the microphone's sound to every leg of a call.

    :ivar clean: takes a piece, returns it without echo and noise.
    """

    def __init__(self) -> None:
        self.listeners: set[SoundQueue] = set()
        self.clean: Callable[[Sound], Sound] = lambda sound: sound

    async def run(self, sounds: SoundQueue) -> None:
        """Pass on every piece until the microphone goes."""
        while (sound := await sounds.get()) is not None:
            sound = self.clean(sound)
            for listener in self.listeners:
                listener.put(sound)


class MicrophoneTrack(MediaStreamTrack):
    """The microphone's sound in pieces of 20 ms; silence while it is muted or gone.

    :param fan: where the sound comes from.
    :param muted: returns whether the resident has muted it.
    :param epoch: as for :class:`CameraTrack`, the same one.
    """

    kind = "audio"

    def __init__(self, fan: SoundFan, muted: Callable[[], bool], epoch: float) -> None:
        super().__init__()
        self._fan = fan
        self._muted = muted
        self.epoch = epoch
        self._sounds = SoundQueue(5)
        self._next: int | None = None
        fan.listeners.add(self._sounds)

    def stop(self) -> None:
        self._fan.listeners.discard(self._sounds)
        self._sounds.close()
        super().stop()

    async def recv(self) -> AudioFrame:
        """Return the next piece of sound."""
        if self.readyState != "live":
            raise MediaStreamError
        sound = await self._piece()
        if self.readyState != "live":
            raise MediaStreamError
        samples = SILENCE if self._muted() else sound.samples
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = Fraction(1, SAMPLE_RATE)
        frame.pts = self._stamp(sound)
        return frame

    async def _piece(self) -> Sound:
        """Return the microphone's next piece, or silence that keeps time where none comes."""
        if self._next is None:
            self._sounds.clear()  # what waited since the leg was made ready would delay all that follows
        expected = time.monotonic() if self._next is None else self.epoch + self._next / SAMPLE_RATE
        patience = max(0.0, expected + PIECE_SECONDS + SOUND_GAP - time.monotonic())
        try:
            async with asyncio.timeout(patience):
                sound = await self._sounds.get()
        except TimeoutError:
            sound = None
        if sound is None or len(sound.samples) != PIECE:
            return Sound(SILENCE, expected)
        return sound

    def _stamp(self, sound: Sound) -> int:
        """Return a time stamp that runs on evenly, and jumps by whole pieces where sound was lost."""
        at = round((sound.captured_at - self.epoch) * SAMPLE_RATE)
        if self._next is None:
            self._next = max(0, at)
        gap = at - self._next
        if gap > SOUND_GAP * SAMPLE_RATE:
            self._next += gap // PIECE * PIECE
        stamp = self._next
        self._next += PIECE
        return stamp


async def _until(moment: float) -> None:
    wait = moment - time.monotonic()
    if wait > 0.002:
        await asyncio.sleep(wait)
