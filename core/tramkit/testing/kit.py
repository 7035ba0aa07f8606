"""A station for the tests of one's own services: the fixture ``station`` opens it.

::

    async def test_a_leak_is_reported(station):
        s = await station(ReportLeak("1900 1234"))
        await s.start("water.leak")
        await s.driver.choose("street")
        ...
        await s.ended()
        assert s.left_behind("0901234567") == []
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tramkit.checkout.methods import payment_methods
from tramkit.checkout.receipts import Receipts
from tramkit.checkout.terminals import StationTerminals
from tramkit.conversation.staff import StaffBell
from tramkit.conversation.timeouts import Timeouts
from tramkit.host.order import Record
from tramkit.host.payment import PaymentMethod
from tramkit.host.plugin_side import PluginSide, fulfillers
from tramkit.host.sign_in import IdentityMethod
from tramkit.identity.means import IdentityMeans
from tramkit.identity.methods import sign_ins as sign_in_ports
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal
from tramkit.station.devices import Devices
from tramkit.station.profile import Profile
from tramkit.station.station import Station
from tramkit.testing.drivers import AnyDriver, ScriptedDriver
from tramkit.testing.money import SimMoney
from tramkit.testing.serialising import SerialisingPlugin
from tramkit.testing.simulated import simulated
from tramkit.testing.wipe_search import found_in, found_in_files
from tramkit.visit.inline import InlinePlugin
from tramkit.visit.service import Service
from tramkit_hal.card.trust import FolderTrust
from tramkit_hal.device.base import Device, DeviceContext, NoSettings
from tramkit_hal.device.clock import Clock, ManualClock, SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.ui.pages import AnyPage, View
from tramkit_hal.ui.screen import Screen

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext

ScreenName = Literal["scripted", "web", "terminal"]
Isolation = Literal["inline", "serialising"]
PHONE = "1022"
SECONDS = 30.0
"""So long is waited for what must come."""
CARD: Mapping[str, object] = {"number": "079152000123", "name": "Trần Thị Sáo", "born": "1952-05-17", "sex": "female"}
"""A resident who does not exist, as an identity card tells of her."""


class SwiftClock:
    """The time of a station for what its orders wait for: the same day, but no wait is longer than a blink."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """Return the station's time of day."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Return the station's seconds."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for a blink."""
        await asyncio.sleep(min(seconds, 0.02))


@dataclass
class KitStation:
    """A running station and what a test holds of it.

    :ivar driver: does what a resident does, whatever the screen is.
    :ivar clock: moved by hand before the scripted screen, unless another one was given.
    :ivar views: everything that was shown, in order.
    :ivar money: what the resident pays with; its ledger tells what was collected and given back.
    :ivar folder: where the station keeps what it keeps.
    """

    station: Station
    screen: Screen
    driver: AnyDriver
    clock: Clock
    devices: Devices
    runner: Runner
    money: SimMoney
    folder: Path
    views: list[View] = field(default_factory=list[View])
    context: BrowserContext | None = None

    @property
    def page(self) -> AnyPage:
        """The page that is shown now."""
        return self.views[-1].page

    @property
    def pages(self) -> list[str]:
        """Kind and title of every page of the visit so far, repeated ones once."""
        told = [f"{view.page.kind}: {view.page.title.id}" for view in self.views]
        return list(dict.fromkeys(told))

    async def start(self, service: str) -> None:
        """Touch the first page, and choose a service in the menu."""
        await self.driver.begin()
        await self.driver.choose(service)

    async def ended(self) -> None:
        """Wait until nobody is here and everything is wiped; a hand-moved clock is moved past the farewell."""
        await self.until(lambda: self.station.progress is None and self.page.kind == "attract")

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something holds, and let time go by.

        :raises TimeoutError: it does not.
        """
        async with asyncio.timeout(SECONDS):
            while not true():
                if isinstance(self.clock, ManualClock):
                    await self.clock.advance(1)
                await asyncio.sleep(0.005)

    async def control(self, role: Role, name: str, value: str = "") -> None:
        """Do something at a simulated device, as a resident, an operator or chance does."""
        for device in self.devices.of(role):
            if isinstance(device, Simulated):
                await device.control(name, value)

    async def lay_card(self, card: Mapping[str, object] = CARD) -> None:
        """Lay a person's identity card on the reader."""
        await self.control(Role.ID_READER, "card_data", json.dumps(dict(card)))

    async def take_card(self) -> None:
        """Take the card away again."""
        await self.control(Role.ID_READER, "card", "none")

    def paper(self) -> str:
        """Return what hangs out of the receipt printer."""
        return "\n".join(each.shown() for each in self.devices.of(Role.RECEIPT_PRINTER) if isinstance(each, Simulated))

    async def orders(self) -> list[Record]:
        """Return all orders, the newest first."""
        return await self.runner.ledger.newest(1000)

    def left_behind(self, *canaries: str) -> list[str]:
        """Search for what should be gone after a visit; return what is found, and where.

        Looked at are the page that is shown, what the simulated devices still hold and every file of the station. Paper
        that a resident did not take is not: it is theirs.
        """
        shown = found_in([self.views[-1].model_dump_json()], canaries)
        held = [
            f"{canary} in {device.info.driver}"
            for device in self.devices
            if isinstance(device, Simulated)
            for canary in found_in([device.shown()], canaries)
        ]
        return [*(f"{canary} on the screen" for canary in shown), *held, *found_in_files(self.folder, canaries)]


Make = Callable[..., Awaitable[KitStation]]


@contextlib.asynccontextmanager
async def open_station(
    *services: Service,
    folder: Path,
    screen: ScreenName = "scripted",
    browser: Browser | None = None,
    clock: Clock | None = None,
    devices: Mapping[Role, Sequence[Device]] | None = None,
    methods: Sequence[PaymentMethod] = (),
    sign_ins: Sequence[IdentityMethod] = (),
    isolation: Isolation = "inline",
    languages: tuple[str, ...] = ("vi", "en"),
    timeouts: Timeouts | None = None,
    seed: int = 1,
) -> AsyncGenerator[KitStation]:
    """Run a station with these services until the block ends.

    :param screen: the scripted screen needs nothing; the web screen Playwright and Chromium; the terminal Textual.
    :param clock: None: one that is moved by hand before the scripted screen, else the machine's.
    :param devices: instead of a simulated one for each role that most stations have.
    :param methods: ways to pay besides :class:`tramkit.testing.money.SimMoney`.
    :param isolation: ``serialising``: every call of a service crosses as bytes, as between processes.
    :param seed: of chance, in the devices and in ``visit.random``.
    """
    clock = clock or (ManualClock() if screen == "scripted" else SystemClock())
    glass = _screen(screen, clock)
    bound = dict(devices) if devices is not None else simulated(folder, clock, seed=seed)
    pool = Devices({Role.SCREEN: [glass], **bound}, clock)
    money = SimMoney(folder / "sim_money.sqlite")
    ledger = Ledger(folder / "ledger.sqlite", Seal(b"k" * 32))
    inline = InlinePlugin(services, (money, *methods), sign_ins)
    side: PluginSide = SerialisingPlugin(inline) if isolation == "serialising" else inline
    side.use(StationTerminals(pool))
    runner = Runner(ledger, fulfillers([side]), payment_methods([side], pool), SwiftClock(clock))
    station = Station(
        Profile("test-1", "UBND phường Bình Trưng", "Đảo Kim Cương", languages),
        pool,
        [side],
        StaffBell(clock, PHONE),
        clock,
        timeouts or Timeouts(farewell=0.1),
        seed=seed,
        runner=runner,
        own=[Receipts(runner)],
        means=IdentityMeans(pool, sign_in_ports([side]), _believing(pool, folder)),
    )
    views = _watch(glass)
    await ledger.open()
    await runner.start()
    running = asyncio.create_task(station.run())
    try:
        async with _driver(glass, browser, running) as driver:
            yield KitStation(station, glass, driver, clock, pool, runner, money, folder, views)
    finally:
        await _stop(station, running, clock)
        await runner.stop()
        await ledger.close()
        money.close()


async def _stop(station: Station, running: asyncio.Task[Any], clock: Clock) -> None:
    station.stop()
    async with asyncio.timeout(SECONDS):
        while not running.done():
            if isinstance(clock, ManualClock):
                await clock.advance(1)
            await asyncio.sleep(0.002)
    await running


def _screen(name: ScreenName, clock: Clock) -> Screen:
    context = DeviceContext(Role.SCREEN, clock)
    if name == "web":
        from tramkit_hal.screens.web import WebScreen

        return WebScreen(WebScreen.Settings(port=0, ghost_tap_ms=0), context)
    if name == "terminal":
        from tramkit_hal.screens.terminal import TerminalScreen

        return TerminalScreen(TerminalScreen.Settings(headless=True, ghost_tap_ms=0), context)
    return ScriptedScreen(NoSettings(), context)


def _watch(screen: Screen) -> list[View]:
    """Keep every view that a screen is given."""
    views: list[View] = []
    show = screen.show

    async def keep(view: View) -> None:
        views.append(view)
        await show(view)

    vars(screen)["show"] = keep
    return views


@contextlib.asynccontextmanager
async def _driver(screen: Screen, browser: Browser | None, running: asyncio.Task[Any]) -> AsyncGenerator[AnyDriver]:
    """Sit down before a screen, once it is open."""
    async with asyncio.timeout(SECONDS):
        while not screen.state.usable:
            if running.done():
                running.result()
            await asyncio.sleep(0.005)
    if isinstance(screen, ScriptedScreen):
        yield ScriptedDriver(screen)
    elif browser is not None:
        from tramkit.testing.web_driver import WebDriver

        context = await browser.new_context(viewport={"width": 1080, "height": 1920})
        try:
            driver = WebDriver(await context.new_page())
            await driver.open(next(iter(screen.addresses.values())))
            yield driver
        finally:
            await context.close()
    else:
        from tramkit.testing.terminal_driver import TerminalDriver
        from tramkit_hal.screens.terminal import TerminalScreen

        if not isinstance(screen, TerminalScreen):
            raise ValueError("the web screen needs a browser")
        yield TerminalDriver(screen)


def _believing(devices: Devices, folder: Path) -> FolderTrust:
    """Return what believes the cards on the simulated readers."""
    country = folder / "country"
    country.mkdir(exist_ok=True)
    for number, reader in enumerate(devices.of(Role.ID_READER)):
        if isinstance(reader, SimIdReader):
            (country / f"{number}.pem").write_bytes(reader.country.pem())
    return FolderTrust(country, owners=None)
