"""VietQR codes: NAPAS' own examples, every value that fits comes back, and damage is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tramkit_payments.vietqr import MAX_AMOUNT, QrError, crc, parse, payload

STATIC = "00020101021138570010A00000072701270006970403011200110123456780208QRIBFTTA53037045802VN6304F4E5"
DYNAMIC = (
    "00020101021238570010A00000072701270006970403011300110123456780208QRIBFTTA530370454061800005802VN"
    "62340107NPS68690819thanh toan don hang63042E2E"
)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=25)


def test_the_checksum_is_ccitt_false() -> None:
    assert crc("123456789") == 0x29B1


def test_napas_static_code() -> None:
    """Its account has thirteen digits, its length says twelve; all the rest agrees with thirteen."""
    assert crc(STATIC[:-4]) == 0xF4E5
    assert parse(STATIC).account == "0011012345678"
    ours = payload("970403", "0011012345678")
    assert ours[:-4] == STATIC[:-4].replace("0112001", "0113001")
    assert parse(ours) == parse(STATIC)


def test_napas_dynamic_code() -> None:
    assert payload("970403", "0011012345678", 180_000, "thanh toan don hang", "NPS6869") == DYNAMIC
    read = parse(DYNAMIC)
    assert (read.amount, read.memo, read.bill, read.dynamic) == (180_000, "thanh toan don hang", "NPS6869", True)


@given(
    bin=st.from_regex(r"[0-9]{6}", fullmatch=True),
    account=st.from_regex(r"[0-9A-Za-z]{1,19}", fullmatch=True),
    amount=st.none() | st.integers(1, MAX_AMOUNT),
    memo=st.none() | PRINTABLE,
    bill=st.none() | PRINTABLE,
    service=st.sampled_from(["QRIBFTTA", "QRIBFTTC"]),
)
def test_what_goes_in_comes_out(bin, account, amount, memo, bill, service) -> None:
    text = payload(bin, account, amount, memo, bill, service)
    read = parse(text)
    assert (read.bin, read.account, read.amount, read.memo, read.bill, read.service) == (
        bin, account, amount, memo, bill, service,
    )  # fmt: skip
    assert read.dynamic == (amount is not None or memo is not None or bill is not None)


@given(st.integers(0, len(DYNAMIC) - 1), st.characters(min_codepoint=48, max_codepoint=90))
def test_one_wrong_character_is_noticed(at: int, letter: str) -> None:
    damaged = DYNAMIC[:at] + letter + DYNAMIC[at + 1 :]
    if damaged != DYNAMIC:
        with pytest.raises(QrError):
            parse(damaged)


@given(st.text(max_size=200))
def test_anything_else_is_refused_with_words(text: str) -> None:
    with pytest.raises(QrError):
        parse(text)


@pytest.mark.parametrize(
    "values",
    [
        {"bin": "97043"},
        {"account": ""},
        {"account": "1" * 20},
        {"amount": 0},
        {"amount": -1},
        {"amount": MAX_AMOUNT + 1},
        {"amount": True},
        {"memo": "học phí"},
        {"memo": "A" * 26},
        {"bill": ""},
        {"service": "QRPUSH"},
    ],
)
def test_what_a_code_cannot_hold_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(QrError):
        payload(**{"bin": "970436", "account": "0011012345678", **values})  # type: ignore[arg-type]


def test_another_currency_is_refused() -> None:
    text = DYNAMIC[:-8].replace("5303704", "5303840") + "6304"
    with pytest.raises(QrError, match="VND"):
        parse(f"{text}{crc(text):04X}")


@pytest.mark.parametrize("amount", [5000.0, "5000", True])
def test_an_amount_that_is_no_whole_number_makes_no_code(amount: object) -> None:
    with pytest.raises(QrError, match="whole number"):
        payload("970403", "123", amount)  # pyright: ignore[reportArgumentType]


def test_what_a_scanner_puts_around_a_code_is_left_out() -> None:
    assert parse(f" {payload('970403', '123')}\r\n").account == "123"
