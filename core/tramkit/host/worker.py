"""What crosses between a station and the worker in which a plugin's services run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from tramkit.host.calls import Calls
from tramkit.host.ending import Followed, Signal
from tramkit.host.host import Host, Snapshot
from tramkit.host.peer import HOST, Peer, Target
from tramkit.host.plugin_side import PluginSide, ServiceDescriptor
from tramkit.host.remote_host import RemoteHost, Streams
from tramkit.host.service_state import ServiceState
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Messages

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

STATE_SECONDS = 0.5
"""How often a worker looks whether a service has become available or closed."""

STALE_SECONDS = 5.0
"""A state older than this is no state: the service is closed until the worker speaks again."""


class Worker(Protocol):
    """A plugin's end of the pipe, as the station calls it."""

    async def describe(self) -> tuple[ServiceDescriptor, ...]:
        """Return what the plugin offers."""
        ...

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

    def _target(self, name: str) -> Target | None:
        return Target(WORKER, self) if name == "worker" else None

    async def describe(self) -> tuple[ServiceDescriptor, ...]:
        """Return what the plugin offers."""
        return tuple(self._plugin.services)

    async def start(self) -> None:
        """Begin what the services do in the background."""
        await self._plugin.start()

    async def stop(self) -> None:
        """End what :meth:`start` began."""
        await self._plugin.stop()

    async def states(self) -> dict[str, ServiceState]:
        """Return whether each service can be used now; one that cannot tell is closed."""
        return {service.id: self._state(service.id) for service in self._plugin.services}

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
        await self._plugin.serve(visit, service, cast("Host", host))

    async def signal(self, visit: str, signal: Signal) -> Followed:
        """Take the service away from the page that it shows."""
        return await self._plugin.signal(visit, signal)

    async def visit_ended(self, visit: str) -> None:
        """Forget everything of a visit."""
        self._plugin.visit_ended(visit)
        if (streams := self._streams.pop(visit, None)) is not None:
            streams.close()


class RemotePlugin:
    """A plugin's services at the other end of a pipe; a :class:`PluginSide`.

    :param services: as the worker describes them.
    """

    def __init__(self, services: Sequence[ServiceDescriptor], send: Callable[[bytes], None]) -> None:
        self.services = tuple(services)
        self.peer = Peer(send, self._target)
        self._hosts: dict[str, Host] = {}
        self._states: dict[str, ServiceState] = {}
        self._told_at = float("-inf")
        self._watch: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    def _target(self, name: str) -> Target | None:
        host = self._hosts.get(name.removeprefix("host:"))
        return Target(HOST, host) if host is not None else None

    def availability(self, service: str) -> ServiceState:
        """Return whether a service can be used now, as the worker said last."""
        if asyncio.get_running_loop().time() - self._told_at > STALE_SECONDS or service not in self._states:
            return ServiceState(availability=Availability.CLOSED, reason=_("This service does not answer now."))
        return self._states[service]

    async def start(self) -> None:
        """Begin what the services do in the background."""
        await self._call("start")
        await self._look()
        self._watch = asyncio.create_task(self._keep_looking(), name="plugin's states")

    async def stop(self) -> None:
        """End what :meth:`start` began."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await self._call("stop")

    async def _look(self) -> None:
        self._states = await self._call("states")
        self._told_at = asyncio.get_running_loop().time()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(STATE_SECONDS)
            await self._look()

    async def serve(self, visit: str, service: str, host: Host) -> None:
        """Lead a resident through a service; see :class:`PluginSide`."""
        self._hosts[visit] = host
        await self._call("serve", visit, service, host.snapshot)

    async def signal(self, visit: str, signal: Signal) -> Followed:
        """Take the service away from its page; see :class:`PluginSide`."""
        return await self._call("signal", visit, signal)

    def visit_ended(self, visit: str) -> None:
        """Forget everything of a visit."""
        if self._hosts.pop(visit, None) is not None:
            task = asyncio.create_task(self._call("visit_ended", visit), name="a visit has ended")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _call(self, name: str, *args: object) -> Any:
        result, _answer = await self.peer.call("worker", WORKER, name, *args)
        return result
