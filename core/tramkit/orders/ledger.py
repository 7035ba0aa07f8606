"""The ledger: the SQLite file of orders and of all that happened to them.

Orders and entries are only ever added. Each entry is linked to the one before (a hash chain keyed with the station's
key), so that a change, a gap or a swap is found. Write-ahead log with ``synchronous=FULL``: what was committed outlives
a power cut. One connection, in a thread of its own, which also checkpoints: two that write at once can damage the log
of SQLite before 3.51.3.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pydantic import TypeAdapter

from tramkit.orders import attachments
from tramkit.orders.model import Effect, EffectKind, Ending, Order, Record, State, canonical, key_of
from tramkit.orders.seal import Seal, SealProblem
from tramkit_hal.pages import Fact
from tramkit_hal.words import Text

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, service TEXT NOT NULL, payee TEXT NOT NULL, amount INTEGER NOT NULL,
    method TEXT NOT NULL, placed_at TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders (id), what TEXT NOT NULL, state TEXT NOT NULL,
    at TEXT NOT NULL, boot TEXT NOT NULL, amount INTEGER NOT NULL, sealed BLOB NOT NULL, link BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS entries_of_order ON entries (order_id, number);
CREATE TABLE IF NOT EXISTS live (order_id TEXT PRIMARY KEY REFERENCES orders (id)) STRICT;
CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, link BLOB NOT NULL)
    STRICT;
CREATE TRIGGER IF NOT EXISTS orders_stay BEFORE UPDATE ON orders BEGIN
    SELECT RAISE(ABORT, 'orders are not changed'); END;
CREATE TRIGGER IF NOT EXISTS orders_remain BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'orders remain'); END;
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE UPDATE ON entries BEGIN
    SELECT RAISE(ABORT, 'entries are not changed'); END;
CREATE TRIGGER IF NOT EXISTS entries_remain BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries remain'); END;
"""

CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that is read as something else."""
CODE_LENGTH = 10
FIRST_LINK = b"\0" * 32

PLACED, CANCELLED, SETTLED, AGED, CLOSED = "placed", "cancelled", "settled", "aged", "closed"

T = TypeVar("T")
_FACTS: TypeAdapter[tuple[Fact, ...]] = TypeAdapter(tuple[Fact, ...])

Boundary = Callable[[str], None]
"""Is told ``before NAME`` and ``after NAME`` of each commit; a test ends the process there."""


class LedgerProblem(Exception):
    """The ledger cannot be read or written; no money is taken until it can."""


class KeyConflict(Exception):
    """The same order was placed again with another content."""


@dataclass(frozen=True)
class Entry:
    """Something that is to be written of an order.

    :param what: an effect's kind, ``placed``, ``cancelled``, ``settled``, ``aged`` or ``closed``.
    :param state: the effect's, or how it was settled.
    :param amount: VND; of ``aged``: seconds.
    :param detail: personal or long; kept sealed.
    """

    what: str
    state: str
    amount: int = 0
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Verdict:
    """What a look at the whole ledger found.

    :param entries: entries that were read.
    :param problem: the first that is wrong, in words; empty: none.
    """

    entries: int
    problem: str = ""


class Ledger:
    """The ledger of one station.

    :param file: the SQLite file; its folder is made.
    :param seal: the station's key.
    :param boot: names this start of the station.
    :param boundary: is told of each commit.
    :param synchronous: ``FULL``; a test shows what ``NORMAL`` loses.
    """

    def __init__(
        self,
        file: Path,
        seal: Seal,
        *,
        boot: str = "",
        boundary: Boundary | None = None,
        synchronous: str = "FULL",
        connect: Callable[[Path], sqlite3.Connection] | None = None,
    ) -> None:
        self._file = file
        self._seal = seal
        self._boot = boot or secrets.token_hex(4)
        self._boundary: Boundary = boundary or _nothing
        self._synchronous = synchronous
        self._connect = connect or _connect
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._db: sqlite3.Connection | None = None
        self._locked: BinaryIO | None = None
        self._number = 0
        self._link = FIRST_LINK
        self.trouble = ""
        """Why no money can be taken now; empty: it can."""

    # ── opening ───────────────────────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        """Open the file, and make it where there is none.

        :raises LedgerProblem: it cannot be read or written, was damaged, or belongs to another key.
        """
        try:
            await self._do(self._open)
        except LedgerProblem:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            raise

    async def close(self) -> None:
        """Write the log into the file and close it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _open(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._lock()
        self._db = db = self._connect(self._file)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {self._synchronous}")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA secure_delete = ON")
        db.executescript(SCHEMA + attachments.SCHEMA)
        head = db.execute("SELECT number, link FROM head").fetchone()
        last = db.execute("SELECT number, link FROM entries ORDER BY number DESC LIMIT 1").fetchone()
        if (head or (0, FIRST_LINK)) != (last or (0, FIRST_LINK)):
            raise LedgerProblem(f"{self._file}: entries are missing at the end")
        self._number, self._link = head or (0, FIRST_LINK)
        sealed = db.execute("SELECT id, sealed FROM orders ORDER BY rowid DESC LIMIT 1").fetchone()
        if sealed is not None:
            try:
                self._seal.open(sealed[1], sealed[0])
            except SealProblem as problem:
                raise LedgerProblem(f"{self._file}: {problem}") from None

    def _lock(self) -> None:
        """Have the ledger for this process alone; the lock goes with the process, however it ends."""
        if self._locked is None:
            self._locked = self._file.with_suffix(".lock").open("wb")
        try:
            fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LedgerProblem(f"{self._file}: another process has it open; stop the station first") from None

    def _close(self) -> None:
        if self._locked is not None:
            self._locked.close()
            self._locked = None
        if self._db is not None:
            self._db.close()
            self._db = None

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────

    async def place(self, id: str, order: Order, method: str, at: datetime) -> Record:
        """Write an order and the intent of its first effect, in one transaction. The same order twice is one.

        :param id: stable: a replay of the visit places the same.
        :param method: the payment method; empty for an amount of 0.
        :raises KeyConflict: the id was placed with another content.
        :raises LedgerProblem: it could not be written; nothing was placed.
        """
        return await self._do(self._place, id, order, method, at)

    def _place(self, id: str, order: Order, method: str, at: datetime) -> Record:
        known = self._read(id)
        if known is not None:
            if canonical(known.order) != canonical(order) or known.method != method:
                raise KeyConflict(f"order {id} was placed with another content")
            return known
        first = EffectKind.COLLECT if order.amount else EffectKind.FULFIL
        sealed = self._seal.seal(_json(canonical(order)), id)
        row = (id, _new_code(), order.service, order.payee, order.amount, method, _iso(at), sealed)

        def write(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            db.execute("INSERT INTO live VALUES (?)", (id,))
            attachments.store(db, self._seal, id, order.attachments)

        placed = Entry(PLACED, "", order.amount, {"digest": self._seal.link(b"", _row_bytes(row)).hex()})
        self._write("place", id, (placed, Entry(first.value, State.INTENT.value, order.amount)), at, write)
        record = self._read(id)
        assert record is not None
        return record

    async def append(self, id: str, entries: Sequence[Entry], at: datetime) -> Record:
        """Write what happened to an order, all of it or nothing.

        :raises LedgerProblem: it could not be written.
        """
        return await self._do(self._append, id, entries, at)

    def _append(self, id: str, entries: Sequence[Entry], at: datetime) -> Record:
        closed = any(entry.what == CLOSED for entry in entries)

        def write(db: sqlite3.Connection) -> None:
            if closed:
                db.execute("DELETE FROM live WHERE order_id = ?", (id,))

        self._write(" ".join(f"{each.what} {each.state}".strip() for each in entries), id, entries, at, write)
        record = self._read(id)
        assert record is not None
        return record

    def _write(
        self,
        name: str,
        id: str,
        entries: Iterable[Entry],
        at: datetime,
        more: Callable[[sqlite3.Connection], None],
    ) -> None:
        db = self._opened()
        number, link = self._number, self._link
        self._boundary(f"before {name}")
        db.execute("BEGIN IMMEDIATE")
        try:
            more(db)
            for entry in entries:
                number += 1
                sealed = self._seal.seal(_json(entry.detail), f"{id}/{number}")
                row = (number, id, entry.what, entry.state, _iso(at), self._boot, entry.amount, sealed)
                link = self._seal.link(link, _row_bytes(row))
                db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, link))
                if entry.what == SETTLED:
                    attachments.drop(db, id)
            db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (number, link))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._number, self._link = number, link
        self._boundary(f"after {name}")

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────

    async def record(self, id: str) -> Record | None:
        """Return an order by its id."""
        return await self._do(self._read, id)

    async def whole(self, record: Record) -> Order:
        """Return an order that is not settled with the data of its attachments.

        :raises LedgerProblem: one is missing, or was changed.
        """
        return await self._do(self._whole, record) if record.order.attachments else record.order

    def _whole(self, record: Record) -> Order:
        found = attachments.load(self._opened(), self._seal, record.id, record.order.attachments)
        return record.order.model_copy(update={"attachments": found})

    async def by_code(self, code: str) -> Record | None:
        """Return an order by the code of its receipt, as a person types it."""
        return await self._do(self._by_code, tidy_code(code))

    def _by_code(self, code: str) -> Record | None:
        row = self._opened().execute("SELECT id FROM orders WHERE code = ?", (code,)).fetchone()
        return self._read(row[0]) if row else None

    async def live(self) -> list[Record]:
        """Return the orders that are not closed, oldest first."""
        return await self._do(self._live)

    def _live(self) -> list[Record]:
        rows = self._opened().execute("SELECT order_id FROM live ORDER BY rowid").fetchall()
        return [record for (id,) in rows if (record := self._read(id)) is not None]

    async def newest(self, count: int) -> list[Record]:
        """Return the newest orders, newest first."""
        return await self._do(self._newest, count)

    def _newest(self, count: int) -> list[Record]:
        rows = self._opened().execute("SELECT id FROM orders ORDER BY rowid DESC LIMIT ?", (count,)).fetchall()
        return [record for (id,) in rows if (record := self._read(id)) is not None]

    def _read(self, id: str) -> Record | None:
        db = self._opened()
        row = db.execute("SELECT code, method, placed_at, sealed FROM orders WHERE id = ?", (id,)).fetchone()
        if row is None:
            return None
        code, method, placed_at, sealed = row
        order = Order.model_validate_json(self._seal.open(sealed, id))
        effects: dict[EffectKind, Effect] = {}
        cancelled, closed, aged, ending = False, False, 0, None
        for number, what, state, at, amount, more in db.execute(
            "SELECT number, what, state, at, amount, sealed FROM entries WHERE order_id = ? ORDER BY number", (id,)
        ):
            if what == SETTLED:
                ending = Ending(state)
            elif what == CANCELLED:
                cancelled = True
            elif what == AGED:
                aged += amount
            elif what == CLOSED:
                closed = True
            elif what != PLACED:
                kind = EffectKind(what)
                detail = json.loads(self._seal.open(more, f"{id}/{number}"))
                effects[kind] = _next(effects.get(kind), id, kind, State(state), amount, at, detail)
        return Record(
            id=id,
            code=code,
            order=order,
            method=method,
            placed_at=datetime.fromisoformat(placed_at),
            effects=effects,
            cancelled=cancelled,
            ending=ending,
            aged=aged,
            closed=closed,
        )

    async def verify(self) -> Verdict:
        """Walk the whole chain and tell the first entry that is wrong."""
        return await self._do(self._verify)

    def _verify(self) -> Verdict:
        db = self._opened()
        link, count = FIRST_LINK, 0
        for row in db.execute(
            "SELECT number, order_id, what, state, at, boot, amount, sealed, link FROM entries ORDER BY number"
        ):
            count += 1
            if row[0] != count:
                return Verdict(count, f"entry {count} is missing")
            link = self._seal.link(link, _row_bytes(row[:-1]))
            if link != row[-1]:
                return Verdict(count, f"entry {count} was changed, or one before it")
            if row[2] == PLACED and (problem := self._verify_order(row)):
                return Verdict(count, problem)
        if (db.execute("SELECT number, link FROM head").fetchone() or (0, FIRST_LINK)) != (count, link):
            return Verdict(count, f"entries after {count} are missing")
        orders = db.execute("SELECT count(*) FROM orders").fetchone()[0]
        placed = db.execute("SELECT count(*) FROM entries WHERE what = ?", (PLACED,)).fetchone()[0]
        if orders != placed:
            return Verdict(count, f"{abs(orders - placed)} orders are missing or were added")
        return Verdict(count, self._verify_attachments())

    def _verify_attachments(self) -> str:
        """Return what is wrong with the attachments of orders that are not settled; those of settled ones are gone."""
        for record in self._live():
            if record.ending is not None:
                continue
            try:
                self._whole(record)
            except SealProblem as problem:
                return str(problem)
        return ""

    def _verify_order(self, entry: Any) -> str:
        number, id, sealed = entry[0], entry[1], entry[7]
        row = self._opened().execute("SELECT * FROM orders WHERE id = ?", (id,)).fetchone()
        if row is None:
            return f"the order of entry {number} is missing"
        try:
            digest = json.loads(self._seal.open(sealed, f"{id}/{number}")).get("digest")
        except (SealProblem, ValueError):
            return f"entry {number} does not open"
        return (
            "" if self._seal.link(b"", _row_bytes(row)).hex() == digest else f"the order of entry {number} was changed"
        )

    # ── the thread ────────────────────────────────────────────────────────────────────────────────────────

    async def _do(self, work: Callable[..., T], *args: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            done = await asyncio.shield(loop.run_in_executor(self._thread, work, *args))
        except (sqlite3.Error, OSError, SealProblem) as error:
            self.trouble = f"{self._file}: {error}"
            raise LedgerProblem(self.trouble) from None
        except LedgerProblem as problem:
            self.trouble = str(problem)
            raise
        self.trouble = ""
        return done

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            raise LedgerProblem(f"{self._file}: the ledger is not open")
        return self._db


def tidy_code(code: str) -> str:
    """Return a receipt's code as the ledger has it, from what a person typed."""
    return code.upper().replace("O", "0").replace("I", "1").replace("L", "1").translate({ord(c): None for c in " -."})


def _nothing(_name: str) -> None:
    """Be told of a commit, and leave it at that."""


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None, check_same_thread=False)


def _next(
    before: Effect | None, id: str, kind: EffectKind, state: State, amount: int, at: str, detail: dict[str, Any]
) -> Effect:
    """Return an effect after one more entry."""
    since = before.since if before else None
    if state is State.SENT and since is None:
        since = datetime.fromisoformat(at)
    reason = detail.get("reason")
    return Effect(
        kind=kind,
        key=key_of(id, kind),
        state=state,
        amount=amount,
        reference=detail.get("reference") or (before.reference if before else ""),
        reason=Text.model_validate(reason) if reason else None,
        facts=_FACTS.validate_python(detail.get("facts", ())),
        since=since,
    )


def _new_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _letter in range(CODE_LENGTH))


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _row_bytes(row: Sequence[Any]) -> bytes:
    """Return a row without a doubt where each value ends."""
    return _json([value.hex() if isinstance(value, bytes) else value for value in row])
