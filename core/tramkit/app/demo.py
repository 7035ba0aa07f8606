"""``tramkit demo``: the station and, beside it, what its plugins declare to stand in for the outside world."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import sys
from pathlib import Path

import click

from tramkit.app.config import StationConfig
from tramkit.plugins.loader import discover

STOP_SECONDS = 10.0

QUIET_SECONDS = 1.5
"""When nobody has told anything for so long, everything has started."""


async def run_demo(file: Path, config: StationConfig) -> None:
    """Start the plugins' demo commands and the station; print every address; stop all when one is told to.

    A program tells its addresses on standard output as ``name: http://…``, one a line.

    :param file: the station's configuration.
    """
    commands = [
        list(command)
        for plugin in discover()
        if plugin.name in config.plugins.enabled and plugin.manifest is not None
        for command in plugin.manifest.demo
    ]
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    running: list[asyncio.subprocess.Process] = []
    click.echo("Starting. To stop, press Ctrl+C.\n")
    try:
        for command in [*commands, ["run", "--config", str(file)]]:
            running.append(await _start(command))
        told = asyncio.create_task(_tell(running))
        ended = [asyncio.create_task(process.wait()) for process in running]
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({stop, *ended}, return_when=asyncio.FIRST_COMPLETED)
        for task in (stop, told, *ended):
            task.cancel()
    finally:
        await asyncio.gather(*(_end(process) for process in running))
    failed = [process.returncode for process in running if process.returncode not in (0, -signal.SIGTERM)]
    if failed and not stopping.is_set():
        raise SystemExit(1)


async def _start(command: list[str]) -> asyncio.subprocess.Process:
    tramkit = shutil.which("tramkit", path=str(Path(sys.executable).parent)) or "tramkit"
    return await asyncio.create_subprocess_exec(
        tramkit, *command, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )


async def _tell(running: list[asyncio.subprocess.Process]) -> None:
    """Print what the programs tell: all addresses together once everything has started, then each line as it comes."""
    lines: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    readers = [asyncio.create_task(_read(number, process, lines)) for number, process in enumerate(running)]
    told: list[str] = []
    heard: set[int] = set()
    try:
        with contextlib.suppress(TimeoutError):
            while True:
                async with asyncio.timeout(QUIET_SECONDS if len(heard) == len(running) else None):
                    number, line = await lines.get()
                heard.add(number)
                told.append(line)
        click.echo("\nEverything runs. Open these in a browser on this machine:\n")
        for line in told:
            click.echo(f"  {line}")
        while True:
            _number, line = await lines.get()
            click.echo(f"  {line}")
    finally:
        for reader in readers:
            reader.cancel()


async def _read(number: int, process: asyncio.subprocess.Process, lines: asyncio.Queue[tuple[int, str]]) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        lines.put_nowait((number, line.decode(errors="replace").rstrip()))


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
