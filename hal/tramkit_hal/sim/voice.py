"""A simulated voice: hums as long as the words would take, and shows what it said."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tramkit_hal.contracts.audio import SAMPLE_RATE
from tramkit_hal.contracts.voice import Voice, VoiceCapabilities
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.sim._base import SimSettings, Simulator

HUM = 220.0
SHOWN = 60
"""Pieces of speech that are shown; the oldest go first."""


class VoiceSettings(SimSettings):
    """Settings of the simulated voice.

    :param words_per_minute: how fast it speaks.
    """

    words_per_minute: int = Field(140, ge=60, le=60_000)


class SimVoice(Simulator, Voice):
    """A voice whose words a bystander can read."""

    driver = "sim_voice"
    model = "simulated voice"
    Settings = VoiceSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._said: deque[str] = deque(maxlen=SHOWN)

    @property
    def capabilities(self) -> VoiceCapabilities:
        return VoiceCapabilities(languages=("vi", "en"))

    async def say(self, words: str, language: str, deadline: float = 10.0) -> NDArray[np.int16]:
        async with self._simulate(deadline):
            if language not in self.capabilities.languages:
                raise DeviceError(Trouble.UNSUPPORTED)
            self._said.append(words)
            seconds = len(words.split()) * 60 / self.settings.words_per_minute
            at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
            return (3000 * np.sin(2 * np.pi * HUM * at)).astype(np.int16)

    async def _control(self, name: str, value: str) -> None:
        raise AssertionError(f"no control {name!r}")  # it declares none

    async def _wipe(self) -> None:
        self._said.clear()

    def shown(self) -> str:
        return "\n".join(self._said)
