"""What the station asks of a plugin: the other half of the interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tramkit.host.ending import Followed, Signal
from tramkit.host.host import Host
from tramkit.host.person import Level
from tramkit.host.service_state import ServiceState
from tramkit_hal.data import Data
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import Stage
from tramkit_hal.words import Text


class ServiceDescriptor(Data):
    """A service as the station knows it.

    :param id: ``plugin.name``.
    :param needs: roles without which it is closed.
    :param wants: roles without which it is limited.
    :param limited_without: what the resident goes without when a wanted device is down.
    :param identity: how sure the station must be of who the resident is.
    :param identity_exactly: a sign-in does not stand in for the chip, nor the chip for a sign-in.
    :param asks_identity: the service asks for it itself, where it fits.
    :param needs_date: it is closed while the station's clock cannot be right.
    :param takes_orders: it is closed while no order can be written.
    :param icon: stands beside its title.
    :param path: its steps after the choice and the identity that the station asks for, in order.
    """

    id: str
    title: Text
    hint: Text | None = None
    needs: tuple[Role, ...] = ()
    wants: tuple[Role, ...] = ()
    limited_without: Mapping[Role, Text] = {}
    identity: Level = Level.NONE
    identity_exactly: bool = False
    asks_identity: bool = False
    needs_date: bool = True
    takes_orders: bool = False
    icon: Icon | None = None
    path: tuple[Stage, ...] = ()


class PluginSide(Protocol):
    """A plugin's services, wherever they run."""

    @property
    def services(self) -> Sequence[ServiceDescriptor]:
        """What it offers in the menu."""
        ...

    def availability(self, service: str) -> ServiceState:
        """Return whether a service can be used now, as it was last told; must not block."""
        ...

    async def start(self) -> None:
        """Begin what the services do in the background."""
        ...

    async def stop(self) -> None:
        """End what :meth:`start` began."""
        ...

    async def serve(self, visit: str, service: str, host: Host) -> None:
        """Lead a resident through a service, run after run, until it is done.

        Called again for the same visit and service, it goes on with what was answered before.

        :raises NotIdentifiedError: it needs to know who the resident is, and cannot.
        """
        ...

    async def signal(self, visit: str, signal: Signal) -> Followed:
        """Take the service away from the page that it shows; return when it has followed, within five seconds."""
        ...

    def visit_ended(self, visit: str) -> None:
        """Forget everything of a visit."""
        ...
