"""What crosses between a station and the worker in which a plugin's services run."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Protocol, cast

from tramkit.host.calls import Calls
from tramkit.host.ending import Followed, Signal, VisitIsOverError
from tramkit.host.host import Host, Snapshot
from tramkit.host.peer import Peer, Proxy, Target
from tramkit.host.person import NotIdentifiedError
from tramkit.host.plugin_side import Carries, PluginSide
from tramkit.host.remote_host import RemoteHost, Streams
from tramkit.host.service_state import ServiceState
from tramkit.host.terminals import Terminals
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Messages

_ = Messages("tramkit")
_log = logging.getLogger(__name__)


class Worker(Carries, Protocol):
    """A plugin's end of the pipe, as the station calls it."""

    async def start(self) -> None:
        """Begin what the services do in the background."""
        ...

    async def stop(self) -> None:
        """End what :meth:`start` began."""
        ...

    async def states(self) -> dict[str, ServiceState]:
        """Return whether each service can be used now."""
        ...

    async def serve(self, visit: str, service: str, snapshot: Snapshot) -> None:
        """Lead a resident through a service; the station is then called as ``host:VISIT``."""
        ...

    async def signal(self, visit: str, signal: Signal) -> Followed:
        """Take the service away from the page that it shows."""
        ...

    async def visit_ended(self, visit: str) -> None:
        """Forget everything of a visit."""
        ...


WORKER = Calls(Worker)
TERMINALS = Calls(Terminals)

PASSED_ON = tuple(name for name, _call in inspect.getmembers(Carries, inspect.iscoroutinefunction))
"""Calls that mean the same on both sides of the pipe."""


class PluginWorker:
    """The worker: the plugin's services, and what the station calls of them.

    :param plugin: the services, called directly.
    :param streams: makes those of a visit.
    """

    def __init__(self, plugin: PluginSide, send: Callable[[bytes], None], streams: Callable[[str], Streams]) -> None:
        self.peer = Peer(send, self._target)
        self._plugin = plugin
        self._make_streams = streams
        self._streams: dict[str, Streams] = {}
        plugin.use(cast("Terminals", Proxy(self.peer, "terminals", TERMINALS)))
        for name in PASSED_ON:
            setattr(self, name, getattr(plugin, name))

    def _target(self, name: str) -> Target | None:
        return Target(WORKER, self) if name == "worker" else None

    async def start(self) -> None:
        """Begin what the services do in the background."""
        await self._plugin.start()

    async def stop(self) -> None:
        """End what :meth:`start` began."""
        await self._plugin.stop()

    async def states(self) -> dict[str, ServiceState]:
        """Return whether each service and method can be used now; one that cannot tell is closed."""
        described = (*self._plugin.services, *self._plugin.payment_methods, *self._plugin.identity_methods)
        return {each.id: self._state(each.id) for each in described}

    def _state(self, service: str) -> ServiceState:
        try:
            return self._plugin.availability(service)
        except Exception:  # a plugin's edge: one service that cannot tell must not take the others down
            _log.exception("service cannot tell its state", extra={"service": service})
            return ServiceState(availability=Availability.CLOSED, reason=_("This service has a fault."))

    async def serve(self, visit: str, service: str, snapshot: Snapshot) -> None:
        """Lead a resident through a service."""
        if visit not in self._streams:
            self._streams[visit] = self._make_streams(visit)
        host = RemoteHost(self.peer, f"host:{visit}", snapshot, self._streams[visit])
        try:
            await self._plugin.serve(visit, service, cast("Host", host))
        except (VisitIsOverError, NotIdentifiedError):
            raise
        except Exception as error:
            _log.error("service failed", extra={"visit": visit, "service": service}, exc_info=error)
            raise

    async def signal(self, visit: str, signal: Signal) -> Followed:
        """Take the service away from the page that it shows."""
        return await self._plugin.signal(visit, signal)

    async def visit_ended(self, visit: str) -> None:
        """Forget everything of a visit."""
        self._plugin.visit_ended(visit)
        if (streams := self._streams.pop(visit, None)) is not None:
            streams.close()
