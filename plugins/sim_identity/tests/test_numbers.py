"""Mobile numbers in every form that people write, of every prefix.

Prefixes: Decision 798/QĐ-BTTTT (2018) for what eleven digits became; Circular 25/2015/TT-BTTTT for the rest.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tramkit import FileError
from tramkit_hal.words import render
from tramkit_sim_identity.numbers import BUNDLED, NumberError, grouped, normalise, prefixes, read_prefixes

GIVEN_TO = {
    "Viettel": "032 033 034 035 036 037 038 039 086 096 097 098",
    "VinaPhone": "081 082 083 084 085 088 091 094",
    "MobiFone": "070 076 077 078 079 089 090 093",
    "Vietnamobile": "052 056 058 092",
    "Wintel": "055",
    "iTel": "087",
    "Gmobile": "059 099",
}
BECAME = {
    "0162": "032", "0163": "033", "0164": "034", "0165": "035", "0166": "036", "0167": "037", "0168": "038",
    "0169": "039", "0120": "070", "0121": "079", "0122": "077", "0126": "076", "0128": "078", "0123": "083",
    "0124": "084", "0125": "085", "0127": "081", "0129": "082", "0186": "056", "0188": "058", "0199": "059",
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "0901234567",
        " 0901234567 ",
        "+84 90 123 45 67",
        "+84901234567",
        "84901234567",
        "0084901234567",
        "090.123.4567",
        "(090) 123-4567",
        "090 – 123 – 4567",
        "+84 0901234567",
        "+84 (0) 90 123 4567",
        "tel:+84-90-123-4567",
        "０９０１２３４５６７",
        "\u202a0901234567\u202c",
    ],
)
def test_one_form_of_all_that_is_written(text: str) -> None:
    number = normalise(text)
    assert number == "0901234567"
    assert number.international == "+84901234567"
    assert number.given_to == "MobiFone"
    assert number.was == ""
    assert grouped(number) == "0901 234 567"
    assert normalise(number) == normalise(number.international) == number


@pytest.mark.parametrize(
    ("prefix", "operator"), [(prefix, name) for name, owned in GIVEN_TO.items() for prefix in owned.split()]
)
@pytest.mark.parametrize("form", ["{0}1234567", "+84 {1} 123 45 67", "84{1}1234567"])
def test_every_prefix(prefix: str, operator: str, form: str) -> None:
    number = normalise(form.format(prefix, prefix[1:]))
    assert (number, number.given_to) == (f"{prefix}1234567", operator)


def test_a_prefix_of_nobody_is_a_number_all_the_same() -> None:
    assert normalise("0311234567").given_to == ""


@pytest.mark.parametrize(("old", "new"), BECAME.items())
@pytest.mark.parametrize("form", ["{0}1234567", "+84{1}1234567", "84{1}1234567", "{0} 123 4567", "{0}.123.4567"])
def test_old_numbers_are_told_their_new_form(old: str, new: str, form: str) -> None:
    number = normalise(form.format(old, old[1:]))
    assert number == f"{new}1234567"
    assert number.was == f"{old}1234567"


def test_the_tables_are_those_of_the_file() -> None:
    assert {name: " ".join(owned) for name, owned in prefixes().given_to.items()} == GIVEN_TO
    assert prefixes().became == BECAME


DIGITS = (
    "Số điện thoại chỉ gồm chữ số, ví dụ 0901 234 567.",
    "A phone number has only digits, for example 0901234567.",
)
TEN = (
    "Số di động có 10 chữ số và bắt đầu bằng 03, 05, 07, 08 hoặc 09.",
    "A mobile number has 10 digits and begins with 03, 05, 07, 08 or 09.",
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", DIGITS),
        ("   ", DIGITS),
        ("abc", DIGITS),
        ("09O1234567", DIGITS),
        ("٠٩٠١٢٣٤٥٦٧", DIGITS),
        ("0901234567; DROP", DIGITS),
        ("9" * 40, DIGITS),
        ("090123456", TEN),
        ("09012345678", TEN),
        ("0201234567", TEN),
        ("0401234567", TEN),
        ("0601234567", TEN),
        ("02838221234", TEN),
        ("01611234567", TEN),
        ("+12025550100", TEN),
        ("1022", TEN),
        ("113", TEN),
    ],
)
def test_what_is_no_mobile_number_is_told_so_that_a_resident_understands(text: str, words: tuple[str, str]) -> None:
    with pytest.raises(NumberError) as caught:
        normalise(text)
    assert (render(caught.value.text, "vi"), render(caught.value.text, "en")) == words


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_a_clear_refusal(text: str) -> None:
    try:
        number = normalise(text)
    except NumberError:
        return
    assert len(number) == 10
    assert normalise(number) == number


def test_a_prefix_that_is_given_out_later_is_data(tmp_path: Path) -> None:
    file = tmp_path / "prefixes.toml"
    file.write_text(BUNDLED.read_text(encoding="utf-8").replace('["055"]', '["055", "031"]'), encoding="utf-8")
    assert normalise("0311234567", read_prefixes(file)).given_to == "Wintel"
    file.write_text(BUNDLED.read_text(encoding="utf-8").replace('["055"]', '["055", "098"]'), encoding="utf-8")
    with pytest.raises(FileError, match=r"prefixes\.toml.*098 stands there twice"):
        read_prefixes(file)
