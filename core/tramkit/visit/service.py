"""A service: one thing that a plugin offers in the menu, written as one conversation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar

from tramkit.host.plugin_side import ServiceDescriptor
from tramkit.host.service_state import ServiceState
from tramkit.visit.declared import describe
from tramkit.visit.visit import Visit


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

    async def start(self) -> None:
        """Begin what the service does in the background (watch its gateway); called once when the station starts."""

    async def stop(self) -> None:
        """End what :meth:`start` began."""
