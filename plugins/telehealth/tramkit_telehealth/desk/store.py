"""The desk's database, opened: SQLite on one machine, any database of SQLAlchemy's by its address."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from tramkit_telehealth.desk.tables import Base

FILE = "desk.sqlite"


class Store:
    """The database of one desk.

    :param url: an address of SQLAlchemy's with an async driver.
    """

    def __init__(self, url: str) -> None:
        self.engine: AsyncEngine = create_async_engine(url)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine.sync_engine, "connect", _pragmas)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, folder: Path) -> Store:
        """Open the SQLite file in a folder, which only this user may read; both are made where missing."""
        file = await asyncio.to_thread(_private_file, folder)
        store = cls(f"sqlite+aiosqlite:///{file}")
        async with store.engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        return store

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """Read; nothing is written."""
        async with self._sessions() as session:
            yield session

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """Write in one transaction that is on the disk when the block ends, or not at all."""
        async with self._writing, self._sessions.begin() as session:
            yield session


def _private_file(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    return file


def _pragmas(connection: Any, _record: object) -> None:
    """Survive a power cut: write-ahead log, synced at each commit (SQLite, PRAGMA synchronous)."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
