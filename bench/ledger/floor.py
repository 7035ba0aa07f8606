"""The floor: what SQLite needs for a durable append, and nothing else."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


class Floor:
    """Nothing but durable appends."""

    def __init__(self, file: Path) -> None:
        self.thread = ThreadPoolExecutor(1)
        self.db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, data BLOB) STRICT")

    def append(self, size: int) -> None:
        """Append one row in one transaction."""
        self.db.execute("BEGIN IMMEDIATE")
        self.db.execute("INSERT INTO entries (data) VALUES (?)", (b"x" * size,))
        self.db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self.thread.shutdown()
        self.db.close()
