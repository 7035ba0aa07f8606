"""Customer codes of each provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from tramkit import FileError
from tramkit_billing.codes import check, code_in, providers, read_providers
from tramkit_billing.service import Account
from tramkit_hal.ui.keyboard.layouts import ROWS


@pytest.mark.parametrize("provider", sorted(providers()))
def test_each_example_is_a_code(provider: str) -> None:
    rule = providers()[provider]
    found = check(provider, rule.example)
    assert found.ok
    assert found.code == rule.example


@pytest.mark.parametrize("provider", sorted(providers()))
def test_the_keyboard_that_stands_there_has_every_letter_of_a_code(provider: str) -> None:
    (field,) = Account.views({}, {}, {})
    keys = {key for row in ROWS[field.control.keyboard] for key in row}
    assert set(providers()[provider].example.lower()) <= keys


@pytest.mark.parametrize(
    ("provider", "typed", "code"),
    [
        ("evn", "pe 0100 0123456", "PE01000123456"),
        ("evn", " PE-01000123456 ", "PE01000123456"),
        ("sawaco", "123.4567.8901", "12345678901"),
        ("phone", "+84 90 123 45 67", "0901234567"),
        ("phone", "84901234567", "0901234567"),
        ("internet", "Hcm_An.Nguyen", "Hcm_An.Nguyen"),
        ("tuition", "thptvx/2412345", "THPTVX/2412345"),
        ("apartment", "a-12-05", "A-12-05"),
        ("evn", "ＰＥ01000123456", "PE01000123456"),
    ],
)
def test_a_code_is_tidied(provider: str, typed: str, code: str) -> None:
    found = check(provider, typed)
    assert (found.ok, found.code) == (True, code)


@pytest.mark.parametrize(
    ("provider", "typed"),
    [
        ("evn", ""),
        ("evn", "PE0100012"),
        ("evn", "PE010001234567"),
        ("evn", "XE01000123456"),
        ("evn", "PE０１000123456x"),
        ("sawaco", "1234567"),
        ("sawaco", "12345678901234"),
        ("phone", "0201234567"),
        ("phone", "01234567890"),
        ("internet", "abc"),
        ("tuition", "2412345"),
        ("apartment", "12-05"),
    ],
)
def test_what_is_no_code_is_told_with_an_example(provider: str, typed: str) -> None:
    found = check(provider, typed)
    assert not found.ok
    assert found.problem is not None
    assert found.problem.params["example"] == providers()[provider].example


def test_evn_tells_the_region() -> None:
    assert check("evn", "PE01000123456").region == "TP. Hồ Chí Minh"


def test_an_unknown_provider_is_an_error_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match="evn"):
        check("nobody", "1")


def test_a_new_provider_is_data_only(tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(
        '[[providers]]\nid = "gas"\nservice = "gas"\nname = { vi = "Ga" }\npattern = "G[0-9]{4}"\nexample = "G1234"\n'
        'source = "test"\neffective_from = 2026-01-01\n',
        encoding="utf-8",
    )
    assert read_providers(file)["gas"].example == "G1234"
    file.write_text(file.read_text() + 'colour = "red"\n', encoding="utf-8")
    with pytest.raises(FileError, match=r"providers\.toml.*[\s\S]*colour"):
        read_providers(file)


@pytest.mark.parametrize(
    ("held", "code"),
    [
        ("PE01000123456", "PE01000123456"),
        ("PE01000123456|NGUYEN VAN AN|10/2026", "PE01000123456"),
        ("https://bill.example.vn/?m=pe01000123456&t=1", "PE01000123456"),
        ("nothing of the kind", ""),
    ],
)
def test_a_customer_code_is_found_in_what_stands_on_the_bill(held: str, code: str) -> None:
    found = code_in(providers()["evn"], held)
    assert (found.code if found.ok else "") == code
