"""A site as `make run` makes it, on free ports: a station, a desk, a resident's browser and a doctor's."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page
from support.doctor import Doctor
from support.hands import Hands
from support.other_hands import AnyHands, ScriptedHands, TerminalHands
from support.resident import LANDSCAPE, PORTRAIT
from support.site import PanelClient, Program, panel, start

from tramkit.app.config import read_config
from tramkit.app.run import make_devices, run_station, screens_of
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.loader import load
from tramkit_hal.device.base import Device
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.screens.terminal import TerminalScreen
from tramkit_telehealth.desk.settings import demo_file

RESIDENTS_TONE = 1000.0

STATION = """
[station]
id = "demo-1"
site = "Đảo Kim Cương"
agency = "UBND phường Bình Trưng"

[help]
phone = "1022"

[panel]
port = 0

[plugins]
enabled = ["telehealth"]

[settings.telehealth]
desk_url = "{desk}"
station_key = {{ file = "{folder}/desk/station.key" }}

[[roles.screen]]
driver = "web"
port = 0

[identity]
country_certificates = "{folder}/country"

[[roles.id_reader]]
driver = "sim_id_reader"
publish_country = "{folder}/country"

[[roles.code_scanner]]
driver = "sim_code_scanner"

[[roles.camera]]
driver = "sim_camera"

[[roles.microphone]]
driver = "sim_microphone"
sound = "tone"

[[roles.speaker]]
driver = "sim_speaker"

[[roles.receipt_printer]]
driver = "sim_receipt_printer"

[[roles.receipt_printer]]
driver = "qr_receipt"

[[roles.vital_sensor]]
driver = "sim_vital_sensor"

[[roles.presence]]
driver = "sim_presence"
"""


@dataclass
class Site:
    """A running site and the people at it."""

    folder: Path
    browser: Browser
    desk: Program
    station: Program
    panel: PanelClient
    passwords: dict[str, str] = field(default_factory=dict)
    desk_port: int = 0
    glass: AnyHands | None = None

    async def anyone(self) -> AnyHands:
        """Let a resident come before the screen, whichever it is."""
        return self.glass or await self.resident()

    async def resident(self, *, landscape: bool = False) -> Hands:
        """Let a resident come before the screen."""
        context = await self.browser.new_context(viewport=LANDSCAPE if landscape else PORTRAIT)
        hands = Hands(await context.new_page())
        await hands.open(await self.station.address("station"))
        return hands

    async def doctor(self, name: str = "bs-lan", language: str = "vi") -> Doctor:
        """Let a doctor sign in at a browser and begin the shift."""
        doctor = Doctor(await self.page())
        await doctor.sign_in(await self.desk.address("desk"), name, self.passwords[name], language)
        await doctor.begin_shift()
        return doctor

    async def page(self) -> Page:
        """Open a page of a browser of its own."""
        context = await self.browser.new_context(
            viewport={"width": 1440, "height": 900}, permissions=["camera", "microphone"]
        )
        return await context.new_page()

    async def start_desk(self) -> None:
        """Start the desk; a second time as one that is not a demonstration, on the same port and data."""
        again = self.desk_port != 0
        kind = ["--config", str(demo_file())] if again else ["--demo"]
        data = str(self.folder / "desk")
        self.desk = await start(["desk", *kind, "--port", str(self.desk_port), "--data", data], self.folder)
        address = await self.desk.address("desk")
        self.desk_port = int(address.rpartition(":")[2])
        if not again:
            self.passwords = {name: await self.desk.address(f"doctor {name}") for name in ("bs-lan", "bs-minh")}


@contextlib.asynccontextmanager
async def run_site(folder: Path, browser: Browser, settings: str = STATION) -> AsyncGenerator[Site]:
    """Run a site for as long as the block lasts."""
    site = Site(folder, browser, None, None, None)  # type: ignore[arg-type]
    await site.start_desk()
    try:
        config = folder / "station.toml"
        config.write_text(settings.format(desk=await site.desk.address("desk"), folder=folder), encoding="utf-8")
        site.station = await start(["run", "--config", str(config)], folder)
        try:
            async with panel(await site.station.address("panel")) as client:
                site.panel = client
                await site.station.address("station")
                yield site
        finally:
            await site.station.stop()
    finally:
        await site.desk.stop()


SCREENS = {
    "terminal": """driver = "terminal"
headless = true
ghost_tap_ms = 0
""",
    "scripted": """driver = "scripted"
""",
}
"""The screens that a test holds by running the station in its own process."""


@contextlib.asynccontextmanager
async def run_site_here(folder: Path, browser: Browser, screen: str, settings: str = STATION) -> AsyncGenerator[Site]:
    """Run a site whose station is in this process, with another screen than the web's, as long as the block lasts."""
    site = Site(folder, browser, None, None, None)  # type: ignore[arg-type]
    await site.start_desk()
    config_file = folder / "station.toml"
    web = 'driver = "web"\nport = 0\n'
    assert web in settings
    text = settings.replace(web, SCREENS[screen]).format(desk=await site.desk.address("desk"), folder=folder)
    config_file.write_text(text, encoding="utf-8")
    config = read_config(config_file)
    clock = SystemClock()
    context = PluginContext(clock=clock, station=config.station.id, site=config.station.site)
    plugins = load(config.plugins.enabled, config.settings, context, screens=screens_of(config))
    devices = make_devices(config, clock)
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    running = asyncio.create_task(
        run_station(config, plugins, clock, lambda *address: told.put_nowait(address), devices)
    )
    try:
        name, address = await told.get()
        assert name == "panel"
        async with panel(address) as client:
            site.panel = client
            site.glass = hands_at(devices.of(Role.SCREEN)[0])
            yield site
    finally:
        signal.raise_signal(signal.SIGTERM)  # as an operator ends a station
        await running
        await site.desk.stop()


def hands_at(screen: Device) -> AnyHands:
    """Return a resident's hands at a screen of this process."""
    if isinstance(screen, ScriptedScreen):
        return ScriptedHands(screen)
    assert isinstance(screen, TerminalScreen)
    return TerminalHands(screen)


@pytest_asyncio.fixture(loop_scope="session")
async def site(tmp_path: Path, browser: Browser) -> AsyncIterator[Site]:
    """A running site."""
    async with run_site(tmp_path, browser) as running:
        yield running
