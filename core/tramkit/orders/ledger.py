"""The ledger: the SQLite file of orders and of all that happened to them.

Orders and entries are only ever added. Each entry is linked to the one before (see :mod:`tramkit.orders.audit`).
Write-ahead log with ``synchronous=FULL``: what was committed outlives a power cut. One connection, in a thread of its
own, which also checkpoints: two that write at once can damage the log of SQLite before 3.51.3. What waits to be written
while the disk is busy is written in one transaction: a sync costs more than all the rest.

Longer than 400 lines: one file, one writer, one set of invariants; rows, audit and seal lie beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import secrets
import shutil
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from tramkit.host.order import EffectKind, Order, Record, State, canonical
from tramkit.orders import attachments, audit, data_keys, versions
from tramkit.orders.audit import FIRST_LINK, Verdict
from tramkit.orders.data_keys import ERASED
from tramkit.orders.rekey import RekeyError, rekey
from tramkit.orders.rows import (
    CLOSED,
    PLACED,
    SETTLED,
    LedgerEntry,
    after,
    iso,
    json_bytes,
    new_code,
    read_record,
    row_bytes,
    tidy_code,
)
from tramkit.orders.seal import KEY_BYTES, Box, Seal, SealError
from tramkit_hal import TramkitError

T = TypeVar("T")
_log = logging.getLogger(__name__)

Boundary = Callable[[str], None]
"""Is told ``before NAME`` and ``after NAME`` of each commit; a test ends the process there."""


class LedgerError(TramkitError):
    """The ledger cannot be read or written; no money is taken until it can."""


class KeyConflictError(TramkitError):
    """The same order was placed again with another content."""


@dataclass(frozen=True)
class Tail:
    """The end of the chain: number and link of the last entry."""

    number: int
    link: bytes


MIN_FREE = 4 * 1024 * 1024
"""Bytes of free disk: one order with its papers needs more, but what stands can still be closed."""


@dataclass
class _Write:
    """Something that waits to be written.

    :param id: of the order; empty: of none.
    :param work: writes it in an open transaction after the chain's end; returns the order after it, and the new end.
    """

    id: str
    name: str
    work: Callable[[sqlite3.Connection, Tail], tuple[Record | None, Tail]]
    done: Future[Record | None] = field(default_factory=Future[Record | None])
    record: Record | None = None
    refused: Exception | None = None


class Ledger:
    """The ledger of one station.

    :param file: the SQLite file; its folder is made.
    :param seal: the station's key.
    :param boot: names this start of the station.
    :param boundary: is told of each commit.
    :param synchronous: ``FULL``; a test shows what ``NORMAL`` loses.
    :param unproven: a file of before its end was sealed is migrated too.
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
        unproven: bool = False,
    ) -> None:
        self._file = file
        self._seal = seal
        self._boot = boot or secrets.token_hex(4)
        self._boundary: Boundary = boundary or _leave
        self._synchronous = synchronous
        self._connect = connect or _connect
        self._unproven = unproven
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._db: sqlite3.Connection | None = None
        self._locked: BinaryIO | None = None
        self._tail = Tail(0, FIRST_LINK)
        self._waiting: deque[_Write] = deque()
        self._unsettled: dict[str, Record] = {}
        """Those that are being carried out, as they stand in the file: they are looked at all the time."""
        self.trouble = ""
        """Why no money can be taken now; empty: it can."""

    # ── opening ───────────────────────────────────────────────────────────────────────────────────────────

    async def open(self) -> None:
        """Open the file, and make it where there is none.

        :raises LedgerError: it cannot be read or written, was damaged, or belongs to another key.
        """
        try:
            await self._do(self._open)
        except LedgerError:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
            raise
        self.trouble = ""

    async def close(self) -> None:
        """Write the log into the file and close it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def _open(self) -> None:
        self._make_private()
        self._lock()
        self._db = db = self._connect(self._file)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {self._synchronous}")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA secure_delete = ON")
        try:
            was = versions.bring_up_to_date(db, self._seal, self._file, unproven=self._unproven)
            if 0 < was < versions.VERSION:
                _log.warning("ledger migrated", extra={"was": was, "version": versions.VERSION})
            data_keys.check(db, self._seal)
            self._seal = data_keys.with_holders(db, self._seal)
            self._tail = Tail(*audit.tail(db, self._seal))
        except (ValueError, SealError, versions.VersionError) as problem:
            raise LedgerError(f"{self._file}: {problem}") from None

    def _make_private(self) -> None:
        """Make the folder, and let nobody else read it or what is in it; SQLite gives its log the mode of its file."""
        folder = self._file.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = (self._file, *(self._file.with_name(self._file.name + end) for end in ("-wal", "-shm")))
        with contextlib.suppress(OSError):  # a disk that cannot be written is told where it is written
            if folder.stat().st_mode & 0o077:
                folder.chmod(0o700)
            if not self._file.exists():
                os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
            for each in files:
                if each.exists() and each.stat().st_mode & 0o077:
                    each.chmod(0o600)

    def _lock(self) -> None:
        """Have the ledger for this process alone; the lock goes with the process, however it ends."""
        if self._locked is None:
            handle = os.open(self._file.with_suffix(".lock"), os.O_CREAT | os.O_WRONLY, 0o600)
            self._locked = os.fdopen(handle, "wb")
            with contextlib.suppress(OSError):
                os.fchmod(handle, 0o600)
        try:
            fcntl.flock(self._locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LedgerError(f"{self._file}: another process has it open; stop the station first") from None

    def _close(self) -> None:
        self._unsettled.clear()
        if self._locked is not None:
            self._locked.close()
            self._locked = None
        if self._db is not None:
            self._db.close()
            self._db = None

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────

    async def place(self, id: str, order: Order, method: str, at: datetime, number: str = "") -> Record:
        """Write an order and the intent of its first effect, in one transaction. The same order twice is one.

        :param id: stable: a replay of the visit places the same.
        :param method: the payment method; empty for an amount of 0.
        :param number: identity number of whoever is to find it again by their card; empty: by its code only.
        :raises KeyConflictError: the id was placed with another content.
        :raises LedgerError: it could not be written; nothing was placed.
        """

        def work(db: sqlite3.Connection, tail: Tail) -> tuple[Record | None, Tail]:
            return self._place(db, tail, id, order, method, at, number)

        record = await self._put(_Write(id, "place", work))
        assert record is not None
        return record

    def _place(
        self, db: sqlite3.Connection, tail: Tail, id: str, order: Order, method: str, at: datetime, number: str
    ) -> tuple[Record, Tail]:
        known = self._read(id)
        if known is not None:
            if canonical(known.order) != canonical(order) or known.method != method:
                raise KeyConflictError(f"order {id} was placed with another content")
            return known, tail
        said = json_bytes(canonical(order))
        key = os.urandom(KEY_BYTES)
        box = Box(key)
        row = (id, new_code(), order.service, order.payee, order.amount, method, iso(at), box.seal(said, id))
        db.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        data_keys.put(db, self._seal, id, key)
        db.execute("INSERT INTO live VALUES (?)", (id,))
        attachments.store(db, box, id, order.attachments)
        digest = {"digest": self._seal.link(b"", row_bytes(row)).hex()}
        if number:
            holder = self._seal.holder(number)
            db.execute("INSERT INTO holders VALUES (?, ?)", (id, holder))
            digest["holder"] = holder.hex()
        first = EffectKind.COLLECT if order.amount else EffectKind.FULFIL
        placed = LedgerEntry(PLACED, "", order.amount, digest)
        entries = (placed, LedgerEntry(first.value, State.INTENT.value, order.amount))
        kept = Order.model_validate_json(said)
        record = Record(id=id, code=row[1], order=kept, method=method, placed_at=datetime.fromisoformat(row[6]))
        return self._add(db, tail, record, entries, at)

    async def append(self, id: str, entries: Sequence[LedgerEntry], at: datetime) -> Record:
        """Write what happened to an order, all of it or nothing.

        :raises LedgerError: it could not be written, or there is no such order.
        """

        def work(db: sqlite3.Connection, tail: Tail) -> tuple[Record | None, Tail]:
            record = self._read(id)
            if record is None:
                raise LedgerError(f"there is no order {id}")
            return self._add(db, tail, record, entries, at)

        name = " ".join(f"{each.what} {each.state}".strip() for each in entries)
        record = await self._put(_Write(id, name, work))
        assert record is not None
        return record

    async def erase(self, id: str, at: datetime) -> Record:
        """Throw the key of a closed order away: what was asked for, by whom, and its papers open no more.

        Amount, payee and the payment's references stay, as bookkeeping asks (Law 88/2015/QH13 art. 41).

        :raises LedgerError: there is no such order, it is not closed, or it was placed before orders had keys.
        """

        def work(db: sqlite3.Connection, tail: Tail) -> tuple[Record | None, Tail]:
            record = self._read(id)
            if record is None:
                raise LedgerError(f"there is no order {id}")
            if data_keys.is_erased(db, id):
                return record, tail
            if not record.closed:
                raise LedgerError(f"order {record.code} is not closed yet")
            if data_keys.of(db, self._seal, id) is self._seal:
                raise LedgerError(
                    f"order {record.code} was placed before orders had keys: run tramkit orders rekey first"
                )
            references = {kind.value: effect.reference for kind, effect in record.effects.items()}
            _, tail = self._add(db, tail, record, [LedgerEntry(ERASED, "", 0, {"references": references})], at)
            data_keys.throw_away(db, id)
            return read_record(db, self._seal, id), tail

        record = await self._put(_Write(id, "erase", work))
        await self._do(lambda: self._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall())
        assert record is not None
        return record

    async def rekey(self, new: Seal) -> int:
        """Put the whole file under another key; this ledger is closed afterwards. Return the number of entries.

        :raises LedgerError: it stays as it is.
        """

        def work() -> int:
            self._opened().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._opened().close()
            self._db = None
            try:
                return rekey(self._file, self._seal, new)
            except RekeyError as problem:
                raise LedgerError(str(problem)) from None

        return await self._do(work)

    @property
    def opened(self) -> bool:
        """Whether the file was opened, and can be written unless there is a trouble."""
        return self._db is not None

    async def look(self) -> bool:
        """Look, without writing, whether the disk has become full or read-only; tell whether it has."""
        why = await asyncio.get_running_loop().run_in_executor(self._thread, self._disk_trouble)
        if why:
            self.trouble = f"{self._file}: {why}"
        return bool(why)

    def _disk_trouble(self) -> str:
        try:
            if shutil.disk_usage(self._file.parent).free < MIN_FREE:
                return "the disk is full"
            if not self._file.exists():
                return "the file is gone"
            writable = os.access(self._file, os.W_OK) and os.access(self._file.parent, os.W_OK)
            return "" if writable else "it cannot be written"
        except OSError as error:
            return error.strerror or "it cannot be read"

    async def probe(self) -> None:
        """Write nothing, durably: what was the matter with the disk may be over.

        :raises LedgerError: it is not.
        """
        await self._put(_Write("", "probe", lambda _db, tail: (None, tail)))

    def _add(
        self, db: sqlite3.Connection, tail: Tail, record: Record, entries: Sequence[LedgerEntry], at: datetime
    ) -> tuple[Record, Tail]:
        """Write entries after the chain's end, in the open transaction."""
        box = data_keys.of(db, self._seal, record.id)
        for entry in entries:
            number = tail.number + 1
            with_key = self._seal if entry.what in (PLACED, ERASED) else box
            sealed = with_key.seal(json_bytes(entry.detail), f"{record.id}/{number}")
            row = (number, record.id, entry.what, entry.state, iso(at), self._boot, entry.amount, sealed)
            tail = Tail(number, self._seal.link(tail.link, row_bytes(row)))
            db.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, tail.link))
            if entry.what == SETTLED:
                attachments.drop(db, record.id)
            elif entry.what == CLOSED:
                db.execute("DELETE FROM live WHERE order_id = ?", (record.id,))
        return after(record, [(iso(at), entry) for entry in entries]), tail

    # ── one transaction for all that wait ─────────────────────────────────────────────────────────────────

    async def _put(self, write: _Write) -> Record | None:
        """Have something written and wait until it is durable."""
        self._waiting.append(write)
        self._thread.submit(self._drain)
        record = await self._or_trouble(asyncio.wrap_future(write.done))
        self.trouble = ""
        return record

    def _drain(self) -> None:
        writes: list[_Write] = []
        while self._waiting and all(self._waiting[0].id != write.id for write in writes):
            writes.append(self._waiting.popleft())
        if not writes:
            return  # an earlier transaction took it along
        try:
            for write in writes:
                self._boundary(f"before {write.name}")
            self._transact(self._opened(), writes)
            for write in writes:
                self._boundary(f"after {write.name}")
        except BaseException as error:
            for write in writes:
                write.done.set_exception(error)
            return
        for write in writes:
            if write.refused is not None:
                write.done.set_exception(write.refused)
            else:
                write.done.set_result(write.record)

    def _transact(self, db: sqlite3.Connection, writes: Sequence[_Write]) -> None:
        """Write all of them; one that is refused leaves nothing and takes none of the others with it."""
        tail = self._tail
        db.execute("BEGIN IMMEDIATE")
        try:
            for write in writes:
                db.execute("SAVEPOINT one")
                try:
                    write.record, tail = write.work(db, tail)
                except (KeyConflictError, LedgerError, SealError, sqlite3.IntegrityError) as problem:
                    db.execute("ROLLBACK TO one")
                    write.record, write.refused = None, problem
                db.execute("RELEASE one")
            head = audit.head_of(self._seal, tail.number, tail.link)
            db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (tail.number, head))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._tail = tail
        for write in writes:
            if write.record is not None and write.record.ending is None:
                self._unsettled[write.id] = write.record
            else:
                self._unsettled.pop(write.id, None)

    # ── reading ───────────────────────────────────────────────────────────────────────────────────────────

    async def record(self, id: str) -> Record | None:
        """Return an order by its id."""
        known = self._unsettled.get(id)
        return known if known is not None else await self._do(self._read, id)

    async def whole(self, record: Record) -> Order:
        """Return an order that is not settled with the data of its attachments.

        :raises LedgerError: one is missing, or was changed.
        """
        return await self._do(self._whole, record) if record.order.attachments else record.order

    def _whole(self, record: Record) -> Order:
        box = data_keys.of(self._opened(), self._seal, record.id)
        found = attachments.load(self._opened(), box, record.id, record.order.attachments)
        return record.order.model_copy(update={"attachments": found})

    async def by_code(self, code: str) -> Record | None:
        """Return an order by the code of its receipt, as a person types it."""
        return await self._do(self._by_code, tidy_code(code))

    def _by_code(self, code: str) -> Record | None:
        row = self._opened().execute("SELECT id FROM orders WHERE code = ?", (code,)).fetchone()
        return self._read(row[0]) if row else None

    async def of_holder(self, number: str, count: int) -> list[Record]:
        """Return the newest orders of a person, newest first.

        :param number: their identity number.
        """
        return await self._do(self._of_holder, self._seal.holder(number), count)

    def _of_holder(self, holder: bytes, count: int) -> list[Record]:
        rows = "SELECT order_id FROM holders WHERE holder = ? ORDER BY rowid DESC LIMIT ?"
        return self._records(rows, holder, count)

    async def live(self) -> list[Record]:
        """Return the orders that are not closed, oldest first."""
        return await self._do(self._records, "SELECT order_id FROM live ORDER BY rowid")

    async def newest(self, count: int) -> list[Record]:
        """Return the newest orders, newest first."""
        return await self._do(self._records, "SELECT id FROM orders ORDER BY rowid DESC LIMIT ?", count)

    def _records(self, question: str, *values: int | bytes) -> list[Record]:
        rows = self._opened().execute(question, values).fetchall()
        return [record for (id,) in rows if (record := self._read(id)) is not None]

    def _read(self, id: str) -> Record | None:
        return self._unsettled.get(id) or read_record(self._opened(), self._seal, id)

    async def verify(self) -> Verdict:
        """Walk the whole chain and tell the first entry that is wrong."""
        return await self._do(lambda: audit.verify(self._opened(), self._seal))

    # ── the thread ────────────────────────────────────────────────────────────────────────────────────────

    async def _do(self, work: Callable[..., T], *args: Any) -> T:
        return await self._or_trouble(asyncio.get_running_loop().run_in_executor(self._thread, work, *args))

    async def _or_trouble(self, done: asyncio.Future[T]) -> T:
        """Wait for what the thread does, which is finished whoever stops waiting; keep in mind what went wrong."""
        done.add_done_callback(_look)
        try:
            return await asyncio.shield(done)
        except (sqlite3.Error, OSError, SealError) as error:
            self.trouble = f"{self._file}: {error}"
            raise LedgerError(self.trouble) from None
        except LedgerError as problem:
            self.trouble = str(problem)
            raise

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            raise LedgerError(f"{self._file}: the ledger is not open")
        return self._db


def _look(done: asyncio.Future[Any]) -> None:
    """Take note of an error that nobody waits for any more."""
    if not done.cancelled():
        done.exception()


def _leave(_name: str) -> None:
    """Be told of a commit, and leave it at that."""


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None, check_same_thread=False)
