"""A copy of a station's ledger and configuration, taken while the station runs, and putting it back.

The key is never in it: a copy that somebody finds opens nothing. A ledger that was put back says so beside it until the
operator has compared it with the day files: what came after the copy is missing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Generator
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from pydantic import Field, ValidationError

from tramkit_hal import TramkitError
from tramkit_hal.data import Data

FORMAT = 1
"""Of the archive; a newer one is refused."""
LEDGER, CONFIG, MANIFEST, RESTORED = "ledger.sqlite", "station.toml", "manifest.json", "restored.json"
PAGES_AT_ONCE = 256
"""Pages of the database that are copied between two looks at the progress."""
MAX_MANIFEST = 64 * 1024

Progress = Callable[[int, int], None]
"""Is told how many pages are copied, of how many."""


class BackupError(TramkitError):
    """A copy that was not taken or cannot be put back; why, for the operator."""


class BackedUpFile(Data):
    """A file of the archive.

    :param size: bytes.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9.-]{0,60}$")
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class BackupManifest(Data):
    """What an archive holds.

    :param format: see :data:`FORMAT`.
    :param tramkit: the version that took it.
    :param station: whose it is.
    """

    format: int
    tramkit: str
    station: str
    taken_at: datetime
    files: tuple[BackedUpFile, ...]


class Restored(Data):
    """What stands beside a ledger that was put back.

    :param taken_at: when the copy was taken; what was ordered after it is not in the ledger.
    """

    station: str
    taken_at: datetime
    restored_at: datetime


def take(target: Path, config: Path, station: str, data: Path | None, now: datetime, progress: Progress) -> None:
    """Write a copy; a station that runs goes on meanwhile.

    :param target: the archive, a new file that only its owner can read; it is there whole or not at all.
    :param data: folder of the ledger; None: the station takes no orders.
    :raises BackupError: there is such a file, or something cannot be read or written.
    """
    if target.exists():
        raise BackupError(f"{target} is there already")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder:
        parts: dict[str, Path] = {CONFIG: config}
        try:
            if data is not None and (data / LEDGER).exists():
                parts[LEDGER] = _copy(data / LEDGER, Path(folder) / LEDGER, progress)
            draft = Path(folder) / "archive"
            _write(draft, parts, station, now)
            _check(draft)
            os.link(draft, target)
        except (OSError, sqlite3.Error) as error:
            raise BackupError(f"{target}: {error}") from None


def _copy(source: Path, target: Path, progress: Progress) -> Path:
    """Copy a database while others use it (SQLite's backup API), and see that the copy is sound."""
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old,
        contextlib.closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new, pages=PAGES_AT_ONCE, progress=lambda _status, left, all: progress(all - left, all))
        if (found := new.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            raise BackupError(f"{source}: {found}")
    return target


def _write(draft: Path, parts: dict[str, Path], station: str, now: datetime) -> None:
    files = tuple(
        BackedUpFile(name=name, size=part.stat().st_size, sha256=_sum(part.read_bytes()))
        for name, part in parts.items()
    )
    manifest = BackupManifest(format=FORMAT, tramkit=version("tramkit"), station=station, taken_at=now, files=files)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            _add(archive, MANIFEST, manifest.model_dump_json(indent=1).encode())
            for name, part in parts.items():
                _add(archive, name, part.read_bytes())
        out.flush()
        os.fsync(handle)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    archive.addfile(entry, io.BytesIO(content))


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read(archive: Path) -> BackupManifest:
    """Return what an archive holds, every file of it held against its sum.

    :raises BackupError: it is no backup, a newer one, or damaged.
    """
    return _check(archive)


def _check(archive: Path) -> BackupManifest:
    try:
        with tarfile.open(archive, "r:gz") as opened:
            manifest = _manifest(archive, opened)
            for each in manifest.files:
                _content(archive, opened, each)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BackupError(f"{archive}: is no backup, or was cut off ({type(error).__name__})") from None
    return manifest


def _manifest(archive: Path, opened: tarfile.TarFile) -> BackupManifest:
    first = opened.next()
    if first is None or first.name != MANIFEST or first.size > MAX_MANIFEST:
        raise BackupError(f"{archive}: is no backup of a station")
    told = opened.extractfile(first)
    assert told is not None
    raw = told.read()
    try:
        found = cast("dict[str, Any]", json.loads(raw))
        if found["format"] > FORMAT:
            raise BackupError(f"{archive}: was taken by a newer Tramkit ({found['tramkit']}); update this one first")
        return BackupManifest.model_validate_json(raw)
    except (ValidationError, ValueError, TypeError, KeyError):
        raise BackupError(f"{archive}: its manifest cannot be read") from None


def _content(archive: Path, opened: tarfile.TarFile, wanted: BackedUpFile) -> bytes:
    try:
        entry = opened.getmember(wanted.name)
    except KeyError:
        raise BackupError(f"{archive}: {wanted.name} is missing") from None
    told = opened.extractfile(entry) if entry.isfile() and entry.size == wanted.size else None
    content = told.read() if told is not None else b""
    if _sum(content) != wanted.sha256:
        raise BackupError(f"{archive}: {wanted.name} was changed or damaged")
    return content


def put_back(archive: Path, data: Path, now: datetime) -> Path | None:
    """Put a copy's ledger in place; the one that is there is kept beside it.

    :param data: folder of the ledger.
    :return: where the ledger that was there is kept; None: there was none.
    :raises BackupError: the archive cannot be used, or a station has the ledger open.
    """
    manifest = _check(archive)
    ledger = next((each for each in manifest.files if each.name == LEDGER), None)
    if ledger is None:
        raise BackupError(f"{archive}: holds no ledger: the station took no orders")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with _alone(data), tarfile.open(archive, "r:gz") as opened:
            draft = data / f".{LEDGER}.restored"
            _write_private(draft, _content(archive, opened, ledger))
            kept = _keep(data, now)
            note = Restored(station=manifest.station, taken_at=manifest.taken_at, restored_at=now)
            _write_private(data / RESTORED, note.model_dump_json(indent=1).encode())
            draft.replace(data / LEDGER)
    except OSError as error:
        raise BackupError(f"{data}: {error.strerror}") from None
    return kept


def _keep(data: Path, now: datetime) -> Path | None:
    """Move the ledger that is there aside, with what SQLite keeps beside it."""
    if not (data / LEDGER).exists():
        return None
    kept = data / f"{LEDGER}.before-{now:%Y%m%dT%H%M%S}"
    for end in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            (data / f"{LEDGER}{end}").rename(kept.with_name(kept.name + end))
    return kept


def _write_private(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(handle)


@contextlib.contextmanager
def _alone(data: Path) -> Generator[None]:
    """Have the folder's ledger for this process, as a station has it."""
    handle = os.open((data / LEDGER).with_suffix(".lock"), os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BackupError(f"{data}: a station has its ledger open; stop it first") from None
        yield
    finally:
        os.close(handle)


def restored(data: Path) -> Restored | None:
    """Return what is known of a ledger that was put back; None: it was not, or the operator has compared it."""
    with contextlib.suppress(OSError, ValidationError):
        return Restored.model_validate_json((data / RESTORED).read_text(encoding="utf-8"))
    return None


def compared(data: Path) -> bool:
    """Forget that a ledger was put back: it has been compared with the day files; return whether that was known."""
    there = (data / RESTORED).exists()
    (data / RESTORED).unlink(missing_ok=True)
    return there
