"""A simulated speech recogniser: as long as somebody speaks it reads the words of a script, one after the other."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, Field

from tramkit_hal.contracts.audio import SAMPLE_RATE, Sound
from tramkit_hal.contracts.recogniser import MAX_SAID, SpeechRecogniser, SpeechRecogniserCapabilities
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.sim._base import SimSettings, Simulator
from tramkit_hal.words import noted

LOUD = 0.01
"""Loudness from which a piece of sound is a voice."""
PAUSE_SECONDS = 1.0
"""Silence that ends what is being said."""


class SpeechRecogniserSettings(SimSettings):
    """Settings of the simulated recogniser.

    :param lines: what is understood of one utterance after the other, from the first again after the last.
    :param words_per_second: how fast the voice is taken to speak.
    """

    lines: tuple[str, ...] = Field(("Chào ông bà, tôi là bác sĩ.", "Ông bà đau ở đâu?"), min_length=1)
    words_per_second: float = Field(2.5, gt=0, le=100)


class SimSpeechRecogniser(Simulator, SpeechRecogniser):
    """A recogniser that understands what its script says, while and as long as there is a voice."""

    driver = "sim_speech_recogniser"
    model = noted("simulated speech recogniser")
    Settings = SpeechRecogniserSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._hearing = False
        self._news = asyncio.Event()
        self._forget()

    @property
    def capabilities(self) -> SpeechRecogniserCapabilities:
        return SpeechRecogniserCapabilities(languages=("vi", "en"))

    async def start(self, language: str, deadline: float = 5.0) -> None:
        async with self._simulate(deadline, exclusive=False):
            if language not in self.capabilities.languages:
                raise DeviceError(Trouble.UNSUPPORTED)
            self._forget()
            self._hearing = True

    def hear(self, sound: Sound) -> None:
        if not self._hearing:
            return
        seconds = len(sound.samples) / SAMPLE_RATE
        if sound.level < LOUD:
            self._quiet += seconds
            if self._quiet >= PAUSE_SECONDS and self._spoken:
                self._before, self._spoken = self._words(), 0.0
                self._line += 1
            return
        self._quiet = 0.0
        self._spoken += seconds
        self._news.set()

    async def said(self) -> str | None:
        while self._hearing:
            if (words := self._words()) != self._last_said:
                self._last_said = words
                return words
            self._news.clear()
            await self._news.wait()
        return None

    async def stop(self) -> None:
        self._hearing = False
        self._forget()

    def _words(self) -> str:
        line = self.settings.lines[self._line % len(self.settings.lines)].split()
        now = line[: round(self._spoken * self.settings.words_per_second)]
        return " ".join((self._before, *now)).strip()[-MAX_SAID:]

    def _forget(self) -> None:
        self._line, self._spoken, self._quiet = 0, 0.0, 0.0
        self._before = self._last_said = ""
        self._news.set()

    async def _stop(self) -> None:
        await self.stop()

    async def _wipe(self) -> None:
        await self.stop()

    async def _control(self, name: str, value: str) -> None:
        raise AssertionError(f"no control {name!r}")  # it declares none

    def shown(self) -> str:
        return self._last_said
