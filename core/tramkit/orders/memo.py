"""A payment's memo inside what banks make of it: one matcher for notices, polling and day files.

A memo has 65 random bits, so that it is found wherever its letters stand one after another, with anything between:
a fold of the line, spaces, dots, words of the bank glued to either side, another case, width or form of Unicode.
"""

from __future__ import annotations

import re
import unicodedata

MIN_LETTERS = 10
"""From 50 random bits on a memo needs no gap round it: by chance it stands nowhere else."""
_ESCAPES = re.compile(
    r"\\[nrt]|%0[0-9a-f]|%20|%c2%a0|&(?:nbsp|shy|#[0-9]{1,5}|#x[0-9a-f]{1,4});|<br\s*/?>|_x000[ad]_", re.IGNORECASE
)
"""A fold or a space as systems on the way write it instead of making it."""


def find_memo(memo: str, words: str) -> bool:
    """Tell whether a memo stands in what banks made of it.

    :param memo: ours, 6 to 25 of ``[A-Z0-9]``; one of fewer than ten must stand by itself, gaps inside it allowed.
    :param words: what the transfer says.
    """
    if not re.fullmatch(r"[A-Z0-9]{6,25}", memo):
        return False
    if len(memo) >= MIN_LETTERS:
        return memo in squeezed(words)
    spaced = r"[^A-Z0-9]*".join(memo)
    return re.search(rf"(?<![A-Z0-9]){spaced}(?![A-Z0-9])", _plain(words)) is not None


def squeezed(words: str) -> str:
    """Return the letters and digits of a transfer's words in capitals, nothing between them.

    Where something in them may be an escape of white space, they follow once more without it, after a space.
    """
    as_is = _letters(words)
    without = _letters(_ESCAPES.sub(" ", words))
    return as_is if as_is == without else f"{as_is} {without}"


def _letters(words: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", _plain(words))


def _plain(words: str) -> str:
    """Return the words in capitals of one width and form, without marks; a bank's ``Đ`` is a ``D``."""
    apart = unicodedata.normalize("NFKD", words.upper().replace("Đ", "D"))
    return "".join(letter for letter in apart.upper() if not unicodedata.combining(letter))
