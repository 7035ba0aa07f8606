"""A whole station in the test's own process, with a robot resident before it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, cast

from pydantic import BaseModel

from tramkit.conversation.staff import StaffBell
from tramkit.conversation.timeouts import Timeouts
from tramkit.host.plugin_side import PluginSide
from tramkit.identity.means import IdentityMeans
from tramkit.orders.runner import Runner
from tramkit.papers.server import Uploads
from tramkit.station.devices import Devices
from tramkit.station.offer import OwnService
from tramkit.station.profile import Profile
from tramkit.station.station import Station
from tramkit.visit.inline import InlinePlugin
from tramkit.visit.service import Service
from tramkit_hal.card.trust import CardTrust
from tramkit_hal.device.base import Device, DeviceContext, NoSettings
from tramkit_hal.device.clock import Clock, ManualClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.ui.pages import AnyPage

PHONE = "1022"


@dataclass
class Running:
    """A running station and what a test holds of it."""

    station: Station
    screen: ScriptedScreen
    clock: Clock
    bell: StaffBell
    devices: Devices

    async def menu(self) -> AnyPage:
        """Touch the attract page and return the menu."""
        await self.screen.until(lambda page: page.kind == "attract")
        self.screen.answer()
        return await self.page("choose")

    async def page(self, kind: str, title: str = "") -> AnyPage:
        """Wait for a page of a kind, perhaps with words of its title."""
        return await self.screen.until(lambda page: page.kind == kind and title in page.title.id)

    async def attract(self) -> None:
        """Wait until nobody is here again, moving a hand-moved clock past the farewell."""
        async with asyncio.timeout(60):
            while not (self.screen.history and self.screen.page.kind == "attract" and self.station.progress is None):
                if isinstance(self.clock, ManualClock):
                    await self.clock.advance(1)
                await asyncio.sleep(0)


class Outside(Protocol):
    """What stands outside a station."""

    def joins(self, devices: Devices) -> Mapping[str, Any]:
        """Let it find the devices; return ``runner`` and ``means`` of the station."""
        ...


def as_it_is(plugin: PluginSide) -> PluginSide:
    """Put nothing between a plugin and the station."""
    return plugin


@contextlib.asynccontextmanager
async def station(
    services: Sequence[Service | OwnService | PluginSide],
    *,
    clock: Clock | None = None,
    bound: Mapping[Role, Sequence[Device]] | None = None,
    timeouts: Timeouts | None = None,
    seed: int = 1,
    screen: Callable[[BaseModel, DeviceContext], ScriptedScreen] = ScriptedScreen,
    world: Outside | None = None,
    uploads: Uploads | None = None,
    trust: CardTrust | None = None,
    runner: Runner | None = None,
    side: Callable[[PluginSide], PluginSide] = as_it_is,
    made: datetime | None = None,
) -> AsyncGenerator[Running]:
    """Run a station with these services, devices and kind of screen until the block ends.

    :param services: of one plugin, of the station itself, or whole plugins.
    :param world: what stands outside it, with its orders, ways to sign in, and whose cards it believes.
    :param trust: whose cards it believes, where there is no world; None: nobody's.
    :param runner: carries orders out, where there is no world.
    :param side: what stands between the services and the station.
    :param made: a moment before which this version cannot have run.
    """
    clock = clock or ManualClock()
    robot = screen(NoSettings(), DeviceContext(Role.SCREEN, clock))
    devices = Devices({Role.SCREEN: [robot], **(bound or {})}, clock)
    bell = StaffBell(clock, PHONE)
    running = Station(
        Profile("test-1", "UBND phường Bình Trưng", "Đảo Kim Cương"),
        devices,
        [
            *(cast("PluginSide", each) for each in services if hasattr(each, "services")),
            side(InlinePlugin([service for service in services if isinstance(service, Service)])),
        ],
        bell,
        clock,
        timeouts or Timeouts(farewell=0.1),
        seed=seed,
        uploads=uploads,
        own=[cast("OwnService", each) for each in services if hasattr(each, "descriptor")],
        made=made,
        **(world.joins(devices) if world else {"runner": runner, "means": IdentityMeans(devices, (), trust)}),
    )
    task = asyncio.create_task(running.run())
    try:
        await robot.until(lambda page: page.kind == "attract")
        yield Running(running, robot, clock, bell, devices)
    finally:
        running.stop()
        async with asyncio.timeout(60):
            while not task.done():
                if isinstance(clock, ManualClock):
                    await clock.advance(1)
                await asyncio.sleep(0 if isinstance(clock, ManualClock) else 0.01)
        await task


PageIs = Callable[[AnyPage], bool]
