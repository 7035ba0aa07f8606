"""A disk that remembers every write and every sync, so that the power can be cut after each of them.

What was written and not synced may be on the disk after a cut, or not, or some of it: the cut decides.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

NAME = "tramkit-cuts"


@dataclass(frozen=True)
class Done:
    """One thing that was done to a file."""

    what: Literal["write", "truncate", "sync", "delete", "acknowledged"]
    file: str
    at: int = 0
    data: bytes = b""


@dataclass
class Disk:
    """All that was done, in order."""

    done: list[Done] = field(default_factory=list[Done])

    def acknowledge(self) -> None:
        """Note that a commit was told to be durable."""
        self.done.append(Done("acknowledged", ""))

    def after(self, cut: int, chance: random.Random | None) -> tuple[dict[str, bytes], int]:
        """Return the files after a cut, and how many commits were acknowledged before it.

        :param cut: so many things were done.
        :param chance: which of what was not synced is there; None: nothing of it.
        """
        synced: dict[str, bytearray] = {}
        waiting: dict[str, list[Done]] = {}
        acknowledged = 0
        for each in self.done[:cut]:
            match each.what:
                case "acknowledged":
                    acknowledged += 1
                case "sync":
                    for write in waiting.pop(each.file, ()):
                        _apply(synced.setdefault(each.file, bytearray()), write)
                case "delete":
                    synced.pop(each.file, None)
                    waiting.pop(each.file, None)
                case _:
                    waiting.setdefault(each.file, []).append(each)
        if chance is not None:
            for file, writes in waiting.items():
                for write in writes:
                    if chance.random() < 0.5:
                        _apply(synced.setdefault(file, bytearray()), write)
        return {file: bytes(data) for file, data in synced.items()}, acknowledged


def _apply(data: bytearray, done: Done) -> None:
    if done.what == "truncate":
        del data[done.at :]
        return
    if len(data) < done.at:
        data.extend(bytes(done.at - len(data)))
    data[done.at : done.at + len(done.data)] = done.data


class RememberingVfs(apsw.VFS):
    """SQLite's own VFS with a memory."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        super().__init__(NAME, "")

    def xOpen(self, name: Any, flags: Any) -> RememberingFile:
        return RememberingFile(self.disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.disk.done.append(Done("delete", Path(filename).name))


class RememberingFile(apsw.VFSFile):
    """A file with a memory."""

    def __init__(self, disk: Disk, name: Any, flags: Any) -> None:
        self.disk = disk
        self.name = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name)).name
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:
        super().xWrite(data, offset)
        self.disk.done.append(Done("write", self.name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self.disk.done.append(Done("truncate", self.name, newsize))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self.disk.done.append(Done("sync", self.name))


class Connection(apsw.Connection):
    """APSW's connection, with the one name of the standard library's that the ledger uses besides."""

    def executescript(self, words: str) -> None:
        self.execute(words)


def connect(file: Path) -> Any:
    """Open a file on the remembering disk."""
    return Connection(str(file), vfs=NAME)
