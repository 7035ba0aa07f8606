"""The desk's key: what residents and doctors say is written sealed with it (AES-256-GCM, NIST SP 800-38D)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tramkit import TramkitError, make_secret_file

KEY_BYTES = 32
NONCE_BYTES = 12
CREDENTIAL = "tramkit.desk-key"
MARK = "s1:"
"""Begins what is sealed, so that a later way can be told from this one."""


class DeskKeyError(TramkitError):
    """The desk's key cannot be used, or what was sealed with it does not open; the words say which."""


class DeskSeal:
    """Seals the personal fields of the desk.

    :param key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._aes = AESGCM(hmac.digest(key, b"tramkit desk fields", hashlib.sha256))
        self._persons = hmac.digest(key, b"tramkit desk persons", hashlib.sha256)

    def seal(self, value: Any) -> str:
        """Seal something that JSON can say."""
        nonce = os.urandom(NONCE_BYTES)
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return MARK + base64.b64encode(nonce + self._aes.encrypt(nonce, plain, b"desk")).decode()

    def open(self, sealed: str) -> Any:
        """Open what was sealed.

        :raises DeskKeyError: another key, or it was changed.
        """
        try:
            if not sealed.startswith(MARK):
                raise ValueError(sealed[:3])
            data = base64.b64decode(sealed[len(MARK) :], validate=True)
            return json.loads(self._aes.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], b"desk"))
        except (InvalidTag, ValueError):
            raise DeskKeyError("a case does not open: the desk has another key, or the file was changed") from None

    def person(self, number: str) -> str:
        """Return under what a person's cases are found: HMAC-SHA256 of their identity number; empty: none was given."""
        return hmac.digest(self._persons, number.encode(), hashlib.sha256).hex() if number else ""


def default_key_file(folder: Path) -> Path:
    """Return where a desk's key is: beside its folder, so that a copy of the folder holds nothing that can be read."""
    folder = folder.absolute()
    return folder.with_name(f"{folder.name}.key")


def read_desk_key(file: Path) -> bytes:
    """Return the desk's key; where there is none it is made, readable by the desk alone.

    A systemd credential of the name :data:`CREDENTIAL` (``LoadCredentialEncrypted=``) comes before the file.

    :raises DeskKeyError: the file can be read by others, or holds no key.
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    if folder and (credential := Path(folder) / CREDENTIAL).exists():
        file = credential
    try:
        make_secret_file(file, os.urandom(KEY_BYTES))
        if file.stat().st_mode & 0o077:
            raise DeskKeyError(f"{file}: others can read the desk's key; run: chmod 600 {file}")
        key = file.read_bytes()
    except OSError as error:
        raise DeskKeyError(f"{file}: {error.strerror}") from None
    if len(key) != KEY_BYTES:
        raise DeskKeyError(f"{file}: holds {len(key)} bytes, a desk's key has {KEY_BYTES}")
    return key
