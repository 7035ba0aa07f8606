"""``tramkit demo`` as somebody who tries it out has it: addresses that can be read, and the log in a file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from support.plugins import CODE, MANIFEST, install
from support.site import START_SECONDS, TRAMKIT

from .test_cli import station_file

OUTSIDE = (
    CODE
    + """
@hookimpl
def tramkit_commands():
    import click

    @click.command("{name}-outside")
    def outside():
        import sys, time
        print("what stands outside: http://127.0.0.1:1", flush=True)
        print("outside is busy", file=sys.stderr, flush=True)
        {then}

    return [outside]
"""
)
DECLARED = 'commands = ["{name}-outside"]\ndemo = [["{name}-outside"]]'


def outside(folder: Path, name: str, then: str) -> None:
    """Install a plugin with a program that stands outside, and say what it does after it has begun."""
    manifest = MANIFEST.replace("[[services]]", f"{DECLARED}\n\n[[services]]")
    install(folder, name, code=OUTSIDE.replace("{then}", then), manifest=manifest)


async def demo(folder: Path, *enabled: str) -> asyncio.subprocess.Process:
    """Start the demonstration with these plugins."""
    return await asyncio.create_subprocess_exec(
        str(TRAMKIT),
        *("demo", "--config", str(station_file(folder, *enabled))),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "packages")},
    )


async def test_addresses_stand_together_and_the_log_is_in_a_file_that_is_named(tmp_path: Path) -> None:
    outside(tmp_path / "packages", "good", "time.sleep(600)")
    running = await demo(tmp_path, "good")
    try:
        assert running.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            said = (await running.stdout.readuntil(b"demo.log\n")).decode()
    finally:
        running.send_signal(signal.SIGINT)
        rest, errors = await running.communicate()
    assert (running.returncode, rest.strip(), errors) == (0, b"", b"")
    rows = [line.strip().rsplit("  ", 1) for line in said.splitlines() if "http://" in line]
    assert [name.strip() for name, _address in rows] == ["station", "panel", "what stands outside"]
    assert len({line.index("http://") for line in said.splitlines() if "http://" in line}) == 1, "below each other"
    assert "{" not in said, "no line of a log stands between them"
    log = tmp_path / "var" / "demo.log"
    assert said.splitlines()[-1].endswith(f": {log}")
    lines = log.read_text(encoding="utf-8").splitlines()
    assert "outside is busy" in lines
    assert [json.loads(line) for line in lines if line.startswith("{")], "the station's own lines"


@pytest.mark.parametrize("code", [0, 3])
async def test_a_program_that_ends_by_itself_ends_all_and_what_it_said_last_is_shown(tmp_path: Path, code: int) -> None:
    outside(tmp_path / "packages", "hasty", f"sys.exit({code})")
    running = await demo(tmp_path, "hasty")
    async with asyncio.timeout(START_SECONDS):
        _said, errors = await running.communicate()
    assert running.returncode == 1
    words = errors.decode()
    assert f"tramkit hasty-outside ended by itself (exit code {code})." in words
    assert "outside is busy" in words
    assert str(tmp_path / "var" / "demo.log") in words
