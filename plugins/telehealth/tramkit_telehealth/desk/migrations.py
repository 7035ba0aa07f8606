"""The desk's file from version to version, each in one transaction: it is the old one or the new one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tramkit_telehealth.desk.seal import DeskSeal

VERSION = 1
"""1: health data sealed, registrations with site and level, known browsers, removed stations and doctors."""

_SEALED = (("cases", "intake"), ("cases", "draft"), ("cases", "summary"), ("vitals", "reading"))


class MigrationError(Exception):
    """A file of a newer version, which this desk must not touch."""


def migrate(file: Path, seal: DeskSeal) -> None:
    """Bring a file to the version of this program; a new file is only marked with it.

    :raises MigrationError: it is of a newer version.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA secure_delete=ON")
        database.execute("BEGIN IMMEDIATE")
        try:
            found = int(database.execute("PRAGMA user_version").fetchone()[0])
            if found > VERSION:
                raise MigrationError(f"{file} is of version {found}, this desk knows up to {VERSION}: upgrade the desk")
            changed = found < 1 and _tables(database)
            if changed:
                _to_1(database, seal)
            database.execute(f"PRAGMA user_version = {VERSION}")
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise
        if changed:
            database.execute("VACUUM")  # what stood there in the clear is in no free page
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _tables(database: sqlite3.Connection) -> set[str]:
    return {str(row[0]) for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _to_1(database: sqlite3.Connection, seal: DeskSeal) -> None:
    for statement in (
        "ALTER TABLE stations ADD COLUMN site VARCHAR(200) NOT NULL DEFAULT ''",
        "ALTER TABLE stations ADD COLUMN level VARCHAR(16) NOT NULL DEFAULT 'VNEID'",
        "ALTER TABLE stations ADD COLUMN removed_at DATETIME",
        "ALTER TABLE doctors ADD COLUMN must_change BOOLEAN NOT NULL DEFAULT 0",
        "ALTER TABLE doctors ADD COLUMN removed_at DATETIME",
        "ALTER TABLE doctors DROP COLUMN failures",
        "ALTER TABLE doctors DROP COLUMN locked_until",
        "ALTER TABLE cases ADD COLUMN person VARCHAR(64) NOT NULL DEFAULT ''",
        "UPDATE doctors SET removed_at = CURRENT_TIMESTAMP WHERE password_hash = ''",
    ):
        database.execute(statement)
    for id, intake in database.execute("SELECT id, intake FROM cases").fetchall():
        number = str(json.loads(intake).get("patient", {}).get("number", ""))
        database.execute("UPDATE cases SET person = ? WHERE id = ?", (seal.person(number), id))
    for table, column in _SEALED:
        rows: list[tuple[Any, str]] = database.execute(
            f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL"
        ).fetchall()
        for id, value in rows:
            sealed = seal.seal(json.loads(value))
            database.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (sealed, id))
