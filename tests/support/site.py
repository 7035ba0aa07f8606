"""A whole site in processes of its own: ``tramkit run`` or ``tramkit demo`` and what they tell of their addresses."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

TRAMKIT = Path(sys.executable).parent / "tramkit"
START_SECONDS = 60.0
STOP_SECONDS = 20.0


class Program:
    """A command of ``tramkit`` that runs.

    :param log: its standard error.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.told: dict[str, str] = {}
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def address(self, name: str) -> str:
        """Return what the program told under a name, waiting for it.

        :raises AssertionError: it ended first, or said nothing in time.
        """
        async with asyncio.timeout(START_SECONDS), self._changed:
            await self._changed.wait_for(lambda: name in self.told or self._reading.done())
        assert name in self.told, (
            f"the program ended without telling {name!r}; it said:\n{self.log.read_text()[-3000:]}"
        )
        return self.told[name]

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            name, colon, value = line.decode().strip().partition(": ")
            if colon:
                async with self._changed:
                    self.told[name] = value
                    self._changed.notify_all()
        async with self._changed:
            self._changed.notify_all()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the program and return its exit code; ``SIGKILL`` is a power cut."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(how)
        try:
            code = await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        finally:
            if self.process.returncode is None:
                self.process.kill()
                await self.process.wait()
            await self._reading
        return code


async def start(
    arguments: Sequence[str],
    folder: Path,
    *,
    environ: Mapping[str, str] | None = None,
    tramkit: Sequence[str] = (str(TRAMKIT),),
) -> Program:
    """Start a command of ``tramkit`` in a folder of its own, its log in ``<first argument>.log`` there.

    :param tramkit: what is run with those arguments.
    """
    log = folder / f"{arguments[0]}.log"
    with log.open("ab") as err:
        process = await asyncio.create_subprocess_exec(
            *tramkit,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=err,
            cwd=folder,
            env={**os.environ, **(environ or {})},
        )
    return Program(process, log)


@contextlib.asynccontextmanager
async def program(
    arguments: Sequence[str], folder: Path, *, environ: Mapping[str, str] | None = None
) -> AsyncGenerator[Program]:
    """Run a command of ``tramkit`` for as long as the context lasts."""
    started = await start(arguments, folder, environ=environ)
    try:
        yield started
    finally:
        await started.stop()


class PanelClient:
    """An operator at the panel of a running station.

    :param address: as the station told it, with its secret.
    """

    def __init__(self, http: aiohttp.ClientSession, address: str) -> None:
        self._http = http
        self._address = URL(address)
        self._origin = str(self._address.origin())

    async def sign_in(self) -> None:
        """Open the panel once, so that the browser's cookie is set."""
        async with self._http.get(self._address) as response:
            assert response.status == 200, response.status

    async def state(self, language: str = "en") -> dict[str, Any]:
        """Return everything the panel shows."""
        async with self._http.get(f"{self._origin}/api/state?language={language}") as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def control(self, role: str, name: str, value: str = "", index: int = 0) -> None:
        """Use a simulator's control."""
        async with self._http.post(
            f"{self._origin}/api/devices/{role}/{index}/control",
            json={"name": name, "value": value},
            headers={"Origin": self._origin},
        ) as response:
            assert response.status == 200, await response.text()

    async def device(self, role: str, index: int = 0) -> dict[str, Any]:
        """Return what the panel shows of one device."""
        roles = {entry["role"]: entry for entry in (await self.state())["roles"]}
        return roles[role]["devices"][index]

    async def shown(self, role: str, index: int = 0) -> str:
        """Return what a bystander sees of a simulator: the text on the printer's paper."""
        return (await self.device(role, index))["shown"] or ""


@contextlib.asynccontextmanager
async def panel(address: str) -> AsyncGenerator[PanelClient]:
    """Sit down at the panel of a running station."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        client = PanelClient(http, address)
        await client.sign_in()
        yield client
