"""A station as a service of the machine: what its manager hears, what a supervisor can ask, how it is drained.

Real programs and real sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from support.site import TRAMKIT, Program, start

from tramkit.operator.panel import Panel
from tramkit.testing.station import station
from tramkit_hal.device.clock import SystemClock

STATION = """
[station]
id = "machine-1"
agency = "UBND phường Bình Trưng"
site = "Đảo Kim Cương"

[panel]
tcp = false
socket = "{folder}/panel.sock"

[orders]
data = "{folder}/data"
key = "{folder}/station.key"

[[roles.screen]]
driver = "scripted"
"""
SECONDS = 30.0


@dataclass
class Served:
    """A station with a service manager that listens.

    :param heard: the messages of sd_notify(3), oldest first.
    """

    program: Program
    folder: Path
    heard: list[str]

    async def hears(self, said: str) -> None:
        """Wait until the manager has heard something."""
        async with asyncio.timeout(SECONDS):
            while not any(said in each for each in self.heard):
                await asyncio.sleep(0.02)

    async def get(self, path: str) -> tuple[int, str]:
        """Ask at the operator's socket."""
        connector = aiohttp.UnixConnector(str(self.folder / "panel.sock"))
        async with aiohttp.ClientSession(connector=connector) as http, http.get(f"http://station{path}") as answer:
            return answer.status, await answer.text()

    async def tramkit(self, *words: str) -> tuple[int, str]:
        """Run a command of ``tramkit station`` with the station's file."""
        return await command("--config", str(self.folder / "station.toml"), *words)


async def command(*words: str) -> tuple[int, str]:
    """Run ``tramkit station``; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(str(TRAMKIT), "station", *words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _err = await process.communicate()
    return process.returncode or 0, out.decode()


@contextlib.asynccontextmanager
async def served(folder: Path, watchdog: str = "1000000") -> AsyncGenerator[Served]:
    """Run a station as a service manager does that wants a sign of life each second."""
    (folder / "station.toml").write_text(STATION.format(folder=folder), encoding="utf-8")
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.setblocking(False)

        async def listen() -> None:
            while True:
                heard.append((await asyncio.get_running_loop().sock_recv(manager, 4096)).decode())

        listening = asyncio.create_task(listen())
        environ = {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": watchdog}
        program = await start(["run", "--config", str(folder / "station.toml")], folder, environ=environ)
        try:
            yield Served(program, folder, heard)
        finally:
            await program.stop()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_the_service_manager_hears_that_it_is_ready_lives_and_stops(tmp_path: Path) -> None:
    async with served(tmp_path) as machine:
        await machine.hears("READY=1")
        await machine.hears("STATUS=serving residents")
        await machine.hears("WATCHDOG=1")
        assert await machine.program.stop() == 0
        await machine.hears("STOPPING=1")


async def test_a_station_that_hangs_gives_no_sign_of_life(tmp_path: Path) -> None:
    async with served(tmp_path, watchdog="300000") as machine:
        await machine.hears("WATCHDOG=1")
        machine.program.process.send_signal(signal.SIGSTOP)
        try:
            await _stands_still(machine.heard)
        finally:
            machine.program.process.send_signal(signal.SIGCONT)
        before = len(machine.heard)
        async with asyncio.timeout(SECONDS):
            while len(machine.heard) == before:
                await asyncio.sleep(0.02)


async def _stands_still(heard: list[str]) -> None:
    """Wait until nothing has been heard for three times the interval of the signs of life."""
    async with asyncio.timeout(SECONDS):
        count, still = -1, 0
        while still < 3:
            still = still + 1 if len(heard) == count else 0
            count = len(heard)
            await asyncio.sleep(0.1)


async def test_a_supervisor_can_ask_how_it_is_and_gets_figures(tmp_path: Path) -> None:
    async with served(tmp_path) as machine:
        await machine.hears("STATUS=serving residents")
        assert (await machine.get("/healthz"))[0] == 200
        status, said = await machine.get("/readyz")
        assert (status, {name: check["well"] for name, check in json.loads(said).items()}) == (
            200,
            {"work": True, "screen": True, "clock": True, "ledger": True, "open": True},
        )
        _status, figures = await machine.get("/metrics")
        lines = figures.splitlines()
        for line in (
            'tramkit_check_well{check="ledger"} 1.0',
            "tramkit_ready 1.0",
            'tramkit_device_usable{driver="scripted",index="0",role="screen"} 1.0',
        ):
            assert line in lines
        assert any(line.startswith('tramkit_station_info{station="machine-1",version=') for line in lines)
        assert any(line.startswith("process_resident_memory_bytes ") for line in lines)


async def test_it_is_closed_opened_and_drained_by_commands(tmp_path: Path) -> None:
    async with served(tmp_path) as machine:
        await machine.hears("STATUS=serving residents")
        assert await machine.tramkit("status") == (
            0,
            "serves residents\n  work: well\n  screen: well\n  clock: well\n  ledger: well\n  open: well\n",
        )
        assert await machine.tramkit("close") == (0, "closed for service\n")
        code, said = await machine.tramkit("status")
        assert code == 1
        assert "open: The operator has closed it." in said
        assert (await machine.get("/healthz"))[0] == 200, "it is closed, and lives"
        assert (await machine.get("/readyz"))[0] == 503
        await machine.hears("STATUS=open: The operator has closed it.")
        assert await machine.tramkit("open") == (0, "in service\n")
        assert await machine.tramkit("drain", "--wait", "5") == (0, "nobody is at the station, and nobody can begin\n")
        assert (await machine.get("/readyz"))[0] == 503


async def test_a_ledger_that_cannot_be_used_makes_it_alive_and_not_ready_until_it_is_healed(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    async with served(tmp_path) as machine:
        await machine.hears("STATUS=ledger: ")
        assert (await machine.get("/healthz"))[0] == 200
        status, said = await machine.get("/readyz")
        assert status == 503
        assert json.loads(said)["ledger"]["says"]
        (tmp_path / "data").unlink()
        await machine.hears("STATUS=serving residents")
        assert (await machine.get("/readyz"))[0] == 200


async def test_draining_waits_for_the_resident_who_is_there_and_for_no_longer_than_it_was_told(tmp_path: Path) -> None:
    at = ("--at", f"unix:{tmp_path}/panel.sock")
    async with station([], clock=SystemClock()) as running:
        panel = Panel(running.station, tcp=False, socket=tmp_path / "panel.sock")
        await panel.start()
        try:
            await running.menu()
            code, said = await command(*at, "drain", "--wait", "0.2")
            assert code == 75
            assert "waiting: a visit is under way (menu)" in said
            waiting = asyncio.create_task(command(*at, "drain", "--wait", "60"))
            running.screen.press("start_over")
            await running.screen.until(lambda page: page.kind == "leave")
            running.screen.answer("leave")
            await running.screen.until(lambda page: page.kind == "attract")
            assert (await waiting)[0] == 0
            assert not running.station.open_to_residents
        finally:
            await panel.stop()


async def test_a_command_to_a_station_that_does_not_run_says_so(tmp_path: Path) -> None:
    (tmp_path / "station.toml").write_text(STATION.format(folder=tmp_path), encoding="utf-8")
    code, said = await command("--config", str(tmp_path / "station.toml"), "status")
    assert code == 1
    assert "No station answers" in said


async def test_what_goes_to_the_journal_bears_its_priority(tmp_path: Path) -> None:
    log = (tmp_path / "journal").open("w+")
    there = os.fstat(log.fileno())
    run = (sys.executable, "-c", "import logging; from tramkit import configure_log as c; c(); logging.error('wrong')")
    for environ, begins in (({"JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"}, "<3>{"), ({}, "{")):
        log.truncate(0)
        log.seek(0)
        process = await asyncio.create_subprocess_exec(*run, stderr=log, env={**os.environ, **environ})
        assert await process.wait() == 0
        log.seek(0)
        assert log.read().startswith(begins)
    log.close()
