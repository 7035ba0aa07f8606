"""Robot residents who do anything: no crash, no dead end, no page without a way out, wiped every time."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Annotated

from support.golden_pages import golden_pages, view_of
from support.station import Running, station
from support.walking import Anything, seeds, walk

from tramkit import Form, Service, Visit, forms, verbatim
from tramkit_hal.clock import ManualClock, SystemClock
from tramkit_hal.device import DeviceContext
from tramkit_hal.pages import Ask, View
from tramkit_hal.roles import Role
from tramkit_hal.screens.robot import Act, Walker
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.presence import SimPresence
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.vital_sensor import SimVitalSensor

FIRST = int(os.environ.get("TRAMKIT_WALKERS_SEED", "1"))
VISITS = int(os.environ.get("TRAMKIT_WALKERS", "300"))
TURNS = 40
PATIENCE = 10
"""Seconds in which something must come of what a resident does."""
CARD = {"number": "079152000123", "name": "Trần Thị Sáo", "born": "1952-05-17", "sex": "female", "authentic": True}


class ScriptedGlass:
    """A walker before the scripted screen, who may also lay a card."""

    def __init__(self, s: Running) -> None:
        self.s = s
        assert isinstance(s.clock, ManualClock)
        self.clock = s.clock

    @property
    def view(self) -> View:
        return self.s.screen.view

    @property
    def over(self) -> bool:
        return self.s.station.progress is None

    async def do(self, act: Act, view: View) -> None:
        if view.page.kind == "capture" and act.do == "wait":
            (reader,) = self.s.devices.of(Role.ID_READER)
            await reader.control("card_data", json.dumps(CARD))  # type: ignore[attr-defined]
        event = act.event(view.page)
        if event is not None:
            self.s.screen.send(event)
        needed = act.do in ("answer", "press")
        async with asyncio.timeout(PATIENCE if needed else None):
            for turn in count() if needed else range(TURNS):
                if self.over or self.s.screen.view is not view:
                    return
                await self.clock.advance(0.05 if needed else 1)
                await asyncio.sleep(0 if turn < TURNS else 0.01)  # a picture is drawn in a thread


@asynccontextmanager
async def land(folder: Path, seed: int) -> AsyncGenerator[tuple[Running, ScriptedGlass]]:
    clock = ManualClock()

    def make(driver, role, **settings):
        return [driver(driver.Settings(**settings), DeviceContext(role, clock, seed=seed, run_dir=folder))]

    bound = {
        Role.ID_READER: make(SimIdReader, Role.ID_READER),
        Role.CODE_SCANNER: make(SimCodeScanner, Role.CODE_SCANNER),
        Role.CAMERA: make(SimCamera, Role.CAMERA),
        Role.RECEIPT_PRINTER: make(SimReceiptPrinter, Role.RECEIPT_PRINTER),
        Role.VITAL_SENSOR: make(SimVitalSensor, Role.VITAL_SENSOR, seconds=0),
        Role.PRESENCE: make(SimPresence, Role.PRESENCE),
    }
    async with station([Anything()], clock=clock, bound=bound, seed=seed) as s:
        yield s, ScriptedGlass(s)


async def test_walkers_find_no_dead_end_and_leave_nothing_behind(tmp_path: Path) -> None:
    kinds: set[str] = set()
    print(f"first seed {FIRST}, {VISITS} visits")
    for seed in seeds(FIRST, VISITS):
        async with land(tmp_path, seed) as (s, glass):
            await s.menu()
            kinds |= (await walk(glass, seed)).kinds
            await s.attract()
            assert s.station.last_wipe_certain, seed
            assert not s.screen.videos, seed
            assert [device.owner for device in s.devices if device.owner] == [], seed
            assert "Sáo" not in s.screen.view.model_dump_json(), seed
    if VISITS >= 200:
        assert kinds >= {"choose", "ask", "read", "check", "tell", "wait", "capture", "call", "done"}
        assert kinds >= {"timeout", "help", "settings", "leave"}


async def test_a_walk_is_the_same_again_from_its_seed(tmp_path: Path) -> None:
    walks: list[list[str]] = []
    for _again in range(2):
        async with land(tmp_path, 7) as (s, glass):
            await s.menu()
            walks.append((await walk(glass, 7)).acts)
    assert walks[0] == walks[1]


def test_two_walkers_of_one_seed_do_the_same_before_the_same_page() -> None:
    one, other = Walker(3), Walker(3)
    for page in golden_pages().values():
        assert one.act(view_of(page)) == other.act(view_of(page))


def robot(**settings: object):
    """Return the kind of screen before which a robot stands that lives by these settings."""
    return lambda _none, context: ScriptedScreen(ScriptedScreen.Settings(pause=0.01, **settings), context)


async def test_a_robot_with_a_list_of_answers_gives_them_page_by_page() -> None:
    answers = [Act(), Act(choice="test.asks"), Act(values={"who": "Lan"}), Act(do="press", choice="back")]
    async with station([Asks()], clock=SystemClock(), screen=robot(answers=answers)) as s:
        page = await s.page("ask")
        await s.screen.until(lambda page: page.kind == "tell")
        page = await s.page("ask")
        assert isinstance(page, Ask)
        assert page.fields[0].value == "Lan"


async def test_a_robot_with_a_seed_makes_visit_after_visit() -> None:
    async with station([Asks()], clock=SystemClock(), screen=robot(seed=5)) as s, asyncio.timeout(60):
        while s.station.visits < 3:
            await s.screen.changed(30)


class Asks(Service):
    """Asks one question."""

    id = "test.asks"
    title = verbatim("Asks")

    async def serve(self, visit: Visit) -> None:
        await visit.ask(Who, verbatim("Who?"))
        await visit.tell(verbatim("Thank you"))


class Who(Form):
    """Who it is."""

    who: Annotated[str, forms.name(verbatim("Who?"))]
