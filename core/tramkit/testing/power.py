"""A disk that remembers every write and every sync, so that the power can be cut after each of them.

What was written and not synced may be on the disk after a cut, or not, or some sectors of it: the cut decides. A file
that was deleted without a sync of its folder may be there again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tramkit.testing.needs import needs

with needs("apsw"):
    import apsw

NAME = "tramkit-cuts"
SECTOR = 512
CHECKPOINT_PAGES = 25
"""The log is written into the file after so many pages, not after SQLite's 1000: more cuts fall into it."""


@dataclass(frozen=True)
class Done:
    """One thing that was done to a file.

    :param what: ``forget``: deleted, and its folder not synced; ``folder``: the folder was synced.
    :param at: where, or the new size; of ``acknowledged``: how many commits there are now.
    """

    what: Literal["write", "truncate", "sync", "delete", "forget", "folder", "acknowledged"]
    file: str
    at: int = 0
    data: bytes = b""


@dataclass
class Disk:
    """All that was done, in order.

    :param base: the files that were there before.
    :param acknowledged: commits that were durable before.
    """

    base: dict[str, bytes] = field(default_factory=dict[str, bytes])
    acknowledged: int = 0
    done: list[Done] = field(default_factory=list[Done])

    def acknowledge(self, commits: int) -> None:
        """Note that so many commits are told to be durable."""
        self.done.append(Done("acknowledged", "", commits))

    def cuts(self) -> Iterator[Cut]:
        """Go through all that was done, with a cut after each thing; the first is before any."""
        cut = Cut({name: bytearray(data) for name, data in self.base.items()}, self.acknowledged)
        yield cut
        for each in self.done:
            cut.take(each)
            yield cut


@dataclass
class Cut:
    """What is on the disk for sure, and what may be.

    :param synced: the files.
    :param acknowledged: commits that must be there.
    """

    synced: dict[str, bytearray]
    acknowledged: int
    waiting: dict[str, list[Done]] = field(default_factory=dict[str, list[Done]])

    def take(self, done: Done) -> None:
        """Go on by one thing."""
        match done.what:
            case "acknowledged":
                self.acknowledged = done.at
            case "sync":
                for write in self.waiting.pop(done.file, ()):
                    self._apply(self.synced, write)
            case "delete":
                self.synced.pop(done.file, None)
                self.waiting.pop(done.file, None)
            case "folder":
                for name, writes in self.waiting.items():
                    if gone := [number for number, write in enumerate(writes) if write.what == "forget"]:
                        self.synced.pop(name, None)
                        del writes[: gone[-1] + 1]
            case _:
                self.waiting.setdefault(done.file, []).append(done)

    def files(self, chance: random.Random | None) -> dict[str, bytes]:
        """Return the files after the cut.

        :param chance: which of what was not synced is there; None: nothing of it.
        """
        if chance is None:
            return {name: bytes(data) for name, data in self.synced.items()}
        files = {name: bytearray(data) for name, data in self.synced.items()}
        for writes in self.waiting.values():
            for write in writes:
                luck = chance.randrange(5)
                if luck < 2:
                    self._apply(files, write)
                elif write.what == "forget":
                    break  # the old file is still there: what was written into a new one of its name is not in it
                elif luck == 2 and write.what == "write":
                    self._tear(files, write, chance)
        return {name: bytes(data) for name, data in files.items()}

    def _tear(self, files: dict[str, bytearray], write: Done, chance: random.Random) -> None:
        """Have some of a write's sectors on the disk, in no order."""
        for at in range(0, len(write.data), SECTOR):
            if chance.random() < 0.5:
                self._apply(files, Done("write", write.file, write.at + at, write.data[at : at + SECTOR]))

    def _apply(self, files: dict[str, bytearray], done: Done) -> None:
        if done.what == "forget":
            files.pop(done.file, None)
            return
        data = files.setdefault(done.file, bytearray())
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
        self.disk.done.append(Done("delete" if syncdir else "forget", Path(filename).name))


class RememberingFile(apsw.VFSFile):
    """A file with a memory. As SQLite does on Unix, the first sync of a new log or journal syncs its folder too."""

    def __init__(self, disk: Disk, name: Any, flags: Any) -> None:
        self.disk = disk
        path = Path(name.filename() if isinstance(name, apsw.URIFilename) else str(name))
        self.name = path.name
        self.new = not path.exists() and self.name.endswith(("-wal", "-journal"))
        super().__init__("", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:
        super().xWrite(data, offset)  # pyright: ignore[reportUnknownMemberType]
        self.disk.done.append(Done("write", self.name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self.disk.done.append(Done("truncate", self.name, newsize))

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self.disk.done.append(Done("sync", self.name))
        if self.new:
            self.disk.done.append(Done("folder", ""))
            self.new = False


class Connection(apsw.Connection):
    """APSW's connection, with the one name of the standard library's that the ledger uses besides."""

    def executescript(self, words: str) -> None:
        self.execute(words)  # pyright: ignore[reportUnknownMemberType]


def connect(file: Path) -> Any:
    """Open a file on the remembering disk."""
    connection = Connection(str(file), vfs=NAME)
    connection.wal_autocheckpoint(CHECKPOINT_PAGES)
    return connection
