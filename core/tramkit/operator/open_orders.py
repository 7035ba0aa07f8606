"""The orders that are not at their end: which wait for the operator, why, since when; nothing of who placed them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from tramkit.host.order import EffectKind, Record, State
from tramkit.operator.day_money import DayMoney, money_of
from tramkit.orders.ledger import LedgerError
from tramkit.orders.runner import Runner
from tramkit_hal.data import Data
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

MAX_SHOWN = 50
STUCK_AFTER = timedelta(hours=24)
"""An order that is not settled a day after it was placed is told of, though it may settle yet."""

_KINDS = {
    EffectKind.COLLECT: _("payment"),
    EffectKind.FULFIL: _("the service's own work"),
    EffectKind.REFUND: _("refund"),
    EffectKind.RETURN: _("return of money that came late"),
}


class OpenOrder(Data):
    """One of them.

    :param plugin: whose service it is.
    :param state: ``stuck``: it goes on only when the operator does something; ``late``: it should have been settled.
    :param why: for the operator.
    :param placed_at: UTC.
    """

    code: str
    plugin: str
    service: str
    amount: int
    state: Literal["open", "late", "stuck"]
    why: Text
    placed_at: datetime


class OpenOrders:
    """Looks into the ledger of a running station.

    :ivar now: what the last look found, stuck ones first, then the oldest first; at most :data:`MAX_SHOWN`.
    :ivar counts: how many there are of each state.
    :ivar today: what was ordered today, ended or not.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.now: tuple[OpenOrder, ...] = ()
        self.counts: dict[str, int] = {"stuck": 0, "late": 0, "open": 0}
        self.today = DayMoney()

    async def look(self, at: datetime) -> None:
        """Look now; a ledger that cannot be read leaves what was known, and its condition says so."""
        try:
            live = await self._runner.ledger.live()
            self.today = await money_of(self._runner.ledger, at)
        except LedgerError:
            return
        found = [self._open(record, at) for record in live if record.manual or record.ending is None]
        order = list(self.counts)
        found.sort(key=lambda each: (order.index(each.state), each.placed_at))
        self.counts = {state: sum(each.state == state for each in found) for state in order}
        self.now = tuple(found[:MAX_SHOWN])

    def _open(self, record: Record, at: datetime) -> OpenOrder:
        service = record.order.service
        stuck = self._stuck(record)
        late = at - record.placed_at > STUCK_AFTER
        return OpenOrder(
            code=record.code,
            plugin=service.partition(".")[0],
            service=service,
            amount=record.order.amount,
            state="stuck" if stuck else "late" if late else "open",
            why=stuck or _waits_for(record),
            placed_at=record.placed_at,
        )

    def _stuck(self, record: Record) -> Text | None:
        """Return why an order does not go on by itself; None: it does."""
        for kind, effect in record.effects.items():
            if effect.state is State.MANUAL:
                return _(
                    "The end of its {what} is unknown. Ask the provider, then: tramkit orders resolve {code} {kind}",
                    what=_KINDS[kind],
                    code=record.code,
                    kind=kind.value,
                )
        if self._runner.is_newer(record):
            return _("It was placed by a newer version of its plugin: update the plugin.")
        if not self._runner.carries_out(record):
            return _("Its plugin does not run here: enable or install it again.")
        return None


def _waits_for(record: Record) -> Text:
    collect = record.effect(EffectKind.COLLECT)
    if record.order.amount and (collect is None or not collect.state.final):
        return _("It waits for the money.")
    return _("It waits for an answer of the provider.")
