"""Secrets of settings: out of the environment, a file, or a credential of systemd; best the last, worst the first."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tramkit.secret_file import make_secret_file

WAYS = '{ file = "PATH" }, { credential = "NAME" } (systemd LoadCredential=) or { env = "NAME" }'

MAX_SECRET = 64 * 1024


def look_up(value: Mapping[str, Any], where: str, environ: Mapping[str, str]) -> str:
    """Return the text that a table in place of a setting's value stands for.

    ``{ file = "PATH", made = true }`` makes a random secret where there is no such file yet.

    :param where: the setting's key, for the words.
    :raises ValueError: with what is wrong.
    """
    match dict(value):
        case {"env": str(name), **rest} if not rest:
            if name not in environ:
                raise ValueError(f"{where}: the environment variable {name} is not set")
            return environ[name]
        case {"file": str(name), **rest} if not rest or rest in ({"made": True}, {"made": False}):
            return read_secret(Path(name), where, made=bool(rest.get("made")))
        case {"credential": str(name), **rest} if not rest:
            folder = environ.get("CREDENTIALS_DIRECTORY", "")
            if not folder or "/" in name:
                raise ValueError(f"{where}: the service was started without the credential {name} (LoadCredential=)")
            return read_secret(Path(folder) / name, where)
        case _:
            raise ValueError(f"{where}: a table here is {WAYS}")


def read_secret(file: Path, where: str, *, made: bool = False) -> str:
    """Return the secret in a file that only its owner can read.

    :param made: make it, at random, where there is none.
    :raises ValueError: it is missing, empty, or others can read it.
    """
    try:
        if made:
            make_secret_file(file, secrets.token_urlsafe(32).encode())
        mode, text = file.stat().st_mode, file.read_bytes()[:MAX_SECRET].decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{where}: {file}: {getattr(error, 'strerror', None) or 'is no text'}") from None
    if mode & 0o077:
        raise ValueError(f"{where}: {file}: others can read it; run: chmod 600 {file}")
    if not text.strip():
        raise ValueError(f"{where}: {file} is empty")
    return text.strip()
