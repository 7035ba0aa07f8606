"""A service whose orders an outside system takes: handed in once for each key, and asked what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from tramkit.host.order import Order, Outcome
from tramkit.visit.service import Service
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")


class OrderTaker(Protocol):
    """An outside system that takes orders, such as :class:`tramkit.Gateway`; both are idempotent by the key."""

    async def fulfil(self, order: Order, key: str) -> Outcome: ...
    async def inquire(self, order: Order, key: str) -> Outcome: ...


class GatewayService(Service):
    """A service whose orders outside systems fulfil.

    :param takers: the one that takes its orders; or, where there are several, each by the value that an order's
        request has at ``taker_key``.
    """

    taker_key: ClassVar[str] = ""
    """The key of an order's request that says who takes it; it is for the station and is not sent."""
    taker_gone: ClassVar[Text] = _("This station does not work with the receiver any more.")
    """Told where the station was configured anew since the order was placed, and nobody takes it any more."""

    def __init__(self, takers: OrderTaker | Mapping[str, OrderTaker]) -> None:
        self._takers: Mapping[str, OrderTaker] = takers if isinstance(takers, Mapping) else {"": takers}

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Hand the order in; the same key is taken once.

        :raises GatewayError: it is not known whether it was taken.
        """
        taker = self._taker(order)
        if taker is None:
            return Outcome(state="refused", reason=self.taker_gone)
        request = {name: value for name, value in order.request.items() if name != self.taker_key}
        return await taker.fulfil(order.model_copy(update={"request": request}), key)

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask what became of the order.

        :raises GatewayError: no answer that can be understood.
        """
        taker = self._taker(order)
        return await taker.inquire(order, key) if taker is not None else Outcome(state="not_found")

    def _taker(self, order: Order) -> OrderTaker | None:
        return self._takers.get(str(order.request.get(self.taker_key, "")) if self.taker_key else "")
