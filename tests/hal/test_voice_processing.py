"""Echo cancellation in a room made by numbers: what is left of the loudspeaker, and whether the near voice stays."""

from __future__ import annotations

import io
import shutil
import subprocess
import time
import wave

import numpy as np
import pytest

from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE, Sound
from tramkit_hal.contracts.voice_processing import VoiceProcessor

pytest.importorskip("livekit.rtc", reason="the extra tramkit[voice]")

SECONDS = 24
DOCTOR = (
    "The doctor will now ask you some questions about how you feel today. Please tell me when the pain began, where "
    "exactly it is, and whether it became worse during the night. Have you taken any medicine this morning?"
)
RESIDENT = (
    "Thưa bác sĩ, tôi bị đau bụng từ hôm qua, đau nhất là về đêm, sáng nay tôi có uống một viên thuốc nhưng không đỡ."
)
TALKS = ((8, 12), (16, 20))
"""Seconds in which both talk at once."""


def spoken(text: str, voice: str) -> np.ndarray:
    if shutil.which("espeak-ng") is None:
        pytest.skip("needs espeak-ng")
    data = subprocess.run(["espeak-ng", "-v", voice, "--stdout", text], capture_output=True, check=True).stdout
    with wave.open(io.BytesIO(data)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(-1)[: len(data) // 2 * 2 - 64], np.int16).astype(float)
    at = np.arange(int(len(samples) * SAMPLE_RATE / rate)) * rate / SAMPLE_RATE
    sound = np.resize(np.interp(at, np.arange(len(samples)), samples), SECONDS * SAMPLE_RATE)
    return sound / np.abs(sound).max() * 12_000


def room(far: np.ndarray, seed: int, delay: float) -> np.ndarray:
    """Return what of the loudspeaker reaches the microphone: 0.3 s of reverberation, 10 dB down."""
    random = np.random.default_rng(seed)
    length = int(0.3 * SAMPLE_RATE)
    response = random.normal(size=length) * np.exp(-6.9 * np.arange(length) / length)
    response[0] = 3
    response = np.r_[np.zeros(int(delay * SAMPLE_RATE)), response / np.sqrt((response**2).sum())]
    size = 1 << 21
    return np.fft.irfft(np.fft.rfft(far, size) * np.fft.rfft(response, size))[: len(far)] * 0.3


def power(sound: np.ndarray, begin: float, end: float) -> float:
    return float((sound[int(begin * SAMPLE_RATE) : int(end * SAMPLE_RATE)] ** 2).mean())


def decibel(ratio: float) -> float:
    return 10 * float(np.log10(ratio))


@pytest.mark.parametrize("delay", [0.05, 0.08, 0.15])
def test_the_loudspeaker_is_25_db_softer_and_the_near_voice_stays(delay: float) -> None:
    far, near = spoken(DOCTOR, "en"), spoken(RESIDENT, "vi") * 0.7
    echo = room(far, 1, delay)
    at = np.arange(len(far)) / SAMPLE_RATE
    talks = np.logical_or.reduce([(at > begin) & (at < end) for begin, end in TALKS])
    noise = np.random.default_rng(2).normal(0, 20, len(far))
    heard = np.clip(echo + near * talks + noise, -32_768, 32_767).astype(np.int16)
    processor, cleaned = VoiceProcessor(gain=False), []
    assert processor.echo_cancellation
    began = time.process_time()
    for first in range(0, len(far), PIECE):
        processor.played(Sound(far[first : first + PIECE].astype(np.int16), 0.0))
        cleaned.append(processor.clean(Sound(heard[first : first + PIECE], 0.0)).samples)
    share = (time.process_time() - began) / SECONDS
    out = np.concatenate(cleaned).astype(float)
    erle = {f"{a}–{b} s": decibel(power(echo, a, b) / power(out, a, b)) for a, b in ((3, 8), (12.5, 16), (20.5, 24))}
    kept = [decibel(power(out, a + 0.5, b) / power(near, a + 0.5, b)) for a, b in TALKS]
    print(f"delay {delay}: ERLE {erle}, near voice {kept} dB while both talk, {share:.1%} of a core")
    first, *later = erle.values()
    assert first >= 20  # it learns the room while the doctor begins to talk
    assert min(later) >= 25
    assert all(-6 < each < 3 for each in kept)
    assert share < 0.2


def test_without_a_loudspeaker_a_voice_passes() -> None:
    near = spoken(RESIDENT, "vi")
    processor = VoiceProcessor()
    out = np.concatenate(
        [
            processor.clean(Sound(near[first : first + PIECE].astype(np.int16), 0.0)).samples
            for first in range(0, len(near), PIECE)
        ]
    ).astype(float)
    assert -6 < decibel(power(out, 4, 20) / power(near, 4, 20)) < 12
