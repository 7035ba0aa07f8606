"""What a key does to the words before the caret: direct typing, Telex and VNI.

The engine keeps nothing between keys: all it needs stands in the field. So a prefilled name, a moved caret or a
reloaded page are nothing special, and two screens type alike.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from enum import StrEnum

from tramkit_hal.ui.keyboard.syllables import VOWELS, Syllable, Tone, parse

DELETE = "delete"
"""The key that takes away the letter before the caret."""


class Typing(StrEnum):
    """How letters with marks are typed.

    ``plain``: not at all. ``direct``: each has its key, a tone is pressed after the vowel. ``telex``, ``vni``: by the
    letters and digits that Vietnamese typists know.
    """

    PLAIN = "plain"
    DIRECT = "direct"
    TELEX = "telex"
    VNI = "vni"


_TONES = {
    Typing.TELEX: {"s": Tone.ACUTE, "f": Tone.GRAVE, "r": Tone.HOOK, "x": Tone.TILDE, "j": Tone.DOT, "z": Tone.LEVEL},
    Typing.VNI: {"1": Tone.ACUTE, "2": Tone.GRAVE, "3": Tone.HOOK, "4": Tone.TILDE, "5": Tone.DOT, "0": Tone.LEVEL},
}
_CIRCUMFLEX = {"a": "â", "ă": "â", "e": "ê", "o": "ô", "ơ": "ô"}
_HORN = {"u": "ư", "o": "ơ", "ô": "ơ"}
_BREVE = {"a": "ă", "â": "ă"}
_MARKS: dict[Typing, dict[str, dict[str, str]]] = {
    Typing.TELEX: {
        "a": {"a": "â", "ă": "â"},
        "e": {"e": "ê"},
        "o": {"o": "ô", "ơ": "ô"},
        "w": _HORN | _BREVE,
    },
    Typing.VNI: {"6": _CIRCUMFLEX, "7": _HORN, "8": _BREVE},
}
_BAR = {Typing.TELEX: "d", Typing.VNI: "9"}
"""The key that makes đ of d."""

_BARE = str.maketrans("ăâêôơưđ", "aaeooud")
_TELEX_KEYS = {"ă": "aw", "â": "aa", "ê": "ee", "ô": "oo", "ơ": "ow", "ư": "uw", "đ": "dd"}


def press(text: str, caret: int, key: str, typing: Typing) -> tuple[str, int]:
    """Return a field's text and its caret after a key.

    :param text: in any normal form; what comes back is NFC.
    :param caret: characters before it.
    :param key: a character, :data:`DELETE`, or one of :class:`Tone`'s marks.
    """
    before = unicodedata.normalize("NFC", text[:caret])
    after = unicodedata.normalize("NFC", text[caret:])
    start = len(before)
    while start and before[start - 1].isalpha():
        start -= 1
    word = before[start:]
    if key == DELETE:
        typed = _tidy(before[start:-1]) if word and typing is not Typing.PLAIN else word[:-1]
        before = before[:start] + typed if word else before[:-1]
    else:
        before = before[:start] + type_key(word, key, typing)
    return before + after, len(before)


def type_key(word: str, key: str, typing: Typing) -> str:
    """Return a word after a key pressed at its end."""
    lower = key.lower()
    syllable = parse(word)
    if key in {tone.value for tone in Tone if tone}:
        return _recase(word, _toned(syllable, Tone(key)), "") if _can_have(syllable, Tone(key)) else word
    for change in (_bar, _mark, _tone):
        if (changed := change(syllable, lower, typing)) is not None:
            return _recase(word, changed, key)
    if typing is Typing.PLAIN or not key.isalpha():
        return word + key
    longer = _recase(word, _tidy(word.lower() + lower), key)
    if typing is Typing.TELEX and syllable.plausible and not parse(longer).plausible:
        return _recase(word, _as_typed(syllable) + lower, key)
    return longer


def _bar(syllable: Syllable, key: str, typing: Typing) -> str | None:
    if key != _BAR.get(typing):
        return None
    if syllable.onset[:1] == "d" and (barred := replace(syllable, onset="đ" + syllable.onset[1:])).plausible:
        return barred.write()
    if syllable.onset[:1] == "đ":
        return replace(syllable, onset="d" + syllable.onset[1:]).write() + key
    return None


def _mark(syllable: Syllable, key: str, typing: Typing) -> str | None:
    marks = _MARKS.get(typing, {}).get(key)
    if marks is None or not syllable.plausible:
        return None
    for rime in _marked(syllable.rime, marks):
        if (found := replace(syllable, rime=rime)).spelled:
            return found.write()
    if syllable.rime == "ư" and key == "w":
        return replace(syllable, rime="").write() + key
    undone = "".join(letter.translate(_BARE) if letter in marks.values() else letter for letter in syllable.rime)
    if undone != syllable.rime:
        return replace(syllable, rime=undone).write() + key
    if key == "w" and (not syllable.rime or (syllable.onset, syllable.rime) == ("g", "i")) and syllable.onset != "qu":
        return Syllable(syllable.onset + syllable.rime, "ư", syllable.tone).write()
    return None


def _marked(rime: str, marks: dict[str, str]) -> list[str]:
    """Return the rimes that a mark could make of a rime, the likeliest first."""
    found: list[str] = []
    bare = rime.translate(_BARE)
    at = bare.find("uo")
    if marks.get("u") and at >= 0 and not {*rime[at : at + 2]} & {*"ươ"}:
        both = rime[:at] + "ươ" + rime[at + 2 :]
        found += [both if rime[at + 2 :] else rime[:at] + "uơ", both]
    for at, letter in enumerate(rime):
        if letter in marks:
            found.append(rime[:at] + marks[letter] + rime[at + 1 :])
    return found


def _tone(syllable: Syllable, key: str, typing: Typing) -> str | None:
    tone = _TONES.get(typing, {}).get(key)
    if tone is None or not _can_have(syllable, tone):
        return None
    if tone is Tone.LEVEL:
        return replace(syllable, tone=tone).write() if syllable.tone else None
    return _toned(syllable, tone) + (key if tone is syllable.tone else "")


def _toned(syllable: Syllable, tone: Tone) -> str:
    """Return it with a tone, or without where it has that already."""
    return replace(syllable, tone=Tone.LEVEL if tone is syllable.tone else tone).write()


def _can_have(syllable: Syllable, tone: Tone) -> bool:
    if not syllable.plausible or not any(letter in VOWELS for letter in syllable.rime):
        return False
    return not syllable.stopped or tone in (Tone.ACUTE, Tone.DOT, Tone.LEVEL)


def _tidy(word: str) -> str:
    """Return a word with its tone mark on the right vowel, and ươ where only one of its horns was typed."""
    syllable = parse(word)
    rime = syllable.rime
    if not rime.endswith(("ưo", "uơ")) and syllable.onset != "qu":
        rime = rime.replace("ưo", "ươ").replace("uơ", "ươ")
    tidied = replace(syllable, rime=rime)
    if not tidied.plausible or not any(letter in VOWELS for letter in rime):
        return word
    return _recase(word, tidied.write(), "")


def _as_typed(syllable: Syllable) -> str:
    """Return the Telex keys of what turned out to be no Vietnamese word."""
    rime = "w" + syllable.rime[1:] if not syllable.onset and syllable.rime[:1] == "ư" else syllable.rime
    tones = {tone: key for key, tone in _TONES[Typing.TELEX].items()}
    keys = "".join(_TELEX_KEYS.get(letter, letter) for letter in syllable.onset + rime)
    return keys.replace("uwow", "uow") + (tones[syllable.tone] if syllable.tone else "")


def _recase(word: str, changed: str, key: str) -> str:
    """Return changed letters in the case in which they were typed."""
    if len(word) > 1 and word.isupper() and (not key or not key.islower()):
        return changed.upper()
    cases = [letter.isupper() for letter in word[: len(changed)]]
    cases += [False] * (len(changed) - len(cases))
    if len(changed) > len(word):
        cases[-1] = key.isupper()
    return "".join(letter.upper() if capital else letter for letter, capital in zip(changed, cases, strict=True))
