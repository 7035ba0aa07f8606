"""Finding a procedure by words: without tones or capitals, in any order, the last word perhaps unfinished."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Sequence

from tramkit_procedures.catalogue import Procedure


def fold(text: str) -> str:
    """Return text without tones, marks and capitals: ``Đăng ký`` becomes ``dang ky``."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def words_of(text: str) -> list[str]:
    """Return the folded words of a text."""
    return "".join(letter if letter.isalnum() or letter == "." else " " for letter in fold(text)).split()


class Index:
    """An index over the names, codes and agencies of procedures.

    :param procedures: in the order in which equal ones are shown.
    """

    def __init__(self, procedures: Sequence[Procedure]) -> None:
        self._procedures = tuple(procedures)
        places: dict[str, set[int]] = {}
        for at, each in enumerate(self._procedures):
            for word in words_of(f"{each.code} {each.name.vi} {each.name.en} {each.agency.vi}"):
                places.setdefault(word, set()).add(at)
        self._words = sorted(places)
        self._places = [places[word] for word in self._words]

    def find(self, text: str, most: int = 8) -> list[Procedure]:
        """Return the procedures that hold every word of a text, each word perhaps only begun."""
        wanted = words_of(text)
        if not wanted:
            return []
        found: set[int] | None = None
        for word in wanted:
            these = self._beginning(word)
            found = these if found is None else found & these
            if not found:
                return []
        return [self._procedures[at] for at in sorted(found or ())[:most]]

    def _beginning(self, word: str) -> set[int]:
        first = bisect_left(self._words, word)
        found: set[int] = set()
        for at in range(first, len(self._words)):
            if not self._words[at].startswith(word):
                break
            found |= self._places[at]
        return found
