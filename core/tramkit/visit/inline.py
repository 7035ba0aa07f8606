"""A plugin's services in the station's own process: trusted, with nothing between."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from tramkit.host.ending import Followed, Signal
from tramkit.host.host import Host
from tramkit.host.plugin_side import ServiceDescriptor
from tramkit.host.service_state import ServiceState
from tramkit.visit.service import Service
from tramkit.visit.serving import Serving

_log = logging.getLogger(__name__)


def describe(service: Service) -> ServiceDescriptor:
    """Return what the station is told of a service.

    :raises pydantic.ValidationError: something that it declares is of a wrong type.
    """
    return ServiceDescriptor(
        id=service.id,
        title=service.title,
        hint=service.hint,
        needs=service.needs,
        wants=service.wants,
        limited_without=service.limited_without,
        identity=service.identity,
        identity_exactly=service.identity_exactly,
        asks_identity=service.asks_identity,
        needs_date=service.needs_date,
        takes_orders=hasattr(service, "fulfil"),
        icon=service.icon,
        path=service.path,
    )


class InlinePlugin:
    """The services of one plugin, called directly."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = {service.id: service for service in services}
        self.services = tuple(describe(service) for service in services)
        self._serving: dict[tuple[str, str], Serving] = {}
        self._now: dict[str, Serving] = {}

    def availability(self, service: str) -> ServiceState:
        """Return whether a service can be used now."""
        return ServiceState.model_validate(self._services[service].availability())

    async def start(self) -> None:
        """Begin what the services do in the background; one that fails does not keep the others."""
        for service in self._services.values():
            try:
                await service.start()
            except Exception:  # a plugin's edge
                _log.exception("service did not start", extra={"service": service.id})

    async def stop(self) -> None:
        """End what :meth:`start` began."""
        for service in self._services.values():
            try:
                await service.stop()
            except Exception:  # a plugin's edge
                _log.exception("service did not stop", extra={"service": service.id})

    async def serve(self, visit: str, service: str, host: Host) -> None:
        """Lead a resident through a service; see :class:`PluginSide`."""
        key = (visit, service)
        if key not in self._serving:
            self._serving[key] = Serving(visit, self._services[service])
        self._now[visit] = self._serving[key]
        await self._serving[key].run(host)

    async def signal(self, visit: str, signal: Signal) -> Followed:
        """Take the service away from its page; see :class:`PluginSide`."""
        return await self._now[visit].signal(signal)

    def visit_ended(self, visit: str) -> None:
        """Forget everything of a visit."""
        self._now.pop(visit, None)
        for key in [key for key in self._serving if key[0] == visit]:
            self._serving.pop(key).forget()
