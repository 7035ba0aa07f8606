"""Personal identity numbers against birth date and sex: PPP G YY NNNNNN (Decree 137/2015/NĐ-CP, Article 13)."""

from __future__ import annotations

from datetime import date

import pytest

from tramkit_hal.card.number import PROVINCES, check
from tramkit_hal.words import Text, render

FORM = ("Số định danh cá nhân có 12 chữ số.", "An identity number has 12 digits.")
BORN = ("Số định danh và ngày sinh không khớp nhau.", "The number and the date of birth do not belong together.")
SEX = ("Số định danh và giới tính không khớp nhau.", "The number and the sex do not belong together.")
PLACE = (
    "Mã nơi đăng ký trong số không phải mã tỉnh; có thể là mã quốc gia.",
    "The place in the number is not a province; it may be a country.",
)


def said(text: Text | None) -> tuple[str, str] | None:
    return (render(text, "vi"), render(text, "en")) if text is not None else None


@pytest.mark.parametrize("digit", range(10))
@pytest.mark.parametrize("yy", [0, 1, 54, 99])
def test_every_digit_of_century_and_sex(digit: int, yy: int) -> None:
    """0/1 1900s, 2/3 2000s, 4/5 2100s, 6/7 2200s, 8/9 2300s; even male, odd female."""
    number = f"079{digit}{yy:02}000123"
    year, sex, other = 1900 + 100 * (digit // 2) + yy, ("male", "female")[digit % 2], ("female", "male")[digit % 2]
    found = check(number)
    assert (found.ok, found.year, found.sex, found.warnings) == (True, year, sex, ())
    assert check(number, born=date(year, 1, 1), sex=sex).ok  # type: ignore[arg-type]
    assert check(number, born=date(year, 12, 31)).ok
    assert said(check(number, sex=other).problem) == SEX  # type: ignore[arg-type]
    assert said(check(number, born=date(year + 1, 1, 1)).problem) == BORN
    if year > 1900:
        assert said(check(number, born=date(year - 1, 12, 31)).problem) == BORN


@pytest.mark.parametrize(
    ("number", "born", "sex", "problem"),
    [
        ("079090123458", date(1990, 5, 17), "male", None),
        ("079303012342", date(2003, 2, 1), "female", None),
        ("001199000016", date(1999, 12, 31), "female", None),
        ("079090123458", date(1990, 5, 17), "female", SEX),
        ("079090123458", date(2090, 5, 17), "male", BORN),
        ("079090123458", date(1991, 5, 17), "female", BORN),
        ("07909012345", date(1990, 5, 17), "male", FORM),
        ("0790901234588", None, None, FORM),
        ("024123456", None, None, FORM),
        ("079 090 123 458", None, None, FORM),
        ("", None, None, FORM),
        ("٠٧٩٠٩٠١٢٣٤٥٨", None, None, FORM),
    ],
)
def test_a_number_that_cannot_be_right_is_told_so_that_a_resident_understands(
    number: str, born: date | None, sex: str | None, problem: tuple[str, str] | None
) -> None:
    found = check(number, born, sex)  # type: ignore[arg-type]
    assert (found.ok, said(found.problem)) == (problem is None, problem)


@pytest.mark.parametrize("place", ["001", "079", "096", "038"])
def test_the_provinces_of_before_july_2025_stand_on_existing_cards(place: str) -> None:
    assert place in PROVINCES
    assert check(f"{place}090123458").warnings == ()


@pytest.mark.parametrize("place", ["000", "003", "097", "123", "999"])
def test_a_place_that_is_no_province_may_be_a_country(place: str) -> None:
    found = check(f"{place}090123458")
    assert found.ok
    assert [said(each) for each in found.warnings] == [PLACE]


@pytest.mark.parametrize(
    ("sex", "ok"),
    [("Nam", True), ("nam", True), ("male", True), ("Nữ", False), ("nu\u031b\u0303", False), ("female", False)],
)
def test_sex_and_day_may_be_said_as_the_card_and_a_file_say_them(sex: str, ok: bool) -> None:
    assert check("079090123458", "1990-05-17", sex).ok == ok
    assert said(check("079090123458", "1991-05-17").problem) == BORN


@pytest.mark.parametrize(("born", "sex", "named"), [("17/05/1990", None, "isoformat"), (None, "x", "male, female")])
def test_what_is_no_day_and_no_sex_is_refused(born: str | None, sex: str | None, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        check("079090123458", born, sex)
