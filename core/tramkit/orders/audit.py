"""The audit chain: each entry is linked to the one before with the station's key; a change, a gap, a swap is found."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from tramkit.orders import attachments, data_keys
from tramkit.orders.rows import PLACED, read_record, row_bytes
from tramkit.orders.seal import Seal, SealError

FIRST_LINK = b"\0" * 32


@dataclass(frozen=True)
class Verdict:
    """What a look at the whole ledger found.

    :param entries: entries that were read.
    :param problem: the first that is wrong, in words; empty: none.
    """

    entries: int
    problem: str = ""


def head_of(seal: Seal, number: int, link: bytes) -> bytes:
    """Return what is written of the last entry apart from it: who has no key names no other entry the last."""
    return seal.link(b"head", row_bytes((number, link)))


def tail(db: sqlite3.Connection, seal: Seal) -> tuple[int, bytes]:
    """Return number and link of the last entry.

    :raises ValueError: entries are missing at the end.
    """
    last = db.execute("SELECT number, link FROM entries ORDER BY number DESC LIMIT 1").fetchone()
    number, link = (0, FIRST_LINK) if last is None else last
    if not _ends(db, seal, number, link):
        raise ValueError("entries are missing at the end")
    return number, link


def _ends(db: sqlite3.Connection, seal: Seal, number: int, link: bytes) -> bool:
    head = db.execute("SELECT number, link FROM head").fetchone()
    return head == (number, head_of(seal, number, link)) if head is not None else number == 0


def verify(db: sqlite3.Connection, seal: Seal) -> Verdict:
    """Walk the whole chain and tell the first entry that is wrong."""
    link, count = FIRST_LINK, 0
    for row in db.execute(
        "SELECT number, order_id, what, state, at, boot, amount, sealed, link FROM entries ORDER BY number"
    ):
        count += 1
        if row[0] != count:
            return Verdict(count, f"entry {count} is missing")
        link = seal.link(link, row_bytes(row[:-1]))
        if link != row[-1]:
            return Verdict(count, f"entry {count} was changed, or one before it")
        if row[2] == PLACED and (problem := _order(db, seal, row)):
            return Verdict(count, problem)
    if not _ends(db, seal, count, link):
        return Verdict(count, f"entries after {count} are missing")
    orders = db.execute("SELECT count(*) FROM orders").fetchone()[0]
    placed = db.execute("SELECT count(*) FROM entries WHERE what = ?", (PLACED,)).fetchone()[0]
    strangers = db.execute("SELECT count(*) FROM holders WHERE order_id NOT IN (SELECT id FROM orders)").fetchone()[0]
    if orders != placed or strangers:
        return Verdict(count, f"{abs(orders - placed) + strangers} orders are missing or were added")
    return Verdict(count, _live(db) or _attachments(db, seal))


def _order(db: sqlite3.Connection, seal: Seal, entry: Any) -> str:
    number, id, sealed = entry[0], entry[1], entry[7]
    row = db.execute("SELECT * FROM orders WHERE id = ?", (id,)).fetchone()
    if row is None:
        return f"the order of entry {number} is missing"
    try:
        said = json.loads(seal.open(sealed, f"{id}/{number}"))
    except (SealError, ValueError):
        return f"entry {number} does not open"
    digest = said.get("digest")
    holder = db.execute("SELECT hex(holder) FROM holders WHERE order_id = ?", (id,)).fetchone() or ("",)
    if data_keys.is_erased(db, id):
        holder = (said.get("holder", ""),) if holder == ("",) else ("not erased",)
    elif db.execute("SELECT 1 FROM order_keys WHERE order_id = ?", (id,)).fetchone() is None:
        try:
            seal.open(row[7], id)  # of before there were keys for orders
        except SealError:
            return f"the key of the order of entry {number} is missing"
    if holder[0].lower() != said.get("holder", ""):
        return f"the holder of entry {number} was changed"
    return "" if seal.link(b"", row_bytes(row)).hex() == digest else f"the order of entry {number} was changed"


def _live(db: sqlite3.Connection) -> str:
    """Return what is wrong with the list of orders that the station goes on with: it follows from the entries."""
    open_ = "SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM entries WHERE what = 'closed')"
    listed = "SELECT order_id FROM live"
    for one, other in ((open_, listed), (listed, open_)):
        if (row := db.execute(f"{one} EXCEPT {other} LIMIT 1").fetchone()) is not None:
            return f"the list of live orders was changed at {row[0]}"
    return ""


def _attachments(db: sqlite3.Connection, seal: Seal) -> str:
    """Return what is wrong with the attachments of orders that are not settled; those of settled ones are gone."""
    for (id,) in db.execute("SELECT order_id FROM live ORDER BY rowid").fetchall():
        record = read_record(db, seal, id)
        if record is None or record.ending is not None:
            continue
        try:
            attachments.load(db, data_keys.of(db, seal, id), id, record.order.attachments)
        except SealError as problem:
            return str(problem)
    return ""
