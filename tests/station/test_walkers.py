"""Robot residents who do anything: no crash, no dead end, no page without a way out, wiped every time."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Annotated

import pytest
from support.anything import Anything
from support.golden_pages import golden_pages, view_of
from support.outside_world import OutsideWorld, outside_world

from tramkit import Form, Service, Visit, forms, verbatim
from tramkit.testing.station import Running, station
from tramkit.testing.walking import ScriptedGlass, Walked, seeds, walk
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import ManualClock, SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.robot import Act, Walker
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.payment_terminal import SimPaymentTerminal
from tramkit_hal.sim.presence import SimPresence
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.vital_sensor import SimVitalSensor
from tramkit_hal.ui.pages import Ask, View

FIRST = int(os.environ.get("TRAMKIT_WALKERS_SEED", "1"))
VISITS = int(os.environ.get("TRAMKIT_WALKERS", "300"))
WORLD_VISITS = int(os.environ.get("TRAMKIT_WORLD_WALKERS", "12"))
FEW, FEW_IN_THE_WORLD = 50, 4
"""So many visits in ``make test``; the others in ``make test-slow``."""


class WorldGlass(ScriptedGlass):
    """A walker with a world outside of the station."""

    def __init__(self, s: Running, world: OutsideWorld | None = None) -> None:
        super().__init__(s, outside=world is not None)
        self.world = world

    async def happen(self, view: View) -> None:
        if self.world is not None:
            await self.world.happen(view)


Land = tuple[Running, WorldGlass]


def bound(folder: Path, clock: ManualClock, seed: int) -> dict[Role, list[Device]]:
    """Return simulated devices that measure at once."""

    def make(driver: type[Device], role: Role, **settings: object) -> list[Device]:
        given = driver.Settings.model_validate(settings)
        return [driver(given, DeviceContext(role, clock, seed=seed))]

    return {
        Role.ID_READER: make(SimIdReader, Role.ID_READER),
        Role.CODE_SCANNER: make(SimCodeScanner, Role.CODE_SCANNER),
        Role.CAMERA: make(SimCamera, Role.CAMERA),
        Role.RECEIPT_PRINTER: make(SimReceiptPrinter, Role.RECEIPT_PRINTER),
        Role.VITAL_SENSOR: make(SimVitalSensor, Role.VITAL_SENSOR, seconds=0),
        Role.PRESENCE: make(SimPresence, Role.PRESENCE),
        Role.PAYMENT_TERMINAL: make(SimPaymentTerminal, Role.PAYMENT_TERMINAL, journal=str(folder / "card.sqlite")),
    }


@asynccontextmanager
async def land(folder: Path, seed: int) -> AsyncGenerator[Land]:
    """A station whose only service shows every kind of page."""
    clock = ManualClock()
    async with station([Anything()], clock=clock, bound=bound(folder, clock, seed), seed=seed) as s:
        yield s, WorldGlass(s)


@asynccontextmanager
async def town(folder: Path, seed: int) -> AsyncGenerator[Land]:
    """A station with the services of all plugins and the world outside of it."""
    clock = ManualClock()
    folder = folder / str(seed)
    async with outside_world(folder, clock, seed) as here:
        devices = bound(folder, clock, seed)
        async with station(here.services, clock=clock, bound=devices, seed=seed, world=here) as s:
            yield s, WorldGlass(s, here)
    shutil.rmtree(folder)


async def walk_in(where: Callable[[Path, int], AbstractAsyncContextManager[Land]], folder: Path, seed: int) -> Walked:
    """Make one visit; nothing of it may be left."""
    async with where(folder, seed) as (s, glass):
        await s.menu()
        nature = (
            {"wanders": 0.06, "nonsense": 0.03} if glass.world and seed % 2 else {}
        )  # every other one has an errand
        walked = await walk(glass, seed, **nature)
        await s.attract()
        assert s.station.last_wipe_certain, seed
        assert not s.screen.videos, seed
        assert [device.owner for device in s.devices if device.owner] == [], seed
        assert "Sáo" not in s.screen.view.model_dump_json(), seed
        if glass.world:
            walked.placed = await glass.world.placed()
    return walked


def visits(few: int, all: int) -> pytest.MarkDecorator:
    """Make some visits at once and all of them in ``make test-slow``; the few are the first of all."""
    return pytest.mark.parametrize("visits", [few, pytest.param(all, marks=pytest.mark.slow)], ids=["few", "all"])


@visits(FEW, VISITS)
async def test_walkers_find_no_dead_end_and_leave_nothing_behind(tmp_path: Path, visits: int) -> None:
    kinds: set[str] = set()
    print(f"first seed {FIRST}, {visits} visits")
    for seed in seeds(FIRST, visits):
        kinds |= (await walk_in(land, tmp_path, seed)).kinds
    if visits >= 200 or (visits == FEW and FIRST == 1 and "TRAMKIT_WALKER" not in os.environ):
        assert kinds >= {"choose", "ask", "read", "check", "tell", "wait", "capture", "call", "done"}
        assert kinds >= {"timeout", "help", "settings", "leave"}


@pytest.mark.timeout(max(120, WORLD_VISITS * 10))
@visits(FEW_IN_THE_WORLD, WORLD_VISITS)
async def test_walkers_go_through_every_plugins_services(tmp_path: Path, visits: int) -> None:
    pages, placed = set[str](), Counter[str]()
    for number, seed in enumerate(seeds(FIRST, visits), 1):
        walked = await walk_in(town, tmp_path, seed)
        pages |= walked.pages
        placed.update(walked.placed)
        if number % 100 == 0:
            print(f"{number} visits, {len(pages)} pages, orders placed: {dict(placed)}", flush=True)
    print(f"first seed {FIRST}: {visits} visits, {len(pages)} pages, orders placed: {dict(placed)}")


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
