"""Files that nobody but root could have changed, or that bear a signature: what a station may rest its trust on."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from tramkit_hal import TramkitError

ROOT: frozenset[int] = frozenset({0})
SIGNATURE = ".sig"
"""What the name of a signature has behind the name of the file that it signs."""

MAX_BYTES = 1 << 20


class NotGuardedError(TramkitError):
    """Somebody else could have changed the file, and nobody has signed it."""


class GuardedFiles:
    """Reads files that count.

    :param owners: ids of users whose files count; None: everybody's.
    :param signer: whose signature makes a file count whoever owns it.
    """

    def __init__(self, owners: Collection[int] | None = ROOT, signer: ed25519.Ed25519PublicKey | None = None) -> None:
        self._owners = frozenset(owners) if owners is not None else None
        self._signer = signer

    def read(self, file: Path) -> bytes:
        """Return the content of a file that counts.

        :raises NotGuardedError: it does not.
        :raises OSError: it cannot be read.
        """
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as opened:
            guarded = self._is_guarded(os.fstat(descriptor)) and self._folders_are_guarded(file)
            data = opened.read(MAX_BYTES)
        if not guarded and not self._is_signed(file, data):
            raise NotGuardedError(file.name)
        return data

    def _is_signed(self, file: Path, data: bytes) -> bool:
        if self._signer is None:
            return False
        try:
            self._signer.verify(file.with_name(file.name + SIGNATURE).read_bytes(), data)
        except (OSError, InvalidSignature):
            return False
        return True

    def _folders_are_guarded(self, file: Path) -> bool:
        """Tell whether nobody else could put another folder in the place of one on the way to the file."""
        for path in {Path(os.path.abspath(file.parent)), file.parent.resolve()}:
            for folder in (path, *path.parents):
                if not self._is_guarded(folder.lstat()):
                    return False
        return True

    def _is_guarded(self, found: os.stat_result) -> bool:
        """Tell whether only those whose files count can change what was found.

        In a folder of root's where all may write but take away only what is theirs (``/tmp``), nothing of others can
        be exchanged.
        """
        if self._owners is None:
            return True
        if found.st_uid not in self._owners:
            return False
        if stat.S_ISLNK(found.st_mode):
            return True  # its own mode says nothing
        shared = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        return not shared or (stat.S_ISDIR(found.st_mode) and bool(found.st_mode & stat.S_ISVTX))
