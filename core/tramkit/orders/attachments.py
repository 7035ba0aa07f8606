"""The files of an order: pages of a paper, photos, a signature.

They are written in the transaction of their order, each sealed for its own place, and deleted in the transaction that
settles it: the order itself keeps their names, sizes and SHA-256, which the audit chain covers.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tramkit.orders.seal import Seal, SealProblem

MOST_BYTES = 40 * 1024 * 1024
"""All attachments of one order together, at most."""

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


class Attachment(BaseModel):
    """A file of an order.

    :param name: what it is, unique within the order, e.g. ``dwelling-1`` or ``signature``.
    :param type: of its content, which was looked at, never its name's.
    :param sha256: hexadecimal.
    :param size: bytes.
    :param data: the file; empty where only what is known of it is at hand (an order read from the ledger).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")
    type: Literal["image/jpeg", "image/png", "application/pdf", "text/plain"]
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(gt=0, le=MOST_BYTES)
    data: bytes = Field(default=b"", repr=False)

    @classmethod
    def of(cls, name: str, type: Literal["image/jpeg", "image/png", "application/pdf", "text/plain"], data: bytes):
        """Return the attachment of a file's bytes."""
        return cls(name=name, type=type, sha256=hashlib.sha256(data).hexdigest(), size=len(data), data=data)

    @model_validator(mode="after")
    def _whole(self) -> Attachment:
        if self.data and (len(self.data), hashlib.sha256(self.data).hexdigest()) != (self.size, self.sha256):
            raise ValueError("the data are not those of this size and SHA-256")
        return self

    def holding(self, data: bytes) -> Attachment:
        """Return it with its data.

        :raises ValueError: they are others than it was made of.
        """
        return Attachment(name=self.name, type=self.type, sha256=self.sha256, size=self.size, data=data)


def store(db: sqlite3.Connection, seal: Seal, order: str, attachments: Sequence[Attachment]) -> None:
    """Write an order's attachments, in the caller's transaction."""
    for number, each in enumerate(attachments):
        sealed = seal.seal(each.data, _about(order, number))
        db.execute("INSERT INTO attachments VALUES (?, ?, ?)", (order, number, sealed))


def load(db: sqlite3.Connection, seal: Seal, order: str, attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Return an order's attachments with their data.

    :param attachments: as the order names them.
    :raises SealProblem: one is missing, or other than the order says.
    """
    rows = dict(db.execute("SELECT number, sealed FROM attachments WHERE order_id = ?", (order,)))
    found: list[Attachment] = []
    for number, each in enumerate(attachments):
        if number not in rows:
            raise SealProblem(f"attachment {number} of order {order} is missing")
        try:
            found.append(each.holding(seal.open(rows[number], _about(order, number))))
        except ValueError:
            raise SealProblem(f"attachment {number} of order {order} is another than was placed") from None
    return tuple(found)


def drop(db: sqlite3.Connection, order: str) -> None:
    """Delete an order's attachments, in the caller's transaction, which has settled it."""
    db.execute("DELETE FROM attachments WHERE order_id = ?", (order,))


def _about(order: str, number: int) -> str:
    return f"{order}/attachment {number}"
