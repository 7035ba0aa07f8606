"""Banks by their BIN, as NAPAS gives them out; the Pay page says the name for who types the transfer by hand."""

from __future__ import annotations

import pytest

from tramkit import Payment
from tramkit_hal.words import render
from tramkit_payments.banks import bank_of
from tramkit_payments.method import VietQrMethod
from tramkit_payments.vietqr import parse, payload

BINS = {
    "Vietcombank": "970436",
    "VietinBank": "970415",
    "BIDV": "970418",
    "Agribank": "970405",
    "MB": "970422",
    "Techcombank": "970407",
    "ACB": "970416",
    "VPBank": "970432",
    "TPBank": "970423",
    "Sacombank": "970403",
    "HDBank": "970437",
    "VIB": "970441",
}


@pytest.mark.parametrize(("name", "bin"), BINS.items())
def test_each_bank_by_its_bin(name: str, bin: str) -> None:
    assert bank_of(bin) == name
    assert parse(payload(bin, "0011001234567")).bin == bin


@pytest.mark.parametrize("bin", ["970499", "000000", "", "97043"])
def test_a_bank_that_is_not_known_has_no_name_and_its_account_is_shown_all_the_same(bin: str) -> None:
    assert bank_of(bin) == ""
    if len(bin) == 6:
        assert _details(bin) == {"Số tài khoản": "0011001234567", "Nội dung chuyển khoản": "TK7Q2M9XKP4RT"}


def test_the_pay_page_names_the_bank() -> None:
    assert _details("970436")["Ngân hàng"] == "Vietcombank"


def _details(bin: str) -> dict[str, str]:
    method = VietQrMethod("http://127.0.0.1:9", bin, "0011001234567")
    invitation = method.invitation(Payment(key="o1-collect", amount=150_000, payee="EVN", memo="TK7Q2M9XKP4RT"))
    return {render(label, "vi"): render(value, "vi") for label, value in invitation.details}
