"""A key for each order: what is personal of it is sealed with that, and thrown away with it.

The audit chain covers what is sealed, not what it says, so it still verifies after an erasure (Law 91/2025/QH15). The
keys lie beside the orders, each sealed with the station's; another station's key (``tramkit orders rekey``) seals them
anew.
"""

from __future__ import annotations

import os
import sqlite3

from tramkit.orders.seal import KEY_BYTES, Box, Seal, SealError

ERASED = "erased"

SCHEMA = """
CREATE TABLE IF NOT EXISTS order_keys (order_id TEXT PRIMARY KEY REFERENCES orders (id), sealed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS order_keys_stay BEFORE UPDATE ON order_keys BEGIN
    SELECT RAISE(ABORT, 'keys of orders are not changed'); END;
CREATE TRIGGER IF NOT EXISTS order_keys_remain BEFORE DELETE ON order_keys
    WHEN NOT EXISTS (SELECT 1 FROM entries WHERE order_id = OLD.order_id AND what = 'erased') BEGIN
    SELECT RAISE(ABORT, 'keys remain until their order is erased'); END;
"""


class ErasedError(SealError):
    """The order's key was thrown away on request."""


def make(db: sqlite3.Connection, seal: Seal, order: str) -> Box:
    """Make an order's key and write it, in the caller's transaction."""
    key = os.urandom(KEY_BYTES)
    put(db, seal, order, key)
    return Box(key)


def put(db: sqlite3.Connection, seal: Seal, order: str, key: bytes) -> None:
    """Write an order's key, in the caller's transaction."""
    db.execute("INSERT INTO order_keys VALUES (?, ?)", (order, seal.seal(key, about(order))))


def of(db: sqlite3.Connection, seal: Seal, order: str) -> Box:
    """Return what an order is sealed with: its own key, or the station's where it was placed before there were such.

    :raises ErasedError: the key was thrown away.
    :raises SealError: it was changed, or is of another station.
    """
    row = db.execute("SELECT sealed FROM order_keys WHERE order_id = ?", (order,)).fetchone()
    if row is not None:
        return Box(seal.open(row[0], about(order)))
    if is_erased(db, order):
        raise ErasedError(f"order {order} was erased")
    return seal


def is_erased(db: sqlite3.Connection, order: str) -> bool:
    """Tell whether an order's key was thrown away."""
    question = "SELECT 1 FROM entries WHERE order_id = ? AND what = ? LIMIT 1"
    return db.execute(question, (order, ERASED)).fetchone() is not None


def throw_away(db: sqlite3.Connection, order: str) -> None:
    """Delete an order's key and whose it was, in the transaction that has written the erasure."""
    db.execute("DELETE FROM order_keys WHERE order_id = ?", (order,))
    db.execute("DELETE FROM holders WHERE order_id = ?", (order,))


def check(db: sqlite3.Connection, seal: Seal) -> None:
    """Open something with the station's key.

    :raises SealError: it is another's.
    """
    newest = db.execute("SELECT order_id, sealed FROM order_keys ORDER BY rowid DESC LIMIT 1").fetchone()
    if newest is not None:
        seal.open(newest[1], about(newest[0]))
        return
    old = db.execute(
        "SELECT id, sealed FROM orders WHERE id NOT IN (SELECT order_id FROM entries WHERE what = ?)"
        " ORDER BY rowid DESC LIMIT 1",
        (ERASED,),
    ).fetchone()
    if old is not None:
        seal.open(old[1], old[0])


def with_holders(db: sqlite3.Connection, seal: Seal) -> Seal:
    """Return the station's seal as it finds the holders of this ledger, whose marks outlive a new station's key."""
    row = db.execute("SELECT sealed FROM secrets WHERE name = 'holders'").fetchone()
    return seal if row is None else seal.finding(seal.open(row[0], "holders"))


def about(order: str) -> str:
    """Return for what an order's key is sealed."""
    return f"{order}/key"
