"""Whatever happens in whatever order: money is conserved, and each effect is done once."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.failing import FailingVfs

from tramkit.orders.ledger import Ledger, LedgerProblem
from tramkit.orders.model import EffectKind, Ending, Order, Outcome, Record, State, key_of
from tramkit.orders.payment import Invitation, Payment, PaymentMethod, Properties
from tramkit.orders.runner import PAY_WITHIN, Runner
from tramkit.orders.seal import Seal
from tramkit.orders.wire import memo_of
from tramkit_hal.words import verbatim

EXAMPLES = int(os.environ.get("TRAMKIT_MONEY_EXAMPLES", "60"))
AMOUNT = 1000
LATE = timedelta(hours=24)
FAULTS = ("none", "silent", "lost_after", "garbage")


class JumpingClock:
    """The machine's clock, which somebody sets forwards and backwards, and whose hours can be skipped."""

    def __init__(self) -> None:
        self.wrong = timedelta(0)
        self.skipped = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.wrong + timedelta(seconds=self.skipped)

    def monotonic(self) -> float:
        return asyncio.get_event_loop().time() + self.skipped

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Bank(PaymentMethod):
    """A bank: transfers by memo, refunds by key; it may be silent, or silent after it has done something."""

    id = "bank"
    title = verbatim("bank")

    def __init__(self) -> None:
        self.properties = Properties(can_be_asked=True, can_refund=True, idempotent=timedelta(hours=24), late=LATE)
        self.came: dict[str, int] = {}
        self.back: dict[str, tuple[str, int]] = {}
        self.asked: set[str] = set()
        self.fault = "none"

    def went_back(self, memo: str) -> int:
        """Return what was sent back of a payment."""
        return sum(amount for of, amount in self.back.values() if of == memo)

    def invitation(self, payment: Payment) -> Invitation:
        return Invitation()

    def _before(self) -> None:
        if self.fault == "silent":
            raise OSError("no answer")

    def _after(self, outcome: Outcome) -> Outcome:
        if self.fault == "lost_after":
            raise OSError("no answer")
        return Outcome(state="unknown") if self.fault == "garbage" else outcome

    async def collect(self, payment: Payment) -> Outcome:
        return await self.inquire(payment)

    async def inquire(self, payment: Payment) -> Outcome:
        self._before()
        self.asked.add(payment.memo)
        came = self.came.get(payment.memo, 0)
        return self._after(Outcome(state="done" if came >= payment.amount else "pending", amount=came))

    async def cancel(self, payment: Payment) -> Outcome:
        self._before()
        self.asked.add(payment.memo)
        came = self.came.get(payment.memo, 0)
        return self._after(Outcome(state="done", amount=came) if came else Outcome(state="refused"))

    async def refund(self, payment: Payment, key: str, amount: int) -> Outcome:
        self._before()
        if key not in self.back:
            self.back[key] = (payment.memo, amount)
        return self._after(Outcome(state="done", amount=amount))

    async def inquire_refund(self, payment: Payment, key: str) -> Outcome:
        self._before()
        return self._after(Outcome(state="done" if key in self.back else "unheard"))


class Biller:
    """A biller: does a key once; some orders it refuses."""

    def __init__(self) -> None:
        self.done: dict[str, bool] = {}
        self.fault = "none"

    async def fulfil(self, order: Order, key: str) -> Outcome:
        if self.fault == "silent":
            raise OSError("no answer")
        self.done.setdefault(key, not order.request["refused"])
        if self.fault == "lost_after":
            raise OSError("no answer")
        return Outcome(state="unknown") if self.fault == "garbage" else self._told(key)

    async def inquire(self, order: Order, key: str) -> Outcome:
        if self.fault == "silent":
            raise OSError("no answer")
        return Outcome(state="unknown") if self.fault in ("garbage", "lost_after") else self._told(key)

    def _told(self, key: str) -> Outcome:
        if key not in self.done:
            return Outcome(state="unheard")
        return Outcome(state="done" if self.done[key] else "refused")


class Money(RuleBasedStateMachine):
    """A station, its bank, its biller, and all that can befall them."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp())
        self.clock, self.bank, self.biller = JumpingClock(), Bank(), Biller()
        self.placed: list[str] = []
        self.home = self.folder
        self.cuts = itertools.count()
        self.transfers: dict[str, int] = {}
        self.disk = FailingVfs()
        self.connection: Any = None
        self.await_(self._start())

    def await_(self, work: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(work, 30))

    def _connect(self, file: Path) -> Any:
        self.connection = self.disk.connect(file)
        return self.connection

    async def _start(self) -> None:
        self.ledger = Ledger(self.home / "ledger.sqlite", Seal(b"k" * 32), connect=self._connect)
        await self.ledger.open()
        self.runner = Runner(self.ledger, {"shop": self.biller}, {"bank": self.bank}, self.clock, pauses=(0.001, 0.002))
        await self.runner.start()

    async def _stop(self) -> None:
        await self.runner.stop()
        await self.ledger.close()

    # ── what happens ──────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: len(self.placed) < 4)
    @rule(refused=st.booleans())
    def a_resident_orders(self, refused: bool) -> None:
        id = f"order-{len(self.placed)}"
        order = Order(service="shop", payee="EVN", amount=AMOUNT, title=verbatim("bill"), request={"refused": refused})
        try:
            self.await_(self.runner.place(id, order, "bank"))
        except LedgerProblem:
            return  # told to the resident; nothing was placed
        self.placed.append(id)

    @precondition(lambda self: self.placed)
    @rule(which=st.integers(0, 3), share=st.sampled_from((0.5, 1.0, 1.5)))
    def money_comes(self, which: int, share: float) -> None:
        memo = memo_of(key_of(self.placed[which % len(self.placed)], EffectKind.COLLECT))
        if self.transfers.setdefault(memo, 0) < 2:  # of a third the operator is told
            self.transfers[memo] += 1
            self.bank.came[memo] = self.bank.came.get(memo, 0) + int(AMOUNT * share)

    @precondition(lambda self: self.placed)
    @rule(which=st.integers(0, 3))
    def a_resident_gives_up(self, which: int) -> None:
        try:
            self.await_(self.runner.cancel(self.placed[which % len(self.placed)]))
        except LedgerProblem:
            return

    @precondition(lambda self: self.placed)
    @rule(which=st.integers(0, 3), times=st.integers(1, 3))
    def notices_come(self, which: int, times: int) -> None:
        for _time in range(times):
            self.runner.nudge(self.placed[which % len(self.placed)])

    @rule(bank=st.sampled_from(FAULTS), biller=st.sampled_from(FAULTS))
    def the_network_changes(self, bank: str, biller: str) -> None:
        self.bank.fault, self.biller.fault = bank, biller

    @rule()
    def the_station_is_restarted(self) -> None:
        self.await_(self._stop())
        self.disk.broken = False
        self.await_(self._start())

    @rule()
    def the_power_is_cut(self) -> None:
        """Nothing is closed: the next start has the files as they lie there, the log not written into the file."""
        self.await_(self.runner.stop())
        after = self.folder / f"after-{next(self.cuts)}"
        after.mkdir()
        for file in self.home.glob("ledger.sqlite*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, after)
        self.disk.broken = False
        self.await_(self.ledger.close())
        self.home = after
        self.await_(self._start())

    @rule(hours=st.integers(-48, 48))
    def somebody_sets_the_clock(self, hours: int) -> None:
        self.clock.wrong = timedelta(hours=hours)

    @rule(minutes=st.sampled_from((1, 20)))
    def time_goes_by(self, minutes: int) -> None:
        self.clock.skipped += minutes * 60

    @rule(how=st.sampled_from(("full", "read-only", "EIO", "mended")))
    def something_is_with_the_disk(self, how: str) -> None:
        self._mend_disk()
        if how == "full":
            self.connection.execute("PRAGMA max_page_count = 1")
        elif how == "read-only":
            self.connection.execute("PRAGMA query_only = ON")
        elif how == "EIO":
            self.disk.broken = True

    def _mend_disk(self) -> None:
        self.disk.broken = False
        self.connection.execute("PRAGMA max_page_count = 1000000")
        self.connection.execute("PRAGMA query_only = OFF")

    @rule()
    def the_station_works_on(self) -> None:
        async def rounds() -> None:
            for _round in range(30):
                await asyncio.sleep(0.0005)

        self.await_(rounds())

    # ── what holds ────────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def nothing_is_paid_on_that_did_not_come(self) -> None:
        for id in getattr(self, "placed", ()):
            came = self.bank.came.get(memo_of(key_of(id, EffectKind.COLLECT)), 0)
            billed = AMOUNT if self.biller.done.get(key_of(id, EffectKind.FULFIL)) else 0
            back = self.bank.went_back(memo_of(key_of(id, EffectKind.COLLECT)))
            assert billed + back <= came, f"{id}: {came} came, {billed} was paid on, {back} went back"

    async def _all_looked_at(self) -> None:
        """Wait until the bank was asked about each payment that the ledger does not know to be made."""
        for id in self.placed:
            memo = memo_of(key_of(id, EffectKind.COLLECT))
            record = await self.ledger.record(id)
            while record is not None and record.ending is None and memo not in self.bank.asked:
                if record.effects[EffectKind.COLLECT].state in (State.CONFIRMED, State.MANUAL):
                    break
                await asyncio.sleep(0.001)
                record = await self.ledger.record(id)

    async def _closed(self, id: str) -> Record:
        """Wait until no more money is looked for, or the operator must look."""
        record = await self.runner.settled(id)
        while not (record.closed or record.manual):
            record = await self.runner.changed(id, record)
        return record

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        self.bank.fault = self.biller.fault = "none"
        self.clock.wrong = timedelta(0)
        self._mend_disk()
        self.await_(self._stop())
        self.bank.asked.clear()
        self.await_(self._start())
        self.await_(self._all_looked_at())
        self.clock.skipped += (PAY_WITHIN + LATE).total_seconds() + 60
        for id in self.placed:
            record = self.await_(self._closed(id))
            memo = memo_of(key_of(id, EffectKind.COLLECT))
            came = self.bank.came.get(memo, 0)
            back = self.bank.went_back(memo)
            billed = AMOUNT if self.biller.done.get(key_of(id, EffectKind.FULFIL)) else 0
            said = {kind.value: effect.state.value for kind, effect in record.effects.items()}
            if record.manual:  # the operator looks: nothing is lost, it is written down where it stands
                assert State.MANUAL.value in said.values()
                continue
            assert record.ending is not Ending.FAILED
            assert (record.ending is Ending.DONE) == bool(billed), (id, record.ending, billed, said)
            if record.ending is Ending.UNPAID:
                assert not came, (id, came, back)
            else:
                assert came == back + billed, (id, came, back, billed, said)
        assert not self.await_(self.ledger.verify()).problem
        self.await_(self._stop())
        self.disk.unregister()
        self.loop.close()
        shutil.rmtree(self.folder)


TestMoney = Money.TestCase
TestMoney.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
