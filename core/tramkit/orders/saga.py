"""What follows from what: collect → fulfil, or collect → refund; pure rules over an order as the ledger has it."""

from __future__ import annotations

from enum import Enum, auto

from tramkit.host.order import EffectKind, OrderEnding, Record, State
from tramkit.orders.rows import LedgerEntry


class Step(Enum):
    """What is to be done next with an order."""

    SEND = auto()
    ASK = auto()
    CANCEL = auto()
    DROP = auto()
    """It was never sent and is not wanted any more."""
    WATCH = auto()
    """Money may still come for a payment that was given up, or once more for one that was made."""
    NOTHING = auto()


def next_step(record: Record, *, given_up: bool, watches: bool) -> tuple[EffectKind, Step]:
    """Return what is to be done next.

    :param given_up: the payment is not wanted any more, or waited for too long.
    :param watches: the payment method's money may come late.
    """
    for kind in (EffectKind.RETURN, EffectKind.REFUND, EffectKind.FULFIL, EffectKind.COLLECT):
        effect = record.effect(kind)
        if effect is None:
            continue
        collecting = kind is EffectKind.COLLECT
        if effect.state.final:
            unpaid = collecting and effect.state is State.REJECTED
            if watches and (unpaid or record.ending is not None):
                return EffectKind.COLLECT, Step.WATCH
            return kind, Step.NOTHING
        if effect.state is State.INTENT:
            return kind, Step.DROP if collecting and given_up else Step.SEND
        return kind, Step.CANCEL if collecting and given_up else Step.ASK
    raise AssertionError(f"order {record.id} has no effect")


def paid(record: Record) -> int:
    """Return what has come for an order, VND."""
    collect = record.effect(EffectKind.COLLECT)
    return collect.amount if collect is not None and collect.state is State.CONFIRMED else 0


def after_money(record: Record, amount: int) -> LedgerEntry:
    """Return what follows when money has come: the service, or all of it back."""
    if amount < record.order.amount:
        return LedgerEntry(EffectKind.REFUND.value, State.INTENT.value, amount)
    return LedgerEntry(EffectKind.FULFIL.value, State.INTENT.value, record.order.amount)


def after_fulfil(record: Record, *, done: bool) -> list[LedgerEntry]:
    """Return what follows when the service has answered: what was paid beyond the amount goes back, or all of it."""
    back = max(0, paid(record) - record.order.amount) if done else paid(record)
    return [LedgerEntry(EffectKind.REFUND.value, State.INTENT.value, back)] if back else []


def late_money(record: Record, came: int) -> tuple[EffectKind, State, int]:
    """Return how money goes back that nobody waited for any more: as which effect, in which state, VND.

    A third transfer is no mistake that a station should judge: the operator does.
    """
    back = EffectKind.REFUND if record.ending is None else EffectKind.RETURN
    state = State.INTENT if record.effect(back) is None else State.MANUAL
    return back, state, came - paid(record)


def ending_of(record: Record) -> OrderEnding:
    """Return how an order ends for which nothing is left to do."""
    fulfil = record.effect(EffectKind.FULFIL)
    if fulfil is not None and fulfil.state is State.CONFIRMED:
        return OrderEnding.DONE
    if record.effect(EffectKind.REFUND) is not None:
        return OrderEnding.REFUNDED
    return OrderEnding.FAILED if fulfil is not None else OrderEnding.UNPAID
