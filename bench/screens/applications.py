"""The same form with Tramkit and with each peer, each a server in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench import peers

FORMS = Path(__file__).parent / "forms"
PEERS = ("PyWebIO", "NiceGUI", "Streamlit")
DAYS = {"Tramkit": "{d}/{m}/{y}"}
"""How it takes a date that is typed; the others as ISO 8601."""

READY_SECONDS = 60.0


@dataclass(frozen=True)
class Application:
    """A running server.

    :param day: how it takes a typed date.
    """

    name: str
    address: str
    day: str
    process: psutil.Process

    def memory(self) -> int:
        """Return the resident memory of all its processes, bytes."""
        alive = (self.process, *self.process.children(recursive=True))
        return sum(process.memory_info().rss for process in alive)


@contextlib.asynccontextmanager
async def application(name: str) -> AsyncGenerator[Application]:
    """Run the form with Tramkit or a peer until the block ends."""
    port = _free_port()
    command = [sys.executable, "-m", "bench.screens.station", "web"] if name == "Tramkit" else _peer(name, port)
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=DEVNULL, stdin=DEVNULL)
    assert process.stdout is not None
    try:
        address = f"http://127.0.0.1:{port}/"
        if name == "Tramkit":
            address = (await process.stdout.readline()).decode().strip()
        else:
            await _listening(port)
        rest = asyncio.create_task(process.stdout.read())  # a pipe that nobody reads would stop it
        day = DAYS.get(name, "{y}-{m}-{d}")
        yield Application(name, address, day, psutil.Process(process.pid))
        rest.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


def _peer(name: str, port: int) -> list[str]:
    python = str(peers.python())
    file = str(FORMS / f"in_{name.lower()}.py")
    if name != "Streamlit":
        return [python, file, str(port)]
    options = {
        "server.port": str(port),
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
    }
    return [python, "-m", "streamlit", "run", file, *(f"--{key}={value}" for key, value in options.items())]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def _listening(port: int) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.05)
