"""What is no Vietnamese syllable stands as it was typed, and a name keeps its tone where its owner puts it."""

from __future__ import annotations

import pytest

from tramkit_hal.screens.terminal.pen import Pen
from tramkit_hal.ui.keyboard.typing import DELETE, Typing, press
from tramkit_hal.ui.pages import Ask, Control, FieldView, View
from tramkit_hal.ui.stage import ShownView
from tramkit_hal.words import verbatim


def typed(keys: str, typing: Typing, *, name: bool = False, text: str = "") -> str:
    """Return what stands in a field after keys."""
    caret = len(text)
    for key in keys:
        text, caret = press(text, caret, key, typing, name=name)
    return str(text)


FOREIGN = [
    "Paracetamol",
    "Vespa",
    "Mastercard",
    "Panadol",
    "Aspirin",
    "Efferalgan",
    "Amoxicillin",
    "Omeprazol",
    "Vinfast",
    "Samsung",
    "Techcombank",
    "Facebook",
    "password",
    "address",
    "Office",
    "Express",
    "Wikipedia",
    "Yamaha",
    "Xarelto",
    "McDonald",
    "PARACETAMOL",
    "vespa",
    "Insulin",
    "dashboard",
    "Toyota",
    "Kwon",
    "Kwak",
    "Kwang",
    "Ngee",
    "Geena",
    "Cees",
]


@pytest.mark.parametrize("word", FOREIGN)
@pytest.mark.parametrize("typing", [Typing.TELEX, Typing.VNI])
def test_a_word_that_is_no_syllable_comes_out_as_it_was_typed(word: str, typing: Typing) -> None:
    assert typed(word, typing) == word
    assert typed(f"thuốc {word}", Typing.PLAIN) == f"thuốc {word}"
    assert typed(word, typing, text="uống ") == f"uống {word}"
    assert typed(word, typing, name=True) == word


@pytest.mark.parametrize(
    "word", ["Covid19", "Ha1noi", "Win10x", "MP3", "B12", "12a5", "iPhone15", "Vespa125", "3a1b2c"]
)
def test_digits_of_vni_in_what_is_no_syllable_stay_digits(word: str) -> None:
    assert typed(word, Typing.VNI) == word


@pytest.mark.parametrize(
    ("keys", "word"),
    [("owwn", "own"), ("ass", "as"), ("www", "ww"), ("tesss", "tess"), ("vieejt", "việt"), ("hasz", "ha")],
)
def test_a_key_pressed_once_more_still_takes_its_mark_back(keys: str, word: str) -> None:
    assert typed(keys, Typing.TELEX) == word


def test_a_letter_taken_away_takes_its_key_along() -> None:
    text, caret = "", 0
    for key in "Vespx":
        text, caret = press(text, caret, key, Typing.TELEX)
    text, caret = press(text, caret, DELETE, Typing.TELEX)
    for key in "a":
        text, caret = press(text, caret, key, Typing.TELEX)
    assert text == "Vespa"


def test_what_stood_there_before_is_not_taken_apart() -> None:
    assert typed("o", Typing.TELEX, text="Hán") == "Háno"
    assert typed("x", Typing.VNI, text="Nguyễn") == "Nguyễnx"


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────

NAMES = [
    ("Thusy Hofa", Typing.TELEX, "Thúy Hòa"),
    ("Thuys Hoaf", Typing.TELEX, "Thuý Hoà"),
    ("Thu1y Ho2a", Typing.VNI, "Thúy Hòa"),
    ("Thuy1 Hoa2", Typing.VNI, "Thuý Hoà"),
    ("Thu\u0301y Ho\u0300a", Typing.DIRECT, "Thúy Hòa"),
    ("Thuy\u0301 Hoa\u0300", Typing.DIRECT, "Thuý Hoà"),
    ("Khosẻ", Typing.DIRECT, "Khosẻ"),
    ("Lusy", Typing.TELEX, "Lúy"),
    ("Hofe", Typing.TELEX, "Hòe"),
    ("THUSY", Typing.TELEX, "THÚY"),
]


@pytest.mark.parametrize(("keys", "typing", "name"), NAMES)
def test_a_name_keeps_its_tone_on_the_vowel_where_it_was_put(keys: str, typing: Typing, name: str) -> None:
    assert typed(keys, typing, name=True) == name


@pytest.mark.parametrize(
    ("keys", "typing", "name"),
    [
        ("Hofan", Typing.TELEX, "Hoàn"),
        ("Nguyexen", Typing.TELEX, "Nguyễn"),
        ("Nguye64n", Typing.VNI, "Nguyễn"),
        ("Hoa2n", Typing.VNI, "Hoàn"),
        ("quys", Typing.TELEX, "quý"),
        ("Toarn", Typing.TELEX, "Toản"),
    ],
)
def test_where_spelling_knows_one_place_only_the_tone_goes_there_in_names_too(
    keys: str, typing: Typing, name: str
) -> None:
    assert typed(keys, typing, name=True) == name


def test_a_name_that_was_filled_in_before_keeps_its_spelling_as_it_goes_on() -> None:
    assert typed(" An", Typing.TELEX, name=True, text="Thúy Hòa") == "Thúy Hòa An"
    assert press("Thúy Hòax", 9, DELETE, Typing.TELEX, name=True) == ("Thúy Hòa", 8)


@pytest.mark.parametrize(("control", "text"), [(Control.NAME, "Thúy Hòa"), (Control.TEXT, "Thuý Hoà")])
def test_the_terminal_knows_a_name_from_other_words(control: Control, text: str) -> None:
    stage = ShownView()
    field = FieldView(name="said", control=control, label=verbatim("Said"))
    view = View(page=Ask(id="said", title=verbatim("Said"), fields=(field,)), language="vi", languages=("vi", "en"))
    stage.show(view)
    stage.typing = Typing.TELEX
    pen = Pen(stage)
    pen.turn_to(view, new=True)
    for key in "Thusy Hofa":
        pen.type(key)
    assert pen.value(field) == text
    stage.wipe()
    assert stage.typed == ""
