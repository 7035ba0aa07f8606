"""What a key does to the words before the caret: direct typing, Telex and VNI.

What is no Vietnamese syllable stands as it was typed, key by key: so the text that comes back from a key remembers the
keys of its last word (:class:`Typed`). That is all that is kept between keys. A prefilled name, a moved caret or a
reloaded page are nothing special: there the letters that stand in the field are taken as they are.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from enum import StrEnum

from tramkit_hal.ui.keyboard.syllables import TWO_PLACES, VOWELS, Syllable, ToneMark, parse

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
    Typing.TELEX: {
        "s": ToneMark.ACUTE,
        "f": ToneMark.GRAVE,
        "r": ToneMark.HOOK,
        "x": ToneMark.TILDE,
        "j": ToneMark.DOT,
        "z": ToneMark.LEVEL,
    },
    Typing.VNI: {
        "1": ToneMark.ACUTE,
        "2": ToneMark.GRAVE,
        "3": ToneMark.HOOK,
        "4": ToneMark.TILDE,
        "5": ToneMark.DOT,
        "0": ToneMark.LEVEL,
    },
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


@dataclass(frozen=True)
class Keys:
    """What a word was typed with, each key in its case.

    :param pressed: all keys.
    :param meant: what stands there where a key was pressed once more to take its mark back; else ``pressed``.
    """

    pressed: str = ""
    meant: str = ""

    def __add__(self, key: str) -> Keys:
        return Keys(self.pressed + key, self.meant + key)


class Typed(str):
    """A field's text that remembers by which keys its last word was typed.

    :ivar caret: where the next key is expected; elsewhere the memory is of no use.
    :ivar start: where the word begins.
    :ivar typing: the way in which it was typed.
    """

    caret: int
    start: int
    keys: Keys
    typing: Typing

    @classmethod
    def of(cls, text: str, caret: int, start: int, keys: Keys, typing: Typing) -> Typed:
        """Make a text with its memory."""
        made = cls(text)
        made.caret, made.start, made.keys, made.typing = caret, start, keys, typing
        return made


def press(text: str, caret: int, key: str, typing: Typing, *, name: bool = False) -> tuple[str, int]:
    """Return a field's text and its caret after a key.

    :param text: in any normal form; what comes back is NFC. What a key before returned is best given back as it is.
    :param caret: characters before it.
    :param key: a character, :data:`DELETE`, or one of :class:`ToneMark`'s marks.
    :param name: it is somebody's name, which keeps its tone on the vowel where it was put (Thúy, Hòa).
    """
    before = unicodedata.normalize("NFC", text[:caret])
    after = unicodedata.normalize("NFC", text[caret:])
    word, keys = _last_word(text, caret, before, typing)
    start = len(before) - len(word)
    if key == DELETE:
        typed = _tidy(word[:-1], name) if word and typing is not Typing.PLAIN else word[:-1]
        before = before[:start] + typed if word else before[:-1]
        keys = _keys_of(typed, keys, typing, name)
    else:
        glued = typing is not Typing.DIRECT and start > 0 and before[start - 1].isdigit()  # 12a: no word's beginning
        typed, keys = _press(word, keys, key, Typing.PLAIN if glued else typing, name)
        before = before[:start] + typed
    caret = len(before)
    if keys is None or not typed:
        return before + after, caret
    return Typed.of(before + after, caret, caret - len(typed), keys, typing), caret


def _last_word(text: str, caret: int, before: str, typing: Typing) -> tuple[str, Keys | None]:
    """Return the word before the caret, and the keys that it was typed with; None: they are not known."""
    if isinstance(text, Typed) and (text.caret, text.typing) == (caret, typing) and len(before) == caret:
        return before[text.start :], text.keys
    start = len(before)
    while start and before[start - 1].isalpha():
        start -= 1
    return before[start:], Keys() if start == len(before) else None


def _press(word: str, keys: Keys | None, key: str, typing: Typing, name: bool) -> tuple[str, Keys | None]:
    """Return a word after a key at its end, and the keys by which it was typed from then on; None: not known."""
    typed, taken_back = _type(word, key, typing, name)
    if key in {tone.value for tone in ToneMark if tone} and typed == word:
        return word, keys
    if keys is None or (not key.isalpha() and typed[-1:] == key and not unicodedata.combining(key)):
        return typed, None  # a space, a stroke, a digit that stands there: the word has ended
    keys += key
    if taken_back:
        return typed, Keys(keys.pressed, typed)
    if typing is Typing.PLAIN or _is_possible(typed):
        return typed, keys
    return _as_typed(typed, keys, typing, name)


def _as_typed(typed: str, keys: Keys, typing: Typing, name: bool) -> tuple[str, Keys]:
    """Return what is no syllable as its keys have it.

    A mark that was taken back stays so only where the same letters without that would have got one (owwn for own).
    """
    thrice = len(keys.pressed) > 2 and len({*keys.pressed[-3:].lower()}) == 1
    needed = keys.meant != keys.pressed and (thrice or _is_possible(_replay(keys.meant, typing, name)))
    letters = unicodedata.normalize("NFC", keys.meant if needed else keys.pressed)
    if any(unicodedata.combining(each) for each in letters):  # a tone of direct typing that no letter can bear
        return typed, keys
    return letters, keys if needed else Keys(keys.pressed, keys.pressed)


def _replay(pressed: str, typing: Typing, name: bool) -> str:
    """Return what keys alone make, as long as it may be a syllable; else themselves."""
    word = ""
    for key in pressed:
        word = _type(word, key, typing, name)[0]
        if not _is_possible(word):
            return pressed
    return word


def _keys_of(word: str, keys: Keys | None, typing: Typing, name: bool) -> Keys | None:
    """Return the keys of a word after its end was taken away: as many of those that it had as make it now."""
    if not word or keys is None:
        return None
    for end in range(len(keys.pressed) - 1, 0, -1):
        made, found = "", Keys()
        for key in keys.pressed[:end]:
            made, left = _press(made, found, key, typing, name)
            found = left or Keys()
        if made == word:
            return found
    return None


def type_key(word: str, key: str, typing: Typing, *, name: bool = False) -> str:
    """Return a word after a key pressed at its end, whatever it was typed with."""
    return _type(word, key, typing, name)[0]


def _type(word: str, key: str, typing: Typing, name: bool) -> tuple[str, bool]:
    """Return a word after a key, and whether the key took a mark back and stands there itself."""
    lower = key.lower()
    syllable = parse(word)
    if key in {tone.value for tone in ToneMark if tone}:
        return (
            _recase(word, _toned(syllable, ToneMark(key)), "") if _can_have(syllable, ToneMark(key)) else word
        ), False
    for change in (_bar, _mark, _tone):
        if (changed := change(syllable, lower, typing)) is not None:
            taken_back = changed.endswith(lower) and (len(changed) > len(word) or lower == "w")
            return _recase(word, changed, key), taken_back
    if typing is Typing.PLAIN or not key.isalpha():
        return word + key, False
    longer = _tidy(word.lower() + lower, name)
    return (_recase(word, longer, key) if _is_possible(longer) else word + key), False


def _is_possible(word: str) -> bool:
    """Tell whether a word is a Vietnamese syllable or may become one."""
    syllable = parse(word)
    tones = (ToneMark.ACUTE, ToneMark.DOT, ToneMark.LEVEL) if syllable.stopped else tuple(ToneMark)
    return syllable.plausible and syllable.tone in tones


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
    if tone is ToneMark.LEVEL:
        return replace(syllable, tone=tone).write() if syllable.tone else None
    return _toned(syllable, tone) + (key if tone is syllable.tone else "")


def _toned(syllable: Syllable, tone: ToneMark) -> str:
    """Return it with a tone, or without where it has that already."""
    return replace(syllable, tone=ToneMark.LEVEL if tone is syllable.tone else tone).write()


def _can_have(syllable: Syllable, tone: ToneMark) -> bool:
    if not syllable.plausible or not any(letter in VOWELS for letter in syllable.rime):
        return False
    return not syllable.stopped or tone in (ToneMark.ACUTE, ToneMark.DOT, ToneMark.LEVEL)


def _tidy(word: str, name: bool = False) -> str:
    """Return a word with its tone mark on the right vowel, and ươ where only one of its horns was typed.

    :param name: where spelling knows two places for the mark, it stays in the one that it has.
    """
    syllable = parse(word)
    if name and syllable.rime in TWO_PLACES and syllable.onset != "qu" and syllable.plausible:
        return word
    rime = syllable.rime
    if not rime.endswith(("ưo", "uơ")) and syllable.onset != "qu":
        rime = rime.replace("ưo", "ươ").replace("uơ", "ươ")
    tidied = replace(syllable, rime=rime)
    if not tidied.plausible or not any(letter in VOWELS for letter in rime):
        return word
    return _recase(word, tidied.write(), "")


def _recase(word: str, changed: str, key: str) -> str:
    """Return changed letters in the case in which they were typed."""
    if len(word) > 1 and word.isupper() and (not key or not key.islower()):
        return changed.upper()
    cases = [letter.isupper() for letter in word[: len(changed)]]
    cases += [False] * (len(changed) - len(cases))
    if len(changed) > len(word):
        cases[-1] = key.isupper()
    return "".join(letter.upper() if capital else letter for letter, capital in zip(changed, cases, strict=True))
