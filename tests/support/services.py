"""A station with services and the sandboxes behind them, before any screen: for journeys through whole services."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser

from tramkit.app.config import read_config
from tramkit.app.run import make_devices, run_station, screens_of
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.installed import Installed
from tramkit.plugins.isolation import INLINE, Isolation, Kind
from tramkit.plugins.loader import load
from tramkit.sandbox import Sandbox
from tramkit.testing.browser_screen import PORTRAIT
from tramkit.testing.drivers import AnyDriver, ScriptedDriver
from tramkit.testing.serialising import SerialisingPlugin
from tramkit.testing.terminal_driver import TerminalDriver
from tramkit.testing.web_driver import WebDriver
from tramkit.testing.wipe_search import found_in_files
from tramkit_banking import banks
from tramkit_banking.sandbox import Bank
from tramkit_billing.sandbox import Aggregator
from tramkit_hal.device.base import Device
from tramkit_hal.device.clock import Clock, SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_identity.sandbox import OpenIdProvider
from tramkit_payments.sandbox import Switch
from tramkit_procedures.sandbox import Authorities
from tramkit_sim_identity import operators
from tramkit_sim_identity.sandbox import Operator

from .money import ACCOUNT, BIN

SIDE = "TRAMKIT_TEST_SIDE"
"""``serialising``: every call of a service crosses as bytes; ``process``, ``sandbox``: the plugins run in processes."""

SCREENS = {
    "web": 'driver = "web"\nport = 0\nghost_tap_ms = 0\n',
    "terminal": 'driver = "terminal"\nheadless = true\nghost_tap_ms = 0\n',
    "scripted": 'driver = "scripted"\n',
}
STATION = """
[station]
id = "demo-1"
site = "Đảo Kim Cương"
agency = "UBND phường Bình Trưng"
[help]
phone = "1022"
[panel]
enabled = false
[timeouts]
farewell = 0.1
presence = 1
countdown = 1
[plugins]
enabled = [{plugins}]
[orders]
data = "{folder}/orders"
key = "{folder}/key/station.key"
[identity]
country_certificates = "{folder}/country"
[settings.payments]
switch_url = "{switch}"
bin = "{bin}"
account = "{account}"
terminal = true
{settings}
[[roles.screen]]
{screen}
[[roles.id_reader]]
driver = "sim_id_reader"
publish_country = "{folder}/country"
[[roles.receipt_printer]]
driver = "sim_receipt_printer"
[[roles.presence]]
driver = "sim_presence"
[[roles.payment_terminal]]
driver = "sim_payment_terminal"
journal = "{folder}/terminal.sqlite"
"""


MEMO = ("Nội dung chuyển khoản", "Transfer message")
"""What stands before the words of the transfer on the Pay page."""
OUTSIDE: Mapping[str, type[Sandbox]] = {
    "authorities": Authorities,
    "aggregator": Aggregator,
    "lender": Bank,
    "other_lender": Bank,
    "carrier": Operator,
    "other_carrier": Operator,
}
"""What stands behind the services of all plugins but the doctor."""
DOSSIER, APPLICATION = "000.00.01.H29-260310-0420", "AC1A2B3C4D"
"""What the authorities and the lender have before anybody comes."""


@dataclass
class ServiceSite:
    """A running station with the outside world of its services.

    :ivar sandboxes: by the name they were given.
    """

    folder: Path
    glass: AnyDriver
    switch: Switch
    sandboxes: dict[str, Sandbox]
    devices: dict[Role, Device] = field(default_factory=dict)

    async def pay(self) -> None:
        """Pay what the Pay page asks for with a banking app, reading it as a resident does."""
        await self.glass.at("pay")
        lines = (await self.glass.read()).split("\n")
        memo = next(line for line in lines if line.startswith(MEMO)).rpartition(" ")[2]
        amount = next(line for line in lines if "₫" in line or "đồng" in line)
        digits = "".join(letter for letter in amount if letter.isdigit())
        self.switch.transfer(ACCOUNT, int(digits), memo)

    def paper(self) -> str:
        """Return what hangs out of the printer."""
        printer = self.devices[Role.RECEIPT_PRINTER]
        return printer.shown()  # type: ignore[attr-defined]

    async def lay_card(self, card: Mapping[str, object]) -> None:
        """Lay a person's card on the reader."""
        await self.control(Role.ID_READER, "card_data", json.dumps(card))

    async def take_card(self) -> None:
        """Take the card away again."""
        await self.control(Role.ID_READER, "card", "none")

    async def hold_card(self) -> None:
        """Hold a bank card to the terminal once it asks for one."""
        await self.glass.at("pay")
        async with asyncio.timeout(30):
            while "VND" not in self.devices[Role.PAYMENT_TERMINAL].shown():  # type: ignore[attr-defined]
                await asyncio.sleep(0.02)
        await self.control(Role.PAYMENT_TERMINAL, "card")

    async def control(self, role: Role, name: str, value: str = "") -> None:
        """Do something at a simulated device."""
        await self.devices[role].control(name, value)  # type: ignore[attr-defined]

    def found_on_disk(self, words: Sequence[str]) -> list[str]:
        """Return which words stand in a file of the station in the clear."""
        return found_in_files(self.folder / "orders", words)


@contextlib.asynccontextmanager
async def service_site(
    folder: Path,
    screen: str,
    browser: Browser | None,
    settings: str,
    ready: Callable[[dict[str, str]], None] = lambda _addresses: None,
    clock: Clock | None = None,
    **sandboxes: Sandbox,
) -> AsyncGenerator[ServiceSite]:
    """Run a station in this process, with sandboxes on free ports.

    :param settings: further sections; ``{name}`` is the address of the sandbox of that name.
    :param ready: is told the sandboxes' addresses before the station starts.
    :param clock: of the station; None: the machine's.
    """
    async with contextlib.AsyncExitStack() as stack:
        switch = Switch(folder / "switch.sqlite")
        await stack.enter_async_context(switch.running())
        for sandbox in sandboxes.values():
            await stack.enter_async_context(sandbox.running())
        ready({name: sandbox.address for name, sandbox in sandboxes.items()})
        text = settings.format(**{name: sandbox.address for name, sandbox in sandboxes.items()})
        plugins = {line.split(".")[1].rstrip("]") for line in text.splitlines() if line.startswith("[settings.")}
        file = folder / "station.toml"
        file.write_text(
            STATION.format(
                plugins=", ".join(f'"{name}"' for name in sorted(plugins | {"payments"})),
                folder=folder,
                switch=switch.address,
                bin=BIN,
                account=ACCOUNT,
                settings=text,
                screen=SCREENS[screen],
            ),
            encoding="utf-8",
        )
        config = read_config(file)
        clock = clock or SystemClock()
        context = PluginContext(clock=clock, station=config.station.id, site=config.station.site)
        side = os.environ.get(SIDE, "")
        loaded = load(
            config.plugins.enabled,
            config.settings,
            context,
            screens=screens_of(config),
            isolation=isolated(side, [switch.address, *(each.address for each in sandboxes.values())]),
        )
        assert not loaded.quarantined, loaded.report()
        if side == "serialising":
            loaded.beside = SerialisingPlugin
        devices = make_devices(config, clock)
        running = asyncio.create_task(run_station(config, loaded, clock, lambda *_address: None, devices))
        try:
            glass = await _driver_of(devices.of(Role.SCREEN)[0], browser, running)
            first = {role: devices.of(role)[0] for role in Role if devices.of(role)}
            yield ServiceSite(folder, glass, switch, sandboxes, first)
        finally:
            signal.raise_signal(signal.SIGTERM)  # as an operator ends a station
            await running


def isolated(side: str, addresses: Sequence[str]) -> Callable[[Installed], Isolation]:
    """Return how apart the plugins run: in processes, confined ones, or in the station's own.

    :param addresses: of the outside world, which confined plugins are granted.
    """
    kind: Kind = "process" if side == "process" else "sandbox" if side == "sandbox" else "inline"
    isolation = Isolation(kind=kind, origins=tuple(addresses))
    return lambda plugin: INLINE if plugin.name == "telehealth" else isolation


@contextlib.asynccontextmanager
async def whole_site(
    folder: Path, screen: str, browser: Browser | None, clock: Clock | None = None, *, vneid: bool = True
) -> AsyncGenerator[ServiceSite]:
    """Run a station with every service but the doctor's, and all that stands behind them.

    Residents are known as surely as can be: by chip and face, or by signing in.

    :param clock: of the station and of who gives out days; None: the machine's.
    :param vneid: residents may sign in with it.
    """

    def ready(addresses: dict[str, str]) -> None:
        for bundled, ports in (
            (banks.BUNDLED, {8086: "lender", 8087: "other_lender"}),
            (operators.BUNDLED, {8088: "carrier", 8089: "other_carrier"}),
        ):
            text = bundled.read_text(encoding="utf-8")
            for port, name in ports.items():
                text = text.replace(f"http://127.0.0.1:{port}", addresses[name])
            (folder / bundled.name).write_text(text, encoding="utf-8")

    settings = (
        '[settings.procedures]\ngateway_url = "{authorities}"\ninformation_url = "{authorities}"\n'
        f"{_signing(folder) if vneid else ''}"
        '[settings.billing]\naggregator_url = "{aggregator}"\n'
        f'[settings.banking]\nbanks_file = "{folder / banks.BUNDLED.name}"\n'
        f'[settings.sim_identity]\noperators_file = "{folder / operators.BUNDLED.name}"\n'
        '[[roles.camera]]\ndriver = "sim_camera"\n[[roles.face_matcher]]\ndriver = "sim_face_matcher"\n'
        '[[roles.document_camera]]\ndriver = "sim_camera"\n'
    )
    sandboxes = {
        name: kind(folder / f"{name}.sqlite", clock) if kind in (Authorities, Bank) else kind(folder / f"{name}.sqlite")
        for name, kind in OUTSIDE.items()
    }
    if vneid:
        settings += '[settings.identity]\nissuer = "{vneid}"\nclient_id = "tramkit-demo"\n'
        sandboxes["vneid"] = OpenIdProvider(folder / "vneid.sqlite", clock=clock, interval=0.1)
    row = (DOSSIER, "079000000000", "Đăng ký thường trú", "Permanent residence", "Công an phường", 4, "", "2026-03-19")
    sandboxes["authorities"].db.execute("INSERT INTO dossiers VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    sandboxes["lender"].db.execute("INSERT INTO progress VALUES (?, 'loan', 'Ai đó', 'received', '')", (APPLICATION,))
    async with service_site(folder, screen, browser, settings, ready, clock, **sandboxes) as site:
        yield site


def _signing(folder: Path) -> str:
    """Return the settings under which forms are signed on the phone."""
    return 'signing_url = "{vneid}"\n' + f'signing_trust = "{folder / "vneid-signing-root.pem"}"\n'


async def _driver_of(screen: Device, browser: Browser | None, running: asyncio.Task[None]) -> AnyDriver:
    async with asyncio.timeout(30):
        while not screen.state.usable:
            assert not running.done(), running.exception()
            await asyncio.sleep(0.02)
    if isinstance(screen, ScriptedScreen):
        return ScriptedDriver(screen)
    if browser is None:
        return TerminalDriver(screen)  # type: ignore[arg-type]
    driver = WebDriver(await (await browser.new_context(viewport=PORTRAIT)).new_page())
    await driver.open(next(iter(screen.addresses.values())))  # type: ignore[attr-defined]
    return driver


__all__ = ["ServiceSite", "service_site", "whole_site"]
