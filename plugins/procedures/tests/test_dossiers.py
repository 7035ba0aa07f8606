"""Codes of dossiers in every form that authorities use."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tramkit_hal.words import render
from tramkit_procedures.dossiers import CodeError, parse_code


@pytest.mark.parametrize(
    ("text", "agency", "filed", "sequence"),
    [
        ("G01.899.909-260916-000123", "G01.899.909", date(2026, 9, 16), "000123"),
        ("000.00.01.H29-260310-0420", "000.00.01.H29", date(2026, 3, 10), "0420"),
        ("38.98.H29-210519-0003", "38.98.H29", date(2021, 5, 19), "0003"),
        ("Ｇ01.899.909-260916-000123", "G01.899.909", date(2026, 9, 16), "000123"),
        ("000.00.01.H29-260310-04200", "000.00.01.H29", date(2026, 3, 10), "04200"),
        ("000.00.01.H29-260310-042", "", None, ""),
        ("000.00.01.H29-260310-0420001", "", None, ""),
        ("C08_XPHCDB".replace("_", "-"), "", None, ""),
        (" g01.899.909 – 260916 – 000123 ", "G01.899.909", date(2026, 9, 16), "000123"),
        ("03706/2026/07906", "", None, ""),
        ("000.00.01.H29-261310-0420", "", None, ""),
        ("000.00.01.H29-260230-0420", "", None, ""),
    ],
)
def test_codes(text: str, agency: str, filed: date | None, sequence: str) -> None:
    found = parse_code(text)
    assert (found.agency, found.filed, found.sequence) == (agency, filed, sequence)


@pytest.mark.parametrize("text", ["", "H29", "-260310-0420", "H29_260310", "Hồ sơ 123", "A" * 62, "H29;DROP TABLE"])
def test_what_is_no_code_is_told_so_that_a_resident_understands(text: str) -> None:
    with pytest.raises(CodeError) as caught:
        parse_code(text)
    assert render(caught.value.text, "vi") == (
        "Đây không phải mã hồ sơ. Mã in trên giấy biên nhận, ví dụ 000.00.01.H29-260310-0420."
    )
    assert render(caught.value.text, "en") == (
        "This is no dossier code. It stands on the receipt, for example 000.00.01.H29-260310-0420."
    )


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_code(text)
    except CodeError:
        return
    assert parse_code(found.code) == found
