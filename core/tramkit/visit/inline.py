"""A plugin's services in the station's own process: trusted, with nothing between."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from tramkit.host.ending import Followed, Signal
from tramkit.host.host import Host
from tramkit.host.order import Order, Outcome
from tramkit.host.payment import Invitation, Payment, PaymentDescriptor, PaymentMethod
from tramkit.host.person import Person
from tramkit.host.plugin_side import Fulfiller
from tramkit.host.service_state import ServiceState
from tramkit.host.sign_in import IdentityMethod, SignIn, SignInDescriptor
from tramkit.host.terminals import Terminals
from tramkit.visit.service import RequestVersionError, Service
from tramkit.visit.serving import Serving

_log = logging.getLogger(__name__)


def describe_payment(method: PaymentMethod) -> PaymentDescriptor:
    """Return what the station is told of a way to pay.

    :raises pydantic.ValidationError: something that it declares is of a wrong type.
    """
    return PaymentDescriptor(
        id=method.id,
        title=method.title,
        hint=method.hint,
        icon=method.icon,
        needs=method.needs,
        properties=method.properties,
    )


def describe_sign_in(method: IdentityMethod) -> SignInDescriptor:
    """Return what the station is told of a way to sign in.

    :raises pydantic.ValidationError: something that it declares is of a wrong type.
    """
    return SignInDescriptor(id=method.id, title=method.title, hint=method.hint, level=method.level)


class InlinePlugin:
    """One plugin, called directly.

    :param services: what it offers in the menu.
    :param methods: its ways to pay.
    :param sign_ins: its ways to sign in.
    """

    def __init__(
        self,
        services: Sequence[Service],
        methods: Sequence[PaymentMethod] = (),
        sign_ins: Sequence[IdentityMethod] = (),
    ) -> None:
        self._services = {service.id: service for service in services}
        self._methods = {method.id: method for method in methods}
        self._sign_ins = {method.id: method for method in sign_ins}
        self.services = tuple(service.declared for service in services)
        self.payment_methods = tuple(describe_payment(method) for method in methods)
        self.identity_methods = tuple(describe_sign_in(method) for method in sign_ins)
        self._serving: dict[tuple[str, str], Serving] = {}
        self._now: dict[str, Serving] = {}

    @property
    def background(self) -> bool:
        """Whether its services do something between the calls."""
        return any(type(each).start is not Service.start for each in self._services.values())

    def use(self, terminals: Terminals) -> None:
        """Let its ways to pay use the station's card terminals."""
        for method in self._methods.values():
            method.terminals = terminals

    def availability(self, id: str) -> ServiceState:
        """Return whether a service or a method can be used now."""
        asked = self._services.get(id) or self._methods.get(id) or self._sign_ins[id]
        return ServiceState.model_validate(asked.availability())

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

    async def fulfil(self, service: str, order: Order, key: str) -> Outcome:
        """Carry an order out."""
        return await self._fulfiller(service).fulfil(self._of_today(service, order), key)

    async def inquire(self, service: str, order: Order, key: str) -> Outcome:
        """Ask what became of an order."""
        return await self._fulfiller(service).inquire(self._of_today(service, order), key)

    def _of_today(self, service: str, order: Order) -> Order:
        """Return an order with its request as the service writes it today; what the ledger has stays as it is."""
        found = self._services[service]
        today = found.declared.request_version
        if order.request_version > today:
            raise RequestVersionError(
                f"an order of {service} has a request of version {order.request_version}, this plugin knows {today}"
            )
        if order.request_version == today:
            return order
        request = found.migrate(dict(order.request), order.request_version)
        return order.model_copy(update={"request": request, "request_version": today})

    def _fulfiller(self, service: str) -> Fulfiller:
        found = self._services[service]
        if not isinstance(found, Fulfiller):
            raise TypeError(f"service {service} carries no orders out")
        return found

    async def invitation(self, method: str, payment: Payment) -> Invitation:
        """Return what the resident is to do to pay."""
        return self._methods[method].invitation(payment)

    async def collect(self, method: str, payment: Payment) -> Outcome:
        """Begin to collect, or go on with it."""
        return await self._methods[method].collect(payment)

    async def inquire_payment(self, method: str, payment: Payment) -> Outcome:
        """Ask what became of a payment."""
        return await self._methods[method].inquire(payment)

    async def cancel(self, method: str, payment: Payment) -> Outcome:
        """Give a payment up."""
        return await self._methods[method].cancel(payment)

    async def refund(self, method: str, payment: Payment, key: str, amount: int) -> Outcome:
        """Give money back."""
        return await self._methods[method].refund(payment, key, amount)

    async def inquire_refund(self, method: str, payment: Payment, key: str) -> Outcome:
        """Ask what became of a refund."""
        return await self._methods[method].inquire_refund(payment, key)

    async def begin_sign_in(self, method: str) -> SignIn:
        """Ask the provider for a sign-in."""
        return await self._sign_ins[method].begin()

    async def wait_sign_in(self, method: str, sign_in: SignIn) -> Person:
        """Wait until the resident has approved it."""
        return await self._sign_ins[method].wait(sign_in)
