"""The card's QR code and number: what is read, and what is refused without repeating it."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tramkit_hal.card import number, qr

GOOD = (
    "079090123458|024123456|Nguyễn Văn An|17051990|Nam|"
    "Tháp A, Đảo Kim Cương, Bình Trưng Tây, Thủ Đức, TP. Hồ Chí Minh|20062021"
)
FIELDS = ("number", "old_number", "name", "born", "sex", "address", "issued")


def changed(**values: str) -> str:
    """Return the good code with other values in some fields."""
    parts = dict(zip(FIELDS, GOOD.split("|"), strict=True)) | values
    return "|".join(parts[name] for name in FIELDS)


def test_a_card_with_seven_fields_is_read() -> None:
    card = qr.parse(GOOD)
    assert card == qr.CardQr(
        number="079090123458",
        old_number="024123456",
        name="Nguyễn Văn An",
        born=date(1990, 5, 17),
        sex="male",
        address="Tháp A, Đảo Kim Cương, Bình Trưng Tây, Thủ Đức, TP. Hồ Chí Minh",
        issued=date(2021, 6, 20),
    )


def test_a_card_of_2024_with_eleven_fields_keeps_the_others_as_they_stand() -> None:
    card = qr.parse(GOOD + "|||Nguyễn Văn Ba|Trần Thị Tư")
    assert card.extra == ("", "", "Nguyễn Văn Ba", "Trần Thị Tư")
    assert card.number == "079090123458"


def test_an_empty_old_number_and_day_of_issue_are_fine() -> None:
    card = qr.parse(changed(old_number="", issued=""))
    assert (card.old_number, card.issued) == ("", None)


def test_six_fields_are_refused_with_how_many_there_must_be() -> None:
    with pytest.raises(qr.CardQrError, match="6 fields; a card's code has at least 7") as caught:
        qr.parse(GOOD.rpartition("|")[0])
    assert caught.value.field == "fields"


def test_decomposed_vietnamese_comes_out_composed() -> None:
    card = qr.parse(unicodedata.normalize("NFD", GOOD))
    assert card == qr.parse(GOOD)
    assert unicodedata.is_normalized("NFC", card.name)


def test_a_name_of_four_megabytes_is_refused_at_once() -> None:
    with pytest.raises(qr.CardQrError, match="at most 2000") as caught:
        qr.parse(changed(name="A" * 4 * 1024 * 1024))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "07909012345"),
        ("number", "079090123458x"),
        ("number", "079191123458"),
        ("old_number", "12345678"),
        ("name", ""),
        ("name", "A" * 101),
        ("name", "4711"),
        ("name", "An\u0000"),
        ("born", "31021990"),
        ("born", "1990-05-17"),
        ("born", "00000000"),
        ("sex", "M"),
        ("address", "x" * 301),
        ("issued", "99999999"),
    ],
)
def test_each_wrong_field_is_named_and_what_stands_there_is_not_repeated(field: str, value: str) -> None:
    with pytest.raises(qr.CardQrError) as caught:
        qr.parse(changed(**{field: value}))
    assert caught.value.field == field
    assert "Nguyễn" not in str(caught.value)
    assert not value or value not in str(caught.value)


def test_the_number_must_fit_the_sex() -> None:
    with pytest.raises(qr.CardQrError, match="sex do not belong together"):
        qr.parse(changed(sex="Nữ"))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.one_of(st.text(max_size=400), st.lists(st.text(max_size=40), min_size=5, max_size=12).map("|".join)))
def test_whatever_is_scanned_is_a_card_or_a_clear_refusal(text: str) -> None:
    refused: qr.CardQrError | None = None
    try:
        card = qr.parse(text)
    except qr.CardQrError as error:
        refused = error
    assert (len(card.number) == 12) if refused is None else refused.field in ("text", "fields", *FIELDS)


@pytest.mark.parametrize(
    ("digits", "year", "sex"),
    [
        ("079090123458", 1990, "male"),
        ("079303012342", 2003, "female"),
        ("001199000016", 1999, "female"),
        ("079402012342", 2102, "male"),
    ],
)
def test_a_number_tells_year_and_sex(digits: str, year: int, sex: str) -> None:
    found = number.check(digits)
    assert (found.ok, found.year, found.sex, found.warnings) == (True, year, sex, ())


@pytest.mark.parametrize("digits", ["", "07909012345", "0790901234588", "079090 12345", "٠٧٩٠٩٠١٢٣٤٥٨", "07909012345a"])
def test_what_is_not_twelve_digits_is_no_number(digits: str) -> None:
    found = number.check(digits)
    assert not found.ok
    assert found.problem is not None


def test_a_number_is_compared_with_what_is_known() -> None:
    assert number.check("079090123458", born=date(1990, 12, 31), sex="male").ok
    assert not number.check("079090123458", born=date(1991, 1, 1)).ok
    assert not number.check("079090123458", sex="female").ok


def test_a_place_that_is_no_province_is_a_warning_and_no_refusal() -> None:
    found = number.check("123090123458")
    assert found.ok
    assert len(found.warnings) == 1
    assert len(number.PROVINCES) == 63
