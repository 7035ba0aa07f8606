"""Microphone and speaker through PortAudio (ALSA, PulseAudio, PipeWire)."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable
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
from tramkit_hal.device.library import LibraryCalls, call_soon
from tramkit_hal.words import noted

BACKLOG = 10
"""Pieces of sound that wait to be played: 200 ms."""

CHECK_SECONDS = 1.0
"""How often a stream is looked at: PortAudio tells nobody that a device was pulled."""

STILL_SECONDS = 3.0
"""A stream that asks for no sound and brings none for so long belongs to a sound server that hangs."""

SHUT_SECONDS = 2.0
"""How long a stream may take to close; after that its thread is left to the server that hangs."""

_CALLS = LibraryCalls("PortAudio")


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


def _portaudio() -> Any:
    """Return the library, or say what is missing; what failed half-way is imported anew at the next try."""
    try:
        import sounddevice  # pyright: ignore[reportMissingTypeStubs]

        if not hasattr(sounddevice, "query_devices"):
            raise ImportError("half made")
    except ImportError as error:
        _forget_library()
        raise DeviceError(Trouble.MISCONFIGURED, "the library sounddevice is not installed") from error
    except OSError as error:  # it raises that where the shared library is missing
        _forget_library()
        raise DeviceError(Trouble.MISCONFIGURED, "the PortAudio library is not installed") from error
    except Exception as error:  # PortAudioError: no sound system at all answers yet
        _forget_library()
        raise DeviceError(Trouble.UNPLUGGED, "no sound system answers") from error
    return sounddevice


def _forget_library() -> None:
    for name in ("sounddevice", "_sounddevice"):
        sys.modules.pop(name, None)


_running: set[_Stream] = set()
"""The streams that play or record now, of every device of this process."""

_looking = threading.Lock()


def _find(settings: Any, kind: str) -> str:
    library = _portaudio()
    with _looking:
        with contextlib.suppress(library.PortAudioError, ValueError):
            return str(library.query_devices(settings.device, kind)["name"])
        try:
            _look_again(library)
            return str(library.query_devices(settings.device, kind)["name"])
        except (library.PortAudioError, ValueError) as error:
            raise DeviceError(Trouble.UNPLUGGED, f"no {kind} device") from error


def _look_again(library: Any) -> None:
    """Let PortAudio find what was plugged in since it started; it cannot while a stream runs."""
    if not _running:
        with contextlib.suppress(library.PortAudioError):  # it could not be started the last time
            library._terminate()
        library._initialize()


class _Stream:
    """A PortAudio stream, opened and closed off the event loop, and watched while it runs."""

    def __init__(self, kind: str, device: int | str | None, callback: Callable[..., None]) -> None:
        self._kind = kind
        self._callback = callback
        self._options: dict[str, Any] = dict(
            samplerate=SAMPLE_RATE, blocksize=PIECE, device=device, channels=1, dtype="int16", latency="low"
        )
        self._moved = 0.0
        self._stream: Any = None
        self._opening = threading.Lock()
        self._abandoned = False
        self._opened: Any = None

    async def open(self) -> None:
        library = _portaudio()

        def start() -> Any:
            stream = getattr(library, self._kind)(callback=self._moves, **self._options)
            stream.start()
            with self._opening:
                if not self._abandoned:
                    self._opened = stream
                    return stream
            self._shut(stream)
            return None

        _running.add(self)
        try:
            self._moved = time.monotonic()
            self._stream = await _CALLS.call(start)
        except asyncio.CancelledError:
            self._abandon()
            raise
        except library.PortAudioError as error:
            _running.discard(self)
            raise DeviceError(Trouble.UNPLUGGED, "the stream does not open") from error
        except DeviceError:
            _running.discard(self)
            raise

    def _moves(self, *given: Any) -> None:
        """Take or give sound; runs in PortAudio's thread."""
        self._moved = time.monotonic()
        self._callback(*given)

    def _abandon(self) -> None:
        """Nobody waits any more: the thread that opens cannot be stopped, so what it opens is closed."""
        with self._opening:
            self._abandoned, opened = True, self._opened
        if opened is not None:
            threading.Thread(target=self._shut, args=(opened,), name="closes a sound stream").start()

    def _shut(self, stream: Any) -> None:
        stream.abort()
        stream.close()
        _running.discard(self)

    def trouble(self) -> Trouble | None:
        """Return what is wrong with it; None: sound goes through it."""
        if self._stream is None or not self._stream.active:
            return Trouble.UNPLUGGED
        return Trouble.DEADLINE if time.monotonic() - self._moved > STILL_SECONDS else None

    async def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(TimeoutError, DeviceError):
                async with asyncio.timeout(SHUT_SECONDS):
                    await _CALLS.call(lambda: self._shut(stream))
        else:
            _running.discard(self)


async def _try_out(kind: str, device: int | str | None) -> None:
    """Open a stream, see that something moves through it, and close it.

    :raises DeviceError: ``unplugged`` where it does not open; ``deadline`` where the sound server hangs.
    """
    moved = asyncio.Event()
    loop = asyncio.get_running_loop()

    def moves(data: Any, *_rest: Any) -> None:
        if kind == "OutputStream":
            data.fill(0)
        call_soon(loop, moved.set)

    stream = _Stream(kind, device, moves)
    await stream.open()
    try:
        async with asyncio.timeout(STILL_SECONDS):
            await moved.wait()
    except TimeoutError:
        raise DeviceError(Trouble.DEADLINE, "no sound goes through") from None
    finally:
        await stream.close()


class SoundDeviceMicrophone(Microphone):
    """A microphone of the machine."""

    driver = "sounddevice_microphone"
    Settings = SoundSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._name = ""
        self._stream: _Stream | None = None
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
        self._name = await _CALLS.call(lambda: _find(self.settings, "input"))

    async def _close(self) -> None:
        await self.stop()

    async def _wipe(self) -> None:
        await self.stop()

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        if level == "full" and self._stream is None:
            await _try_out("InputStream", self.settings.device)
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

            stream = _Stream("InputStream", self.settings.device, heard)
            await stream.open()
            self._stream, self._queue = stream, sounds
            self._watch = asyncio.create_task(self._until_gone(stream), name="microphone watch")
            return sounds

    def _heard(self, sounds: SoundQueue, sound: Sound) -> None:
        if sounds is self._queue:
            self._level = sound.level
            sounds.put(sound)

    async def _until_gone(self, stream: _Stream) -> None:
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
        self._stream: _Stream | None = None
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
        self._name = await _CALLS.call(lambda: _find(self.settings, "output"))

    async def _close(self) -> None:
        await self.stop()

    async def _wipe(self) -> None:
        await self.stop()
        self._volume = self.settings.volume

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        if level == "full" and self._stream is None:
            await _try_out("OutputStream", self.settings.device)
        return {}

    async def start(self, deadline: float = 5.0) -> None:
        async with self._operation(deadline, exclusive=False):
            if self._stream is not None:
                return
            stream = _Stream("OutputStream", self.settings.device, self._fill)
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

    async def _until_gone(self, stream: _Stream) -> None:
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
