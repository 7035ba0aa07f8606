"""Cleans what a microphone hears: takes away the loudspeaker's echo and noise, and evens out how loud it is.

It stands between the contracts of microphone and speaker, so that every microphone has it whatever its driver. The work
is done by the audio processing module of WebRTC (echo canceller AEC3), which the package ``livekit`` carries; the extra
``tramkit[voice]`` installs it. Without it sound passes as it is, and ``echo_cancellation`` says so.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np

from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE, Sound

_log = logging.getLogger(__name__)

HALF = PIECE // 2
"""Samples that WebRTC takes at once: 10 ms."""

OUTPUT_DELAY = 0.06
"""Seconds from handing sound to a speaker until the room hears it, beside what waits in its queue."""


class VoiceProcessor:
    """Cleans one microphone against one loudspeaker.

    :param noise: take away steady noise.
    :param gain: make the soft louder and the loud softer.
    """

    def __init__(self, *, noise: bool = True, gain: bool = True) -> None:
        self._frame: Any = None
        self._module: Any = None
        try:
            from livekit.rtc import AudioFrame  # pyright: ignore[reportMissingImports]
            from livekit.rtc.apm import AudioProcessingModule  # pyright: ignore[reportMissingImports]
        except (ImportError, OSError):
            _log.warning("no echo cancellation: the extra tramkit[voice] is not installed")
            return
        self._frame = AudioFrame
        self._module = AudioProcessingModule(
            echo_cancellation=True, noise_suppression=noise, auto_gain_control=gain, high_pass_filter=True
        )

    @property
    def echo_cancellation(self) -> bool:
        """Whether the loudspeaker's echo is taken away."""
        return self._module is not None

    def played(self, sound: Sound) -> None:
        """Take a piece that goes to the loudspeaker now."""
        if not self.echo_cancellation:
            return
        for half in (sound.samples[:HALF], sound.samples[HALF:]):
            self._module.process_reverse_stream(self._frame(half.tobytes(), SAMPLE_RATE, 1, HALF))

    def clean(self, sound: Sound, backlog: float = 0.0) -> Sound:
        """Return a piece of the microphone without echo and noise.

        :param backlog: seconds of sound that wait at the speaker.
        """
        if self._module is None or len(sound.samples) != PIECE:
            return sound
        halves: list[np.ndarray[Any, np.dtype[np.int16]]] = []
        for half in (sound.samples[:HALF], sound.samples[HALF:]):
            self._module.set_stream_delay_ms(round((OUTPUT_DELAY + backlog) * 1000))
            frame = self._frame(half.tobytes(), SAMPLE_RATE, 1, HALF)
            self._module.process_stream(frame)
            halves.append(np.frombuffer(frame.data, np.int16))
        return replace(sound, samples=np.concatenate(halves))
