"""What an order is, what its effects are and what the outside world answers to them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, JsonValue, field_validator

from tramkit.host.attachment import MAX_BYTES, Attachment
from tramkit_hal.data import Data
from tramkit_hal.ui.pages import Fact
from tramkit_hal.words import Text

MAX_AMOUNT = 999_999_999_999
"""VND of one order, at most."""


class Order(Data):
    """What a resident commits to.

    :param service: id of the service that fulfils it.
    :param payee: who gets the money, for the Pay page and the receipt.
    :param amount: VND, whole; 0: nothing is collected.
    :param title: what it is, for the receipt.
    :param done: what the resident is told once it is carried out; None: that it is paid, or was received.
    :param request: what the service needs to fulfil it; personal, kept sealed.
    :param request_version: of what its service's requests look like; the station writes it.
    :param facts: what the receipt says; personal, kept sealed.
    :param attachments: papers, photos, a signature; personal, kept sealed until the order is settled.
    """

    service: str = Field(max_length=80)
    payee: str = Field(max_length=120)
    amount: int = Field(ge=0, le=MAX_AMOUNT, strict=True)
    title: Text
    done: Text | None = None
    request: dict[str, JsonValue] = Field(default_factory=dict)
    request_version: int = Field(default=1, ge=1)
    facts: tuple[Fact, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @field_validator("attachments")
    @classmethod
    def _fit(cls, value: tuple[Attachment, ...]) -> tuple[Attachment, ...]:
        if len({each.name for each in value}) < len(value):
            raise ValueError("two attachments have the same name")
        if sum(each.size for each in value) > MAX_BYTES:
            raise ValueError(f"the attachments have more than {MAX_BYTES} bytes together")
        return value


class EffectKind(StrEnum):
    """What is done outside the station; also the word in an effect's key."""

    COLLECT = "collect"
    FULFIL = "fulfil"
    REFUND = "refund"
    RETURN = "return"
    """Money that came after the order was settled, a second transfer perhaps, goes back."""


class State(StrEnum):
    """How far an effect is."""

    INTENT = "intent"
    """It is to be done; nobody outside has heard of it."""
    SENT = "sent"
    """It may have been done. After a restart this counts as unknown."""
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    MANUAL = "manual"
    """Nothing that the station can do settles it: the operator must."""

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self in (State.CONFIRMED, State.REJECTED, State.MANUAL)


class Outcome(Data):
    """What the outside world answers about an effect.

    :param state: ``done``; ``refused`` for good; ``pending``: heard of, not decided; ``not_found``: it never heard of
        this key; ``unknown``: no answer, or none that can be understood.
    :param amount: VND that have moved; None: as ordered.
    :param reference: the outside system's own number.
    :param reason: why it was refused, for the resident.
    :param facts: more for the receipt.
    """

    state: Literal["done", "refused", "pending", "not_found", "unknown"]
    amount: int | None = Field(default=None, ge=0)
    reference: str = Field(default="", max_length=120)
    reason: Text | None = None
    facts: tuple[Fact, ...] = ()


class OrderEnding(StrEnum):
    """How an order was settled."""

    DONE = "done"
    UNPAID = "unpaid"
    FAILED = "failed"
    """Nothing was collected, and it could not be fulfilled."""
    REFUNDED = "refunded"


class Effect(Data):
    """An effect as the ledger has it.

    :param key: stable across replays, restarts and retries; the outside system does the same key once.
    :param amount: VND that it moves or has moved.
    :param since: when it was first sent; None: never.
    :param done_at: when it was confirmed, the last time where more money came; None: it is not.
    :param looked_into: who of the operator looked into it last, and what they found out; empty: nobody.
    """

    kind: EffectKind
    key: str
    state: State
    amount: int = 0
    reference: str = ""
    reason: Text | None = None
    facts: tuple[Fact, ...] = ()
    since: datetime | None = None
    done_at: datetime | None = None
    looked_into: str = ""


class Record(Data):
    """An order as the ledger has it.

    :param code: under which the resident finds it.
    :param method: id of the payment method; empty for an amount of 0.
    :param placed_at: UTC.
    :param cancelled: the resident does not want to pay any more.
    :param came: VND that have come so far for a payment that is not made yet: too little.
    :param ending: None: not settled.
    :param aged: seconds that earlier starts of the station have had it, as far as they were noted.
    :param closed: settled, and no more money is looked for.
    """

    id: str
    code: str
    order: Order
    method: str
    placed_at: datetime
    effects: dict[EffectKind, Effect] = Field(default_factory=dict[EffectKind, Effect])
    cancelled: bool = False
    came: int = 0
    ending: OrderEnding | None = None
    aged: int = 0
    closed: bool = False

    @property
    def manual(self) -> bool:
        """Whether it waits for the operator."""
        return any(effect.state is State.MANUAL for effect in self.effects.values())

    def effect(self, kind: EffectKind) -> Effect | None:
        """Return an effect; None: it was never meant."""
        return self.effects.get(kind)


def key_of(order: str, kind: EffectKind) -> str:
    """Return the key of an order's effect."""
    return f"{order}-{kind.value}"


def canonical(order: Order) -> dict[str, Any]:
    """Return an order as JSON values; of its attachments all but their data, which the SHA-256 stands for."""
    found = order.model_dump(mode="json", exclude={"attachments": {"__all__": {"data"}}})
    if order.request_version == 1:
        del found["request_version"]  # as orders were written before there were versions
    return found
