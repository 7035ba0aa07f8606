"""What the station asks of a plugin: the other half of the interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from tramkit.host.ending import Followed, Signal
from tramkit.host.host import Host
from tramkit.host.order import Order, Outcome
from tramkit.host.payment import Invitation, Payment, PaymentDescriptor
from tramkit.host.person import Level, Person
from tramkit.host.service_state import ServiceState
from tramkit.host.sign_in import SignIn, SignInDescriptor
from tramkit.host.terminals import Terminals
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
    :param request_version: of what its orders' requests look like.
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
    request_version: int = 1
    icon: Icon | None = None
    path: tuple[Stage, ...] = ()


@runtime_checkable
class Fulfiller(Protocol):
    """Who carries the orders of a service out; both are idempotent by the key."""

    async def fulfil(self, order: Order, key: str) -> Outcome: ...
    async def inquire(self, order: Order, key: str) -> Outcome: ...


class PluginFulfiller:
    """Who carries the orders of one service out, wherever its plugin runs.

    :ivar request_version: of the requests that its plugin writes today.
    """

    def __init__(self, side: PluginSide, service: ServiceDescriptor) -> None:
        self._side = side
        self._service = service.id
        self.request_version = service.request_version

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Carry an order out."""
        return await self._side.fulfil(self._service, order, key)

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask what became of an order."""
        return await self._side.inquire(self._service, order, key)


def fulfillers(sides: Iterable[PluginSide]) -> dict[str, Fulfiller]:
    """Return who carries orders out, by service."""
    return {each.id: PluginFulfiller(side, each) for side in sides for each in side.services if each.takes_orders}


class Description(Data):
    """What a plugin offers, as data.

    :param background: its services do something between the calls, begun by ``start``.
    """

    services: tuple[ServiceDescriptor, ...] = ()
    payment_methods: tuple[PaymentDescriptor, ...] = ()
    identity_methods: tuple[SignInDescriptor, ...] = ()
    background: bool = False


class Carries(Protocol):
    """What means the same on both sides of a pipe: orders, ways to pay, ways to sign in."""

    # ── orders: each call is idempotent by its key; whatever is raised, the outcome is not known ──────────

    async def fulfil(self, service: str, order: Order, key: str) -> Outcome:
        """Carry an order out."""
        ...

    async def inquire(self, service: str, order: Order, key: str) -> Outcome:
        """Ask what became of an order."""
        ...

    async def invitation(self, method: str, payment: Payment) -> Invitation:
        """Return what the resident is to do to pay."""
        ...

    async def collect(self, method: str, payment: Payment) -> Outcome:
        """Begin to collect, or go on with it."""
        ...

    async def inquire_payment(self, method: str, payment: Payment) -> Outcome:
        """Ask what became of a payment."""
        ...

    async def cancel(self, method: str, payment: Payment) -> Outcome:
        """Give a payment up."""
        ...

    async def refund(self, method: str, payment: Payment, key: str, amount: int) -> Outcome:
        """Give money back."""
        ...

    async def inquire_refund(self, method: str, payment: Payment, key: str) -> Outcome:
        """Ask what became of a refund."""
        ...

    # ── signing in ────────────────────────────────────────────────────────────────────────────────────────

    async def begin_sign_in(self, method: str) -> SignIn:
        """Ask the provider for a sign-in; see :meth:`IdentityMethod.begin`."""
        ...

    async def wait_sign_in(self, method: str, sign_in: SignIn) -> Person:
        """Wait until the resident has approved it; see :meth:`IdentityMethod.wait`."""
        ...


class PluginSide(Carries, Protocol):
    """A plugin, wherever it runs: its services, its ways to pay and its ways to sign in."""

    @property
    def services(self) -> Sequence[ServiceDescriptor]:
        """What it offers in the menu."""
        ...

    @property
    def payment_methods(self) -> Sequence[PaymentDescriptor]:
        """The ways to pay that it brings."""
        ...

    @property
    def identity_methods(self) -> Sequence[SignInDescriptor]:
        """The ways to sign in that it brings."""
        ...

    def availability(self, id: str) -> ServiceState:
        """Return whether a service or a method can be used now, as it was last told; must not block."""
        ...

    def use(self, terminals: Terminals) -> None:
        """Let its ways to pay use the station's card terminals; called before :meth:`start`."""
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
