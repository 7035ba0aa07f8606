"""The orders of a day and their money, from the ledger: counts and sums, nothing of who placed them."""

from __future__ import annotations

from datetime import datetime

from tramkit.host.days import day_of
from tramkit.host.order import EffectKind, Record, State
from tramkit.orders.ledger import Ledger
from tramkit_hal.data import Data

FIRST_LOOK = 64
"""Orders read at first; twice as many until one of an earlier day is among them."""


class DayMoney(Data):
    """What was ordered on one day.

    :param orders: that were placed.
    :param paid: of them, whose money has come.
    :param received: VND that have come for them.
    :param refunded: VND of it that were given back.
    """

    orders: int = 0
    paid: int = 0
    received: int = 0
    refunded: int = 0


async def money_of(ledger: Ledger, at: datetime) -> DayMoney:
    """Return what was ordered on the day of a moment.

    :raises LedgerError: the ledger cannot be read.
    """
    day, count = day_of(at), FIRST_LOOK
    while True:
        records = await ledger.newest(count)
        if len(records) < count or day_of(records[-1].placed_at) < day:
            break
        count *= 2
    today = [record for record in records if day_of(record.placed_at) == day]
    paid = [record for record in today if record.order.amount and _confirmed(record, EffectKind.COLLECT)]
    refunded = [record for record in paid if _confirmed(record, EffectKind.REFUND)]
    return DayMoney(
        orders=len(today),
        paid=len(paid),
        received=sum(record.order.amount for record in paid),
        refunded=sum(record.order.amount for record in refunded),
    )


def _confirmed(record: Record, kind: EffectKind) -> bool:
    effect = record.effect(kind)
    return effect is not None and effect.state is State.CONFIRMED
