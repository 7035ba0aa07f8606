"""Carries orders out: collect → fulfil, or collect → refund. Each step is in the ledger before the wire is touched.

What to do next follows from the ledger alone, so that a station that was cut off goes on where it stopped. Nothing is
guessed: what was sent and not answered is asked for; only what the other side never heard of is sent again, with the
same key.

Longer than 400 lines: one state machine, whose steps are checked together against the ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tramkit.host.order import EffectKind, Order, OrderEnding, Outcome, Record, State
from tramkit.host.payment import PaymentPort
from tramkit.host.plugin_side import PluginFulfiller
from tramkit.orders.ledger import Ledger, LedgerError
from tramkit.orders.rows import AGED, CAME, CANCELLED, CLOSED, SETTLED, LedgerEntry
from tramkit.orders.saga import Step, after_fulfil, after_money, ending_of, late_money, next_step, paid
from tramkit.orders.wire import Fulfiller, Wire, payment_of
from tramkit_hal.device.clock import Clock

_log = logging.getLogger(__name__)

PAUSES = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds between one question and the next."""
WATCH_PAUSES = 15
"""So many of the longest pauses between one look for late money and the next."""
PAY_PAUSE = 2.0
"""Seconds between questions while a resident pays: somebody stands before the station and waits."""
GIVE_UP = timedelta(hours=72)
"""After so long without an answer the operator must find out."""
PAY_WITHIN = timedelta(minutes=15)
"""So long after an order was placed money is waited for."""
FULFIL_KEY_LIFE = timedelta(hours=24)
"""So long a service's gateway keeps keys, unless it says otherwise; after that it is asked and never sent again."""

NOTE_AGE = 6 * 3600
"""After so many seconds it is noted how long a start of the station has had an order: the next start counts on."""


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
        methods: Mapping[str, PaymentPort],
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
        self._memos: dict[str, str] = {}
        """Of the orders for which money may come."""
        self._wire = Wire(services, methods, self._memos)
        self._clock = clock
        self._pauses = pauses
        self._pay_within = pay_within
        self._writing: set[asyncio.Task[Record]] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._changed: dict[str, asyncio.Event] = {}
        self._nudges: dict[str, asyncio.Event] = {}
        self._began: dict[str, float] = {}
        self._left: set[str] = set()
        """Orders of residents who have left: what only they could have paid is given up."""

    # ── from outside ──────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Go on with every order that is not closed."""
        live = await self.ledger.live()
        for record in live:
            self._expect(record)
        for record in live:
            self._left.add(record.id)
            self._begin(record.id, patient=record.ending is not None)

    async def stop(self) -> None:
        """Stop; the next start goes on."""
        await asyncio.gather(*self._writing, return_exceptions=True)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def place(self, id: str, order: Order, method: str = "", number: str = "") -> Record:
        """Write an order and begin to carry it out.

        :param method: needed unless the amount is 0.
        :param number: identity number of whoever is to find it again by their card.
        :raises LedgerError: it could not be written; nothing was placed.
        """
        if bool(order.amount) != bool(method):
            raise ValueError("an order has a payment method if, and only if, it has an amount")
        if method and method not in self.methods:
            raise ValueError(f"no payment method {method!r}")
        if order.service not in self._services:
            raise ValueError(f"no service {order.service!r}")
        writing = asyncio.create_task(self._write(id, self.of_today(order), method, number), name="order is written")
        self._writing.add(writing)
        writing.add_done_callback(self._written)
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:  # whoever leaves while it is written has ordered all the same
            self._left.add(id)
            raise

    async def _write(self, id: str, order: Order, method: str, number: str) -> Record:
        record = await self.ledger.place(id, order, method, self._clock.now(), number)
        self._expect(record)
        self._begin(id)
        return record

    def _written(self, writing: asyncio.Task[Record]) -> None:
        self._writing.discard(writing)
        if not writing.cancelled() and (problem := writing.exception()) is not None:
            _log.error("order not written", extra={"trouble": type(problem).__name__})

    async def cancel(self, id: str) -> None:
        """Have a payment given up that has not been made; one that was made goes on."""
        record = await self.ledger.record(id)
        if record is None or record.cancelled or record.ending is not None:
            return
        await self._append(id, LedgerEntry(CANCELLED, ""))
        self.nudge(id)

    async def left(self, id: str) -> None:
        """Give up what only the resident who has left could have paid: the next one's card must not pay it."""
        record: Record | None = None
        try:
            record = await self.ledger.record(id)
            if record is not None and self.awaits_card(record):
                await self.cancel(id)
        except LedgerError as problem:  # no card is asked for; the ledger learns of it once it can be written
            _log.error("ledger cannot be written", extra={"order": id, "trouble": str(problem)})
            self._left.add(id)
            if record is not None:
                await self._wire.give_up(record)

    def of_today(self, order: Order) -> Order:
        """Return an order with the version in which its service writes requests today."""
        return order.model_copy(update={"request_version": self._version(order.service)})

    def _version(self, service: str) -> int:
        """Return of which version the requests of a service are that are written today."""
        found = self._services[service]
        return found.request_version if isinstance(found, PluginFulfiller) else 1

    def is_newer(self, record: Record) -> bool:
        """Tell whether an order was placed by a newer version of its plugin than the one that is here."""
        order = record.order
        return order.service in self._services and order.request_version > self._version(order.service)

    def carries_out(self, record: Record) -> bool:
        """Tell whether who fulfils an order and who collects for it are here."""
        return record.order.service in self._services and (not record.method or record.method in self.methods)

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
        while True:
            change = self._changed.setdefault(id, asyncio.Event())
            record = await self.ledger.record(id)
            assert record is not None
            if record != seen:
                return record
            await change.wait()

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
        return await self.ledger.record(id) or record  # it may look as before: a refund that is still to be made

    # ── one order ─────────────────────────────────────────────────────────────────────────────────────────

    def _expect(self, record: Record) -> None:
        if record.method and not record.closed:
            self._memos[record.id] = payment_of(record).memo

    def _begin(self, id: str, *, patient: bool = False) -> None:
        """Carry an order out.

        :param patient: nobody waits for it: a start with hundreds of them asks nobody hundreds of questions at once.
        """
        if id not in self._tasks or self._tasks[id].done():
            self._nudges[id] = asyncio.Event()
            self._began.setdefault(id, self._clock.monotonic())
            self._tasks[id] = asyncio.create_task(self._carry_out(id, patient), name="order")

    async def _carry_out(self, id: str, patient: bool) -> None:
        waits = 0
        paying = False
        record: Record | None = None
        if patient:
            waits = len(self._pauses)
            with contextlib.suppress(LedgerError):
                record = await self.ledger.record(id)
            await self._pause(id, self._seconds(record, waits + 1, paying=False))
        while True:
            try:
                record = await self.ledger.record(id)
                if record is None or record.closed:
                    self._memos.pop(id, None)
                    return
                if id in self._left and self.awaits_card(record):
                    record = await self._append(id, LedgerEntry(CANCELLED, ""))
                self._left.discard(id)
                record = await self._note_age(record)
                paying = self._is_paying(record)
                moved = await self._advance(record)
            except LedgerError as problem:
                _log.error("ledger cannot be written", extra={"order": id, "trouble": str(problem)})
                moved = False
            except Exception:  # an order must not stop for good because of one answer that cannot be kept or read
                _log.exception("order cannot go on now", extra={"order": id})
                moved = False
            waits = 0 if moved else waits + 1
            if not moved:
                await self._pause(id, self._seconds(record, waits, paying=paying))

    async def _note_age(self, record: Record) -> Record:
        """Note how long this start has had an order, now and then: a station that is often restarted gets on too."""
        seconds = int(self._clock.monotonic() - self._began[record.id])
        if seconds < NOTE_AGE:
            return record
        record = await self._append(record.id, LedgerEntry(AGED, "", seconds))
        self._began[record.id] += seconds
        return record

    def _seconds(self, record: Record | None, waits: int, *, paying: bool) -> float:
        """Return how long to wait after so many looks in vain."""
        pause = self._pauses[min(waits, len(self._pauses)) - 1]
        if paying:
            return min(pause, PAY_PAUSE)
        method = self.methods.get(record.method) if record is not None else None
        if record is None or method is None or waits <= len(self._pauses):
            return pause
        if self.next_step(record)[1] is not Step.WATCH:
            return pause
        left = (self._pay_within + method.properties.late - self._age(record)).total_seconds()
        return min(pause * WATCH_PAUSES, max(left, pause))

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
        over = step is Step.WATCH and not self._may_come_late(record)
        effect = record.effects[kind]
        if step is Step.DROP:
            await self._append(record.id, LedgerEntry(kind.value, State.REJECTED.value, effect.amount))
            return True
        if step is Step.SEND:
            whole = await self.ledger.whole(record) if kind is EffectKind.FULFIL else record.order
            record = await self._append(record.id, LedgerEntry(kind.value, State.SENT.value, effect.amount))
            outcome = await self._wire.send(record.model_copy(update={"order": whole}), kind)
        elif step in (Step.CANCEL, Step.WATCH):
            outcome = await self._wire.give_up(record)
        else:
            outcome = await self._wire.ask(record, kind)
        if step is Step.WATCH:
            return await self._take_late(record, outcome, over=over)
        return await self._take(record, kind, step, outcome)

    def next_step(self, record: Record) -> tuple[EffectKind, Step]:
        """Return what is to be done next: it follows from the ledger and the clock alone."""
        given_up = record.cancelled or self._too_late(record)
        return next_step(record, given_up=given_up, watches=self._watches(record))

    async def _take_late(self, record: Record, outcome: Outcome, *, over: bool) -> bool:
        """Write what a look for late money found; all that nobody waits for any more goes back.

        :param over: it was the last look. Only an answer ends the looking, not the time alone.
        """
        came = (record.order.amount if outcome.amount is None else outcome.amount) if outcome.state == "done" else 0
        if came > paid(record):
            back, state, amount = late_money(record, came)
            entries = [LedgerEntry(EffectKind.COLLECT.value, State.CONFIRMED.value, came, _detail(outcome))]
            await self._append(record.id, *entries, LedgerEntry(back.value, state.value, amount))
            return True
        if not over or outcome.state not in ("done", "refused", "not_found"):
            return False
        unpaid = () if record.ending is not None else (LedgerEntry(SETTLED, OrderEnding.UNPAID.value),)
        await self._append(record.id, *unpaid, LedgerEntry(CLOSED, ""))
        return True

    async def _take(
        self, record: Record, kind: EffectKind, step: Step, outcome: Outcome, said: dict[str, Any] | None = None
    ) -> bool:
        """Write what an outcome means; ``said`` by the operator, where it is theirs."""
        effect = record.effects[kind]
        detail = _detail(outcome) | (said or {})
        match outcome.state:
            case "done":
                amount = effect.amount if outcome.amount is None else outcome.amount
                entries = [LedgerEntry(kind.value, State.CONFIRMED.value, amount, detail)]
                if kind is EffectKind.COLLECT:
                    entries.append(after_money(record, amount))
                elif kind is EffectKind.FULFIL:
                    entries += after_fulfil(record, done=True)
                await self._append(record.id, *entries)
                return True
            case "refused":
                entries = [LedgerEntry(kind.value, State.REJECTED.value, effect.amount, detail)]
                if kind is EffectKind.FULFIL:
                    entries += after_fulfil(record, done=False)
                elif kind in (EffectKind.REFUND, EffectKind.RETURN):
                    entries = [LedgerEntry(kind.value, State.MANUAL.value, effect.amount, detail)]
                await self._append(record.id, *entries)
                return True
            case "pending" if kind is EffectKind.COLLECT and (outcome.amount or 0) > record.came:
                await self._append(record.id, LedgerEntry(CAME, "", outcome.amount or 0))
                return True
            case "not_found" if step is Step.CANCEL:
                await self._append(record.id, LedgerEntry(kind.value, State.REJECTED.value, effect.amount))
                return True
            case "not_found" if step is Step.ASK:
                return await self._send_again(record, kind)
            case "unknown" if effect.state is State.SENT and step is Step.SEND:
                await self._append(record.id, LedgerEntry(kind.value, State.UNKNOWN.value, effect.amount))
                return False
            case _:
                return await self._perhaps_give_up(record, kind)

    async def _send_again(self, record: Record, kind: EffectKind) -> bool:
        """The other side never heard of it: send the same key again while the other side still keeps keys.

        That is no step forward: who forgets again and again is asked less and less often.
        """
        effect = record.effects[kind]
        life = self._method(record).properties.idempotent if kind is not EffectKind.FULFIL else FULFIL_KEY_LIFE
        age = self._clock.now() - effect.since if effect.since else timedelta(0)
        if effect.since is None or (life is not None and timedelta(0) <= age < life):
            await self._append(record.id, LedgerEntry(kind.value, State.INTENT.value, effect.amount))
            return False
        if kind is EffectKind.COLLECT:
            await self._append(record.id, LedgerEntry(kind.value, State.REJECTED.value, effect.amount))
        else:
            await self._append(record.id, LedgerEntry(kind.value, State.MANUAL.value, effect.amount))
        return True

    async def _perhaps_give_up(self, record: Record, kind: EffectKind) -> bool:
        effect = record.effects[kind]
        if self._age(record) < GIVE_UP:
            return False
        await self._append(record.id, LedgerEntry(kind.value, State.MANUAL.value, effect.amount))
        return True

    async def _settle(self, record: Record) -> bool:
        if record.manual:
            return False
        if record.ending is not None:
            await self._append(record.id, LedgerEntry(CLOSED, ""))
            return True
        ending = ending_of(record)
        closed = () if self._watches(record) else (LedgerEntry(CLOSED, ""),)
        await self._append(record.id, LedgerEntry(SETTLED, ending.value), *closed)
        _log.info("order settled", extra={"order": record.id, "ending": ending.value})
        return True

    def _is_paying(self, record: Record) -> bool:
        collect = record.effect(EffectKind.COLLECT)
        return collect is not None and not collect.state.final and not record.cancelled and not self._too_late(record)

    def _too_late(self, record: Record) -> bool:
        return self._age(record) >= self._pay_within

    def left_to_pay(self, record: Record) -> timedelta:
        """Return for how long the payment can still be made before it is given up by itself."""
        return max(timedelta(0), self._pay_within - self._age(record))

    def _watches(self, record: Record) -> bool:
        """Tell whether money may come for an order that nobody waits for any more."""
        return bool(record.method) and bool(self._method(record).properties.late)

    def _may_come_late(self, record: Record) -> bool:
        return self._age(record) < self._pay_within + self._method(record).properties.late

    def _age(self, record: Record) -> timedelta:
        """Return for how long stations have run with the order: no wrong clock makes it older or younger."""
        return timedelta(seconds=record.aged + self._clock.monotonic() - self._began[record.id])

    def _method(self, record: Record) -> PaymentPort:
        return self._wire.method(record)

    async def _append(self, id: str, *entries: LedgerEntry) -> Record:
        record = await self.ledger.append(id, entries, self._clock.now())
        if change := self._changed.pop(id, None):
            change.set()
        return record


def _detail(outcome: Outcome) -> dict[str, Any]:
    told = outcome.model_dump(mode="json", exclude={"state", "amount"})
    return {name: value for name, value in told.items() if value}
