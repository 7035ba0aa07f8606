"""A plugin at the other end of a pipe, as the station sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tramkit.host.ending import Followed, Signal
from tramkit.host.host import Host
from tramkit.host.order import Order, Outcome
from tramkit.host.payment import Invitation, Payment
from tramkit.host.peer import HOST, Peer, Target
from tramkit.host.person import Person
from tramkit.host.plugin_side import Description
from tramkit.host.service_state import ServiceState
from tramkit.host.sign_in import SignIn
from tramkit.host.terminals import Terminals
from tramkit.host.worker import TERMINALS, WORKER
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import Messages

_ = Messages("tramkit")

STATE_SECONDS = 0.5
"""How often a worker is asked whether a service has become available or closed."""

STALE_SECONDS = 5.0
"""A state older than this is no state: the service is closed until the worker speaks again."""


class RemotePlugin:
    """A plugin at the other end of a pipe; a :class:`PluginSide`.

    :param described: what it offers, as it described itself.
    :param send: puts a frame on the way to its worker.
    """

    def __init__(self, described: Description, send: Callable[[bytes], None]) -> None:
        self.services = described.services
        self.payment_methods = described.payment_methods
        self.identity_methods = described.identity_methods
        self.peer = Peer(send, self.target)
        self._terminals: Terminals | None = None
        self._hosts: dict[str, Host] = {}
        self._states: dict[str, ServiceState] = {}
        self._told_at = float("-inf")
        self._watch: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    def target(self, name: str) -> Target | None:
        """Return what the plugin may call: the host of a visit that is under way, the terminals where it needs them."""
        if name == "terminals":
            return Target(TERMINALS, self._terminals) if self._terminals is not None else None
        host = self._hosts.get(name.removeprefix("host:"))
        return Target(HOST, host) if host is not None else None

    def use(self, terminals: Terminals) -> None:
        """Let its ways to pay use the card terminals, where one of them says that it needs them."""
        if any(Role.PAYMENT_TERMINAL in each.needs for each in self.payment_methods):
            self._terminals = terminals

    def availability(self, id: str) -> ServiceState:
        """Return whether a service or a method can be used now, as the worker said last."""
        if asyncio.get_running_loop().time() - self._told_at > STALE_SECONDS or id not in self._states:
            return ServiceState(availability=Availability.CLOSED, reason=_("This service does not answer now."))
        return self._states[id]

    async def start(self) -> None:
        """Begin what the services do in the background."""
        await self._call("start")
        await self.look()
        self._watch = asyncio.create_task(self._keep_looking(), name="plugin's states")

    async def stop(self) -> None:
        """End what :meth:`start` began."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await asyncio.gather(*self._leaving, return_exceptions=True)
        await self._call("stop")

    async def look(self) -> None:
        """Ask what can be used now."""
        self._states = await self._call("states")
        self._told_at = asyncio.get_running_loop().time()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(STATE_SECONDS)
            await self.look()

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

    async def fulfil(self, service: str, order: Order, key: str) -> Outcome:
        """Carry an order out."""
        return await self._call("fulfil", service, order, key)

    async def inquire(self, service: str, order: Order, key: str) -> Outcome:
        """Ask what became of an order."""
        return await self._call("inquire", service, order, key)

    async def invitation(self, method: str, payment: Payment) -> Invitation:
        """Return what the resident is to do to pay."""
        return await self._call("invitation", method, payment)

    async def collect(self, method: str, payment: Payment) -> Outcome:
        """Begin to collect, or go on with it."""
        return await self._call("collect", method, payment)

    async def inquire_payment(self, method: str, payment: Payment) -> Outcome:
        """Ask what became of a payment."""
        return await self._call("inquire_payment", method, payment)

    async def cancel(self, method: str, payment: Payment) -> Outcome:
        """Give a payment up."""
        return await self._call("cancel", method, payment)

    async def refund(self, method: str, payment: Payment, key: str, amount: int) -> Outcome:
        """Give money back."""
        return await self._call("refund", method, payment, key, amount)

    async def inquire_refund(self, method: str, payment: Payment, key: str) -> Outcome:
        """Ask what became of a refund."""
        return await self._call("inquire_refund", method, payment, key)

    async def begin_sign_in(self, method: str) -> SignIn:
        """Ask the provider for a sign-in."""
        return await self._call("begin_sign_in", method)

    async def wait_sign_in(self, method: str, sign_in: SignIn) -> Person:
        """Wait until the resident has approved it."""
        return await self._call("wait_sign_in", method, sign_in)
