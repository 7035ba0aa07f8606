"""A simulated payment terminal, with its acquirer's journal."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from pathlib import Path

from pydantic import BaseModel, Field

from tramkit_hal.contracts.payment_terminal import Charge, PaymentTerminal, PaymentTerminalCapabilities, TerminalResult
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.simulated import SimControl
from tramkit_hal.sim._base import COMMON_FAULTS, SimSettings, Simulator
from tramkit_hal.words import noted

SCHEMA = """
CREATE TABLE IF NOT EXISTS charges (
    ref TEXT PRIMARY KEY, of TEXT NOT NULL, amount INTEGER NOT NULL, state TEXT NOT NULL, approval TEXT NOT NULL)
    STRICT;
"""

APPROVE = noted("approve")
DECLINE = noted("decline")
LOST_BEFORE = noted("line lost before the bank heard")
LOST_AFTER = noted("line lost after the bank took it")
ANSWERS = (APPROVE, DECLINE, LOST_BEFORE, LOST_AFTER)


class TerminalSettings(SimSettings):
    """Settings of the simulated terminal.

    :param journal: its SQLite file, which outlives a power cut; empty: in memory.
    :param answer: what the acquirer does with the next card: one of :data:`ANSWERS`.
    :param card_after: seconds until a card is held to it by itself; None: somebody does, from the panel.
    :param doubts: questions that it answers with "unknown" after a lost line.
    """

    journal: str = ""
    answer: str = Field(APPROVE, pattern=f"^({'|'.join(ANSWERS)})$")
    card_after: float | None = Field(None, ge=0, le=600)
    doubts: int = Field(1, ge=0, le=1000)


class SimPaymentTerminal(Simulator, PaymentTerminal):
    """A terminal that takes every card, and an acquirer that answers as it is told to."""

    driver = "sim_payment_terminal"
    model = noted("simulated payment terminal")
    Settings = TerminalSettings
    faults = (*COMMON_FAULTS, Trouble.OUTCOME_UNKNOWN)

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._answer: str = self.settings.answer
        self._prompting = ""
        self._doubts: dict[str, int] = {}
        self._card: asyncio.Task[None] | None = None
        self._journal: sqlite3.Connection | None = None

    @property
    def capabilities(self) -> PaymentTerminalCapabilities:
        return PaymentTerminalCapabilities(refund=True)

    # ── the contract ──────────────────────────────────────────────────────────────────────────────────────

    async def start(self, ref: str, amount: int, deadline: float = 10.0) -> TerminalResult:
        if amount <= 0:
            raise ValueError("an amount is more than 0")
        async with self._simulate(deadline):
            known = self._result(ref)
            if known.charge is Charge.NOT_FOUND:
                if self._prompting:
                    raise DeviceError(Trouble.CLAIMED, "another payment waits for its card")
                self._write(ref, "", amount, Charge.PENDING)
            elif self._row(ref)[1] != amount:
                raise DeviceError(Trouble.UNSUPPORTED, "the same number with another amount")
            elif known.charge is not Charge.PENDING:
                return known
            if self._prompting != ref:
                self._prompting = ref
                self._emit("prompt")
                if self.settings.card_after is not None:
                    self._card = asyncio.create_task(self._hold_card_after(self.settings.card_after))
            if self._fault is Trouble.OUTCOME_UNKNOWN:
                raise DeviceError(Trouble.OUTCOME_UNKNOWN)
            return self._result(ref)

    async def cancel(self, ref: str, deadline: float = 10.0) -> TerminalResult:
        async with self._simulate(deadline):
            told = self._result(ref)
            if told.charge in (Charge.PENDING, Charge.NOT_FOUND):
                self._write(ref, "", self._row(ref)[1], Charge.DECLINED)
                self._end_prompt(ref)
                told = self._result(ref)
            return told

    async def inquire(self, ref: str, deadline: float = 10.0) -> TerminalResult:
        async with self._simulate(deadline, exclusive=False):
            return self._result(ref, doubt=True)

    async def refund(self, ref: str, refund_ref: str, amount: int, deadline: float = 10.0) -> TerminalResult:
        async with self._simulate(deadline):
            if self._result(refund_ref).charge is Charge.NOT_FOUND:
                gone = (
                    self._db()
                    .execute(
                        "SELECT coalesce(sum(amount), 0) FROM charges WHERE of = ? AND state = ?", (ref, Charge.SETTLED)
                    )
                    .fetchone()[0]
                )
                there = self._result(ref)
                fits = there.charge is Charge.SETTLED and 0 < amount <= there.amount - gone
                self._write(refund_ref, ref, amount, Charge.SETTLED if fits else Charge.DECLINED)
            if self._fault is Trouble.OUTCOME_UNKNOWN:
                raise DeviceError(Trouble.OUTCOME_UNKNOWN)
            return self._result(refund_ref)

    # ── card and acquirer ─────────────────────────────────────────────────────────────────────────────────

    async def _hold_card_after(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        self._hold_card()

    def _hold_card(self) -> None:
        """Hold a card to it: the acquirer answers as it was told to."""
        ref = self._prompting
        if not ref:
            return
        amount = self._row(ref)[1]
        taken = self._answer in (APPROVE, LOST_AFTER)
        self._write(ref, "", amount, Charge.SETTLED if taken else Charge.DECLINED)
        if self._answer in (LOST_BEFORE, LOST_AFTER):
            self._doubts[ref] = self.settings.doubts
        self._end_prompt(ref)
        self._emit("result")

    def _end_prompt(self, ref: str) -> None:
        if self._prompting == ref:
            self._prompting = ""
            if self._card is not None and self._card is not asyncio.current_task():
                self._card.cancel()
            self._card = None

    def _result(self, ref: str, *, doubt: bool = False) -> TerminalResult:
        state, amount, approval = self._row(ref)
        if doubt and self._doubts.get(ref, 0) > 0:
            self._doubts[ref] -= 1
            return TerminalResult(charge=Charge.UNKNOWN)
        charge = Charge(state)
        return TerminalResult(charge=charge, amount=amount if charge is Charge.SETTLED else 0, approval=approval)

    # ── the journal ───────────────────────────────────────────────────────────────────────────────────────

    def _row(self, ref: str) -> tuple[str, int, str]:
        row = self._db().execute("SELECT state, amount, approval FROM charges WHERE ref = ?", (ref,)).fetchone()
        return row or (Charge.NOT_FOUND.value, 0, "")

    def _write(self, ref: str, of: str, amount: int, charge: Charge) -> None:
        approval = secrets.token_hex(3).upper() if charge is Charge.SETTLED else ""
        self._db().execute("INSERT OR REPLACE INTO charges VALUES (?, ?, ?, ?, ?)", (ref, of, amount, charge, approval))

    def _db(self) -> sqlite3.Connection:
        if self._journal is None:
            if self.settings.journal:
                Path(self.settings.journal).parent.mkdir(parents=True, exist_ok=True)
            self._journal = sqlite3.connect(self.settings.journal or ":memory:", isolation_level=None)
            self._journal.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {SCHEMA}")
        return self._journal

    async def _start(self) -> None:
        self._db()

    async def _stop(self) -> None:
        self._end_prompt(self._prompting)

    async def _close(self) -> None:
        await super()._close()
        if self._journal is not None and self.settings.journal:
            self._journal.close()
            self._journal = None

    async def _wipe(self) -> None:
        """Nothing of a visit is in it: a payment that waits for its card is the ledger's to give up."""

    # ── controls ──────────────────────────────────────────────────────────────────────────────────────────

    def _controls(self) -> tuple[SimControl, ...]:
        return (
            SimControl(name="card", label=noted("Hold a card to it"), kind="press"),
            SimControl(name="answer", label=noted("Bank says"), kind="choice", options=ANSWERS, value=self._answer),
        )

    async def _control(self, name: str, value: str) -> None:
        if name == "answer":
            self._answer = value
        else:
            self._hold_card()

    def shown(self) -> str:
        if not self._prompting:
            return "TRAMKIT"
        amount = f"{self._row(self._prompting)[1]:,}".replace(",", ".")
        return f"{amount} VND\n" + noted("Insert, tap or swipe a card")
