"""Passwords: which are good enough, and how they are hashed (NIST SP 800-63B-4 §3.1.1, OWASP ASVS 5.0 6.2)."""

from __future__ import annotations

import re
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_PASSWORD = 10
MAX_PASSWORD = 200

_hasher = PasswordHasher()  # RFC 9106, low-memory profile
STAND_IN = _hasher.hash(secrets.token_urlsafe(16))
"""Checked for names that do not exist, so that the answer takes as long."""

_COMMON = """
password passw0rd matkhau mat khau mậtkhẩu qwerty qwertyuiop asdfghjkl zxcvbnm 1q2w3e4r 1qaz2wsx abc123 iloveyou
anhyeuem emyeuanh vietnam saigon hanoi hoilamgi khongbiet khongcopass administrator admin letmein welcome changeme
monkey dragon football baseball superman batman trustno1 sunshine princess starwars whatever computer internet
doctor bacsi benhvien phongkham hospital clinic tramkit telehealth
"""
_RUNS = ("0123456789", "9876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm")


class PasswordError(ValueError):
    """A password that is not good enough; the words say why."""


def check_password(password: str, *about: str) -> None:
    """Refuse what is guessed first: too short, few characters repeated, a known word with little added.

    :param about: the account's id, name, licence: what whoever guesses knows.
    :raises PasswordError: with what would be right.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise PasswordError(f"a password has between {MIN_PASSWORD} and {MAX_PASSWORD} characters")
    plain = _plain(password)
    if len(set(plain)) < 5:
        raise PasswordError("a password of so few different characters is guessed at once; use several words")
    known = [*_COMMON.split(), *_RUNS, *(word for each in about for word in re.split(r"[\W_]+", each))]
    rest = plain
    for word in sorted({_plain(each) for each in known if len(_plain(each)) >= 3}, key=len, reverse=True):
        rest = rest.replace(word, "")
    for run in _RUNS:
        for length in range(len(run), 3, -1):
            for start in range(len(run) - length + 1):
                rest = rest.replace(run[start : start + length], "")
    if len(set(rest)) < 4:
        raise PasswordError(
            "a common word, a name or a row of keys with little added is guessed at once; use several words"
        )


def hashed(password: str) -> str:
    """Return a password's hash; takes about a tenth of a second and 64 MiB."""
    return _hasher.hash(password)


def matches(hashed: str, password: str) -> bool:
    """Tell whether a password is the hashed one."""
    try:
        return _hasher.verify(hashed, password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def random_password() -> str:
    """Return a password that is used once and then changed."""
    return secrets.token_urlsafe(12)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(each for each in decomposed if each.isalnum())
