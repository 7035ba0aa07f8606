"""A simulated microphone and a simulated speaker."""

from __future__ import annotations

import asyncio
import time
from collections import deque

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tramkit_hal.contracts.audio import (
    PIECE,
    SAMPLE_RATE,
    Microphone,
    MicrophoneCapabilities,
    Sound,
    SoundQueue,
    Speaker,
    SpeakerCapabilities,
)
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import SimSettings, Simulator
from tramkit_hal.words import noted

PIECE_SECONDS = PIECE / SAMPLE_RATE
SOUNDS = (noted("room"), noted("tone"), noted("silence"))
SYLLABLES = 4.0
"""How often a second the tone swells and fades, as speech does: a steady tone is noise, and is taken away as such."""


class MicrophoneSettings(SimSettings):
    """Settings of the simulated microphone.

    :param sound: what it hears: ``room`` (a quiet room), ``tone`` (in syllables), ``silence``.
    :param frequency: of the tone, Hz.
    """

    sound: str = Field("room", pattern="^(room|tone|silence)$")
    frequency: float = Field(1000.0, ge=50, le=20_000)


class SimMicrophone(Simulator, Microphone):
    """A microphone that hears a quiet room or a tone."""

    driver = "sim_microphone"
    model = noted("simulated microphone")
    Settings = MicrophoneSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._sound: str = self.settings.sound
        self._queue: SoundQueue | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._level = 0.0
        self._noise = np.random.default_rng(context.seed)

    @property
    def capabilities(self) -> MicrophoneCapabilities:
        return MicrophoneCapabilities(echo_cancellation=True)  # it hears no loudspeaker

    @property
    def level(self) -> float:
        return self._level

    async def start(self, deadline: float = 5.0) -> SoundQueue:
        async with self._simulate(deadline, exclusive=False):
            if self._queue is not None:
                raise DeviceError(Trouble.CLAIMED)
            self._queue = SoundQueue()
            self._hearing = asyncio.create_task(self._hear(self._queue), name="simulated microphone")
            return self._queue

    async def stop(self) -> None:
        hearing, self._hearing = self._hearing, None
        if hearing is not None:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
        if self._queue is not None:
            self._queue.close()
            self._queue = None
        self._level = 0.0

    async def _stop(self) -> None:
        await self.stop()

    async def _wipe(self) -> None:
        await self.stop()

    async def _hear(self, queue: SoundQueue) -> None:
        begin, heard = time.monotonic(), 0
        while True:
            captured = begin + heard * PIECE_SECONDS
            await asyncio.sleep(max(0.0, captured + PIECE_SECONDS - time.monotonic()))
            sound = Sound(self._samples(heard * PIECE), captured)
            self._level = sound.level
            queue.put(sound)
            heard += 1

    def _samples(self, first: int) -> NDArray[np.int16]:
        if self._sound == "silence":
            return np.zeros(PIECE, np.int16)
        if self._sound == "room":
            return self._noise.normal(0, 180, PIECE).astype(np.int16)
        at = (first + np.arange(PIECE)) / SAMPLE_RATE
        swell = np.sin(np.pi * SYLLABLES * at) ** 2
        return (12_000 * swell * np.sin(2 * np.pi * self.settings.frequency * at)).astype(np.int16)

    def _controls(self) -> tuple[SimControl, ...]:
        return (
            SimControl(name="sound", label=noted("What it hears"), kind="choice", options=SOUNDS, value=self._sound),
        )

    async def _control(self, name: str, value: str) -> None:
        self._sound = value

    def shown(self) -> str:
        return noted("Listening, level") + f": {self._level:.2f}" if self._hearing is not None else ""


class SpeakerSettings(SimSettings):
    """Settings of the simulated speaker.

    :param volume: at the start and after each visit, 0 to 1.
    """

    volume: float = Field(0.6, ge=0, le=1)


BACKLOG = 10
"""Pieces of sound that wait to be played: 200 ms."""


class SimSpeaker(Simulator, Speaker):
    """A speaker that plays in real time and can tell what tone it played last."""

    driver = "sim_speaker"
    model = noted("simulated speaker")
    Settings = SpeakerSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._volume: float = self.settings.volume
        self._headset = False
        self._waiting: deque[Sound] = deque(maxlen=BACKLOG)
        self._played: deque[NDArray[np.int16]] = deque(maxlen=25)
        self._playing: asyncio.Task[None] | None = None
        self._level = 0.0

    @property
    def capabilities(self) -> SpeakerCapabilities:
        return SpeakerCapabilities(headset=True)

    @property
    def level(self) -> float:
        return self._level

    @property
    def playing(self) -> bool:
        return self._playing is not None

    @property
    def backlog(self) -> float:
        return len(self._waiting) * PIECE_SECONDS

    @property
    def volume(self) -> float:
        return self._volume

    async def set_volume(self, volume: float) -> None:
        self._volume = min(1.0, max(0.0, volume))

    async def start(self, deadline: float = 5.0) -> None:
        async with self._simulate(deadline, exclusive=False):
            if self._playing is None:
                self._playing = asyncio.create_task(self._play_out(), name="simulated speaker")

    def play(self, sound: Sound) -> None:
        if self._playing is not None:
            self._waiting.append(sound)

    async def stop(self) -> None:
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
        self._waiting.clear()
        self._played.clear()
        self._level = 0.0

    async def _stop(self) -> None:
        await self.stop()

    async def _wipe(self) -> None:
        await self.stop()
        self._volume = self.settings.volume

    async def _play_out(self) -> None:
        due = time.monotonic()
        while True:
            due = max(due + PIECE_SECONDS, time.monotonic() - PIECE_SECONDS)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            if not self._waiting:
                self._level = 0.0
                continue
            sound = self._waiting.popleft()
            self._level = sound.level * self._volume
            self._played.append(sound.samples)

    def heard(self) -> tuple[float, float]:
        """Return the strongest frequency (Hz) of the last half second played and its loudness (0 to 1)."""
        if not self._played:
            return 0.0, 0.0
        samples = np.concatenate(list(self._played)).astype(np.float64)
        loudness = float(np.sqrt(np.mean(samples**2))) / 32768.0
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        spectrum[0] = 0.0
        return float(np.argmax(spectrum) * SAMPLE_RATE / len(samples)), loudness

    def _facts(self) -> dict[str, str]:
        return {noted("volume"): f"{self._volume:.2f}"}

    def _controls(self) -> tuple[SimControl, ...]:
        value = "on" if self._headset else "off"
        return (SimControl(name="headset", label=noted("Headphones plugged in"), kind="switch", value=value),)

    async def _control(self, name: str, value: str) -> None:
        self._headset = value == "on"
        self._emit("headset_in" if self._headset else "headset_out")

    def shown(self) -> str:
        frequency, loudness = self.heard()
        if self._playing is None or loudness < 0.001:
            return ""
        return noted("Playing") + f": {frequency:.0f} Hz\n" + noted("Level") + f": {loudness:.2f}"
