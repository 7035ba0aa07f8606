"""A file with a secret that is made once, at random, where there is none."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def make_secret_file(file: Path, secret: bytes) -> None:
    """Write a secret into a file where there is none; only its owner can read it.

    The file is there whole or not at all, whenever the power goes, and the first of several processes that make it at
    the same time wins: it is written beside its place, forced to disk and linked there.

    :param secret: what the file holds where it is new, at random; one that is there stays.
    :raises OSError: it cannot be written.
    """
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if file.exists():
        return
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as new:
            new.write(secret)
            new.flush()
            os.fsync(handle)
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
