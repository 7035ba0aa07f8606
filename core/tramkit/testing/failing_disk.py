"""A disk that can be broken: writing and syncing fail with EIO until it is mended."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from pathlib import Path
from typing import Any

from tramkit.testing.needs import needs

with needs("apsw"):
    import apsw

_numbers = itertools.count()


class FailingVfs(apsw.VFS):
    """SQLite's own VFS, as long as the disk is whole.

    :param broken: whether it is not.
    """

    def __init__(self) -> None:
        self.broken = False
        self.name = f"tramkit-failing-{next(_numbers)}"
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: Any) -> FailingFile:
        return FailingFile(self, name, flags)

    def excepthook(self, etype: Any, evalue: Any, etraceback: Any) -> bool:
        """SQLite tells of it; nobody needs to be told twice."""
        return True

    def connect(self, file: Path) -> Any:
        """Open a file on this disk."""
        return Connection(str(file), vfs=self.name)


class FailingFile(apsw.VFSFile):
    """A file on it."""

    def __init__(self, disk: FailingVfs, name: Any, flags: Any) -> None:
        self.disk = disk
        super().__init__("", name, flags)

    def excepthook(self, etype: Any, evalue: Any, etraceback: Any) -> bool:
        """As the disk's."""
        return True

    def xWrite(self, data: Any, offset: int) -> None:
        self._fail()
        super().xWrite(data, offset)  # pyright: ignore[reportUnknownMemberType]

    def xSync(self, flags: int) -> None:
        self._fail()
        super().xSync(flags)

    def _fail(self) -> None:
        if self.disk.broken:
            raise apsw.IOError("EIO")


class Connection(apsw.Connection):
    """APSW's connection with the names and errors of the standard library's."""

    def execute(self, *words: Any, **more: Any) -> Any:
        try:
            return super().execute(*words, **more)  # pyright: ignore[reportUnknownMemberType]
        except apsw.Error as error:
            raise sqlite3.OperationalError(str(error)) from None

    def close(self, force: bool = True) -> None:
        """As the standard library's: a log that cannot be written into the file now is written at the next start."""
        with contextlib.suppress(apsw.IOError):
            super().close(force)

    def executescript(self, words: str) -> None:
        self.execute(words)  # pyright: ignore[reportUnknownMemberType]
