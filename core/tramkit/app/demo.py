"""``tramkit demo``: the station and, beside it, what its plugins declare to stand in for the outside world."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import click

from tramkit.app.config import StationConfig
from tramkit.plugins.installed import discover

STOP_SECONDS = 10.0

QUIET_SECONDS = 1.5
"""When nobody has told anything for so long, everything has started."""

LOG_FILE = Path("var/demo.log")
"""What all programs write on standard error, anew at each start."""

LAST_LINES = 5
"""So many of a program that ended by itself are shown."""


@dataclass
class Program:
    """A command of ``tramkit`` that runs beside the others.

    :ivar told: its lines on standard output, ``name: address`` each.
    :ivar last: its newest lines on standard error.
    """

    command: list[str]
    process: asyncio.subprocess.Process
    told: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    last: deque[str] = field(default_factory=lambda: deque[str](maxlen=LAST_LINES))
    readers: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])


def run_demo(file: Path, config: StationConfig) -> None:
    """Start the plugins' demo commands and the station; print every address; stop all when one is told to.

    A program tells its addresses on standard output as ``name: http://…``, one a line; what it writes on standard error
    goes into :data:`LOG_FILE`.

    :param file: the station's configuration.
    :raises SystemExit: a program ended by itself; it and the last that it wrote are shown.
    """
    commands = [
        list(command)
        for plugin in discover()
        if plugin.name in config.plugins.enabled and plugin.manifest is not None
        for command in plugin.manifest.demo
    ]
    LOG_FILE.parent.mkdir(parents=True, exist_ok=True)
    click.echo("Starting. To stop, press Ctrl+C.")
    with LOG_FILE.absolute().open("wb", buffering=0) as log:
        ended = asyncio.run(_run([*commands, ["run", "--config", str(file)]], log))
    if ended is not None:
        click.echo(_obituary(ended), err=True)
        raise SystemExit(1)


async def _run(commands: list[list[str]], log: BinaryIO) -> Program | None:
    """Run programs side by side until they are told to stop or one ends by itself, which is returned."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    running: list[Program] = []
    news: asyncio.Queue[tuple[Program, str, str]] = asyncio.Queue()
    first: Program | None = None
    try:
        for command in commands:
            running.append(await _start(command, log, news))
        ended = {asyncio.create_task(program.process.wait()): program for program in running}
        stop, show = asyncio.create_task(stopping.wait()), asyncio.create_task(_show(running, news, log.name))
        await asyncio.wait({stop, *ended}, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.is_set():
            first = next(program for task, program in ended.items() if task.done())
        for task in (stop, show, *ended):
            task.cancel()
    finally:
        await asyncio.gather(*(_end(program) for program in running))
    return first


async def _start(command: list[str], log: BinaryIO, news: asyncio.Queue[tuple[Program, str, str]]) -> Program:
    tramkit = shutil.which("tramkit", path=str(Path(sys.executable).parent)) or "tramkit"
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(tramkit, *command, stdout=pipe, stderr=pipe, start_new_session=True)
    program = Program(command, process)
    program.readers = [asyncio.create_task(_listen(program, news)), asyncio.create_task(_keep(program, log))]
    return program


async def _listen(program: Program, news: asyncio.Queue[tuple[Program, str, str]]) -> None:
    """Take down what a program tells."""
    assert program.process.stdout is not None
    async for line in program.process.stdout:
        name, _colon, address = line.decode(errors="replace").strip().partition(": ")
        news.put_nowait((program, name, address))


async def _keep(program: Program, log: BinaryIO) -> None:
    """Write what a program says on standard error into the log, piece by piece: a line may be of any length."""
    assert program.process.stderr is not None
    rest = b""
    while piece := await program.process.stderr.read(65536):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            _write(program, log, line)
    if rest:
        _write(program, log, rest)


def _write(program: Program, log: BinaryIO, line: bytes) -> None:
    log.write(line + b"\n")
    program.last.append(line.decode(errors="replace"))


async def _show(running: list[Program], news: asyncio.Queue[tuple[Program, str, str]], log: str) -> None:
    """Print what the programs tell: all addresses together once everything has started, then each as it comes."""
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(QUIET_SECONDS if all(program.told for program in running) else None):
                program, *told = await news.get()
            program.told.append((told[0], told[1]))
    *outside, station = running
    rows = [row for program in (station, *outside) for row in program.told]
    rows.sort(key=lambda row: row[0] != "station")
    width = max(len(name) for name, _address in rows)
    click.echo("\nEverything runs. Open these in a browser on this machine:\n")
    for name, address in rows:
        click.echo(_row(name, address, width))
    click.echo(f"\nWhat they log: {log}\n")
    while True:
        _program, name, address = await news.get()
        click.echo(_row(name, address, width))


def _row(name: str, address: str, width: int) -> str:
    return f"  {name:<{width}}  {address}".rstrip()


def _obituary(program: Program) -> str:
    """Return who ended by itself, how, and the last that it wrote."""
    words = [f"tramkit {' '.join(program.command)} ended by itself (exit code {program.process.returncode})."]
    words += [f"  {line}" for line in program.last]
    return "\n".join([*words, f"All that was logged: {LOG_FILE.absolute()}"])


async def _end(program: Program) -> None:
    """End a program, and have read all that it wrote."""
    process = program.process
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
    _read, still = await asyncio.wait(program.readers, timeout=STOP_SECONDS)
    for reader in still:  # a child of the program holds the pipe
        reader.cancel()
