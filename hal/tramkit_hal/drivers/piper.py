"""The voice of Piper, with a voice model that the operator supplies (an ONNX file and its JSON file).

Piper is a program of its own, never imported: its licence (GPL-3.0) stays with it. ``pip install piper-tts`` in an
environment of its own brings the command ``piper``.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tramkit_hal.contracts.voice import Voice, VoiceCapabilities, at_station_rate
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceInfo
from tramkit_hal.device.errors import DeviceError, Trouble

TRIAL_SECONDS = 20.0
"""How long the first words may take, for which the model is read from the disk."""


class PiperSettings(Data):
    """Settings of the driver ``piper``; one entry of the role for each language.

    :param model: the ONNX file; the JSON file of the same name, with ``.json`` after it, lies beside it.
    :param language: what the model speaks.
    :param program: the command, a name on the PATH or a path.
    :param slowness: how long sounds last; 1.0 is the model's own pace, elders follow 1.2 with ease.
    """

    model: Path
    language: Literal["vi", "en"] = "vi"
    program: str = "piper"
    slowness: float = Field(default=1.2, ge=0.5, le=3.0)


class Piper(Voice):
    """A voice that is a program; it gets the words on its standard input, so that no list of processes shows them."""

    driver = "piper"
    Settings = PiperSettings

    def __init__(self, settings: BaseModel, context: Any) -> None:
        super().__init__(settings, context)
        self._piper = PiperSettings.model_validate(self.settings.model_dump())
        self._rate = 0

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model=self._piper.model.stem, serial="0")

    @property
    def capabilities(self) -> VoiceCapabilities:
        return VoiceCapabilities(languages=(self._piper.language,))

    async def say(self, words: str, language: str, deadline: float = 10.0) -> NDArray[np.int16]:
        if language != self._piper.language:
            raise DeviceError(Trouble.UNSUPPORTED)
        async with self._operation(deadline):
            sound = await self._speak(words)
            if not sound:
                raise DeviceError(Trouble.FAULTY, "it said nothing")
            return await asyncio.to_thread(at_station_rate, np.frombuffer(sound, dtype="<i2"), self._rate)

    async def _open(self) -> None:
        model = self._piper.model
        if shutil.which(self._piper.program) is None:
            raise DeviceError(
                Trouble.MISCONFIGURED, f"program: {self._piper.program} is not installed; run: pip install piper-tts"
            )
        self._rate = await asyncio.to_thread(_rate_of, model)
        try:
            async with asyncio.timeout(TRIAL_SECONDS):
                sound = await self._speak("1")
        except TimeoutError:
            sound = None
        if not sound:
            raise DeviceError(Trouble.MISCONFIGURED, f"model: Piper cannot speak with {model.name}; is the file whole?")

    async def _speak(self, words: str) -> bytes | None:
        """Return the sound, int16 at the model's rate; None: the program has failed."""
        program = await asyncio.create_subprocess_exec(
            *(self._piper.program, "--model", str(self._piper.model), "--output-raw"),
            *("--length-scale", str(self._piper.slowness)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            sound, _ = await program.communicate(" ".join(words.split()).encode())
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()
        return None if program.returncode else sound[: len(sound) - len(sound) % 2]

    async def _close(self) -> None:
        return

    async def _wipe(self) -> None:
        return


def _rate_of(model: Path) -> int:
    """Return the sample rate that the model's JSON file tells.

    :raises DeviceError: a file is missing, or the JSON file is not one of a Piper voice.
    """
    description = model.with_name(f"{model.name}.json")
    for file in (model, description):
        if not file.is_file():
            raise DeviceError(Trouble.MISCONFIGURED, f"model: there is no file {file}")
    try:
        rate = int(json.loads(description.read_text(encoding="utf-8"))["audio"]["sample_rate"])
    except (ValueError, KeyError, TypeError):
        rate = 0
    if not 8_000 <= rate <= 96_000:
        detail = f"model: {description.name} is no description of a Piper voice (audio.sample_rate is wanted)"
        raise DeviceError(Trouble.MISCONFIGURED, detail)
    return rate
