"""A plugin in processes of its own: each visit has one, whose end is the wipe; what ends or blocks costs no station."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.plugins import install
from support.station import Running, station

from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.isolation import Isolation, Kind
from tramkit.plugins.loader import load
from tramkit.plugins.process.plugin import ProcessPlugin
from tramkit_hal.device.clock import ManualClock, SystemClock

needs_bwrap = pytest.mark.skipif(
    shutil.which("bwrap") is None and not os.environ.get("CI"), reason="bubblewrap is not installed: make system"
)
KINDS = ["process", pytest.param("sandbox", marks=needs_bwrap)]

ASKS = """
import asyncio, os, time
from tramkit import Option, Service, hookimpl
from tramkit_hal.words import verbatim

SEEN = []

class Hello(Service):
    id = "{name}.hello"

    async def serve(self, visit):
        options = [Option(value=each, label=verbatim(each)) for each in ("pid", "block", "raise", "deaf")]
        said = await visit.choose(verbatim("What?"), options)
        if said == "block":
            time.sleep(3600)
        if said == "raise":
            raise KeyError("079012345678")
        if said == "deaf":
            while True:
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    pass
        SEEN.append(visit.id)
        await visit.tell(verbatim(f"{os.getpid()} {len(SEEN)}"))

@hookimpl
def tramkit_services(settings, context):
    return [Hello()]
"""


@asynccontextmanager
async def place(folder: Path, kind: Kind) -> AsyncGenerator[tuple[Running, ProcessPlugin]]:
    """Run a station whose one plugin runs apart from it."""
    install(folder, "asks", code=ASKS)
    clock = SystemClock()
    context = PluginContext(clock, "test-1", "here")
    loaded = load(["asks"], {}, context, path=[str(folder)], isolation=lambda _plugin: Isolation(kind=kind))
    assert not loaded.quarantined, loaded.report()
    (side,) = loaded.sides
    assert isinstance(side, ProcessPlugin)
    async with station([side], clock=clock) as running:
        yield running, side


async def choose(running: Running, answer: str) -> None:
    """Begin a visit and answer the service's question."""
    await running.menu()
    running.screen.answer("asks.hello")
    await running.page("choose", "What?")
    running.screen.answer(answer)


async def told(running: Running) -> list[str]:
    """Return what the service tells, and end the visit."""
    page = await running.screen.until(lambda page: page.kind == "tell" and page.title.id.replace(" ", "").isdigit())
    running.screen.answer("continue")
    await running.attract()
    return page.title.id.split()


@pytest.mark.parametrize("kind", KINDS)
async def test_each_visit_has_a_process_of_its_own_and_knows_nothing_of_the_one_before(
    tmp_path: Path, kind: Kind
) -> None:
    async with place(tmp_path, kind) as (running, _side):
        found = []
        for _visit in range(3):
            await choose(running, "pid")
            found.append(await told(running))
    pids, seen = zip(*found, strict=True)
    assert len(set(pids)) == 3
    assert str(os.getpid()) not in pids
    assert set(seen) == {"1"}, "what a visit leaves in a variable is gone with its process"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["raise", "block"])
async def test_a_service_that_raises_or_blocks_costs_its_visit_only(
    tmp_path: Path, kind: Kind, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with place(tmp_path, kind) as (running, _side):
        await choose(running, how)
        await running.screen.until(lambda page: page.id == "fault")
        running.screen.answer("continue")
        await running.attract()
        assert running.station.last_wipe_certain
        await choose(running, "pid")
        assert (await told(running))[1] == "1"
    assert "079012345678" not in caplog.text
    if how == "block":
        (record,) = [each for each in caplog.records if each.message == "plugin is blocked"]
        assert record.__dict__["plugin"] == "asks"
        assert record.__dict__["place"].startswith("plugin.py:"), "file, line and function are named"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_service_that_does_not_stop_is_ended_with_its_process_and_the_wipe_is_certain(
    tmp_path: Path, kind: Kind
) -> None:
    async with place(tmp_path, kind) as (running, _side):
        await choose(running, "deaf")
        await running.page("wait")  # who waits for the service can leave from there
        running.screen.press("start_over")
        await running.page("leave")
        running.screen.answer("leave")
        await running.attract()
        assert running.station.last_wipe_certain


async def test_a_worker_that_is_killed_closes_the_service_until_another_one_runs(tmp_path: Path) -> None:
    async with place(tmp_path, "process") as (running, side):
        worker = side._worker  # pyright: ignore[reportPrivateUsage]
        assert worker is not None
        worker.kill()
        await worker.ended
        while side.availability("asks.hello").availability.value == "available":
            await asyncio.sleep(0.01)
        while side.availability("asks.hello").availability.value != "available":
            await asyncio.sleep(0.01)
        await choose(running, "pid")
        await told(running)


async def test_the_end_of_the_station_is_the_end_of_all_processes(tmp_path: Path) -> None:
    async with place(tmp_path, "process") as (running, _side):
        await choose(running, "pid")
        page = await running.screen.until(lambda page: page.kind == "tell")
        pid = int(page.title.id.split()[0])
        os.kill(pid, 0)
    while os.path.exists(f"/proc/{pid}"):  # noqa: ASYNC240
        await asyncio.sleep(0.01)


async def test_the_stations_own_clock_crosses(tmp_path: Path) -> None:
    install(tmp_path, "asks", code=ASKS.replace("{os.getpid()} {len(SEEN)}", "{visit.now():%Y%m%d} {len(SEEN)}"))
    clock = ManualClock()
    context = PluginContext(clock, "test-1", "here")
    loaded = load(["asks"], {}, context, path=[str(tmp_path)], isolation=lambda _plugin: Isolation(kind="process"))
    async with station(loaded.sides, clock=clock) as running:
        await choose(running, "pid")
        assert (await told(running))[0] == f"{clock.now():%Y%m%d}"
