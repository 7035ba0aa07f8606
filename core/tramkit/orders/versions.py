"""Versions of the ledger's file: which one it has, and how an older one becomes today's.

The number stands in the file's header (``PRAGMA user_version``). Files of before there were numbers are told by what is
in them. Nothing is migrated without a copy beside it.

- 1: to 24 November 2026: a list of unsettled orders; the end of the chain stands in the clear.
- 2: to 25 November 2026: holders, attachments, a list of live orders.
- 3: the end of the chain is sealed with the station's key.
- 4: a key for each order.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tramkit.orders import attachments, audit, data_keys
from tramkit.orders.rows import SCHEMA
from tramkit.orders.seal import Seal
from tramkit_hal import TramkitError

VERSION = 4
PROVEN = 3
"""From here on whoever has no key cannot cut the chain's end off; what is older is migrated only by command."""


class VersionError(TramkitError):
    """A file of a version that is not opened; why, for the operator."""


def version_of(db: sqlite3.Connection) -> int:
    """Return the version of a ledger's file; 0: there is nothing in it yet."""
    (number,) = db.execute("PRAGMA user_version").fetchone()
    if number:
        return int(number)
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "entries" not in tables or db.execute("SELECT 1 FROM entries LIMIT 1").fetchone() is None:
        return 0  # a power cut may have left it half made
    if "order_keys" in tables:
        return VERSION
    if "live" not in tables:
        return 1
    last = db.execute("SELECT number, link FROM entries ORDER BY number DESC LIMIT 1").fetchone()
    head = db.execute("SELECT number, link FROM head").fetchone()
    return 2 if last is not None and head == last else 3


def bring_up_to_date(db: sqlite3.Connection, seal: Seal, file: Path, *, unproven: bool) -> int:
    """Make today's version of a ledger's file; what it was is kept in ``FILE.vN``.

    :param unproven: a file whose chain's end is not sealed is migrated too: somebody has said so.
    :returns: the version that it had.
    :raises VersionError: it is newer than this program, or older than :data:`PROVEN` and nobody has said so.
    """
    found = version_of(db)
    if found > VERSION:
        raise VersionError(
            f"it has version {found}, this program knows {VERSION}: install the Tramkit that wrote it, or a newer one"
        )
    if found in (0, VERSION):
        db.executescript(SCHEMA + attachments.SCHEMA + data_keys.SCHEMA)
        db.execute(f"PRAGMA user_version = {VERSION}")
        return found
    if found < PROVEN and not unproven:
        raise VersionError(
            f"it has version {found}, whose end is not sealed; see that all orders are there, then run: "
            "tramkit orders migrate"
        )
    _keep_copy(db, file.with_name(f"{file.name}.v{found}"))
    db.executescript(SCHEMA + attachments.SCHEMA + data_keys.SCHEMA)
    with db:
        db.execute("BEGIN IMMEDIATE")
        if found < 2:
            closed = "SELECT order_id FROM entries WHERE what = 'closed'"
            db.execute(f"INSERT OR IGNORE INTO live SELECT id FROM orders WHERE id NOT IN ({closed})")
        if found < PROVEN:
            last = db.execute("SELECT number, link FROM entries ORDER BY number DESC LIMIT 1").fetchone()
            head = db.execute("SELECT number, link FROM head").fetchone()
            if head != last:
                raise VersionError("entries are missing at the end")
            if last is not None:
                db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (last[0], audit.head_of(seal, *last)))
        db.execute(f"PRAGMA user_version = {VERSION}")
    return found


def _keep_copy(db: sqlite3.Connection, copy: Path) -> None:
    """Write a copy of the file as it is, once: an interrupted migration keeps the first."""
    if copy.exists():
        return
    half = copy.with_name(f"{copy.name}.part")
    half.unlink(missing_ok=True)
    half.touch(0o600)
    kept = sqlite3.connect(half)
    try:
        db.backup(kept)
    finally:
        kept.close()
    half.rename(copy)
