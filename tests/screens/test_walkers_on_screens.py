"""The robot residents of tests/station/test_walkers.py before the real screens: a real Chromium, a real Textual.

They go through a service that shows every kind of page, and through the services of all plugins.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from playwright.async_api import Browser
from playwright.async_api import TimeoutError as NotThere
from support.anything import Anything
from support.outside_world import OutsideWorld, outside_world
from textual._context import active_app

from tramkit.conversation.staff import StaffBell
from tramkit.conversation.timeouts import Timeouts
from tramkit.station.devices import Devices
from tramkit.station.profile import Profile
from tramkit.station.station import Station
from tramkit.testing.browser_screen import LANDSCAPE, PORTRAIT
from tramkit.testing.terminal_driver import click
from tramkit.testing.walking import seeds, walk
from tramkit.testing.web_driver import WebDriver
from tramkit.visit.inline import InlinePlugin
from tramkit.visit.service import Service
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.robot import Act
from tramkit_hal.screens.terminal import TerminalScreen
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.payment_terminal import SimPaymentTerminal
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.vital_sensor import SimVitalSensor
from tramkit_hal.ui.pages import Ask, Control, View
from tramkit_hal.ui.screen import Screen

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIRST = int(os.environ.get("TRAMKIT_WALKERS_SEED", "1"))
VISITS = int(os.environ.get("TRAMKIT_SCREEN_WALKERS", "2"))
ACTS = 25
SECONDS = max(220, VISITS * 60)
PATIENCE = 10.0


class Watched(Protocol):
    """A screen that remembers the view that it shows."""

    seen: View | None


class WatchedWeb(WebScreen):
    """The web screen."""

    seen: View | None = None

    async def show(self, view: View) -> None:
        await super().show(view)
        self.seen = view


class WatchedTerminal(TerminalScreen):
    """The terminal screen."""

    seen: View | None = None

    async def show(self, view: View) -> None:
        await super().show(view)
        self.seen = view


@contextmanager
def telling_what_it_waits_for() -> Generator[list[Walking]]:
    """Let a test that is about to be stopped for its length say what each task waits for."""
    loop = asyncio.get_running_loop()
    there: list[Walking] = []

    def tell() -> None:
        for glass in there:
            shown = glass.screen.seen and (glass.screen.seen.page.kind, glass.screen.seen.page.id)
            print(f"seed {glass.seed} waits for {glass.waits_for}; page {shown}, progress {glass.station.progress}")
        for task in asyncio.all_tasks(loop):
            task.print_stack(limit=6, file=sys.stdout)
        sys.stdout.flush()

    late = loop.call_later(SECONDS - 20, tell)
    try:
        yield there
    finally:
        late.cancel()


class Walking:
    """A walker before a real screen of a running station.

    :ivar seed: of the visit under way.
    :ivar waits_for: what it is that the walker waits for now.
    """

    def __init__(self, site: Site, screen: Watched) -> None:
        self.station = site.station
        self.world = site.world
        self.screen = screen
        self.seed = 0
        self.waits_for = "the first visit"

    async def happen(self, view: View) -> None:
        if self.world is not None:
            await self.world.happen(view)

    @property
    def view(self) -> View:
        assert self.screen.seen is not None
        return self.screen.seen

    @property
    def over(self) -> bool:
        return self.station.progress is None

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                await asyncio.sleep(0.01)

    async def do(self, act: Act, view: View) -> None:
        if act.do in ("wait", "touch"):
            await asyncio.sleep(0)
            return
        self.waits_for = f"{view.page.kind} {view.page.id!r} to be drawn"
        await self.until_drawn(view)
        self.waits_for = f"what comes of {act} on {view.page.kind} {view.page.id!r}"
        if view is self.screen.seen and isinstance(view.page, Ask):
            await self.fill(view.page, act)
        async with asyncio.timeout(3 * PATIENCE):
            while view is self.screen.seen and not self.over:  # who sees that nothing came of it presses again
                await self.press(act, view)
                with suppress(TimeoutError):
                    await self.until(lambda: self.over or self.screen.seen is not view)
                    return
                print(f"seed {self.seed}: nothing came of {act} on {view.page.kind}; pressed again", flush=True)

    async def until_drawn(self, view: View) -> None: ...
    async def fill(self, page: Ask, act: Act) -> None: ...
    async def press(self, act: Act, view: View) -> None: ...


class OnWeb(Walking):
    """Fingers on the glass of a Chromium."""

    def __init__(self, site: Site, screen: WatchedWeb, driver: WebDriver) -> None:
        super().__init__(site, screen)
        self.web = screen
        self.driver = driver

    async def until_drawn(self, view: View) -> None:
        drawn = "serial => Number(document.documentElement.dataset.shown) >= serial"
        try:
            await self.driver.page.wait_for_function(drawn, arg=self.web.serial)
        except NotThere as error:
            shown = await self.driver.page.evaluate("[{...document.documentElement.dataset}, document.body.innerText]")
            raise TimeoutError(f"view {self.web.serial} is not drawn; there stands {shown}") from error

    async def fill(self, page: Ask, act: Act) -> None:
        for field in page.fields:
            value = act.values.get(field.name, "")
            with suppress(NotThere):  # the page may go at any moment: then there is nothing to fill
                match field.control:
                    case Control.CONSENT | Control.CHOICE | Control.YES_NO:
                        if value and value != field.value:
                            await self.driver.page.locator(
                                f'label:has(input[name="{field.name}"][value="{value}"])'
                            ).click(timeout=2000)
                    case Control.SIGNATURE:
                        await self.driver.sign()
                    case _:
                        await self.driver.page.fill(f'[name="{field.name}"]', value, timeout=2000)

    async def press(self, act: Act, view: View) -> None:
        with suppress(NotThere):
            if act.do == "answer":
                await self.answer(act.choice)
            elif act.choice == "back":
                await self.driver.page.click("#back", timeout=3000)
            elif act.choice == "language":
                await self.driver.page.click(f"#language-{act.value}", timeout=3000)
            elif act.choice == "change":
                await self.driver.page.locator(f'[data-press="change"][data-value="{act.value}"]').first.click(
                    timeout=3000
                )
            else:
                await self.driver.page.click(f"#bar-{act.choice}", timeout=3000)

    async def answer(self, choice: str) -> None:
        button = self.driver.page.locator(f'[data-choice="{choice}"]').first
        for step in ("-1", "1"):  # the answers may stand page by page, and the one meant before these
            turn = self.driver.page.locator(f"[data-step='{step}']").first
            while not await button.is_visible() and await turn.is_visible() and await turn.is_enabled():
                await turn.click(timeout=1000)
        await button.click(timeout=3000)


class OnTerminal(Walking):
    """A mouse and a keyboard at a terminal."""

    def __init__(self, site: Site, screen: WatchedTerminal) -> None:
        super().__init__(site, screen)
        self.terminal = screen
        assert screen.app is not None
        self.app = screen.app
        active_app.set(self.app)

    async def until_drawn(self, view: View) -> None:
        while self.app.serial != self.terminal.serial:
            await asyncio.sleep(0.002)

    async def fill(self, page: Ask, act: Act) -> None:
        for field in page.fields:
            value = act.values.get(field.name, "")
            if field.control in (Control.CHOICE, Control.YES_NO):
                if value:
                    await self.click(value)
            elif field.control is Control.CONSENT:
                if value != field.value:
                    await self.click(field.name)
            elif value:
                await self.click(field.name)
                for letter in value[:20]:
                    self.app.type_key(letter)

    async def press(self, act: Act, view: View) -> None:
        action = {"language": f"language:{act.value}", "change": f"change:{act.value}"}.get(act.choice, act.choice)
        await self.click(action)

    async def click(self, action: str) -> None:
        part = next((part for part in self.app.parts() if part.item.action == action), None)
        if part is not None:
            with suppress(LookupError):  # the page has gone meanwhile
                await click(self.app, part)


@dataclass
class Site:
    """A running station, and the world outside of it."""

    station: Station
    world: OutsideWorld | None


@asynccontextmanager
async def running(screen: Screen, folder: Path, *, services: bool) -> AsyncGenerator[Site]:
    """Run a station with this screen and devices that measure at once.

    :param services: those of all plugins; otherwise the one service that shows every kind of page.
    """
    clock = SystemClock()

    def make(driver: type[Device], role: Role, **settings: object) -> list[Device]:
        return [driver(driver.Settings.model_validate(settings), DeviceContext(role, clock))]

    bound = {
        Role.SCREEN: [screen],
        Role.ID_READER: make(SimIdReader, Role.ID_READER),
        Role.CAMERA: make(SimCamera, Role.CAMERA),
        Role.RECEIPT_PRINTER: make(SimReceiptPrinter, Role.RECEIPT_PRINTER),
        Role.VITAL_SENSOR: make(SimVitalSensor, Role.VITAL_SENSOR, seconds=0),
        Role.PAYMENT_TERMINAL: make(SimPaymentTerminal, Role.PAYMENT_TERMINAL, journal=str(folder / "card.sqlite")),
    }
    devices = Devices(bound, clock)
    async with AsyncExitStack() as stack:
        town = await stack.enter_async_context(outside_world(folder, clock, FIRST)) if services else None
        offered = town.services if town else [Anything()]
        station = Station(
            Profile("test-1", "UBND phường Bình Trưng", "Đảo Kim Cương"),
            devices,
            [
                *(each for each in offered if hasattr(each, "services")),
                InlinePlugin([each for each in offered if isinstance(each, Service)]),
            ],
            StaffBell(clock, "1022"),
            clock,
            Timeouts(farewell=0.1),
            seed=FIRST,
            own=[each for each in offered if hasattr(each, "descriptor")],
            **(town.joins(devices) if town else {}),
        )
        task = asyncio.create_task(station.run())
        try:
            await station.opened()
            yield Site(station, town)
        finally:
            station.stop()
            await task


async def visits(glass: Walking, begin: Callable[[], Awaitable[object]]) -> None:
    """Make visit after visit, each with a seed of its own."""
    print(f"first seed {FIRST}, {VISITS} visits", flush=True)
    for seed in seeds(FIRST, VISITS):
        glass.seed, glass.waits_for = seed, "the attract page"
        await glass.until(lambda: glass.over and glass.screen.seen is not None and glass.view.page.kind == "attract")
        attract = glass.view
        await glass.until_drawn(attract)
        glass.waits_for = "the menu"
        await begin()
        await glass.until(lambda: not glass.over and glass.view.page.kind == "choose")
        nature = {"wanders": 0.06, "nonsense": 0.03} if glass.world and seed % 2 else {}  # this one has an errand
        await walk(glass, seed, ACTS, **nature)
        assert glass.station.last_wipe_certain, seed
    if glass.world is not None:
        print(f"orders placed: {await glass.world.placed()}", flush=True)


@pytest.mark.browser
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize(
    ("viewport", "services"),
    [
        pytest.param(PORTRAIT, True, id="portrait, services"),
        pytest.param(LANDSCAPE, False, id="landscape, every kind of page"),
        pytest.param(PORTRAIT, False, id="portrait, every kind of page", marks=pytest.mark.slow),
        pytest.param(LANDSCAPE, True, id="landscape, services", marks=pytest.mark.slow),
    ],
)
async def test_walkers_at_the_web_screen(browser: Browser, viewport, services: bool, tmp_path: Path) -> None:
    screen = WatchedWeb(WebScreen.Settings(ghost_tap_ms=0, port=0), DeviceContext(Role.SCREEN, SystemClock()))
    with telling_what_it_waits_for() as there:
        async with running(screen, tmp_path, services=services) as site:
            context = await browser.new_context(viewport=viewport)
            driver = WebDriver(await context.new_page())
            await driver.open(screen.addresses["station"])
            glass = OnWeb(site, screen, driver)
            there.append(glass)
            await visits(glass, lambda: driver.page.click("#title"))
            assert driver.problems == []
            glass.waits_for = "the attract page, again"
            await glass.until(lambda: glass.over and glass.view.page.kind == "attract")
            await glass.until_drawn(glass.view)  # a page that is loading while it is closed may never be closed
            await context.close()
            glass.waits_for = "the end of the station"


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("services", [False, True], ids=["every kind of page", "services"])
async def test_walkers_at_the_terminal_screen(services: bool, tmp_path: Path) -> None:
    settings = TerminalScreen.Settings(headless=True, ghost_tap_ms=0)
    screen = WatchedTerminal(settings, DeviceContext(Role.SCREEN, SystemClock()))
    with telling_what_it_waits_for() as there:
        async with running(screen, tmp_path, services=services) as site:
            glass = OnTerminal(site, screen)
            there.append(glass)
            await visits(glass, lambda: glass.click("continue"))
            glass.waits_for = "the end of the station"
