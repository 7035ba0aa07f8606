"""Carries orders out: collect → fulfil, or collect → refund. Each step is in the ledger before the wire is touched.

What to do next follows from the ledger alone, so that a station that was cut off goes on where it stopped. Nothing is
guessed: what was sent and not answered is asked for; only what the other side never heard of is sent again, with the
same key.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Protocol, runtime_checkable

from tramkit.orders.ledger import CANCELLED, SETTLED, Entry, Ledger, LedgerProblem
from tramkit.orders.model import EffectKind, Ending, Order, Outcome, Record, State, key_of
from tramkit.orders.payment import Payment, PaymentMethod
from tramkit_hal.clock import Clock

_log = logging.getLogger(__name__)

CALL_SECONDS = 30.0
"""How long the outside world may take to answer once."""
PAUSES = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds between one question and the next."""
PAY_PAUSE = 2.0
"""Seconds between questions while a resident pays: somebody stands before the station and waits."""
GIVE_UP = timedelta(hours=72)
"""After so long without an answer the operator must find out."""
PAY_WITHIN = timedelta(minutes=15)
"""So long after an order was placed money is waited for."""
FULFIL_KEY_LIFE = timedelta(hours=24)
"""So long a service's gateway keeps keys, unless it says otherwise; after that it is asked and never sent again."""

MEMO_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
MEMO_LENGTH = 13


@runtime_checkable
class Fulfiller(Protocol):
    """What a service does of an order; both are idempotent by the key."""

    async def fulfil(self, order: Order, key: str) -> Outcome: ...
    async def inquire(self, order: Order, key: str) -> Outcome: ...


class Step(Enum):
    """What is to be done next with an order."""

    SEND = auto()
    ASK = auto()
    CANCEL = auto()
    DROP = auto()
    """It was never sent and is not wanted any more."""
    WATCH = auto()
    """Money may still come for a payment that was given up."""
    NOTHING = auto()


def memo_of(key: str) -> str:
    """Return the memo of a payment: thirteen letters and digits, the same for the same key (65 bits of SHA-256)."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest())
    letters = ""
    for _letter in range(MEMO_LENGTH):
        number, at = divmod(number, len(MEMO_LETTERS))
        letters += MEMO_LETTERS[at]
    return letters


def payment_of(record: Record) -> Payment:
    """Return what is to be collected for an order."""
    key = key_of(record.id, EffectKind.COLLECT)
    return Payment(key=key, amount=record.order.amount, payee=record.order.payee, memo=memo_of(key))


class Runner:
    """Carries out every order of a ledger, in the background, whoever stands before the station.

    :param ledger: opened.
    :param services: who fulfils, by service id.
    :param pauses: seconds between one question and the next; the last one stays.
    :param pay_within: so long money is waited for.
    :param methods: who collects, by id; one that is neither idempotent nor can be asked is refused.
    :raises ValueError: a payment method with which a power cut could double or lose a payment.
    """

    def __init__(
        self,
        ledger: Ledger,
        services: Mapping[str, Fulfiller],
        methods: Mapping[str, PaymentMethod],
        clock: Clock,
        *,
        pauses: tuple[float, ...] = PAUSES,
        pay_within: timedelta = PAY_WITHIN,
    ) -> None:
        for method in methods.values():
            if not method.properties.trustworthy:
                raise ValueError(f"payment method {method.id!r} is neither idempotent nor can be asked")
        self.ledger = ledger
        self.methods = methods
        self._services = services
        self._clock = clock
        self._pauses = pauses
        self._pay_within = pay_within
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Condition()
        self._nudges: dict[str, asyncio.Event] = {}
        self._began: dict[str, float] = {}

    # ── from outside ──────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Go on with every order that is not settled."""
        for record in await self.ledger.unsettled():
            if self.awaits_card(record):
                await self._append(record.id, Entry(CANCELLED, ""))
            self._begin(record.id)

    async def stop(self) -> None:
        """Stop; the next start goes on."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def place(self, id: str, order: Order, method: str = "") -> Record:
        """Write an order and begin to carry it out.

        :param method: needed unless the amount is 0.
        :raises LedgerProblem: it could not be written; nothing was placed.
        """
        if bool(order.amount) != bool(method):
            raise ValueError("an order has a payment method if, and only if, it has an amount")
        if method and method not in self.methods:
            raise ValueError(f"no payment method {method!r}")
        if order.service not in self._services:
            raise ValueError(f"no service {order.service!r}")
        record = await self.ledger.place(id, order, method, self._clock.now())
        self._begin(id)
        return record

    async def cancel(self, id: str) -> None:
        """Have a payment given up that has not been made; one that was made goes on."""
        record = await self.ledger.record(id)
        if record is None or record.cancelled or record.ending is not None:
            return
        await self._append(id, Entry(CANCELLED, ""))
        self.nudge(id)

    async def left(self, id: str) -> None:
        """Give up what only the resident who has left could have paid."""
        record = await self.ledger.record(id)
        if record is not None and self.awaits_card(record):
            await self.cancel(id)

    def awaits_card(self, record: Record) -> bool:
        """Tell whether an order's payment can only be made by a resident who stands before the station."""
        collect = record.effect(EffectKind.COLLECT)
        method = self.methods.get(record.method)
        attended = method is not None and method.properties.attended
        return attended and collect is not None and not collect.state.final and not record.cancelled

    def nudge(self, id: str) -> None:
        """Ask again at once: a notice has come."""
        if id in self._nudges:
            self._nudges[id].set()

    async def changed(self, id: str, seen: Record | None) -> Record:
        """Wait until an order is other than it was seen, and return it."""
        async with self._changed:
            while True:
                record = await self.ledger.record(id)
                assert record is not None
                if record != seen:
                    return record
                await self._changed.wait()

    async def settled(self, id: str) -> Record:
        """Wait until an order is settled, or waits for the operator, and return it."""
        record = await self.changed(id, None)
        while record.ending is None and not record.manual:
            record = await self.changed(id, record)
        return record

    async def resolve(self, id: str, kind: EffectKind, done: bool, who: str, why: str) -> Record:
        """Write what the operator found out about an effect that the station could not settle; the next start goes on.

        :raises ValueError: no such order, or the effect is not for the operator.
        """
        record = await self.ledger.record(id)
        effect = record.effect(kind) if record else None
        if record is None or effect is None or effect.state is not State.MANUAL:
            raise ValueError("this effect is not waiting for the operator")
        said = {"operator": who[:80], "why": why[:500]}
        await self._take(record, kind, Step.ASK, Outcome(state="done" if done else "refused"), said)
        return await self.changed(id, record)

    # ── one order ─────────────────────────────────────────────────────────────────────────────────────────

    def _begin(self, id: str) -> None:
        if id not in self._tasks or self._tasks[id].done():
            self._nudges[id] = asyncio.Event()
            self._began.setdefault(id, self._clock.monotonic())
            self._tasks[id] = asyncio.create_task(self._carry_out(id), name="order")

    async def _carry_out(self, id: str) -> None:
        waits = 0
        paying = False
        while True:
            try:
                record = await self.ledger.record(id)
                if record is None or record.ending is not None:
                    return
                paying = self._is_paying(record)
                moved = await self._advance(record)
            except LedgerProblem as problem:
                _log.error("ledger cannot be written", extra={"order": id, "trouble": str(problem)})
                moved = False
            except Exception:  # an order must not stop for good because of one answer that cannot be kept or read
                _log.exception("order cannot go on now", extra={"order": id})
                moved = False
            waits = 0 if moved else waits + 1
            if not moved:
                pause = self._pauses[min(waits, len(self._pauses)) - 1]
                await self._pause(id, min(pause, PAY_PAUSE) if paying else pause)

    async def _pause(self, id: str, seconds: float) -> None:
        nudge = self._nudges[id]
        waiting = asyncio.create_task(nudge.wait())
        pause = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait({waiting, pause}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            pause.cancel()
            nudge.clear()

    async def _advance(self, record: Record) -> bool:
        """Do the next thing and return whether the ledger moved on."""
        kind, step = self.next_step(record)
        if step is Step.NOTHING:
            return await self._settle(record)
        effect = record.effects[kind]
        if step is Step.DROP:
            await self._append(record.id, Entry(kind.value, State.REJECTED.value, effect.amount))
            return True
        if step is Step.SEND:
            record = await self._append(record.id, Entry(kind.value, State.SENT.value, effect.amount))
            outcome = await self._call(lambda: self._send(record, kind))
        elif step in (Step.CANCEL, Step.WATCH):
            outcome = await self._call(lambda: self._method(record).cancel(payment_of(record)))
        else:
            outcome = await self._call(lambda: self._ask(record, kind))
        return await self._take(record, kind, step, outcome)

    def next_step(self, record: Record) -> tuple[EffectKind, Step]:
        """Return what is to be done next: it follows from the ledger and the clock alone."""
        for kind in (EffectKind.REFUND, EffectKind.FULFIL, EffectKind.COLLECT):
            effect = record.effect(kind)
            if effect is None:
                continue
            if effect.state.final:
                watch = kind is EffectKind.COLLECT and effect.state is State.REJECTED and self._may_come_late(record)
                return kind, Step.WATCH if watch else Step.NOTHING
            if effect.state is State.INTENT:
                given_up = kind is EffectKind.COLLECT and (record.cancelled or self._too_late(record))
                return kind, Step.DROP if given_up else Step.SEND
            if kind is EffectKind.COLLECT and (record.cancelled or self._too_late(record)):
                return kind, Step.CANCEL
            return kind, Step.ASK
        raise AssertionError(f"order {record.id} has no effect")

    async def _take(
        self, record: Record, kind: EffectKind, step: Step, outcome: Outcome, said: dict[str, Any] | None = None
    ) -> bool:
        """Write what an outcome means; ``said`` by the operator, where it is theirs."""
        effect = record.effects[kind]
        detail = _detail(outcome) | (said or {})
        match outcome.state:
            case "done":
                amount = effect.amount if outcome.amount is None else outcome.amount
                entries = [Entry(kind.value, State.CONFIRMED.value, amount, detail)]
                if kind is EffectKind.COLLECT:
                    entries.append(self._after_money(record, amount, late=step is Step.WATCH))
                elif kind is EffectKind.FULFIL and (more := self._excess(record)):
                    entries.append(Entry(EffectKind.REFUND.value, State.INTENT.value, more))
                await self._append(record.id, *entries)
                return True
            case "refused" if step is not Step.WATCH:
                entries = [Entry(kind.value, State.REJECTED.value, effect.amount, detail)]
                if kind is EffectKind.FULFIL and (paid := self._paid(record)):
                    entries.append(Entry(EffectKind.REFUND.value, State.INTENT.value, paid))
                elif kind is EffectKind.REFUND:
                    entries = [Entry(kind.value, State.MANUAL.value, effect.amount, detail)]
                await self._append(record.id, *entries)
                return True
            case "unheard" if step is Step.CANCEL:
                await self._append(record.id, Entry(kind.value, State.REJECTED.value, effect.amount))
                return True
            case "unheard" if step is Step.ASK:
                return await self._send_again(record, kind)
            case "unknown" if effect.state is State.SENT and step is Step.SEND:
                await self._append(record.id, Entry(kind.value, State.UNKNOWN.value, effect.amount))
                return False
            case _:
                return await self._perhaps_give_up(record, kind, step)

    async def _send_again(self, record: Record, kind: EffectKind) -> bool:
        """The other side never heard of it: send the same key again while the other side still keeps keys."""
        effect = record.effects[kind]
        life = self._method(record).properties.idempotent if kind is not EffectKind.FULFIL else FULFIL_KEY_LIFE
        age = self._clock.now() - effect.since if effect.since else timedelta(0)
        if effect.since is None or (life is not None and timedelta(0) <= age < life):
            await self._append(record.id, Entry(kind.value, State.INTENT.value, effect.amount))
            return True
        if kind is EffectKind.COLLECT:
            await self._append(record.id, Entry(kind.value, State.REJECTED.value, effect.amount))
        else:
            await self._append(record.id, Entry(kind.value, State.MANUAL.value, effect.amount))
        return True

    async def _perhaps_give_up(self, record: Record, kind: EffectKind, step: Step) -> bool:
        effect = record.effects[kind]
        if step is Step.WATCH or self._age(record) < GIVE_UP:
            return False
        await self._append(record.id, Entry(kind.value, State.MANUAL.value, effect.amount))
        return True

    def _after_money(self, record: Record, amount: int, *, late: bool) -> Entry:
        """Return what follows when money has come: the service, or all of it back."""
        if late or amount < record.order.amount:
            return Entry(EffectKind.REFUND.value, State.INTENT.value, amount)
        return Entry(EffectKind.FULFIL.value, State.INTENT.value, record.order.amount)

    async def _settle(self, record: Record) -> bool:
        fulfil, refund = record.effect(EffectKind.FULFIL), record.effect(EffectKind.REFUND)
        if record.manual:
            return False
        if refund is not None:
            fulfilled = fulfil is not None and fulfil.state is State.CONFIRMED
            ending = Ending.DONE if fulfilled else Ending.REFUNDED
        elif fulfil is not None:
            ending = Ending.DONE if fulfil.state is State.CONFIRMED else Ending.FAILED
        else:
            ending = Ending.UNPAID
        await self._append(record.id, Entry(SETTLED, ending.value))
        _log.info("order settled", extra={"order": record.id, "ending": ending.value})
        return True

    def _is_paying(self, record: Record) -> bool:
        collect = record.effect(EffectKind.COLLECT)
        return collect is not None and not collect.state.final and not record.cancelled and not self._too_late(record)

    def _paid(self, record: Record) -> int:
        collect = record.effect(EffectKind.COLLECT)
        return collect.amount if collect is not None and collect.state is State.CONFIRMED else 0

    def _excess(self, record: Record) -> int:
        return max(0, self._paid(record) - record.order.amount)

    def _too_late(self, record: Record) -> bool:
        return self._age(record) >= self._pay_within

    def _may_come_late(self, record: Record) -> bool:
        late = self._method(record).properties.late
        return bool(late) and self._age(record) < self._pay_within + late

    def _age(self, record: Record) -> timedelta:
        """Return for how long this start of the station has had the order: no wrong clock makes it older or younger."""
        return timedelta(seconds=self._clock.monotonic() - self._began[record.id])

    # ── the wire ──────────────────────────────────────────────────────────────────────────────────────────

    def _method(self, record: Record) -> PaymentMethod:
        return self.methods[record.method]

    async def _send(self, record: Record, kind: EffectKind) -> Outcome:
        key = key_of(record.id, kind)
        if kind is EffectKind.COLLECT:
            return await self._method(record).collect(payment_of(record))
        if kind is EffectKind.FULFIL:
            return await self._services[record.order.service].fulfil(record.order, key)
        return await self._method(record).refund(payment_of(record), key, record.effects[kind].amount)

    async def _ask(self, record: Record, kind: EffectKind) -> Outcome:
        key = key_of(record.id, kind)
        if kind is EffectKind.COLLECT:
            return await self._method(record).inquire(payment_of(record))
        if kind is EffectKind.FULFIL:
            return await self._services[record.order.service].inquire(record.order, key)
        return await self._method(record).inquire_refund(payment_of(record), key)

    async def _call(self, call: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Touch the wire. Whatever goes wrong there is no answer: the outcome is unknown."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                return await call()
        except Exception as error:  # a plugin's edge: an exception is no answer, and answers are asked for
            if not isinstance(error, (OSError, TimeoutError)):
                _log.warning("gateway failed", exc_info=error)
            return Outcome(state="unknown")

    async def _append(self, id: str, *entries: Entry) -> Record:
        record = await self.ledger.append(id, entries, self._clock.now())
        async with self._changed:
            self._changed.notify_all()
        return record


def _detail(outcome: Outcome) -> dict[str, Any]:
    told = outcome.model_dump(mode="json", exclude={"state", "amount"})
    return {name: value for name, value in told.items() if value}
