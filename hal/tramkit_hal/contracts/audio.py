"""The contracts of microphone and speaker.

Sound inside the station is 48 kHz, mono, signed 16 bit, in pieces of 20 ms (960 samples), as Opus wants it
(RFC 7587).
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tramkit_hal.device.base import Capabilities, Device

SAMPLE_RATE = 48_000
PIECE = 960
"""Samples in one piece of sound (20 ms)."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A piece of sound.

    :param samples: int16 (960,), mono, 48 kHz.
    :param captured_at: seconds of ``time.monotonic()`` of its first sample.
    """

    samples: NDArray[np.int16]
    captured_at: float

    @property
    def level(self) -> float:
        """Loudness from 0 (silence) to 1 (full scale), root mean square."""
        if not self.samples.size:
            return 0.0
        return float(np.sqrt(np.mean(np.square(self.samples, dtype=np.float64)))) / 32768.0


class SoundQueue:
    """A short queue of sound between a device and one consumer: when it is full the oldest piece goes.

    ``put`` is called on the event loop.

    :param pieces: how many pieces it holds; 10 are 200 ms.
    """

    def __init__(self, pieces: int = 10) -> None:
        self._pieces: deque[Sound] = deque(maxlen=pieces)
        self._some = asyncio.Event()
        self.closed = False

    def __len__(self) -> int:
        return len(self._pieces)

    def put(self, sound: Sound) -> None:
        self._pieces.append(sound)
        self._some.set()

    def close(self) -> None:
        self.closed = True
        self._pieces.clear()
        self._some.set()

    async def get(self) -> Sound | None:
        """Return the oldest piece, waiting for one; None: the queue is closed."""
        while not self._pieces:
            if self.closed:
                return None
            self._some.clear()
            await self._some.wait()
        return self._pieces.popleft()


class MicrophoneCapabilities(Capabilities):
    """What a microphone can do."""

    echo_cancellation: bool = False


class Microphone(Device):
    """A microphone. Events: ``headset_in``, ``headset_out``, ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> MicrophoneCapabilities: ...

    @abstractmethod
    async def start(self, deadline: float = 5.0) -> SoundQueue:
        """Begin to listen; returns a queue of pieces, closed by :meth:`stop` or when the microphone goes.

        :raises DeviceError: ``claimed`` where it already listens.
        """

    @abstractmethod
    async def stop(self) -> None:
        """Stop listening and forget what was heard."""

    @property
    @abstractmethod
    def level(self) -> float:
        """Loudness of the last piece, 0 to 1; 0 while it does not listen."""


class SpeakerCapabilities(Capabilities):
    """What a speaker can do."""

    headset: bool = False


class Speaker(Device):
    """A loudspeaker. Events: ``headset_in``, ``headset_out``, ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> SpeakerCapabilities: ...

    @abstractmethod
    async def start(self, deadline: float = 5.0) -> None:
        """Make ready to play."""

    @abstractmethod
    def play(self, sound: Sound) -> None:
        """Play a piece; where pieces come faster than they play, those older than 200 ms go."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop playing and forget what was not played."""

    @property
    @abstractmethod
    def playing(self) -> bool:
        """Whether it was started and not stopped since."""

    @property
    @abstractmethod
    def level(self) -> float:
        """Loudness of the last piece played, 0 to 1."""

    @property
    @abstractmethod
    def volume(self) -> float:
        """Volume, 0 to 1."""

    @abstractmethod
    async def set_volume(self, volume: float) -> None:
        """Set the volume, 0 to 1; ``wipe`` puts it back to what the settings say."""
