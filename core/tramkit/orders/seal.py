"""The station's key: what is personal is written sealed with it (AES-256-GCM, NIST SP 800-38D)."""

from __future__ import annotations

import copy
import hashlib
import hmac
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tramkit.secret_file import make_secret_file
from tramkit_hal import TramkitError

KEY_BYTES = 32
NONCE_BYTES = 12
CREDENTIAL = "tramkit.station-key"


class SealError(TramkitError):
    """The key cannot be used, or what was sealed was changed; the words say which."""


class Box:
    """Seals and opens with one key.

    :param key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise SealError(f"a key has {KEY_BYTES} bytes, not {len(key)}")
        self._aes = AESGCM(hmac.digest(key, b"tramkit personal fields", hashlib.sha256))

    def seal(self, plain: bytes, about: str) -> bytes:
        """Seal bytes; they open only for the same thing.

        :param about: what they belong to, e.g. the order's id.
        """
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aes.encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """Open what was sealed.

        :raises SealError: another key, changed, or of another thing.
        """
        try:
            return self._aes.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about.encode())
        except (InvalidTag, ValueError):
            raise SealError(f"what was sealed for {about} does not open: another key, or changed") from None


class Seal(Box):
    """Seals and opens with a station's key, links the audit chain, and finds the orders of a person.

    :param key: 32 bytes.
    :ivar holders_key: with which persons are marked; it outlives the station's key.
    """

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.holders_key = hmac.digest(key, b"tramkit holders of orders", hashlib.sha256)
        self._chain = hmac.digest(key, b"tramkit audit chain", hashlib.sha256)

    def finding(self, holders_key: bytes) -> Seal:
        """Return the same seal that finds persons as they were marked under a key before it."""
        found = copy.copy(self)
        found.holders_key = holders_key
        return found

    def holder(self, number: str) -> bytes:
        """Return under what the orders of a person are found: HMAC-SHA256 of their identity number."""
        return hmac.digest(self.holders_key, number.encode(), hashlib.sha256)

    def link(self, before: bytes, what: bytes) -> bytes:
        """Return the next link of the audit chain: HMAC-SHA256 over the link before and what is written."""
        return hmac.digest(self._chain, before + what, hashlib.sha256)


def read_key(file: Path, *, make: bool = True) -> bytes:
    """Return the station's key; where there is none it is made, readable by the station alone.

    A systemd credential of the name :data:`CREDENTIAL` (``LoadCredentialEncrypted=``) comes before the file.

    :param make: False: what only reads makes no key.
    :raises SealError: the file can be read by others, or holds no key.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if folder and (credential := Path(folder) / CREDENTIAL).exists():
        file = credential
    try:
        if make:
            make_secret_file(file, os.urandom(KEY_BYTES))
        if file.stat().st_mode & 0o077:
            raise SealError(f"{file}: others can read the station's key; run: chmod 600 {file}")
        key = file.read_bytes()
    except OSError as error:
        raise SealError(f"{file}: {error.strerror}") from None
    if len(key) != KEY_BYTES:
        raise SealError(f"{file}: holds {len(key)} bytes, a station's key has {KEY_BYTES}")
    return key
