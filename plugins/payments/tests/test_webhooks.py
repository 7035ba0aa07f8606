"""Notices of providers: only what is signed, whole and of incoming VND is believed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tramkit_payments.webhooks import MAX_BODY, WebhookError, find_memo, payos_signature, verify

KEY = "1a54716c8f0efb2744fb28b6e38b25da7f67a925d98bc1c18bd8faaecadd7675"
SIGNATURE = "412e915d2871504ed31be63c8f62a149a4410d34c4c42affc9006ef9917eaa03"
DATA: dict[str, Any] = {
    "orderCode": 123,
    "amount": 3000,
    "description": "VQRIO123",
    "accountNumber": "12345678",
    "reference": "TF230204212323",
    "transactionDateTime": "2023-02-04 18:25:00",
    "currency": "VND",
    "paymentLinkId": "124c33293c43417ab7879e14c8d9eb18",
    "code": "00",
    "desc": "Thành công",
    "counterAccountBankId": "",
    "counterAccountBankName": "",
    "counterAccountName": "",
    "counterAccountNumber": "",
    "virtualAccountName": "",
    "virtualAccountNumber": "",
}
SEPAY: dict[str, Any] = {
    "id": 92704,
    "gateway": "Vietcombank",
    "transactionDate": "2026-11-24 14:02:37",
    "accountNumber": "0123499999",
    "code": None,
    "content": "MBVCB.123 TK7Q2M9XKP4RT chuyen tien",
    "transferType": "in",
    "transferAmount": 2277000,
    "accumulated": 19077000,
    "subAccount": None,
    "referenceCode": "MBVCB.3278907687",
    "description": "",
}


def payos(data: dict[str, Any] | None = None, signature: str | None = None) -> bytes:
    data = DATA if data is None else data
    signed = payos_signature(data, KEY) if signature is None else signature
    return json.dumps({"code": "00", "desc": "success", "success": True, "data": data, "signature": signed}).encode()


def sepay(**changed: Any) -> bytes:
    return json.dumps({**SEPAY, **changed}, ensure_ascii=False).encode()


def test_payos_published_example() -> None:
    assert payos_signature(DATA, KEY) == SIGNATURE
    notice = verify("payos", {}, payos(signature=SIGNATURE), KEY)
    assert (notice.id, notice.account, notice.amount, notice.memo) == ("TF230204212323", "12345678", 3000, "VQRIO123")


@pytest.mark.parametrize("name", sorted(DATA))
@pytest.mark.shows("ASVS V11")
def test_payos_any_changed_value_is_noticed(name: str) -> None:
    with pytest.raises(WebhookError, match="signature"):
        verify("payos", {}, payos({**DATA, name: "x"}, SIGNATURE), KEY)


@pytest.mark.parametrize(
    "body",
    [
        payos(signature=""),
        payos(signature="0" * 64),
        payos({**DATA, "currency": "USD"}),
        payos({**DATA, "amount": -3000}),
        payos({**DATA, "amount": 3000.5}),
        payos({**DATA, "amount": True}),
        payos({**DATA, "code": "01"}),
        payos({**DATA, "reference": None}),
        b"",
        b"[]",
        b"\xff\xfe",
        b"[" * 20_000,
        b'{"data": 1, "signature": "x"}',
        b" " * (MAX_BODY + 1),
    ],
)
@pytest.mark.shows("ASVS V2", "EN 5.13")
def test_payos_what_is_not_believed(body: bytes) -> None:
    with pytest.raises(WebhookError):
        verify("payos", {}, body, KEY)


def test_sepay_incoming_transfer() -> None:
    notice = verify("sepay", {"AUTHORIZATION": "Apikey geheim"}, sepay(), "geheim")
    assert (notice.id, notice.account, notice.amount) == ("92704", "0123499999", 2277000)
    assert find_memo("TK7Q2M9XKP4RT", notice.memo)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, sepay()),
        ({"Authorization": "Apikey wrong"}, sepay()),
        ({"Authorization": "Bearer geheim"}, sepay()),
        ({"Authorization": "Apikey geheim"}, sepay(transferType="out")),
        ({"Authorization": "Apikey geheim"}, sepay(transferAmount="2277000")),
        ({"Authorization": "Apikey geheim"}, sepay(content=None)),
        ({"Authorization": "Apikey geheim"}, sepay(currency="USD")),
    ],
)
@pytest.mark.shows("ASVS V2", "EN 5.13")
def test_sepay_what_is_not_believed(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(WebhookError):
        verify("sepay", headers, body, "geheim")


@pytest.mark.shows("ASVS V16")
def test_a_refusal_repeats_nothing_of_the_notice() -> None:
    with pytest.raises(WebhookError) as caught:
        verify("payos", {}, payos({**DATA, "description": "CHIM HOANG YEN", "amount": 0}), KEY)
    assert "CHIM" not in str(caught.value)


def test_an_unknown_provider_and_a_missing_secret_are_the_operators() -> None:
    with pytest.raises(WebhookError, match="no such provider"):
        verify("nobody", {}, b"{}", "x")
    with pytest.raises(WebhookError, match="no secret"):
        verify("sepay", {}, sepay(), "")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("TK7Q2M9XKP4RT", True),
        ("MBVCB.123.TK7Q2M9XKP4RT.CT tu 012 toi 045", True),
        ("tk7q2m9xkp4rt", True),
        ("TK7Q2M 9XKP4RT", True),
        ("Nguyễn TK7Q2M9XKP4RT", True),
        ("XTK7Q2M9XKP4RT", True),
        ("TK7Q2M9XKP4RT9", True),
        ("TK7Q2M9XKP4TR", False),
        ("TK7Q2M9XKP4R", False),
        ("", False),
    ],
)
def test_the_memo_is_found_inside_what_banks_write_around_it(words: str, found: bool) -> None:
    assert find_memo("TK7Q2M9XKP4RT", words) is found
