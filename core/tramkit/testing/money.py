"""A way to pay for tests: it asks nobody, and what it has collected and given back outlives the station."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

from tramkit.host.order import Outcome
from tramkit.host.payment import Invitation, Payment, PaymentMethod, Properties
from tramkit_hal.words import verbatim

_SCHEMA = """
CREATE TABLE IF NOT EXISTS collected (key TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS refunded (key TEXT PRIMARY KEY, amount INTEGER NOT NULL) STRICT;
"""


class SimMoney(PaymentMethod):
    """Money that comes at once, with a ledger of its own: what a test believes.

    :param file: its SQLite file; the same file, the same money.
    :ivar willing: False: whoever is asked to pay does not, until :meth:`pay` or until the resident gives up.
    """

    id = "testing.money"
    title = verbatim("Money")

    def __init__(self, file: Path) -> None:
        self.properties = Properties(idempotent=timedelta(days=3650), can_be_asked=True, can_refund=True)
        self.willing = True
        self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def collected(self) -> int:
        """VND collected in all."""
        return self._db.execute("SELECT coalesce(sum(amount), 0) FROM collected").fetchone()[0]

    @property
    def refunded(self) -> int:
        """VND given back in all."""
        return self._db.execute("SELECT coalesce(sum(amount), 0) FROM refunded").fetchone()[0]

    def invitation(self, payment: Payment) -> Invitation:
        """Return what the resident is to do: nothing."""
        return Invitation(words=(verbatim("—"),))

    async def collect(self, payment: Payment) -> Outcome:
        """Collect, unless nobody is willing."""
        if self.willing:
            self._db.execute("INSERT OR IGNORE INTO collected VALUES (?, ?)", (payment.key, payment.amount))
        return await self.inquire(payment)

    async def inquire(self, payment: Payment) -> Outcome:
        """Tell what came for a key."""
        if self.willing:
            return self._told("collected", payment.key, "not_found")
        return self._told("collected", payment.key, "pending")

    async def cancel(self, payment: Payment) -> Outcome:
        """Give up what was not collected."""
        return self._told("collected", payment.key, "refused")

    async def refund(self, payment: Payment, key: str, amount: int) -> Outcome:
        """Give money back, once a key."""
        self._db.execute("INSERT OR IGNORE INTO refunded VALUES (?, ?)", (key, amount))
        return await self.inquire_refund(payment, key)

    async def inquire_refund(self, payment: Payment, key: str) -> Outcome:
        """Tell what was given back for a key."""
        return self._told("refunded", key, "not_found")

    def _told(self, table: str, key: str, otherwise: str) -> Outcome:
        row = self._db.execute(f"SELECT amount FROM {table} WHERE key = ?", (key,)).fetchone()
        return Outcome(state="done", amount=row[0]) if row else Outcome.model_validate({"state": otherwise})
