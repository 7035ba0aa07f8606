"""What stands in the ledger: the tables, an entry, and an order put together from its entries."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from tramkit.host.order import Effect, EffectKind, Ending, Order, Record, State, key_of
from tramkit.orders import data_keys
from tramkit.orders.seal import Seal
from tramkit_hal.ui.pages import Fact
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, service TEXT NOT NULL, payee TEXT NOT NULL, amount INTEGER NOT NULL,
    method TEXT NOT NULL, placed_at TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders (id), what TEXT NOT NULL, state TEXT NOT NULL,
    at TEXT NOT NULL, boot TEXT NOT NULL, amount INTEGER NOT NULL, sealed BLOB NOT NULL, link BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS holders (order_id TEXT PRIMARY KEY REFERENCES orders (id), holder BLOB NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS holders_by_holder ON holders (holder);
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

_EFFECTS = frozenset(kind.value for kind in EffectKind)
PLACED, CANCELLED, CAME, SETTLED, AGED, CLOSED = "placed", "cancelled", "came", "settled", "aged", "closed"
CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that is read as something else."""
CODE_LENGTH = 10

_FACTS: TypeAdapter[tuple[Fact, ...]] = TypeAdapter(tuple[Fact, ...])


@dataclass(frozen=True)
class Entry:
    """Something that is to be written of an order.

    :param what: an effect's kind, ``placed``, ``cancelled``, ``came``, ``settled``, ``aged`` or ``closed``.
    :param state: the effect's, or how it was settled.
    :param amount: VND; of ``aged``: seconds.
    :param detail: personal or long; kept sealed.
    """

    what: str
    state: str
    amount: int = 0
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


def read_record(db: sqlite3.Connection, seal: Seal, id: str) -> Record | None:
    """Return an order as it stands in the tables; None: there is no such order."""
    row = db.execute("SELECT code, method, placed_at, sealed FROM orders WHERE id = ?", (id,)).fetchone()
    if row is None:
        return None
    try:
        box = data_keys.of(db, seal, id)
    except data_keys.ErasedError:
        return _erased(db, seal, id)
    order = Order.model_validate_json(box.open(row[3], id))
    record = Record(id=id, code=row[0], order=order, method=row[1], placed_at=datetime.fromisoformat(row[2]))
    written: list[tuple[str, Entry]] = []
    for number, what, state, at, amount, sealed in db.execute(
        "SELECT number, what, state, at, amount, sealed FROM entries WHERE order_id = ? ORDER BY number", (id,)
    ):
        is_effect = what in _EFFECTS
        detail: dict[str, Any] = json.loads(box.open(sealed, f"{id}/{number}")) if is_effect else {}
        written.append((at, Entry(what, state, amount, detail)))
    return after(record, written)


def _erased(db: sqlite3.Connection, seal: Seal, id: str) -> Record:
    """Return what is left of an order that was erased: what bookkeeping needs, and nothing of what was asked for."""
    question = "SELECT number, sealed FROM entries WHERE order_id = ? AND what = ?"
    number, sealed = db.execute(question, (id, data_keys.ERASED)).fetchone()
    references: dict[str, str] = json.loads(seal.open(sealed, f"{id}/{number}"))["references"]
    code, service, payee, amount, method, placed_at = db.execute(
        "SELECT code, service, payee, amount, method, placed_at FROM orders WHERE id = ?", (id,)
    ).fetchone()
    order = Order(service=service, payee=payee, amount=amount, title=_("Erased at the person's request"))
    record = Record(id=id, code=code, order=order, method=method, placed_at=datetime.fromisoformat(placed_at))
    rows = db.execute(
        "SELECT what, state, at, amount FROM entries WHERE order_id = ? ORDER BY number", (id,)
    ).fetchall()
    return after(
        record,
        [(at, Entry(what, state, amount, {"reference": references.get(what, "")})) for what, state, at, amount in rows],
    )


def after(record: Record, written: Sequence[tuple[str, Entry]]) -> Record:
    """Return an order after more entries.

    :param written: when, as the ledger writes it, and what.
    """
    effects = dict(record.effects)
    more: dict[str, Any] = {}
    for at, entry in written:
        match entry.what:
            case "placed" | "erased":
                pass
            case "cancelled":
                more["cancelled"] = True
            case "came":
                more["came"] = entry.amount
            case "closed":
                more["closed"] = True
            case "settled":
                more["ending"] = Ending(entry.state)
            case "aged":
                more["aged"] = more.get("aged", record.aged) + entry.amount
            case _:
                kind = EffectKind(entry.what)
                effects[kind] = _effect(effects.get(kind), record.id, kind, at, entry)
    return record.model_copy(update={**more, "effects": effects})


def _effect(before: Effect | None, id: str, kind: EffectKind, at: str, entry: Entry) -> Effect:
    state = State(entry.state)
    since = before.since if before else None
    if state is State.SENT and since is None:
        since = datetime.fromisoformat(at)
    reason, operator = entry.detail.get("reason"), entry.detail.get("operator")
    looked_into = f"{operator}: {entry.detail.get('why', '')}" if operator else before.looked_into if before else ""
    return Effect(
        kind=kind,
        key=key_of(id, kind),
        state=state,
        amount=entry.amount,
        reference=entry.detail.get("reference") or (before.reference if before else ""),
        reason=Text.model_validate(reason) if reason else None,
        facts=_FACTS.validate_python(entry.detail.get("facts", ())),
        since=since,
        done_at=datetime.fromisoformat(at) if state is State.CONFIRMED else None,
        looked_into=looked_into,
    )


def tidy_code(code: str) -> str:
    """Return a receipt's code as the ledger has it, from what a person typed."""
    return code.upper().replace("O", "0").replace("I", "1").replace("L", "1").translate({ord(c): None for c in " -."})


def new_code() -> str:
    """Return the code of a new receipt: 50 bits that nobody guesses."""
    return "".join(secrets.choice(CODE_LETTERS) for _letter in range(CODE_LENGTH))


def iso(at: datetime) -> str:
    """Return a time as the ledger writes it: UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def json_bytes(value: object) -> bytes:
    """Return JSON, the same for the same value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def row_bytes(row: Sequence[Any]) -> bytes:
    """Return a row without a doubt where each value ends."""
    return json_bytes([value.hex() if isinstance(value, bytes) else value for value in row])
