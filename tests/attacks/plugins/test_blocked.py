"""A plugin that blocks is named within two seconds, with file and line; the station goes on."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from support.plugins import install

from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.isolation import Isolation, Kind
from tramkit.plugins.loader import PluginSet, load
from tramkit.station.watchdog import Watchdog
from tramkit.testing.station import station
from tramkit_hal.device.clock import SystemClock

needs_bwrap = pytest.mark.skipif(
    shutil.which("bwrap") is None and not os.environ.get("CI"), reason="bubblewrap is not installed: make system"
)
SECONDS = 2.0
SLACK = 1.5
"""Of a machine on which other things run: what is measured alone is written in docs/isolation.md."""

BLOCKS = """
import re, time
from tramkit import Messages, Service, hookimpl
from tramkit_hal.words import verbatim

_ = Messages("tests")

class Hello(Service):
    id = "{name}.hello"

    async def serve(self, visit):
        await visit.tell(verbatim("Ready"))
        time.sleep(SECONDS)  # here it blocks
        await visit.tell(verbatim("Woken"))

@hookimpl
def tramkit_services(settings, context):
    return [Hello()]
"""
LINE = next(number for number, line in enumerate(BLOCKS.splitlines(), 1) if "here it blocks" in line)


def made(folder: Path, kind: Kind, seconds: float) -> PluginSet:
    """Load the plugin that blocks."""
    install(folder, "stuck", code=BLOCKS.replace("SECONDS", str(seconds)))
    context = PluginContext(SystemClock(), "test-1", "here")
    loaded = load(["stuck"], {}, context, path=[str(folder)], isolation=lambda _plugin: Isolation(kind=kind))
    assert not loaded.quarantined, loaded.report()
    return loaded


@pytest.mark.parametrize("kind", ["process", pytest.param("sandbox", marks=needs_bwrap)])
async def test_a_blocked_process_is_named_and_ended_and_the_resident_is_told(
    tmp_path: Path, kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = made(tmp_path, kind, 3600)
    async with station(loaded.sides, clock=SystemClock()) as running:
        await running.menu()
        running.screen.answer("stuck.hello")
        await running.page("tell", "Ready")
        since = time.time()
        running.screen.answer()
        await running.screen.until(lambda page: page.id == "fault")
        running.screen.answer()
        await running.attract()
        await running.menu()
    (record,) = [each for each in caplog.records if each.message == "plugin is blocked"]
    assert record.__dict__["plugin"] == "stuck"
    assert record.__dict__["place"] == f"plugin.py:{LINE} serve"
    print(f"{kind}: named after {record.created - since:.2f} s")
    assert record.created - since < SECONDS + SLACK


async def test_inline_the_plugin_that_blocks_the_station_is_named_and_closed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    loaded = made(tmp_path, "inline", 4)
    folders = {each.name: each.folder for each in loaded.installed if each.folder}
    caplog.set_level(logging.INFO)
    async with station(loaded.sides, clock=SystemClock()) as running:
        watchdog = Watchdog(folders, lambda _plugin: running.station.faults.close("stuck.hello"))
        watching = asyncio.create_task(watchdog.watch())
        try:
            await running.menu()
            running.screen.answer("stuck.hello")
            await running.page("tell", "Ready")
            since = time.time()
            running.screen.answer()
            await running.page("tell", "Woken")
            running.screen.answer()
            await running.attract()
            menu = await running.menu()
            assert [each.state.value for each in menu.options] == ["closed"]
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            for name in [each for each in sys.modules if each.startswith("toy_")]:
                monkeypatch.delitem(sys.modules, name)
    (record,) = [each for each in caplog.records if each.message == "plugin blocks the station"]
    assert (record.__dict__["plugin"], record.__dict__["place"]) == ("stuck", f"plugin.py:{LINE} serve")
    assert record.created - since < SECONDS + SLACK
