"""Two peers over an impaired line, and figures of what came through. ``python line_kit.py [PROFILE …]`` prints them."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import sys
import time
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

import numpy as np
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, VideoFrame
from impaired import PROFILES, ImpairedLink, Profile
from PIL import Image

from tramkit_telehealth.media.engine import AUDIO_CODECS, VIDEO_CODECS, peer_connection, prefer

WIDTH, HEIGHT, BITS = 1280, 720, 12


class Scene(MediaStreamTrack):
    """A textured picture that moves, with a number in bars along its top; 30 a second."""

    kind = "video"

    def __init__(self, epoch: float, seed: int = 1, *, small: bool = False) -> None:
        super().__init__()
        self.epoch = epoch
        self.small = small
        self.number = 0
        self.sent: dict[int, float] = {}
        coarse = np.random.default_rng(seed).integers(40, 210, ((HEIGHT + 160) // 80, (WIDTH + 160) // 80))
        field = Image.fromarray(coarse.astype(np.uint8)).resize((WIDTH + 160, HEIGHT + 160), Image.Resampling.BICUBIC)
        grain = np.random.default_rng(seed).normal(0, 2, (HEIGHT + 160, WIDTH + 160))
        self.texture = np.clip(np.asarray(field) + grain, 0, 255).astype(np.uint8)
        self.began = time.monotonic()
        self.count = 0

    async def recv(self) -> VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self.count += 1
        await asyncio.sleep(max(0.0, self.began + self.count / 30 - time.monotonic()))
        self.number = (self.number + 1) % (1 << BITS)
        now = time.monotonic()
        self.sent[self.number] = now
        frame = VideoFrame.from_ndarray(self.image(), format="yuv420p")
        if self.small:
            frame = frame.reformat(width=WIDTH // 4, height=HEIGHT // 4)
        frame.pts, frame.time_base = round((now - self.epoch) * 90_000), Fraction(1, 90_000)
        return frame

    def image(self) -> np.ndarray:
        dx, dy = 64 + int(60 * np.sin(self.number / 20)), 40 + int(30 * np.sin(self.number / 13))
        image = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        image[:HEIGHT] = self.texture[dy : dy + HEIGHT, dx : dx + WIDTH]
        bar = WIDTH // BITS
        for bit in range(BITS):
            image[: HEIGHT // 6, bit * bar : (bit + 1) * bar] = 230 if self.number >> bit & 1 else 20
        return image


def number_of(luma: np.ndarray) -> int:
    height, width = luma.shape
    bar = width / BITS
    row = luma[height // 24 : height // 8]
    return sum(1 << b for b in range(BITS) if row[:, int(bar * (b + 0.3)) : int(bar * (b + 0.7))].mean() > 125)


class Speech(MediaStreamTrack):
    """A voice: a buzz through formants, in syllables, with a pause now and then; 20 ms a piece."""

    kind = "audio"

    def __init__(self, epoch: float, seed: int = 1) -> None:
        super().__init__()
        self.epoch = epoch
        self.samples = voice(20.0, seed)
        self.began = time.monotonic()
        self.count = 0

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await asyncio.sleep(max(0.0, self.began + self.count / 50 - time.monotonic()))
        at = self.count * 960 % (len(self.samples) - 960)
        frame = AudioFrame.from_ndarray(self.samples[at : at + 960].reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base = 48_000, Fraction(1, 48_000)
        frame.pts = round((self.began - self.epoch) * 48_000) + self.count * 960
        self.count += 1
        return frame


def voice(seconds: float, seed: int = 1) -> np.ndarray:
    """Return speech-like sound, int16 at 48 kHz."""
    random = np.random.default_rng(seed)
    n = int(seconds * 48_000)
    t = np.arange(n) / 48_000
    pitch = 120 + 25 * np.sin(2 * np.pi * 0.7 * t)
    pulses = (np.diff(np.floor(np.cumsum(pitch) / 48_000), prepend=0) > 0) + 0.02 * random.normal(size=n)
    frequency = np.fft.rfftfreq(n, 1 / 48_000)
    shape = sum(np.exp(-(((frequency - c) / w) ** 2)) for c, w in ((500, 120), (1500, 200), (2500, 300))) + 0.01
    sound = np.fft.irfft(np.fft.rfft(pulses) * shape, n) * (0.15 + 0.85 * np.clip(np.sin(2 * np.pi * 3 * t), 0, 1))
    return (sound / np.abs(sound).max() * 12_000).astype(np.int16)


@dataclass
class Side:
    """One peer, what it sends and what it has seen and heard."""

    pc: RTCPeerConnection
    scene: Scene
    speech: Speech
    seen: list[tuple[float, int, float]] = field(default_factory=list)
    """When, which number, and its age in seconds."""
    sizes: list[tuple[int, int]] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    tasks: list[asyncio.Task] = field(default_factory=list)

    def watch(self, other: Side) -> None:
        self.pc.on("track", lambda track: self.tasks.append(asyncio.create_task(self._read(track, other))))

    async def _read(self, track: MediaStreamTrack, other: Side) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            now = time.monotonic()
            if isinstance(frame, AudioFrame):
                self.heard.append(now)
                continue
            number = number_of(frame.to_ndarray()[: frame.height])
            self.seen.append((now, number, now - other.scene.sent.get(number, now)))
            self.sizes.append((frame.width, frame.height))


def make_side(seed: int, *, small: bool = False) -> Side:
    """Make a peer; a small one sends a quarter of the size, so that the machine measures the line and not itself."""
    epoch = time.monotonic()
    return Side(peer_connection(), Scene(epoch, seed, small=small), Speech(epoch, seed))


async def connect(a: Side, b: Side, link: ImpairedLink) -> None:
    a.watch(b)
    b.watch(a)
    a.pc.addTrack(a.speech)
    a.pc.addTrack(a.scene)
    for transceiver in a.pc.getTransceivers():
        prefer(transceiver, AUDIO_CODECS if transceiver.kind == "audio" else VIDEO_CODECS)
    await a.pc.setLocalDescription(await a.pc.createOffer())
    offer = link.rewrite(a.pc.localDescription.sdp, 0)
    await b.pc.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
    b.pc.addTrack(b.speech)
    b.pc.addTrack(b.scene)
    await b.pc.setLocalDescription(await b.pc.createAnswer())
    answer = link.rewrite(b.pc.localDescription.sdp, 1)
    await a.pc.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))


@dataclass(frozen=True)
class Figures:
    """What one side got in the time that was measured."""

    fps: float
    frozen: float
    """Share of the time in gaps of more than 200 ms between two pictures."""
    p50: float
    p95: float
    """Age of pictures, seconds."""
    missing: float
    """Share of sound concealed."""
    recovered: float
    sound_delay: float
    apart: float | None
    height: int

    def __str__(self) -> str:
        apart = "–" if self.apart is None else f"{self.apart * 1000:+.0f}"
        return (
            f"{self.fps:4.1f} fps {self.height:3d}p frozen {self.frozen * 100:3.0f} % "
            f"p50 {self.p50 * 1000:4.0f} p95 {self.p95 * 1000:5.0f} ms | sound missing {self.missing * 100:4.1f} % "
            f"recovered {self.recovered * 100:4.1f} % buffer {self.sound_delay * 1000:3.0f} ms | apart {apart} ms"
        )


def figures(side: Side, since: float, until: float, counts: dict) -> Figures:
    seen = [each for each in side.seen if since <= each[0] <= until]
    times = [since, *(each[0] for each in seen), until]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    ages = sorted(each[2] for each in seen) or [float("nan")]
    now = side.pc.sound_receiver.buffer.counts
    delta = {origin.value: now[origin] - counts.get(origin, 0) for origin in now}
    total = max(1, sum(delta.values()) - delta["pause"])
    return Figures(
        len({each[1] for each in seen}) / (until - since),
        sum(gap for gap in gaps if gap > 0.2) / (until - since),
        ages[len(ages) // 2],
        ages[min(len(ages) - 1, len(ages) * 95 // 100)],
        (delta["concealed"] + delta["stretched"]) / total,
        delta["recovered"] / total,
        side.pc.sound_receiver.buffer.delay,
        side.pc.line.sync.apart,
        int(statistics.median(size[1] for size in side.sizes[-30:])) if side.sizes else 0,
    )


async def measure(
    profile: Profile, seconds: float = 15.0, settle: float = 5.0, seed: int = 1
) -> tuple[Figures, Side, Side]:
    """Let two stations talk over a line; return what B got of A, and both."""
    Random(seed)
    async with ImpairedLink(profile, seed=seed) as link:
        a, b = make_side(seed), make_side(seed + 1, small=True)
        try:
            await connect(a, b, link)
            async with asyncio.timeout(20):
                while not (b.heard and a.heard):
                    await asyncio.sleep(0.02)
            await asyncio.sleep(settle)
            counts = dict(b.pc.sound_receiver.buffer.counts)
            since = time.monotonic()
            await asyncio.sleep(seconds)
            return figures(b, since, time.monotonic(), counts), a, b
        finally:
            for side in (a, b):
                for task in side.tasks:
                    task.cancel()
                await asyncio.gather(*side.tasks, return_exceptions=True)
                await side.pc.close()


async def main() -> None:
    for name in sys.argv[1:] or PROFILES:
        found, a, _b = await measure(PROFILES[name])
        sender, rate = a.pc.picture_sender, a.pc.line.rate
        print(
            f"{name:10s} {found} || sends {rate.rung.name} {rate.bitrate // 1000} kb/s loss {rate.loss:.2f} "
            f"rtt {a.pc.line.round_trip * 1000:.0f} keys {len(sender.keyframes)} repairs {sender.repairs} "
            f"refused {sender.repairs_refused}",
            flush=True,
        )


if __name__ == "__main__":
    asyncio.run(main())
