"""Hostile plugins: each has what it goes for where it is trusted, and nothing where it is confined.

The station and the other plugins go on, and the log names the plugin and what it tried.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import pytest

from tramkit.plugins.isolation import Kind

from .attack import Attack
from .corpus import ATTACKS, KEEPS, PIPES
from .place import attacked, good_goes_on, loot, try_it

needs_bwrap = pytest.mark.skipif(
    shutil.which("bwrap") is None and not os.environ.get("CI"), reason="bubblewrap is not installed: make system"
)
pytestmark = pytest.mark.filterwarnings("ignore")
"""A hostile plugin leaves its files and sockets open."""

SILENT_SECONDS = 3.0
"""A station that says nothing for so long is blocked."""
PATIENT_SECONDS = 60.0
"""So long one may take to come to its end: a machine whose memory is being filled is slow."""
EVERY = 15
"""One in so many is shown at every run, the others at each landing."""


def _params(attacks: list[Attack]) -> list[object]:
    return [
        pytest.param(each, id=each.does.replace(" ", "_"), marks=() if number % EVERY == 0 else pytest.mark.slow)
        for number, each in enumerate(attacks)
    ]


PROCESS = [each for each in ATTACKS if each.process]


@pytest.mark.parametrize("attack", _params(ATTACKS))
async def test_a_trusted_plugin_can(attack: Attack, tmp_path: Path) -> None:
    if attack.harms:
        assert _harm_of(attack, tmp_path) == attack.harms
        return
    said = await asyncio.to_thread(_said_by, attack, tmp_path)
    if attack in KEEPS:
        assert said[0][-13:-1] in said[1]
    assert said[-1].startswith("GOT"), said


@needs_bwrap
@pytest.mark.parametrize("attack", _params([*ATTACKS, *PIPES]))
@pytest.mark.shows("ASVS V8", "ASVS V15", "EN 5.6")
async def test_a_plugin_in_a_sandbox_cannot(attack: Attack, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await _cannot(attack, "sandbox", tmp_path, caplog)


@pytest.mark.parametrize("attack", _params([*PROCESS, *PIPES]))
async def test_a_plugin_in_a_process_cannot(attack: Attack, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    await _cannot(attack, "process", tmp_path, caplog)


async def _cannot(attack: Attack, kind: Kind, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with loot(folder) as found:
        async with attacked(attack, found, kind) as running:
            said = [await try_it(running, "first")]
            if attack in KEEPS:
                said.append(await try_it(running, "second"))
                assert said[0][-13:-1] not in said[1][:-14], "the next visit knows of the one before"
            assert not said[-1].startswith("GOT"), said
            assert not any(word in line for word in found.words.values() for line in said)
            await good_goes_on(running)
            if attack.told and kind == "sandbox":
                async with asyncio.timeout(20):
                    while not _told(attack, caplog):  # it comes over the pipe
                        await asyncio.sleep(0.02)
        assert not list((folder / "shared").iterdir()), "nothing was written"
    assert "\x1b" not in caplog.text


def _told(attack: Attack, caplog: pytest.LogCaptureFixture) -> bool:
    """Whether the log names the plugin and why."""
    lines = [each.__dict__ for each in caplog.records if each.__dict__.get("plugin") == "hostile"]
    said = [f"{each['message']} {each.get('attempt', '')} {each.get('reason', '')}" for each in lines]
    return any(re.search(attack.told, each) for each in said)


def _alone(attack: Attack, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return words and environment of a station of its own: what a trusted plugin changes stays changed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["tests", os.environ.get("PYTHONPATH", "")])}
    return [sys.executable, "-m", "attacks.plugins.alone", str(folder), attack.does], environment


def _said_by(attack: Attack, folder: Path) -> list[str]:
    """Let a plugin have its way inline; return what it tells, visit by visit."""
    words, environment = _alone(attack, folder)
    run = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=90, check=False)
    said = [json.loads(line.removeprefix("said ")) for line in run.stdout.splitlines() if line.startswith("said ")]
    assert said, run.stderr[-2000:]
    return said


def _harm_of(attack: Attack, folder: Path) -> str:
    """Let a plugin harm a station of its own; return what became of it: ``ends``, ``blocks``, empty: nothing."""
    words, environment = _alone(attack, folder)
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_follow, args=(process.stdout, lines), daemon=True).start()
        try:
            return _watched(lines, PATIENT_SECONDS if attack.harms == "ends" else SILENT_SECONDS)
        finally:
            process.kill()


def _follow(stdout: IO[str], lines: queue.Queue[str]) -> None:
    for line in stdout:
        lines.put(line.strip())
    lines.put("ended")


def _watched(lines: queue.Queue[str], silent: float) -> str:
    begun = False
    while True:
        try:
            line = lines.get(timeout=silent if begun else PATIENT_SECONDS)
        except queue.Empty:
            return "blocks" if begun else ""
        begun = begun or line == "attacked"
        if line == "survived":
            return ""
        if line == "ended":
            return "ends" if begun else ""
