"""A doctor's browser and a kiosk's camera for tests: real aiortc peers, and a picture whose bars are a number."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, VideoFrame

from tramkit_hal.video import NewestFrame
from tramkit_telehealth.media.written import WrittenLine

WIDTH, HEIGHT, BITS = 320, 240, 8


def picture_of(number: int) -> np.ndarray:
    """Return an I420 picture whose eight vertical bars are the bits of a number."""
    image = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    bar = WIDTH // BITS
    for bit in range(BITS):
        image[:HEIGHT, bit * bar : (bit + 1) * bar] = 220 if number >> bit & 1 else 30
    return image


def number_in(image: np.ndarray) -> int:
    """Read the number back from the luma plane."""
    height = image.shape[0] * 2 // 3
    bar = image.shape[1] // BITS
    return sum(
        1 << bit
        for bit in range(BITS)
        if image[height // 4 : height * 3 // 4, bit * bar + bar // 4 : bit * bar + bar * 3 // 4].mean() > 125
    )


class NumberCamera:
    """Puts numbered pictures into a slot, 30 a second, until it is pulled."""

    def __init__(self) -> None:
        self.picture = NewestFrame()
        self.number = 0
        self.pulled = False

    async def run(self) -> None:
        while True:
            if not self.pulled:
                self.number = (self.number + 1) % 256
                self.picture.put(picture_of(self.number), "i420", time.monotonic())
            await asyncio.sleep(1 / 30)

    def pull(self) -> None:
        self.pulled = True
        self.picture.clear()


class NumberTrack(MediaStreamTrack):
    """The doctor's picture: always the same number."""

    kind = "video"

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.began = time.monotonic()
        self.count = 0

    async def recv(self) -> VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self.count += 1
        await asyncio.sleep(max(0.0, self.began + self.count / 15 - time.monotonic()))
        frame = VideoFrame.from_ndarray(picture_of(self.number), format="yuv420p")
        frame.pts, frame.time_base = self.count * 6000, Fraction(1, 90_000)
        return frame


class VoiceTrack(MediaStreamTrack):
    """The doctor's voice."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.began = time.monotonic()
        self.count = 0

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self.began + self.count / 50 - time.monotonic()))
        samples = voice(self.count)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self.count * 960, Fraction(1, 48_000)
        self.count += 1
        return frame


def voice(piece: int) -> np.ndarray:
    """Return a piece of 20 ms of a voice: overtones whose pitch and strength change, as in speech.

    A tone that stays the same is noise to Opus: with DTX it is no longer sent after a second.
    """
    at = (np.arange(960) + piece * 960) / 48_000
    pitch = 2 * np.pi * 130 * at - 30 / 0.7 * np.cos(2 * np.pi * 0.7 * at)
    sound = sum(np.sin(overtone * pitch) / overtone for overtone in range(1, 8))
    return (sound * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * at)) * 12_000).astype(np.int16)


class Browser:
    """Stands in for the doctor's page: answers one offer, counts what it sees, hears and feels beating."""

    def __init__(self, number: int, *, beats: bool = True) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.number = number
        self.beats = beats
        self.numbers: list[int] = []
        self.loudness: list[float] = []
        self.sizes: set[tuple[int, int]] = set()
        self.beats_heard = 0
        self.written = WrittenLine()
        self.tasks: set[asyncio.Task[None]] = set()
        self.pc.on("track", self._on_track)
        self.pc.on("datachannel", self._on_channel)

    async def answer(self, offer: str) -> str:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        self.pc.addTrack(VoiceTrack())
        self.pc.addTrack(NumberTrack(self.number))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return self.pc.localDescription.sdp

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.pc.close()

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._spawn(self._read(track))

    def _on_channel(self, channel) -> None:
        if channel.label != "beat":
            channel.on("message", self.written.got)
            self.written.opened(channel.send)
            return
        channel.on("message", self._on_message)
        self._spawn(self._beat(channel))

    def _on_message(self, _message: object) -> None:
        self.beats_heard += 1

    async def _beat(self, channel) -> None:
        while channel.readyState == "open":
            if self.beats:
                channel.send(str(round(time.monotonic() * 1000)))
            await asyncio.sleep(0.1)

    async def _read(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, VideoFrame):
                self.sizes.add((frame.width, frame.height))
                self.numbers.append(number_in(frame.to_ndarray()) if frame.width == WIDTH else -1)
            else:
                sound = frame.to_ndarray().astype(np.float64)
                self.loudness.append(float(np.sqrt((sound**2).mean())))

    def _spawn(self, work) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def until(true, seconds: float = 15.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.02)
