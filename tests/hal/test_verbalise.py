"""What is written is said as a person would say it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.golden_pages import golden_pages, view_of

from tramkit_hal.ui.accessibility import describe
from tramkit_hal.ui.verbalise import number_in_words, verbalise

CAPITALS = re.compile(r"(?<![\w-])[^\W\d_]{2,}(?![\w-])")
LICENCES = re.compile(r"[\w/]*\d[\w-]*/[\w-]+|[A-Z]{4}-[A-Z]{4}|[A-Z]{2,}-\d[\w/]*")
"""Numbers and codes that are read letter by letter: 012345/HCM-CCHN."""


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "không"),
        (10, "mười"),
        (11, "mười một"),
        (15, "mười lăm"),
        (21, "hai mươi mốt"),
        (24, "hai mươi bốn"),
        (55, "năm mươi lăm"),
        (100, "một trăm"),
        (105, "một trăm linh năm"),
        (115, "một trăm mười lăm"),
        (1005, "một nghìn không trăm linh năm"),
        (1015, "một nghìn không trăm mười lăm"),
        (2026, "hai nghìn không trăm hai mươi sáu"),
        (10_000, "mười nghìn"),
        (341_550, "ba trăm bốn mươi mốt nghìn năm trăm năm mươi"),
        (1_366_200, "một triệu ba trăm sáu mươi sáu nghìn hai trăm"),
        (1_000_005, "một triệu không trăm linh năm"),
        (2_500_000_000, "hai tỷ năm trăm triệu"),
    ],
)
def test_numbers_are_said_in_vietnamese_words(number: int, words: str) -> None:
    assert number_in_words(number) == words


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Số tiền: 1.366.200 ₫", "Số tiền: một triệu ba trăm sáu mươi sáu nghìn hai trăm đồng"),
        ("Sinh ngày 17/05/1990", "Sinh ngày mười bảy tháng năm năm một nghìn chín trăm chín mươi"),
        ("01/04/2026", "ngày một tháng tư năm hai nghìn không trăm hai mươi sáu"),
        ("Số căn cước 079152000123", "Số căn cước không bảy chín, một năm hai, không không không, một hai ba"),
        ("Gọi 0901 234 567", "Gọi không, chín không một, hai ba bốn, năm sáu bảy"),
        ("Gọi 1900 1234.", "Gọi một chín, không không một, hai ba bốn."),
        ("Hãy gọi 115", "Hãy gọi một một năm"),
        ("Đã gọi lúc 10:42", "Đã gọi lúc mười giờ bốn mươi hai phút"),
        ("lúc 7:00", "lúc bảy giờ"),
        ("UBND TP.HCM", "Ủy ban nhân dân Thành phố Hồ Chí Minh"),
        ("thẻ BHYT và CCCD", "thẻ bảo hiểm y tế và căn cước công dân"),
        ("128/82 mmHg", "một trăm hai mươi tám trên tám mươi hai mi li mét thủy ngân"),
        ("36,8 °C", "ba mươi sáu phẩy tám độ C"),
        ("••••", "sao sao sao sao"),
        ("PH** Q", "pê hát sao sao Q"),
        ("079••0123", "không bảy chín sao sao không một hai ba"),
        ("Mời ông/bà chờ 10 phút", "Mời ông bà chờ mười phút"),
        ("Mã 99/99/2026", "Mã 99/99/2026"),
    ],
)
def test_vietnamese(written: str, said: str) -> None:
    heard = verbalise(written, "vi")
    if written == "Mã 99/99/2026":
        assert "tháng" not in heard, "that is no date"
    else:
        assert heard == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Pay 1.366.200 ₫", "Pay 1366200 dong"),
        ("Born 17/05/1990", "Born 17 May 1990"),
        ("Number 079152000123", "Number 0 7 9, 1 5 2, 0 0 0, 1 2 3"),
        ("Call 1022", "Call 1 0 2 2"),
        ("128/82 mmHg", "128 over 82 millimetres of mercury"),
        ("TP.HCM", "Ho Chi Minh City"),
        ("••", "star star"),
    ],
)
def test_english(written: str, said: str) -> None:
    assert verbalise(written, "en") == said


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_every_number_has_words_and_no_digit_is_left(number: int) -> None:
    assert not any(letter.isdigit() for letter in number_in_words(number))


@given(st.text(max_size=80))
def test_anything_can_be_said(words: str) -> None:
    for language in ("vi", "en"):
        verbalise(words, language)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_no_abbreviation_of_a_page_is_left_to_the_voice(language: str) -> None:
    left: set[str] = set()
    for page in golden_pages().values():
        for item in describe(view_of(page, language=language)):
            for words in (item.name, item.value, item.error):
                heard = verbalise(LICENCES.sub("", words), language)
                left |= {word for word in CAPITALS.findall(heard) if word.isupper()}
    assert left == set()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "Số tài khoản: 0011 0012 34567",
            "Số tài khoản: không không một một, không không một hai, ba bốn năm sáu bảy",
        ),
        ("Tài khoản 0011001234567", "Tài khoản không không một một, không không một hai, ba bốn năm sáu bảy"),
        ("Mã biên nhận: K7Q29 MX4AT", "Mã biên nhận: ca, bảy, quy, hai, chín, mờ, ích, bốn, a, tê"),
        ("Mã giống như PE01000123456.", "Mã giống như pê e, không một không không, không một hai ba, bốn năm sáu."),
        ("Tháng: 09/2026", "tháng chín năm hai nghìn không trăm hai mươi sáu"),
        ("tháng 04/2026", "tháng tư năm hai nghìn không trăm hai mươi sáu"),
        ("Lãi suất: 18,0 % /năm", "Lãi suất: mười tám phần trăm một năm"),
        ("12,05 %/năm", "mười hai phẩy không năm phần trăm một năm"),
        ("36,8 °C", "ba mươi sáu phẩy tám độ C"),
        ("88 lần/phút", "tám mươi tám lần một phút"),
        ("Mở địa chỉ này: http://192.0.2.10:8080/p/abc.", "Mở địa chỉ này: có trên màn hình."),
        ("Căn hộ B1, tầng 12", "Căn hộ B1, tầng mười hai"),
        ("Số tiền 6.000.000 ₫", "Số tiền sáu triệu đồng"),
    ],
)
def test_accounts_codes_months_rates_and_addresses_are_said_as_people_say_them(written: str, said: str) -> None:
    assert verbalise(written, "vi") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Receipt code: K7Q29 MX4AT", "Receipt code: K, 7, Q, 2, 9, M, X, 4, A, T"),
        ("Month: 09/2026", "Month: September 2026"),
        ("Account: 0011 0012 34567", "Account: 0 0 1 1, 0 0 1 2, 3 4 5 6 7"),
        ("Open http://192.0.2.10:8080/p/abc", "Open on the screen"),
    ],
)
def test_the_same_in_english(written: str, said: str) -> None:
    assert verbalise(written, "en") == said
