"""The composition root: the one place where configuration, drivers, plugins and the station meet."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ed25519

from tramkit.app.config import StationConfig, reads_real_cards
from tramkit.app.service_manager import ServiceManager
from tramkit.checkout.methods import payment_methods
from tramkit.checkout.receipts import Receipts
from tramkit.checkout.terminals import StationTerminals
from tramkit.conversation.staff import StaffBell
from tramkit.facts import changes
from tramkit.host.days import day_of
from tramkit.host.plugin_side import fulfillers
from tramkit.identity.means import IdentityMeans
from tramkit.identity.methods import sign_ins
from tramkit.operator.backup import restored
from tramkit.operator.health import StationHealth
from tramkit.operator.panel import Panel
from tramkit.operator.panel.peers import Peers
from tramkit.operator.self_test import each_morning, last
from tramkit.operator.supervision import watch_plugs, watch_power
from tramkit.orders.ledger import Ledger, LedgerError
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal, SealError, read_key
from tramkit.plugins.dated_facts import collect_safely
from tramkit.plugins.loader import PluginSet
from tramkit.station.devices import Devices
from tramkit.station.drivers import load_driver
from tramkit.station.profile import Profile
from tramkit.station.station import Station
from tramkit.station.watchdog import Watchdog
from tramkit_hal import TramkitError
from tramkit_hal.card.guarded import ROOT
from tramkit_hal.card.trust import FolderTrust
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.isolated import isolated
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.screen import Screen, ScreenCapabilities

if TYPE_CHECKING:
    from tramkit.papers.server import Uploads

_log = logging.getLogger(__name__)

SCREEN_SECONDS = 5.0
"""How long the screen may take until the operator is told what is wrong with it."""


class StartError(TramkitError):
    """Why a station did not start, in words for the operator."""


Announce = Callable[[str, str], None]
"""Is told each address to open, as its name and the URL, once the station answers there."""


def make_devices(config: StationConfig, clock: Clock) -> Devices:
    """Make the devices that ``station.toml`` binds to roles; none is opened yet."""
    bound: dict[Role, Sequence[Device]] = {}
    for role, bindings in config.roles.items():
        devices: list[Device] = []
        for number, binding in enumerate(bindings):
            driver = load_driver(binding.driver)
            if binding.process:
                driver = isolated(driver)
            settings = driver.Settings.model_validate(binding.settings)
            devices.append(driver(settings, DeviceContext(role, clock, seed=number)))
        bound[role] = devices
    return Devices(bound, clock)


def trust_of(config: StationConfig) -> FolderTrust:
    """Return whose signatures of identity cards the station believes.

    Where only simulated cards are read, any file counts: their simulator publishes a country of its own.
    """
    folder, key = config.identity.country_certificates, config.identity.country_list_key
    return FolderTrust(
        Path(folder) if folder else None,
        owners=ROOT if reads_real_cards(config) else None,
        signer=ed25519.Ed25519PublicKey.from_public_bytes(base64.b64decode(key)) if key else None,
    )


def screens_of(config: StationConfig) -> list[ScreenCapabilities]:
    """Return what each screen that ``station.toml`` binds can show; none is opened."""
    found: list[ScreenCapabilities] = []
    for binding in config.roles.get(Role.SCREEN, ()):
        driver = load_driver(binding.driver)
        screen = driver(driver.Settings.model_validate(binding.settings), DeviceContext(Role.SCREEN))
        if isinstance(screen, Screen):
            found.append(screen.capabilities)
    return found


async def run_station(
    config: StationConfig,
    plugins: PluginSet,
    clock: Clock,
    announce: Announce,
    devices: Devices | None = None,
    *,
    made: datetime | None = None,
) -> None:
    """Run a station until it is told to stop (SIGINT, SIGTERM, SIGHUP); the visit under way is ended and wiped first.

    :param announce: is told the addresses of screen and panel.
    :param devices: made already; None: they are made as the configuration says.
    :param made: a moment before which this version cannot have run; None: whatever the clock says can be right.
    :raises StartError: the panel cannot be served.
    """
    devices = devices or make_devices(config, clock)
    for side in plugins.sides:
        side.use(StationTerminals(devices))
    runner = await _start_runner(config, plugins, devices, clock)
    uploads = await _start_uploads(config, clock)
    station = Station(
        Profile(config.station.id, config.station.agency, config.station.site, tuple(config.station.languages)),
        devices,
        plugins.sides,
        StaffBell(clock, config.help.phone),
        clock,
        config.timeouts,
        runner=runner,
        uploads=uploads,
        own=[Receipts(runner)] if runner is not None else [],
        means=IdentityMeans(devices, sign_ins(plugins.sides), trust_of(config)),
        made=made,
    )
    _stop_on_signals(station)
    panel = await _start_panel(station, config, plugins, clock, runner)
    running = asyncio.create_task(station.run())
    manager = ServiceManager()
    alive = asyncio.create_task(manager.watch(StationHealth(station), clock), name="service manager")
    watches = [*_watches(station, plugins, clock), *_self_tests(station, config, clock), alive]
    opened = asyncio.create_task(station.opened())
    try:
        if panel is not None:
            announce("panel", panel.address)
        manager.tell(READY="1")  # a screen that is not there yet is tried again, and told of
        await _opened(devices, running, opened)
        _announce_screens(devices, announce)
        await running
    finally:
        manager.tell(STOPPING="1")
        opened.cancel()
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)
        station.stop()
        await asyncio.wait({running})
        await _put_away(panel, uploads, runner)


async def _put_away(panel: Panel | None, uploads: Uploads | None, runner: Runner | None) -> None:
    """Stop what serves beside the station, orders last."""
    if panel is not None:
        await panel.stop()
    if uploads is not None:
        await uploads.stop()
    if runner is not None:
        await runner.stop()
        await runner.ledger.close()


def _announce_screens(devices: Devices, announce: Announce) -> None:
    for screen in devices.usable(Role.SCREEN, Screen):
        for name, address in screen.addresses.items():
            announce(name, address)


def _watches(station: Station, plugins: PluginSet, clock: Clock) -> list[asyncio.Task[None]]:
    """Watch plugs, power and the loop; a plugin that blocks it has its services closed till the operator opens them."""

    def close(plugin: str) -> None:
        for service in plugins.running[plugin].services:
            station.faults.close(service.id)

    folders = {each.name: each.folder for each in plugins.installed if each.folder and each.name in plugins.running}
    return [
        asyncio.create_task(watch_plugs(station.devices, clock), name="plugs"),
        asyncio.create_task(watch_power(station.devices, clock, station.stop), name="power"),
        asyncio.create_task(Watchdog(folders, close).watch(), name="watchdog"),
    ]


def _self_tests(station: Station, config: StationConfig, clock: Clock) -> list[asyncio.Task[None]]:
    """Begin what the station does by itself each morning; nothing where the configuration names no time."""
    if not config.self_test.at:
        return []
    at, file = time.fromisoformat(config.self_test.at), Path(config.self_test.file)
    return [asyncio.create_task(each_morning(station.devices, clock, at, file, station), name="self-test")]


def _stop_on_signals(station: Station) -> None:
    """End the visit under way and wipe when the machine, a person or a closed terminal (SIGHUP) ends the program."""
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with contextlib.suppress(NotImplementedError, AttributeError):  # a system without signals, or without this one
            loop.add_signal_handler(getattr(signal, name), station.stop)


async def _opened(devices: Devices, running: asyncio.Task[None], opened: asyncio.Task[None]) -> None:
    """Wait until the screen is open; the operator is told what is wrong where that takes long."""
    await asyncio.wait({running, opened}, timeout=SCREEN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    if not opened.done() and not running.done():
        for screen in devices.of(Role.SCREEN):
            _warn(f"the screen cannot be used: {screen.detail or screen.state.value}; still trying")
        await asyncio.wait({running, opened}, return_when=asyncio.FIRST_COMPLETED)


async def _start_runner(config: StationConfig, plugins: PluginSet, devices: Devices, clock: Clock) -> Runner | None:
    """Open the ledger and go on with what is not settled; None: this station takes no orders."""
    if not config.orders.data:
        return None
    try:
        seal = Seal(read_key(Path(config.orders.key)))
    except SealError as problem:
        raise StartError(f"orders.key: {problem}") from None
    if (back := restored(Path(config.orders.data))) is not None:
        _log.error("the ledger was put back and not compared since", extra={"taken_at": back.taken_at.isoformat()})
    ledger = Ledger(Path(config.orders.data) / "ledger.sqlite", seal)
    runner = Runner(ledger, fulfillers(plugins.sides), payment_methods(plugins.sides, devices), clock)
    try:
        await ledger.open()
        await runner.start()
    except LedgerError as problem:
        _warn(f"orders.data: {problem}; the station takes no orders")
    return runner


async def _start_uploads(config: StationConfig, clock: Clock) -> Uploads | None:
    """Listen for papers from phones, as soon as there is a network; None: this station takes none."""
    section = config.uploads
    if not section.host:
        return None
    try:
        from tramkit.papers.server import Uploads
    except ImportError as error:
        raise StartError(f"uploads: {error.name} is missing; run: pip install 'tramkit[papers]'") from None
    uploads = Uploads(
        section.host,
        section.port,
        clock,
        agency=config.station.agency,
        address=section.address,
        most_bytes=section.megabytes * 1024 * 1024,
        seconds=section.minutes * 60,
        loopback=section.loopback,
        apart=True,
    )
    try:
        await uploads.start()
    except OSError as error:
        _warn(
            f"uploads: cannot listen on {section.host}, port {section.port}: {error.strerror}; phones cannot send "
            "papers; still trying"
        )
    return uploads


async def _start_panel(
    station: Station, config: StationConfig, plugins: PluginSet, clock: Clock, runner: Runner | None
) -> Panel | None:
    """Serve the operator's panel; None: the configuration wants none."""
    if not config.panel.enabled:
        return None
    calendar = Path(config.station.calendar) if config.station.calendar else None
    values = collect_safely(plugins.installed, list(plugins.running), config.settings, calendar)
    panel = Panel(
        station,
        port=config.panel.port,
        token=config.panel.token,
        viewer_token=config.panel.viewer_token,
        tcp=config.panel.tcp,
        socket=Path(config.panel.socket) if config.panel.socket else None,
        peers=Peers(config.panel.operators, config.panel.viewers),
        plugins_report=plugins.panel_report,
        changes_report=lambda: changes(values, day_of(clock.now())),
        self_test_report=(lambda: last(Path(config.self_test.file))) if config.self_test.at else None,
        clock=clock,
        runner=runner,
    )
    try:
        await panel.start()
    except OSError as error:
        raise StartError(
            f"panel.port: the panel cannot listen on port {config.panel.port}: {error.strerror}; "
            "is another station running?"
        ) from None
    return panel


def _warn(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
