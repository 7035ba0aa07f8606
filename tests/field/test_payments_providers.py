"""What providers send: rightly signed is believed, irrelevant is answered 2xx and not stored, forged is neither."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.notices import (
    ACCOUNT,
    AMOUNT,
    MEMO,
    PAYOS_KEY,
    SEPAY_KEY,
    STATION_KEY,
    payment,
    payos_data,
    receiver,
    send,
    sepay_body,
    signed,
    station,
)

from tramkit import FileError
from tramkit_hal.words import render
from tramkit_payments.accounts import Account, read_accounts
from tramkit_payments.receiver import Receiver, Secrets
from tramkit_payments.sandbox import Switch
from tramkit_payments.vietqr import parse
from tramkit_payments.webhooks import IrrelevantNoticeError, WebhookError, payos_signature, verify

KEY = {"Authorization": f"Apikey {SEPAY_KEY}"}


def hmac_headers(body: bytes, key: str = SEPAY_KEY, at: float | None = None, prefix: str = "sha256=") -> dict[str, str]:
    """Sign as SePay's documents say, apart from the code under test."""
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(key.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-SePay-Signature": prefix + digest, "X-SePay-Timestamp": stamp}


def stored(folder: Path) -> int:
    return sqlite3.connect(folder / "notices.sqlite").execute("SELECT count(*) FROM notices").fetchone()[0]


# ── SePay's signature ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("prefix", ["sha256=", "", "SHA256="])
async def test_sepays_signature_is_believed(tmp_path: Path, prefix: str) -> None:
    body = sepay_body()
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        assert await send(address, body, "sepay", hmac_headers(body, prefix=prefix)) == 200
        assert (await station(switch, address).inquire(payment())).state == "done"


def test_the_body_is_signed_as_it_came_whatever_its_spaces() -> None:
    body = json.dumps(json.loads(sepay_body()), indent=3).encode()
    assert verify("sepay", hmac_headers(body), body, SEPAY_KEY).amount == AMOUNT


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers, body: ({**headers, "X-SePay-Signature": "sha256=" + "0" * 64}, body),
        lambda headers, body: ({**headers, "X-SePay-Timestamp": str(int(headers["X-SePay-Timestamp"]) + 1)}, body),
        lambda headers, body: ({"X-SePay-Signature": headers["X-SePay-Signature"]}, body),
        lambda headers, body: (headers, body.replace(b"120000", b"920000")),
        lambda headers, body: ({**headers, "X-SePay-Signature": ""}, body),
        lambda headers, body: ({**headers, "X-SePay-Signature": "sha256=x", **KEY}, body),  # a key mends no signature
        lambda headers, body: ({**headers, "X-SePay-Timestamp": "yesterday"}, body),
    ],
)
@pytest.mark.shows("ASVS V11")
async def test_a_wrong_signature_of_sepay_is_not_believed(tmp_path: Path, spoil: Any) -> None:
    body = sepay_body()
    headers, changed = spoil(hmac_headers(body), body)
    async with receiver(tmp_path) as address:
        assert await send(address, changed, "sepay", headers) == 400
    assert stored(tmp_path) == 0


@pytest.mark.parametrize(("minutes", "status"), [(0, 200), (4, 200), (-4, 200), (6, 400), (-6, 400), (-60 * 24, 400)])
@pytest.mark.shows("ASVS V2", "ASVS V11")
async def test_a_replayed_notice_is_refused(tmp_path: Path, minutes: int, status: int) -> None:
    body = sepay_body()
    headers = hmac_headers(body, at=time.time() + minutes * 60)
    async with receiver(tmp_path) as address:
        assert await send(address, body, "sepay", headers) == status


def test_while_a_key_is_exchanged_both_are_believed() -> None:
    body = sepay_body()
    both = (SEPAY_KEY, "the-new-secret-key")
    for key in both:
        assert verify("sepay", hmac_headers(body, key), body, both).id == "92704"
        assert verify("sepay", {"Authorization": f"Apikey {key}"}, body, both).id == "92704"
    with pytest.raises(WebhookError, match="signature"):
        verify("sepay", hmac_headers(body, "neither-of-them"), body, both)
    assert Secrets(secrets={"sepay": both}, station_key=STATION_KEY).secrets["sepay"] == both


# ── irrelevant, and rightly signed ────────────────────────────────────────────────────────────────────────

IRRELEVANT_SEPAY = {
    "money goes out": {"transferType": "out"},
    "no type": {"transferType": None},
    "another currency": {"currency": "USD"},
    "nothing came": {"transferAmount": 0},
    "a correction below 0": {"transferAmount": -50_000},
    "no words": {"content": None, "description": None},
    "empty words": {"content": " ", "description": ""},
}


@pytest.mark.parametrize("name", IRRELEVANT_SEPAY)
@pytest.mark.parametrize("by", ["key", "signature"])
async def test_what_is_rightly_signed_and_irrelevant_is_no_error(tmp_path: Path, name: str, by: str) -> None:
    body = sepay_body(**IRRELEVANT_SEPAY[name])
    async with receiver(tmp_path) as address:
        headers = KEY if by == "key" else hmac_headers(body)
        assert 200 <= await send(address, body, "sepay", headers) < 300
    assert stored(tmp_path) == 0


@pytest.mark.parametrize(
    "changes", [{"code": "01"}, {"currency": "USD"}, {"amount": 0}, {"amount": -1}, {"description": None}]
)
async def test_payos_irrelevant_notices_are_no_errors(tmp_path: Path, changes: dict[str, Any]) -> None:
    async with receiver(tmp_path) as address:
        assert 200 <= await send(address, signed(changes)) < 300
    assert stored(tmp_path) == 0


@pytest.mark.parametrize("changes", [{"transferType": "IN"}, {"transferType": "In "}, {"currency": "vnd"}])
async def test_money_that_comes_is_taken_however_its_words_are_written(tmp_path: Path, changes: dict[str, Any]) -> None:
    async with receiver(tmp_path) as address:
        assert await send(address, sepay_body(**changes), "sepay", KEY) == 200
    assert stored(tmp_path) == 1


@pytest.mark.parametrize("changes", [{"transferType": "out"}, {"transferAmount": 0}])
async def test_irrelevant_and_forged_is_still_an_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    async with receiver(tmp_path) as address:
        assert await send(address, sepay_body(**changes), "sepay", {"Authorization": "Apikey guessed"}) == 400
    with pytest.raises(WebhookError) as caught:
        verify("sepay", {"Authorization": "Apikey guessed"}, sepay_body(**changes), SEPAY_KEY)
    assert not isinstance(caught.value, IrrelevantNoticeError)


# ── payOS: null and boolean values ────────────────────────────────────────────────────────────────────────

VECTOR_KEY = "test_checksum_key"
TRANSACTION = {
    "accountNumber": "0123456789",
    "amount": 2000,
    "counterAccountBankId": "01202001",
    "counterAccountBankName": None,
    "counterAccountName": "NGUYEN VAN A",
    "counterAccountNumber": "9876543210",
    "description": "TRANSACTION DESCRIPTION",
    "reference": "FT-REFERENCE",
    "transactionDateTime": "2025-12-12T09:00:00+07:00",
    "virtualAccountName": None,
    "virtualAccountNumber": None,
}
LINK = {
    "id": "payment-link-id",
    "orderCode": 0,
    "amount": 2000,
    "amountPaid": 2000,
    "amountRemaining": 0,
    "status": "PAID",
    "createdAt": "2025-12-12T09:00:00+07:00",
    "transactions": [TRANSACTION],
    "canceledAt": None,
    "cancellationReason": None,
}
VECTORS: list[tuple[dict[str, Any], str]] = [
    (LINK, "6af5e2c9a28256c140169ed624114b43295915d7b6e2fa6278b17a7c43aadefd"),
    (
        {**LINK, "transactions": [TRANSACTION, TRANSACTION]},
        "04ebbe221724d2b848c3f39b2db3311cc554167f55bd2fe2cb7b86b6bfdeadaa",
    ),
    (
        {**LINK, "amountPaid": 0, "amountRemaining": 2000, "status": "PENDING", "transactions": []},
        "33093364158b143baa9ecd2e705d9a2a5a5d391a3cab7cb0a371588b3731368f",
    ),
    (
        {
            "accountNumber": "0123456789",
            "amount": 20000,
            "description": "thanh toan",
            "reference": "FT-REFERENCE",
            "transactionDateTime": "2025-12-12 09:00:00",
            "virtualAccountNumber": "",
            "counterAccountBankId": "01202001",
            "counterAccountBankName": "",
            "counterAccountName": "NGUYEN VAN A",
            "counterAccountNumber": "9876543210",
            "virtualAccountName": "",
            "currency": "VND",
            "orderCode": 0,
            "paymentLinkId": "payment-link-id",
            "code": "00",
            "desc": "success",
        },
        "302b3becca1672dff99daafae2965f40e48ea3ca39453e4bf37fbcc26807a0e8",
    ),
]
"""payOS's own, of its library's tests (tests/_crypto/testCases.json)."""


@pytest.mark.parametrize(("data", "signature"), VECTORS)
def test_payos_own_vectors(data: dict[str, Any], signature: str) -> None:
    assert payos_signature(data, VECTOR_KEY) == signature
    assert payos_signature(dict(reversed(data.items())), VECTOR_KEY) == signature


def independent(data: dict[str, Any]) -> str:
    """Sign as payOS's documents say, value by value, apart from the code under test."""
    words = {None: "", True: "true", False: "false"}
    parts = [f"{name}={words.get(value, value) if not isinstance(value, int | str) or isinstance(value, bool) else value}" for name, value in sorted(data.items())]  # fmt: skip  # noqa: E501
    return hmac.new(PAYOS_KEY.encode(), "&".join(parts).encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "more",
    [
        {"counterAccountBankId": None, "counterAccountBankName": None, "counterAccountName": None},
        {"counterAccountNumber": None, "virtualAccountName": None, "virtualAccountNumber": None},
        {"isTest": False},
        {"isVirtual": True, "virtualAccountNumber": "VA0011"},
        {"currency": None},
        {"transactionDateTime": None},
        {"orderCode": 0, "paymentLinkId": None},
    ],
)
async def test_payos_notices_with_null_and_boolean_values_pay(tmp_path: Path, more: dict[str, Any]) -> None:
    data = payos_data(more)
    body = json.dumps({"code": "00", "desc": None, "success": True, "data": data, "signature": independent(data)})
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        assert await send(address, body.encode()) == 200
        assert (await station(switch, address).inquire(payment())).state == "done"


@pytest.mark.parametrize(
    "body", [signed({"reference": "\ud800x"}), b'{"data": {"a": "\\ud800"}, "signature": "\\ud800"}']
)
def test_halves_of_characters_raise_nothing_else(body: bytes) -> None:
    try:
        verify("payos", {}, body, PAYOS_KEY)
    except WebhookError:
        return


# ── sub-accounts by a code before the memo ────────────────────────────────────────────────────────────────

CODE = "TKPABC123"


@pytest.mark.parametrize(
    ("sub", "content"),
    [
        (CODE, f"{CODE} {MEMO}"),
        (CODE, f"{CODE}{MEMO}-NGUYEN VAN A chuyen tien"),
        (CODE.lower(), f"{CODE.lower()} {MEMO.lower()}"),
        ("TKPXYZ", f"TKPXYZ.{MEMO[:5]} {MEMO[5:]}"),
        ("", f"{CODE} {MEMO}"),
        (None, f"QR - {CODE} {MEMO}"),
    ],
)
async def test_a_notice_of_a_sub_account_is_found_under_the_main_account(
    tmp_path: Path, sub: str | None, content: str
) -> None:
    body = sepay_body(subAccount=sub, content=content)
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        assert await send(address, body, "sepay", hmac_headers(body)) == 200
        with_code = (Account(bin="970423", account=ACCOUNT, memo_code=CODE),)
        assert (await station(switch, address, accounts=with_code).inquire(payment())).state == "done"


@pytest.mark.parametrize("provider", ["sepay", "payos"])
async def test_a_virtual_account_is_found_under_its_own_number_too(tmp_path: Path, provider: str) -> None:
    body = (
        sepay_body(subAccount="VA001", accountNumber="999")
        if provider == "sepay"
        else signed({"virtualAccountNumber": "VA001", "accountNumber": "999"})
    )
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        assert await send(address, body, provider, hmac_headers(body) if provider == "sepay" else None) == 200
        for number, state in (("VA001", "done"), ("999", "done"), ("VA002", "pending")):
            own = (Account(bin="970423", account=number),)
            assert (await station(switch, address, accounts=own).inquire(payment())).state == state


def test_the_code_stands_before_the_memo_in_what_is_scanned_and_in_what_is_typed() -> None:
    method = station("http://127.0.0.1:9", "", accounts=(Account(bin="970423", account=ACCOUNT, memo_code=CODE),))
    invitation = method.invitation(payment())
    assert parse(invitation.qr).memo == f"{CODE} {MEMO}"
    said = {render(label, "vi"): render(value, "vi") for label, value in invitation.details}
    assert said["Nội dung chuyển khoản"] == f"{CODE} {MEMO}"


def test_each_account_has_its_own_code(tmp_path: Path) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text(
        f"""
[[accounts]]
payees = ["Công an phường"]
bin = "970415"
account = "100200300"
memo_code = "{CODE}"

[[accounts]]
bin = "970436"
account = "{ACCOUNT}"
""",
        encoding="utf-8",
    )
    method = station("http://127.0.0.1:9", "", accounts=read_accounts(file))
    police, other = (parse(method.invitation(payment(payee=name)).qr) for name in ("CÔNG AN  phường", "EVN"))
    assert (police.account, police.memo) == ("100200300", f"{CODE} {MEMO}")
    assert (other.account, other.memo) == (ACCOUNT, MEMO)


@pytest.mark.parametrize(
    "wrong",
    [
        'memo_code = "TKP ABC"',
        'memo_code = "TKPABCDEFGHIJ"',
        'qr = "payment"',
        'qr = "transfer"\nshop = { id = "1", name = "A", city = "B", category = "9399" }',
        'qr = "barter"',
        'payees = ["EVN", "evn"]',
        'qr = "payment"\nshop = { id = "1", name = "Phường Bình Trưng", city = "B", category = "9399" }',
    ],
)
def test_an_accounts_file_that_makes_no_code_is_told_at_the_start(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "accounts.toml"
    file.write_text(f'[[accounts]]\nbin = "970436"\naccount = "1"\n{wrong}\n', encoding="utf-8")
    with pytest.raises(FileError):
        read_accounts(file)


async def test_a_receivers_file_of_an_earlier_version_is_read_on(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "notices.sqlite") as old:
        old.execute(
            "CREATE TABLE notices (provider TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, "
            "amount INTEGER NOT NULL, memo TEXT NOT NULL, PRIMARY KEY (provider, id)) STRICT"
        )
        old.execute("INSERT INTO notices VALUES ('sepay', '1', ?, ?, ?)", (ACCOUNT, AMOUNT, MEMO))
    old.close()
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        assert (await station(switch, address).inquire(payment())).state == "done"


def test_a_receiver_whose_clock_is_wrong_says_by_how_much() -> None:
    body = sepay_body()
    with pytest.raises(WebhookError, match="clock"):
        verify("sepay", hmac_headers(body), body, SEPAY_KEY, datetime.now(UTC) - timedelta(days=20_000))
    assert Receiver.__doc__
