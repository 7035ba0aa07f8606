"""Microphone and speaker through PortAudio (ALSA, PulseAudio, PipeWire)."""

from __future__ import annotations

import asyncio
import queue
import time
from typing import Any

import numpy as np
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
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.drivers._sound_stream import CALLS, CHECK_SECONDS, SoundStream, find, try_out
from tramkit_hal.words import noted

BACKLOG = 10
"""Pieces of sound that wait to be played: 200 ms."""


class SoundSettings(Data):
    """Settings of microphone and speaker.

    :param device: PortAudio's name or part of it, or its number; None: the system's default.
    """

    device: int | str | None = None


class SpeakerSettings(SoundSettings):
    """Settings of the speaker.

    :param volume: at the start and after each visit, 0 to 1.
    """

    volume: float = Field(0.6, ge=0, le=1)


class SoundDeviceMicrophone(Microphone):
    """A microphone of the machine."""

    driver = "sounddevice_microphone"
    Settings = SoundSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._name = ""
        self._stream: SoundStream | None = None
        self._queue: SoundQueue | None = None
        self._watch: asyncio.Task[None] | None = None
        self._level = 0.0

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(
            driver=self.driver, model=self._name or noted("microphone"), serial=str(self.settings.device or "default")
        )

    @property
    def capabilities(self) -> MicrophoneCapabilities:
        return MicrophoneCapabilities()

    @property
    def level(self) -> float:
        return self._level

    async def _open(self) -> None:
        self._name = await CALLS.call(lambda: find(self.settings, "input"))

    async def _close(self) -> None:
        await self.stop()

    async def _wipe(self) -> None:
        await self.stop()

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        if level == "full" and self._stream is None:
            await try_out("InputStream", self.settings.device)
        return {}

    async def start(self, deadline: float = 5.0) -> SoundQueue:
        async with self._operation(deadline, exclusive=False):
            if self._queue is not None:
                raise DeviceError(Trouble.CLAIMED)
            loop = asyncio.get_running_loop()
            sounds = SoundQueue()

            def heard(data: Any, _frames: int, _time: Any, _status: Any) -> None:
                sound = Sound(np.array(data[:, 0], np.int16), time.monotonic() - PIECE / SAMPLE_RATE)
                try:
                    loop.call_soon_threadsafe(self._heard, sounds, sound)
                except RuntimeError:  # the loop has closed
                    return

            stream = SoundStream("InputStream", self.settings.device, heard)
            await stream.open()
            self._stream, self._queue = stream, sounds
            self._watch = asyncio.create_task(self._until_gone(stream), name="microphone watch")
            return sounds

    def _heard(self, sounds: SoundQueue, sound: Sound) -> None:
        if sounds is self._queue:
            self._level = sound.level
            sounds.put(sound)

    async def _until_gone(self, stream: SoundStream) -> None:
        while (trouble := stream.trouble()) is None:
            await asyncio.sleep(CHECK_SECONDS)
        self._watch = None
        await self.stop()
        self._lost(trouble)

    async def stop(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        sounds, self._queue = self._queue, None
        if sounds is not None:
            sounds.close()
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()
        self._level = 0.0


class SoundDeviceSpeaker(Speaker):
    """A speaker of the machine."""

    driver = "sounddevice_speaker"
    Settings = SpeakerSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._name = ""
        self._stream: SoundStream | None = None
        self._watch: asyncio.Task[None] | None = None
        self._waiting: queue.SimpleQueue[Sound] = queue.SimpleQueue()
        self._level = 0.0
        self._volume: float = self.settings.volume

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(
            driver=self.driver, model=self._name or noted("speaker"), serial=str(self.settings.device or "default")
        )

    @property
    def capabilities(self) -> SpeakerCapabilities:
        return SpeakerCapabilities()

    @property
    def playing(self) -> bool:
        return self._stream is not None

    @property
    def level(self) -> float:
        return self._level

    @property
    def backlog(self) -> float:
        return self._waiting.qsize() * PIECE / SAMPLE_RATE

    @property
    def volume(self) -> float:
        return self._volume

    async def set_volume(self, volume: float) -> None:
        self._volume = min(1.0, max(0.0, volume))

    async def _open(self) -> None:
        self._name = await CALLS.call(lambda: find(self.settings, "output"))

    async def _close(self) -> None:
        await self.stop()

    async def _wipe(self) -> None:
        await self.stop()
        self._volume = self.settings.volume

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        if level == "full" and self._stream is None:
            await try_out("OutputStream", self.settings.device)
        return {}

    async def start(self, deadline: float = 5.0) -> None:
        async with self._operation(deadline, exclusive=False):
            if self._stream is not None:
                return
            stream = SoundStream("OutputStream", self.settings.device, self._fill)
            await stream.open()
            self._stream = stream
            self._watch = asyncio.create_task(self._until_gone(stream), name="speaker watch")

    def _fill(self, out: Any, _frames: int, _time: Any, _status: Any) -> None:
        """Give PortAudio the next piece; runs in its thread."""
        try:
            sound = self._waiting.get_nowait()
        except queue.Empty:
            out.fill(0)
            self._level = 0.0
            return
        out[:, 0] = (sound.samples * self._volume).astype(np.int16)
        self._level = sound.level * self._volume

    def play(self, sound: Sound) -> None:
        if self._stream is None:
            return
        while self._waiting.qsize() >= BACKLOG:
            try:
                self._waiting.get_nowait()
            except queue.Empty:
                break
        self._waiting.put(sound)

    async def _until_gone(self, stream: SoundStream) -> None:
        while (trouble := stream.trouble()) is None:
            await asyncio.sleep(CHECK_SECONDS)
        self._watch = None
        await self.stop()
        self._lost(trouble)

    async def stop(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._level = 0.0
