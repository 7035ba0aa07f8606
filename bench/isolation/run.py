"""Page by page, the start of a visit, memory and boot: inline, in processes, in confined ones, side by side.

A small plugin over a scripted screen, so that what is measured is the way between the two sides and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path

import psutil

from bench.options import Options
from bench.records import emit, median, percentile, say
from tramkit.confinement import confine
from tramkit.conversation.staff import StaffBell
from tramkit.conversation.timeouts import Timeouts
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.isolation import Isolation, Kind
from tramkit.plugins.loader import PluginSet, load
from tramkit.station.devices import Devices
from tramkit.station.profile import Profile
from tramkit.station.station import Station
from tramkit_hal.device.base import DeviceContext, NoSettings
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.scripted import ScriptedScreen

PLUGINS = 7
_PAGES = 20
_MANIFEST = """api = 1
name = "{name}"
title = {{ vi = "Đo", en = "Measured" }}

[[services]]
id = "{name}.pages"
title = {{ vi = "Trang", en = "Pages" }}
"""
_CODE = """from tramkit import Service, hookimpl, verbatim

class Pages(Service):
    id = "{name}.pages"

    async def serve(self, visit):
        for number in range({pages}):
            await visit.tell(verbatim(f"page {{number}}"))

@hookimpl
def tramkit_services(settings, context):
    return [Pages()]
"""


def _install(folder: Path, name: str) -> None:
    package, info = folder / f"bench_{name}", folder / f"bench_{name}-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    files = {
        package / "__init__.py": "",
        package / "plugin.py": _CODE.format(name=name, pages=_PAGES),
        package / "plugin.toml": _MANIFEST.format(name=name),
        info / "METADATA": f"Metadata-Version: 2.1\nName: bench-{name}\nVersion: 1.0\n",
        info / "entry_points.txt": f"[tramkit.plugins]\n{name} = bench_{name}.plugin\n",
    }
    for file, text in files.items():
        file.write_text(text, encoding="utf-8")


def _load(folder: Path, names: list[str], kind: Kind) -> PluginSet:
    context = PluginContext(SystemClock(), "bench-1", "here")
    isolation = Isolation(kind=kind)
    loaded = load(names, {}, context, path=[str(folder)], isolation=lambda _plugin: isolation)
    if loaded.quarantined:
        raise RuntimeError(str(loaded.quarantined))
    return loaded


@contextlib.asynccontextmanager
async def _station(loaded: PluginSet) -> AsyncGenerator[ScriptedScreen]:
    clock = SystemClock()
    screen = ScriptedScreen(NoSettings(), DeviceContext(Role.SCREEN, clock))
    devices = Devices({Role.SCREEN: [screen]}, clock)
    bell, timeouts = StaffBell(clock, "1022"), Timeouts(farewell=0.1)
    station = Station(Profile("bench-1", "bench", "here"), devices, loaded.sides, bell, clock, timeouts, seed=1)
    running = asyncio.create_task(station.run())
    try:
        yield screen
    finally:
        station.stop()
        await running


async def _visit(screen: ScriptedScreen, service: str) -> list[float]:
    """Lead one visit; return the seconds until each page stood: the first begins the service."""
    took: list[float] = []
    await screen.until(lambda page: page.kind == "attract")
    screen.answer()
    page = await screen.until(lambda page: page.kind == "choose")
    while next(each for each in page.options if each.value == service).state.value == "closed":  # type: ignore[union-attr]
        await asyncio.sleep(0.05)
        page = screen.page
    for number in range(_PAGES):
        since = time.perf_counter()
        screen.answer(service if not number else "continue")
        words = f"page {number}"
        await screen.until(lambda page, words=words: page.title.id == words)
        took.append(time.perf_counter() - since)
    screen.answer()
    await screen.until(lambda page: page.kind == "attract")
    return took


def _pss() -> float:
    """Return the MB that all processes of plugins hold, shared pages counted by their share."""
    kilobytes = 0
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{each.pid}/smaps_rollup").read_text(encoding="ascii")
            kilobytes += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes / 1024


async def run(options: Options) -> None:
    """Measure the three side by side."""
    kinds: list[Kind] = ["inline", "process"]
    if reason := confine.why_not():
        say(f"no sandbox here: {reason}")
    else:
        kinds.append("sandbox")
    say(f"load of the machine {os.getloadavg()[0]:.1f}, processors {os.cpu_count()}")
    visits = 3 if options.quick else 30
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"measured{number}" for number in range(PLUGINS)]
        for each in names:
            _install(folder, each)
        sys.path.insert(0, name)
        try:
            await _pages(folder, names[0], kinds, visits)
            for kind in kinds:
                await _boot(folder, names, kind)
        finally:
            sys.path.remove(name)


async def _pages(folder: Path, name: str, kinds: list[Kind], visits: int) -> None:
    pages: dict[Kind, list[float]] = {kind: [] for kind in kinds}
    begins: dict[Kind, list[float]] = {kind: [] for kind in kinds}
    async with contextlib.AsyncExitStack() as stack:
        screens: dict[Kind, ScriptedScreen] = {
            kind: await stack.enter_async_context(_station(_load(folder, [name], kind))) for kind in kinds
        }
        for _round in range(visits):
            for kind, screen in screens.items():
                first, *others = await _visit(screen, f"{name}.pages")
                begins[kind].append(first)
                pages[kind] += others
    for what, measured in (("page", pages), ("begin of a visit", begins)):
        for kind, seconds in measured.items():
            for share, value, peer in (
                ("p50", median(seconds), median(measured["inline"])),
                ("p95", percentile(seconds, 0.95), percentile(measured["inline"], 0.95)),
            ):
                emit("isolation", f"{what} {share}, {kind}", value * 1000, "ms", "inline", peer * 1000)


async def _boot(folder: Path, names: list[str], kind: Kind) -> None:
    since = time.perf_counter()
    async with _station(_load(folder, names, kind)) as screen:
        await screen.until(lambda page: page.kind == "attract")
        emit("isolation", f"boot with {PLUGINS} plugins, {kind}", time.perf_counter() - since, "s")
        if kind != "inline":
            await _visit(screen, f"{names[-1]}.pages")
            await asyncio.sleep(1.0)
            emit("isolation", f"PSS of a plugin, {kind}", _pss() / PLUGINS, "MB")
