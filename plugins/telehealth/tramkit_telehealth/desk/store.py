"""The desk's database, opened: SQLite on one machine, any database of SQLAlchemy's by its address."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from tramkit_telehealth.desk.migrations import migrate
from tramkit_telehealth.desk.seal import DeskSeal, default_key_file, read_desk_key
from tramkit_telehealth.desk.tables import Base, give_seal

FILE = "desk.sqlite"
LOCK = "desk.lock"


class InUseError(OSError):
    """Another desk runs on the same folder."""


class Store:
    """The database of one desk.

    :param url: an address of SQLAlchemy's with an async driver.
    :param seal: of the desk's key.
    """

    def __init__(self, url: str, seal: DeskSeal) -> None:
        self.seal = seal
        self.engine: AsyncEngine = create_async_engine(url)
        give_seal(self.engine.dialect, seal)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine.sync_engine, "connect", _pragmas)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, folder: Path, key: Path | None = None) -> Store:
        """Open the SQLite file in a folder, which only this user may read; both are made where missing.

        :param key: file of the desk's key; None: beside the folder.
        :raises DeskKeyError: the key cannot be used.
        :raises MigrationError: the file is of a newer version.
        """
        file = await asyncio.to_thread(_private_file, folder)
        seal = DeskSeal(await asyncio.to_thread(read_desk_key, key or default_key_file(folder)))
        await asyncio.to_thread(migrate, file, seal)
        store = cls(f"sqlite+aiosqlite:///{file}", seal)
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

    async def shred(self) -> None:
        """Leave nothing of what was deleted in the file or its log: SQLite has overwritten it, the log is emptied."""
        if self.engine.dialect.name == "sqlite":
            async with self._writing, self.engine.connect() as connection:
                await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


@contextlib.contextmanager
def sole_desk(folder: Path) -> Generator[None]:
    """Hold a folder for one desk.

    :raises InUseError: another holds it.
    """
    _private_folder(folder)
    handle = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InUseError(error.errno, f"another desk runs on {folder}") from None
        yield
    finally:
        os.close(handle)


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)


def _private_file(folder: Path) -> Path:
    _private_folder(folder)
    file = folder / FILE
    os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    for each in folder.glob(f"{FILE}*"):
        each.chmod(0o600)  # SQLite gives its log the mode of its file
    return file


def _pragmas(connection: Any, _record: object) -> None:
    """Survive a power cut (write-ahead log, synced at each commit), and overwrite what is deleted."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
