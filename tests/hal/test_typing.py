"""Whoever types Vietnamese on the station's keyboard gets the word they mean, in each of three ways of typing."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tramkit_hal.ui.keyboard.syllables import AFTER_QU, ONSETS, RIMES, Syllable, ToneMark, parse
from tramkit_hal.ui.keyboard.typing import DELETE, Typing, press

WAYS = (Typing.DIRECT, Typing.TELEX, Typing.VNI)
TONE_KEYS = {
    Typing.DIRECT: {tone: tone.value for tone in ToneMark},
    Typing.TELEX: dict(zip(ToneMark, ("", "s", "f", "r", "x", "j"), strict=True)),
    Typing.VNI: dict(zip(ToneMark, ("", "1", "2", "3", "4", "5"), strict=True)),
}
LETTER_KEYS: dict[Typing, dict[str, str]] = {
    Typing.DIRECT: {},
    Typing.TELEX: {"ă": "aw", "â": "aa", "ê": "ee", "ô": "oo", "ơ": "ow", "ư": "uw", "đ": "dd"},
    Typing.VNI: {"ă": "a8", "â": "a6", "ê": "e6", "ô": "o6", "ơ": "o7", "ư": "u7", "đ": "d9"},
}


def typed(keys: str, typing: Typing, text: str = "") -> str:
    """Return what stands in a field after keys."""
    caret = len(text)
    for key in keys:
        text, caret = press(text, caret, key, typing)
    assert caret == len(text)
    return text


def spelled(onset: str, rime: str) -> bool:
    """Tell whether spelling writes this onset before this rime: k, gh, ngh before e, ê, i, y and no other."""
    front = rime[0] in "eêiy"
    if onset in ("k", "gh", "ngh"):
        return front
    if onset in ("c", "ng"):
        return not front
    if onset == "g":
        return not front or rime in ("i", "in")
    if onset == "gi":
        return rime[0] not in "iy"
    if rime[0] == "y" and len(rime) > 1:
        return onset in ("", "qu")
    return not (rime.startswith("iê") and not onset)


def syllables() -> Iterator[Syllable]:
    for onset in ONSETS:
        for rime in sorted(AFTER_QU if onset == "qu" else RIMES):
            if not spelled(onset, rime):
                continue
            for tone in ToneMark:
                syllable = Syllable(onset, rime, tone)
                if not syllable.stopped or tone in (ToneMark.ACUTE, ToneMark.DOT):
                    yield syllable


ALL = tuple(syllables())


def keys_of(syllable: Syllable, typing: Typing) -> str:
    """Return the keys of a syllable: each mark after its letter, the tone at the end."""
    rime = syllable.rime
    if typing is Typing.TELEX:
        rime = rime.replace("oo", "ooo")  # xoong: the third takes the circumflex back
    keys = "".join(LETTER_KEYS[typing].get(letter, letter) for letter in syllable.onset + rime)
    return keys + TONE_KEYS[typing][syllable.tone]


EACH = pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.slow)])
"""Every eleventh syllable, which is each rime in several tones; at each landing, all."""


@EACH
@pytest.mark.parametrize("typing", WAYS)
def test_every_syllable_can_be_typed(typing: Typing, step: int) -> None:
    assert len(ALL) > 15_000
    wrong = [
        (keys, got, syllable.write())
        for syllable in ALL[::step]
        if (got := typed(keys := keys_of(syllable, typing), typing)) != syllable.write()
    ]
    assert wrong == []


@pytest.mark.parametrize("typing", WAYS)
def test_every_syllable_can_be_typed_in_capitals(typing: Typing) -> None:
    wrong = [
        (keys, got, syllable.write())
        for syllable in ALL[::7]
        if (got := typed(keys := keys_of(syllable, typing).upper(), typing)) != syllable.write().upper()
    ]
    assert wrong == []


@EACH
@pytest.mark.parametrize("typing", WAYS)
def test_the_tone_may_come_right_after_its_vowel(typing: Typing, step: int) -> None:
    wrong: list[tuple[str, str, str]] = []
    for syllable in ALL[::step]:
        if not syllable.tone or "oo" in syllable.rime or (syllable.stopped and syllable.onset == "gi"):
            continue
        letters = keys_of(Syllable(syllable.onset, syllable.rime), typing)
        end = len(letters.rstrip("bcdghklmnpqrtvx"))
        keys = letters[:end] + TONE_KEYS[typing][syllable.tone] + letters[end:]
        if (got := typed(keys, typing)) != syllable.write():
            wrong.append((keys, got, syllable.write()))
    assert wrong == []


def test_a_syllable_that_is_read_is_the_one_that_was_written() -> None:
    for syllable in ALL:
        assert parse(syllable.write()).write() == syllable.write()
        assert parse(unicodedata.normalize("NFD", syllable.write())).write() == syllable.write()


@pytest.mark.parametrize(
    ("word", "ways"),
    {
        "Việt": "Vieejt Vietje Vieetj Vietej",
        "Thương": "Thuwowng Thuowng Thuongw Thwowng",
        "thuở": "thuowr",
        "gì": "gif",
        "già": "giaf gifa",
        "giữ": "giwx giuwx",
        "giếng": "gieesng gieengs giengse",
        "quý": "quys",
        "quốc": "quoocs quoosc quocso",
        "hoà": "hoaf",
        "hoán": "hoasn hoans",
        "thuý": "thuys",
        "khuỷu": "khuyur",
        "mía": "mias",
        "của": "cuar",
        "cửa": "cuawr cuwar",
        "đường": "dduwowngf dduowfng dduongwf duongwdf",
        "Nguyễn": "Nguyeenx Nguyenxe Nguyexen",
        "rượu": "ruwowju ruouwj",
        "xoong": "xooong",
        "Đắk": "DDawsk Ddawks",
        "Krông": "Kroong",
        "XOÁ": "XOAS",
    }.items(),
)
def test_telex(word: str, ways: str) -> None:
    for keys in ways.split():
        assert typed(keys, Typing.TELEX) == word, keys


@pytest.mark.parametrize(
    ("word", "keys"),
    [("Việt", "Vie65t"), ("đường", "d9u7o7ng2"), ("đường", "duong972"), ("Nguyễn", "Nguyen64"), ("quý", "quy1")],
)
def test_vni(word: str, keys: str) -> None:
    assert typed(keys, Typing.VNI) == word


@pytest.mark.parametrize(
    "word", ["Tesla", "Google", "wifi", "Facebook", "Samsung", "iPhone", "Internet", "Highland", "VinUni", "McDonald"]
)
def test_a_foreign_word_comes_out_of_telex_as_it_was_typed(word: str) -> None:
    assert typed(word, Typing.TELEX) == word


@pytest.mark.parametrize(
    ("keys", "typing", "word"),
    [
        ("ass", Typing.TELEX, "as"),
        ("aaa", Typing.TELEX, "aa"),
        ("www", Typing.TELEX, "ww"),
        ("ddd", Typing.TELEX, "dd"),
        ("oww", Typing.TELEX, "ow"),
        ("hasz", Typing.TELEX, "ha"),
        ("a11", Typing.VNI, "a1"),
        ("d99", Typing.VNI, "d9"),
        ("a60", Typing.VNI, "â0"),
        ("12/5", Typing.VNI, "12/5"),
    ],
)
def test_a_key_pressed_once_more_is_the_letter_itself(keys: str, typing: Typing, word: str) -> None:
    assert typed(keys, typing) == word


def test_in_direct_typing_a_tone_pressed_again_is_taken_away() -> None:
    assert typed("hoa\u0300", Typing.DIRECT) == "hoà"
    assert typed("hoa\u0300\u0300", Typing.DIRECT) == "hoa"
    assert typed("hoa\u0300\u0301", Typing.DIRECT) == "hoá"
    assert typed("Chị \u0301", Typing.DIRECT) == "Chị ", "a tone without a vowel does nothing"
    assert typed("sfrxjw", Typing.DIRECT) == "sfrxjw"


def test_the_tone_moves_to_where_it_belongs_as_letters_come_and_go() -> None:
    assert typed("gi\u0300", Typing.DIRECT) == "gì"
    assert typed("a", Typing.DIRECT, "gì") == "già"
    assert press("khuỷu", 5, DELETE, Typing.DIRECT) == ("khuỷ", 4)
    assert press("hoán", 4, DELETE, Typing.TELEX) == ("hoá", 3)


def test_a_key_changes_only_the_word_before_the_caret() -> None:
    assert press("Nguyen Thi", 6, "x", Typing.TELEX) == ("Nguyẽn Thi", 6)
    assert press("Nguyen Thi", 10, "j", Typing.TELEX) == ("Nguyen Thị", 10)
    assert press("Thị ", 4, "s", Typing.TELEX) == ("Thị s", 5)
    assert press("", 0, DELETE, Typing.TELEX) == ("", 0)
    assert press("a b", 2, DELETE, Typing.TELEX) == ("ab", 1)


def test_where_marks_are_not_wanted_keys_are_letters() -> None:
    assert typed("nguyeenx.as@w.vn", Typing.PLAIN) == "nguyeenx.as@w.vn"


def test_text_in_another_normal_form_is_composed() -> None:
    name = "Nguyễn Thị"
    apart = unicodedata.normalize("NFD", name)
    assert press(apart, len(apart), "n", Typing.DIRECT) == (name + "n", len(name) + 1)


@given(
    st.text("aăâbcdđeêghiklmnoôơpqrstuưvxywfjz0123456789 AĂĐNGÔ-'.\u0301\u0300\u0309\u0303\u0323", max_size=12),
    st.sampled_from(Typing),
)
def test_whatever_is_typed_nothing_breaks_and_delete_always_empties(keys: str, typing: Typing) -> None:
    text, caret = "", 0
    for key in keys:
        text, caret = press(text, caret, key, typing)
        assert unicodedata.is_normalized("NFC", text)
        assert caret == len(text)
    for _times in range(len(text)):
        before = len(text)
        text, caret = press(text, caret, DELETE, typing)
        assert len(text) == before - 1
    assert text == ""
