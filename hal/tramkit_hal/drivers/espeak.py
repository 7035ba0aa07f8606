"""The voice of espeak-ng, which speaks Vietnamese and English without a network."""

from __future__ import annotations

import asyncio
import io
import shutil
import wave

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tramkit_hal.contracts.voice import Voice, VoiceCapabilities, at_station_rate
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceInfo
from tramkit_hal.device.errors import DeviceError, Trouble

PROGRAM = "espeak-ng"
VOICES = {"vi": "vi", "en": "en"}


class EspeakSettings(Data):
    """Settings of the driver ``espeak``.

    :param words_per_minute: how fast it speaks; elders follow 140 with ease.
    """

    words_per_minute: int = Field(default=140, ge=80, le=300)


class Espeak(Voice):
    """A voice that is a program; it gets the words on its standard input, so that no list of processes shows them."""

    driver = "espeak"
    Settings = EspeakSettings

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model=PROGRAM, serial="0")

    @property
    def capabilities(self) -> VoiceCapabilities:
        return VoiceCapabilities(languages=tuple(VOICES))

    async def say(self, words: str, language: str, deadline: float = 10.0) -> NDArray[np.int16]:
        if language not in VOICES:
            raise DeviceError(Trouble.UNSUPPORTED)
        async with self._operation(deadline):
            settings = EspeakSettings.model_validate(self.settings.model_dump())
            speed = str(settings.words_per_minute)
            program = await asyncio.create_subprocess_exec(
                *(PROGRAM, "-v", VOICES[language], "-s", speed, "--stdin", "--stdout"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                sound, _ = await program.communicate(words.encode())
            finally:
                if program.returncode is None:
                    program.kill()
                    await program.wait()
            if program.returncode:
                raise DeviceError(Trouble.FAULTY)
            said = await asyncio.to_thread(_samples, sound)
            if not len(said) and words.strip():
                raise DeviceError(Trouble.FAULTY, "it said nothing")
            return said

    async def _open(self) -> None:
        if shutil.which(PROGRAM) is None:
            raise DeviceError(Trouble.MISCONFIGURED, f"{PROGRAM} is not installed; run: apt install {PROGRAM}")

    async def _close(self) -> None:
        return

    async def _wipe(self) -> None:
        return


def _samples(sound: bytes) -> NDArray[np.int16]:
    """Return a WAV file, of whatever rate, as sound of the station; a pipe's header does not know its length."""
    with wave.open(io.BytesIO(sound)) as file:
        rate = file.getframerate()
    return at_station_rate(np.frombuffer(sound[44 : len(sound) - len(sound) % 2], dtype="<i2"), rate)
