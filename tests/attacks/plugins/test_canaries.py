"""What a resident typed is gone from every process of the plugin when the visit has ended, however it ended.

More visits by hand: ``TRAMKIT_CANARY_VISITS=1000 python -m pytest tests/attacks/plugins/test_canaries.py -s``.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from pathlib import Path

import pytest
from support.plugins import MANIFEST, install

from tramkit import Order, verbatim
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.isolation import Isolation, Kind
from tramkit.plugins.loader import load
from tramkit.plugins.process.plugin import ProcessPlugin
from tramkit.testing.station import Running, station
from tramkit_hal.device.clock import SystemClock

from .memory_of import found_in, held, processes

VISITS = int(os.environ.get("TRAMKIT_CANARY_VISITS", "8"))
"""Of each kind."""
SEED = 14
needs_bwrap = pytest.mark.skipif(
    shutil.which("bwrap") is None and not os.environ.get("CI"), reason="bubblewrap is not installed: make system"
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a confined process hides its memory from all but root")
KINDS = ["process", pytest.param("sandbox", marks=[needs_bwrap, needs_root])]

TYPED = """
import os, time
from typing import Annotated
from tramkit import Form, Messages, Option, Outcome, Service, forms, hookimpl
from tramkit_hal.words import verbatim

_ = Messages("tests")
KEPT = []

class Who(Form):
    name: Annotated[str, forms.text(_("Name"))]

class Hello(Service):
    id = "{name}.hello"

    async def serve(self, visit):
        who = await visit.ask(Who, _("Who are you?"))
        KEPT.append(who.name)
        ways = [Option(value=each, label=verbatim(each)) for each in ("end", "raise", "crash", "leave")]
        way = await visit.choose(verbatim("How? " + who.name), ways)
        if way == "raise":
            raise ValueError(who.name)
        if way == "crash":
            os._exit(9)
        await visit.tell(verbatim("Bye " + who.name))

    async def fulfil(self, order, key):
        KEPT.append(dict(order.request))
        return Outcome(state="done")

    async def inquire(self, order, key):
        return Outcome(state="unknown")

@hookimpl
def tramkit_services(settings, context):
    return [Hello()]
"""


async def visited(running: Running, name: str, way: str) -> None:
    """Lead one visit in which a name is typed to its end."""
    running.station.faults.open_all()
    await running.menu()
    running.screen.answer("typed.hello")
    await running.page("ask")
    running.screen.answer("continue", name=name)
    page = await running.page("choose", "How?")
    if way == "leave":
        running.screen.press("start_over")
        await running.page("leave")
        running.screen.answer("leave")
    else:
        running.screen.answer(way)
        page = await running.screen.until(lambda page: page.id == "fault" or page.title.id.startswith("Bye"))
        assert page.id == "fault" or way == "end"
        running.screen.answer()
    await running.attract()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.shows("ASVS V14", "ASVS V15", "EN 5.11")
async def test_after_each_visit_no_process_of_the_plugin_holds_what_was_typed(tmp_path: Path, kind: Kind) -> None:
    random_ = random.Random(SEED)
    print(f"seed {SEED}, {VISITS} visits")
    install(tmp_path, "typed", code=TYPED, manifest=MANIFEST)
    clock = SystemClock()
    context = PluginContext(clock, "test-1", "here")
    loaded = load(["typed"], {}, context, path=[str(tmp_path)], isolation=lambda _plugin: Isolation(kind=kind))
    assert not loaded.quarantined, loaded.report()
    (side,) = loaded.sides
    assert isinstance(side, ProcessPlugin)
    async with station([side], clock=clock) as running:
        for visit in range(VISITS):
            name = f"Canary {random_.getrandbits(64):016x}"
            way = random_.choice(("end", "raise", "crash", "leave"))
            if not visit:
                await _is_seen_while_it_lasts(running, name)
            await visited(running, name, way)
            async with asyncio.timeout(30):  # a process that was ended takes a moment to be gone
                while left := held([name]):
                    await asyncio.sleep(0.02)
            assert not left, f"visit {visit}, {way}"


async def _is_seen_while_it_lasts(running: Running, name: str) -> None:
    """While the visit lasts the search finds the name: else it would find nothing afterwards either."""
    await running.menu()
    running.screen.answer("typed.hello")
    await running.page("ask")
    running.screen.answer("continue", name=name)
    await running.page("choose", "How?")
    assert held([name])
    assert all(found_in(pid, [name]) is not None for pid in processes())
    running.screen.answer("end")
    await running.page("tell", "Bye")
    running.screen.answer()
    await running.attract()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.shows("ASVS V14", "ASVS V15")
async def test_a_worker_that_has_carried_out_an_order_gives_way_to_one_that_knows_nothing(
    tmp_path: Path, kind: Kind
) -> None:
    install(tmp_path, "typed", code=TYPED, manifest=MANIFEST)
    clock = SystemClock()
    context = PluginContext(clock, "test-1", "here")
    loaded = load(["typed"], {}, context, path=[str(tmp_path)], isolation=lambda _plugin: Isolation(kind=kind))
    (side,) = loaded.sides
    assert isinstance(side, ProcessPlugin)
    name = f"Canary {random.Random(SEED).getrandbits(64):016x}"
    async with station([side], clock=clock):
        order = Order(service="typed.hello", payee="x", amount=0, title=verbatim("x"), request={"name": name})
        assert (await side.fulfil("typed.hello", order, "key")).state == "done"
        assert held([name])
        async with asyncio.timeout(60):
            while held([name]):
                await asyncio.sleep(0.2)
        assert (await side.fulfil("typed.hello", order, "key")).state == "done", "the fresh one serves"
