"""The files of an order: pages of a paper, photos, a signature.

They are written in the transaction of their order, each sealed for its own place, and deleted in the transaction that
settles it: the order itself keeps their names, sizes and SHA-256, which the audit chain covers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from tramkit.host.attachment import Attachment
from tramkit.orders.seal import Box, SealError

SCHEMA = """
CREATE TABLE IF NOT EXISTS attachments (
    order_id TEXT NOT NULL REFERENCES orders (id), number INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (order_id, number)) STRICT;
CREATE TRIGGER IF NOT EXISTS attachments_stay BEFORE UPDATE ON attachments BEGIN
    SELECT RAISE(ABORT, 'attachments are not changed'); END;
CREATE TRIGGER IF NOT EXISTS attachments_remain BEFORE DELETE ON attachments
    WHEN NOT EXISTS (SELECT 1 FROM entries WHERE order_id = OLD.order_id AND what = 'settled') BEGIN
    SELECT RAISE(ABORT, 'attachments remain until their order is settled'); END;
"""


def store(db: sqlite3.Connection, seal: Box, order: str, attachments: Sequence[Attachment]) -> None:
    """Write an order's attachments, in the caller's transaction."""
    for number, each in enumerate(attachments):
        sealed = seal.seal(each.data, about(order, number))
        db.execute("INSERT INTO attachments VALUES (?, ?, ?)", (order, number, sealed))


def load(db: sqlite3.Connection, seal: Box, order: str, attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Return an order's attachments with their data.

    :param attachments: as the order names them.
    :raises SealError: one is missing, or other than the order says.
    """
    rows = dict(db.execute("SELECT number, sealed FROM attachments WHERE order_id = ?", (order,)))
    found: list[Attachment] = []
    for number, each in enumerate(attachments):
        if number not in rows:
            raise SealError(f"attachment {number} of order {order} is missing")
        try:
            found.append(each.holding(seal.open(rows[number], about(order, number))))
        except ValueError:
            raise SealError(f"attachment {number} of order {order} is another than was placed") from None
    return tuple(found)


def drop(db: sqlite3.Connection, order: str) -> None:
    """Delete an order's attachments, in the caller's transaction, which has settled it."""
    db.execute("DELETE FROM attachments WHERE order_id = ?", (order,))


def about(order: str, number: int) -> str:
    """Return for what an attachment is sealed."""
    return f"{order}/attachment {number}"
