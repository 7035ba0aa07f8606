"""Voices that are programs: saying ends in time whatever they do, and what was not said is never called said."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tramkit_hal.contracts.voice import Voice
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.espeak import Espeak
from tramkit_hal.drivers.piper import Piper

CONTEXT = DeviceContext(Role.VOICE, SystemClock())
DEADLINE, OVER = 3.0, 5.0
PROGRAM = f"""#!{sys.executable}
import os, signal, struct, sys, time
mode = open({{mode!r}}).read()
sys.stdin.buffer.read()
pcm = b"\\x00\\x10" * (0 if mode == "mute" else 22050)
head = struct.pack("<IHHIIHH", 16, 1, 1, 22050, 44100, 2, 16)
size = len(pcm).to_bytes(4, "little")
whole = b"RIFF" + size + b"WAVEfmt " + head + b"data" + size + pcm
sound = whole if "--stdout" in sys.argv else pcm
if mode == "slow":
    time.sleep(0.5)
if mode == "hang":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
if mode == "crash":
    sys.stdout.buffer.write(sound[: len(sound) // 2])
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGSEGV)
if mode == "silent":
    sound = b""
if mode == "garbage" and "--stdout" in sys.argv:
    sound = bytes(range(256)) * 40
sys.stdout.buffer.write(sound)
"""
FAULTS = {"crash": Trouble.FAULTY, "silent": Trouble.FAULTY, "mute": Trouble.FAULTY, "hang": Trouble.DEADLINE}


class Program:
    """A program in the place of a voice's, with a switch for each fault."""

    def __init__(self, folder: Path) -> None:
        self._mode = folder / "mode"
        self.path = folder / "espeak-ng"
        self.path.write_text(PROGRAM.format(mode=str(self._mode)))
        self.path.chmod(0o755)
        self.does("well")

    def does(self, mode: str) -> None:
        self._mode.write_text(mode)

    def running(self) -> list[psutil.Process]:
        """Return what still runs of it."""
        return [each for each in psutil.process_iter(["cmdline"]) if str(self.path) in (each.info["cmdline"] or ())]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    made = Program(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))  # no other of that name is found
    return made


def espeak(program: Program) -> Voice:
    return Espeak(Espeak.Settings(), CONTEXT)


def piper(program: Program) -> Voice:
    model = program.path.with_name("vi.onnx")
    model.write_bytes(b"a model")
    model.with_name("vi.onnx.json").write_text(json.dumps({"audio": {"sample_rate": 22050}}))
    return Piper(Piper.Settings(model=model, language="vi", program=str(program.path)), CONTEXT)


VOICES: list[Callable[[Program], Voice]] = [espeak, piper]
CASES = [(make, fault) for make in VOICES for fault in FAULTS] + [(espeak, "garbage")]


@pytest.mark.parametrize(("make", "fault"), CASES, ids=lambda value: getattr(value, "__name__", value))
async def test_a_program_that_does_not_speak_is_told_in_time_and_may_speak_again(
    make: Callable[[Program], Voice], fault: str, program: Program
) -> None:
    voice = make(program)
    await voice.open()
    well = await voice.say("một hai ba", "vi", deadline=30)
    program.does(fault)
    with pytest.raises(DeviceError) as caught:
        await asyncio.wait_for(voice.say("một hai ba", "vi", deadline=DEADLINE), DEADLINE + OVER)
    assert caught.value.trouble is FAULTS.get(fault, Trouble.FAULTY)
    assert program.running() == []
    program.does("well")
    assert len(await voice.say("một hai ba", "vi", deadline=30)) == len(well)
    await voice.close()


@pytest.mark.parametrize("make", VOICES)
async def test_a_program_that_is_slow_has_said_it_all_when_it_is_done(
    make: Callable[[Program], Voice], program: Program
) -> None:
    voice = make(program)
    await voice.open()
    well = await voice.say("một", "vi", deadline=30)
    program.does("slow")
    assert len(await voice.say("một", "vi", deadline=30)) == len(well) > 0
    await voice.close()


@pytest.mark.parametrize("make", VOICES)
async def test_a_program_that_is_taken_away_is_said_so(make: Callable[[Program], Voice], program: Program) -> None:
    voice = make(program)
    await voice.open()
    program.path.write_text("#!/no/such/interpreter\n")
    with pytest.raises(DeviceError) as caught:
        await voice.say("một", "vi", deadline=30)
    assert caught.value.trouble is Trouble.FAULTY
    await voice.close()
