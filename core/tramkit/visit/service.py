"""A service: one thing that a plugin offers in the menu, written as one conversation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar

from pydantic import JsonValue

from tramkit.host.plugin_side import ServiceDescriptor
from tramkit.host.service_state import ServiceState
from tramkit.visit.declared import describe
from tramkit.visit.visit import Visit
from tramkit_hal import TramkitError


class RequestVersionError(TramkitError):
    """The request of an order is of a version that the plugin makes nothing of."""


class Service(ABC):
    """One thing a plugin offers in the menu.

    A subclass sets :attr:`id` and writes :meth:`serve`. It must keep nothing of a visit in ``self``: the same object
    serves every resident.
    """

    id: ClassVar[str]
    """``plugin.name``, as in ``plugin.toml``, where all else that the station must know of it is declared: title, hint,
    the devices that it needs and wants, identity. A class that lies in no plugin's package, as in a test, has class
    attributes of the same names instead."""

    @cached_property
    def declared(self) -> ServiceDescriptor:
        """What ``plugin.toml`` says of the service."""
        return describe(self)

    @abstractmethod
    async def serve(self, visit: Visit) -> None:
        """Lead the resident through the service.

        Every ``await`` on ``visit`` may be the last: when the resident leaves, goes Back or is timed out, the
        coroutine is cancelled there. It must do the same again for the same answers (Back replays it): time,
        randomness and the outside world come from ``visit`` only.
        """

    def availability(self) -> ServiceState:
        """Return whether the service can be used now, apart from its devices; called often, must not block."""
        return ServiceState()

    def migrate(self, request: dict[str, JsonValue], version: int) -> dict[str, JsonValue]:
        """Return the request of an order as this version of the plugin writes it.

        Called before an order is fulfilled or inquired about that was placed under a lower ``request_version`` than
        ``plugin.toml`` says now. It must do the same for the same request: the ledger keeps the old one.

        :param version: of the request that comes, below today's.
        :raises RequestVersionError: it cannot; the order waits, and after three days it is the operator's.
        """
        raise RequestVersionError(f"{self.id} makes nothing of a request of version {version}")

    async def start(self) -> None:
        """Begin what the service does in the background (watch its gateway); called once when the station starts."""

    async def stop(self) -> None:
        """End what :meth:`start` began."""
