"""Another key for a station: the ledger is written anew under it, checked, and put in the old one's place."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tramkit.orders import attachments, audit, data_keys
from tramkit.orders.rows import PLACED, SCHEMA, json_bytes, row_bytes
from tramkit.orders.seal import KEY_BYTES, Box, Seal, SealError


class RekeyError(Exception):
    """The ledger stays under the key that it has; the words say why."""


def rekey(file: Path, old: Seal, new: Seal) -> int:
    """Write a ledger anew under another key; return the number of its entries.

    Every order gets a key of its own where it has none yet, so that it can be erased from then on. The caller holds the
    ledger's lock. Whose orders are whose is still found, and what was erased stays erased.

    :raises RekeyError: the ledger does not verify, or cannot be written.
    """
    copy = file.with_name(f"{file.name}.new")
    for each in _with_log(copy):
        each.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    try:
        with closing(_connect(file)) as source, closing(_connect(copy)) as target:
            source.executescript(data_keys.SCHEMA)
            before = audit.verify(source, old)
            if before.problem:
                raise RekeyError(f"{before.problem}; a ledger that does not verify gets no new key")
            _write(source, target, old, new)
            after = audit.verify(target, new)
            if after.problem or after.entries != before.entries:
                raise RekeyError(f"the new ledger does not verify: {after.problem or 'entries are missing'}")
    except (sqlite3.Error, SealError, OSError) as error:
        copy.unlink(missing_ok=True)
        raise RekeyError(f"{file}: {error}") from None
    _sync(copy)
    os.replace(copy, file)
    for each in _with_log(file)[1:]:
        each.unlink(missing_ok=True)  # of the file before; the new one has none
    _sync(file.parent)
    return after.entries


def _write(source: sqlite3.Connection, target: sqlite3.Connection, old: Seal, new: Seal) -> None:
    target.executescript(SCHEMA + attachments.SCHEMA + data_keys.SCHEMA)
    target.execute("BEGIN IMMEDIATE")
    target.execute("INSERT INTO secrets VALUES ('holders', ?)", (new.seal(old.holders_key, "holders"),))
    boxes, digests = _orders(source, target, old, new)
    number, link = 0, audit.FIRST_LINK
    rows = source.execute("SELECT number, order_id, what, state, at, boot, amount, sealed FROM entries ORDER BY number")
    for row in rows.fetchall():
        number, id, what, sealed = row[0], row[1], row[2], row[7]
        pair, place = boxes[id], f"{id}/{number}"
        if what in (PLACED, data_keys.ERASED):
            said = json.loads(old.open(sealed, place))
            if what == PLACED:
                said["digest"] = digests[id]
            sealed = new.seal(json_bytes(said), place)
        elif pair is not None:
            sealed = pair[1].seal(pair[0].open(sealed, place), place)
        moved: tuple[Any, ...] = (*row[:7], sealed)
        link = new.link(link, row_bytes(moved))
        target.execute("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*moved, link))
    for table in ("holders", "live"):
        for row in source.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall():
            target.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    _attachments(source, target, boxes)
    target.execute("INSERT INTO head VALUES (1, ?, ?)", (number, audit.head_of(new, number, link)))
    target.execute("COMMIT")
    target.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _orders(
    source: sqlite3.Connection, target: sqlite3.Connection, old: Seal, new: Seal
) -> tuple[dict[str, tuple[Box, Box] | None], dict[str, str]]:
    """Write the orders, each with a key of its own; return what opened and what seals each, and the digests."""
    boxes: dict[str, tuple[Box, Box] | None] = {}
    digests: dict[str, str] = {}
    for row in source.execute("SELECT * FROM orders ORDER BY rowid").fetchall():
        id, sealed, key = str(row[0]), bytes(row[7]), os.urandom(KEY_BYTES)
        try:
            was, becomes = data_keys.of(source, old, id), Box(key)
        except data_keys.ErasedError:
            boxes[id] = None
        else:
            boxes[id] = (was, becomes)
            sealed = becomes.seal(was.open(sealed, id), id)
        moved: tuple[Any, ...] = (*row[:7], sealed)
        target.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", moved)
        digests[id] = new.link(b"", row_bytes(moved)).hex()
        if boxes[id] is not None:
            data_keys.put(target, new, id, key)
    return boxes, digests


def _attachments(
    source: sqlite3.Connection, target: sqlite3.Connection, boxes: dict[str, tuple[Box, Box] | None]
) -> None:
    for id, number, sealed in source.execute("SELECT order_id, number, sealed FROM attachments").fetchall():
        pair, place = boxes[id], attachments.about(id, number)
        if pair is not None:
            moved = pair[1].seal(pair[0].open(sealed, place), place)
            target.execute("INSERT INTO attachments VALUES (?, ?, ?)", (id, number, moved))


def _with_log(file: Path) -> list[Path]:
    return [file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")]


def _connect(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = ON")
    return db


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
