"""What a station offers in its menu: the services of plugins, and the station's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from tramkit.host.ending import Followed, Signal
from tramkit.host.host import Host
from tramkit.host.plugin_side import PluginSide, ServiceDescriptor
from tramkit.host.service_state import ServiceState
from tramkit.station.attended import AttendedHost
from tramkit.station.station_host import StationHost


class OwnService(Protocol):
    """A service of the station itself, which may use what no plugin may."""

    descriptor: ServiceDescriptor

    async def serve(self, host: StationHost) -> None:
        """Lead the resident through it; its questions stand in the station's own journal."""
        ...


async def _nothing_to_follow(visit: str, signal: Signal) -> Followed:
    return "exhausted"


@dataclass(frozen=True)
class Offer:
    """One service of the menu.

    :param serve: leads a resident through it.
    :param follow: takes it away from the page it shows; see :meth:`PluginSide.signal`.
    """

    service: ServiceDescriptor
    availability: Callable[[], ServiceState]
    serve: Callable[[StationHost], Awaitable[None]]
    follow: Callable[[str, Signal], Awaitable[Followed]] = _nothing_to_follow


def offers(sides: Iterable[PluginSide], own: Iterable[OwnService] = ()) -> tuple[Offer, ...]:
    """Return what plugins and the station itself offer, in their order."""
    of_plugins = [_of_plugin(side, service) for side in sides for service in side.services]
    return (*of_plugins, *(Offer(each.descriptor, ServiceState, each.serve) for each in own))


def _of_plugin(side: PluginSide, service: ServiceDescriptor) -> Offer:
    async def serve(host: StationHost) -> None:
        host.serve(service.id)
        async with AttendedHost(host) as attended:
            await side.serve(host.visit.id, service.id, cast("Host", attended))

    return Offer(service, partial(side.availability, service.id), serve, side.signal)
