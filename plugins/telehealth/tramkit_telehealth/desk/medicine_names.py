"""Names of medicines, compared as substances: spellings of several languages, salts, strengths, brands."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LONGEST = 4
"""Most words of one name: kháng viêm không steroid."""

LEAST_ALIKE = 7
"""Fewest letters of a word that may be misspelled by one letter and still be understood: pencilin."""

ISOMERS = ("es", "dextro", "dex", "levo", "ar")
"""Beginnings that make an isomer of a substance: the lists of Circular 18/2026/TT-BYT hold isomers too."""

_REWRITE = (("ph", "f"), ("th", "t"), ("ch", "c"), ("rh", "r"), ("ae", "e"), ("oe", "e"), ("y", "i"), ("k", "c"))


def plain(text: str) -> str:
    """Return text in small letters without accents, with one space between words of letters and digits."""
    flat = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D")).lower()
    kept = "".join(letter for letter in flat if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[a-z0-9]+", kept))


def skeleton(word: str) -> str:
    """Return what the spellings of one name have in common: ``amoxicillin``, ``amoxicilin``; ``codéine``, ``codein``.

    Vietnamese labels drop the last e, double letters and the h after t, p and c.
    """
    for written, said in _REWRITE:
        word = word.replace(written, said)
    word = re.sub(r"(.)\1+", r"\1", word)
    return re.sub(r"(?:um|e)$", "", word) if len(word) > 4 else word


def words_of(text: str) -> list[str]:
    """Return the words of a name as they are compared; numbers and units count as words too."""
    return ["acid" if word == "axit" else skeleton(word) for word in plain(text).split()]


@dataclass(frozen=True)
class Found:
    """A substance in a text.

    :param at: how many words stand before it.
    :param length: how many words its name has.
    """

    substance: str
    at: int
    length: int


class Names:
    """What is known of names: a name's words to the substances it stands for.

    :param names: each name with its substances.
    """

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}
        for name, substances in names.items():
            words = tuple(words_of(name))
            self._known[words] = tuple(substances)
            if len(words) > 1 and "acid" in words:  # folic acid, acid folic
                self._known.setdefault(tuple(reversed(words)), tuple(substances))
        self._single = {words[0] for words in self._known if len(words) == 1}

    def find(self, text: str, *, alike: bool = False, isomers: bool = False) -> list[Found]:
        """Return the substances that a text names, in its order, each place by its longest name.

        :param alike: a word misspelled by one letter is understood as well.
        :param isomers: ``esketamine`` is ketamine.
        """
        words = words_of(text)
        found: list[Found] = []
        at = 0
        while at < len(words):
            length, substances = self._at(words, at)
            if not substances and isomers:
                length, substances = 1, self._isomer(words[at])
            if not substances and alike:
                length, substances = 1, self._alike(words[at])
            found += [Found(substance, at, length) for substance in substances]
            at += length if substances else 1
        return found

    def _at(self, words: list[str], at: int) -> tuple[int, tuple[str, ...]]:
        for length in range(min(LONGEST, len(words) - at), 0, -1):
            if substances := self._known.get(tuple(words[at : at + length])):
                return length, substances
        return 1, ()

    def _isomer(self, word: str) -> tuple[str, ...]:
        rest = next((word.removeprefix(each) for each in ISOMERS if word.startswith(each)), "")
        return self._known.get((rest,), ())

    def _alike(self, word: str) -> tuple[str, ...]:
        if len(word) < LEAST_ALIKE or not word.isalpha():
            return ()
        near = [known for known in self._single if len(known) >= LEAST_ALIKE - 1 and _one_off(word, known)]
        return self._known[(near[0],)] if len(near) == 1 else ()


def _one_off(one: str, other: str) -> bool:
    """Tell whether two words differ by one letter that is missing, added or another."""
    if abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    short, long = sorted((one, other), key=len)
    same = next((at for at, letter in enumerate(short) if letter != long[at]), len(short))
    return short[same:] == long[same + 1 :] or short[same + 1 :] == long[same + 1 :]
