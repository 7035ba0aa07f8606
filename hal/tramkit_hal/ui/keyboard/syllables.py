"""Vietnamese syllables: onset, rime and tone, and where the tone mark stands.

The rimes are those of Vietnamese spelling, with the endings in k that place names of the Central Highlands have
(Đắk Lắk). Tone marks stand on the main vowel, hoà and thuý rather than hòa and thúy (Decision 1989/QĐ-BGDĐT of 2018).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum


class ToneMark(StrEnum):
    """The six tones, as the combining mark of Unicode that writes them."""

    LEVEL = ""
    ACUTE = "\u0301"
    GRAVE = "\u0300"
    HOOK = "\u0309"
    TILDE = "\u0303"
    DOT = "\u0323"


MARKED = "ăâêôơư"
"""The vowels that bear a mark of their own."""

VOWELS = "aeiouy" + MARKED

ONSETS = (
    *("b", "c", "ch", "d", "đ", "g", "gh", "gi", "h", "k", "kh", "l", "m", "n", "ng", "ngh"),
    *("nh", "p", "ph", "qu", "r", "s", "t", "th", "tr", "v", "x", ""),
)
HIGHLAND_ONSETS = ("bl", "br", "chr", "dr", "đr", "gl", "gr", "hl", "hr", "kl", "kr", "pl", "pr")
"""Of place names in the Central Highlands: Krông, Đrây, Pleiku."""

_RIMES = """
a ac ach ai ak am an ang anh ao ap at au ay
ăc ăk ăm ăn ăng ăp ăt
âc âm ân âng âp ât âu ây
e ec em en eng eo ep et
ê êch êm ên êng ênh êp êt êu
i ia ich im in inh ip it iu
iêc iêm iên iêng iêp iêt iêu
o oc oi ok om on ong op ot ooc oong
oa oac oach oai oam oan oang oanh oao oap oat oay
oăc oăm oăn oăng oăt
oe oem oen oeo oet
ô ôc ôi ôk ôm ôn ông ôp ôt
ơ ơi ơm ơn ơp ơt
u ua uc ui uk um un ung up ut
uâ uân uâng uât uây
uê uêch uên uênh uêt uêu
uôc uôi uôm uôn uông uôt
uơ uy uya uych uyên uyêt uyn uynh uyt uyu
ư ưa ưc ưi ưm ưn ưng ưt ưu
ươc ươi ươm ươn ương ươp ươt ươu
y yêm yên yêng yêt yêu
"""
RIMES = frozenset(_RIMES.split())

_AFTER_QU = """
a ac ach ai an ang anh ao at au ay ăc ăm ăn ăng ăp ăt âc ân âng ât âu ây e en eo et ê êch ên ênh êt êu i it
o ôc ơ ơi ơn y ych ynh yt yên yêt
"""
AFTER_QU = frozenset(_AFTER_QU.split())
"""The rimes after qu, which has the u of oa, uê, uy … in itself."""

_BEGINNINGS = {part[:end] for part in RIMES for end in range(len(part) + 1)}
_AFTER_QU_BEGINNINGS = {part[:end] for part in AFTER_QU for end in range(len(part) + 1)}
_BARE = str.maketrans("ăâêôơư", "aaeoou")
_UNMARKED = {text.translate(_BARE) for text in _BEGINNINGS}
_UNMARKED_AFTER_QU = {text.translate(_BARE) for text in _AFTER_QU_BEGINNINGS}
_ALL_ONSETS = ONSETS + HIGHLAND_ONSETS
_ONSET_BEGINNINGS = {onset[:end] for onset in _ALL_ONSETS for end in range(len(onset) + 1)} | {"q"}
_BY_LENGTH = tuple(sorted({*_ALL_ONSETS, "q"}, key=len, reverse=True))


@dataclass(frozen=True)
class Syllable:
    """A syllable in small letters without its tone mark, whole or as far as it has been typed.

    :param onset: the consonants before it: ``ngh``, ``qu``, ``gi`` or nothing.
    :param rime: the vowels and what follows: ``ương``.
    """

    onset: str
    rime: str
    tone: ToneMark = ToneMark.LEVEL

    @property
    def stopped(self) -> bool:
        """Whether it ends in a stop, which only the acute and the dot may stand with."""
        return self.rime.endswith(("c", "p", "t", "ch"))

    @property
    def plausible(self) -> bool:
        """Whether it is Vietnamese or may become so, marks not yet typed."""
        if not self._joined:
            return False
        bare = self.rime.translate(_BARE)
        begun = _UNMARKED_AFTER_QU if self.onset == "qu" else _UNMARKED
        return self.onset in _ONSET_BEGINNINGS and (bare in begun or (self.onset == "gi" and f"i{bare}" in begun))

    @property
    def spelled(self) -> bool:
        """Whether its marks are where spelling has them: a beginning of a rime of the list."""
        if not self._joined:
            return False
        begun = _AFTER_QU_BEGINNINGS if self.onset == "qu" else _BEGINNINGS
        return self.rime in begun or (self.onset == "gi" and f"i{self.rime}" in begun)

    @property
    def _joined(self) -> bool:
        """Whether onset and rime can stand together: c, g and ng never before e, i, y, where k, gh and ngh stand.

        Names of the Central Highlands have k before other vowels too (Kon Tum, Kông Chro, kơ nia), but not before ư.
        """
        first = self.rime[:1]
        if self.onset in ("gh", "ngh"):
            return first in ("", *"eêiy")
        if self.onset in ("c", "ng"):
            return first == "" or first not in "eêiy"
        if self.onset == "g":
            return first == "" or first not in "eêy"
        return not (self.onset == "k" and first == "ư")

    def write(self) -> str:
        """Return it in small letters, composed (NFC)."""
        at = tone_place(self.onset, self.rime)
        if at is None or self.tone is ToneMark.LEVEL:
            return self.onset + self.rime
        head, tail = self.rime[: at + 1], self.rime[at + 1 :]
        return self.onset + unicodedata.normalize("NFC", head + self.tone.value) + tail


TWO_PLACES = ("oa", "oe", "uy")
"""Rimes on whose first vowel the tone mark stood before 2018, and in many people's names still does."""


def parse(word: str) -> Syllable:
    """Return a word, in any case, as a syllable; what is not one has all its letters in onset and rime all the same."""
    letters: list[str] = []
    tone = ToneMark.LEVEL
    for letter in unicodedata.normalize("NFC", word.lower()):
        bare, mark = split_tone(letter)
        tone = mark or tone
        letters.append(bare)
    text = "".join(letters)
    onset = next(part for part in _BY_LENGTH if text.startswith(part))
    if onset == "gi" and text[2:3] not in {*VOWELS}:
        onset = "g"  # gì, gìn: the i is the vowel
    if onset == "q" and text[1:2] == "u":
        onset = "qu"
    return Syllable(onset, text[len(onset) :], tone)


def split_tone(letter: str) -> tuple[str, ToneMark]:
    """Return a letter without its tone mark, and the tone."""
    parts = unicodedata.normalize("NFD", letter)
    found = next((tone for tone in ToneMark if tone and tone in parts), ToneMark.LEVEL)
    return (unicodedata.normalize("NFC", parts.replace(found, "")) if found else letter), found


def tone_place(onset: str, rime: str) -> int | None:
    """Return the index in the rime of the vowel that bears the tone mark; None: there is no vowel."""
    end = next((at for at, letter in enumerate(rime) if letter not in VOWELS), len(rime))
    vowels = rime[:end]
    if not vowels:
        return None
    marked = [at for at, letter in enumerate(vowels) if letter in MARKED]
    if marked:
        return marked[-1]
    if len(vowels) == 1:
        return 0
    if len(vowels) == 3:
        return 2 if vowels.endswith("ye") else 1
    glides = ("oa", "oe", "uy", "oo", "ue", "uo", "ie", "ye")
    return 1 if vowels in glides or rime[end:] else 0
