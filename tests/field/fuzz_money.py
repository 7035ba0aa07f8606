"""Fuzz targets of what banks and payment providers send: transfer codes, notices, day files."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from support import notices

from tramkit import find_memo
from tramkit.host.order import Effect, EffectKind, Order, Record, State, key_of
from tramkit.orders.reconcile import DayFileError, DayFileRow, read_day_file, reconcile, write_day_file
from tramkit.orders.wire import memo_of
from tramkit_hal.words import verbatim
from tramkit_payments import vietqr
from tramkit_payments.webhooks import WebhookError, payos_signature, verify

Damage = Callable[[random.Random, bytes], bytes]
Words = Callable[[random.Random, str], str]
Draw = Callable[[random.Random], object]

_AT = datetime(2026, 11, 25, 5, tzinfo=UTC)
_SHOP = vietqr.Merchant(name="UBND PHUONG", city="HO CHI MINH", category="9399", store="1", terminal="2")
_CODES = [
    vietqr.payload("970436", "0011001234567"),
    vietqr.payload("970436", "0011001234567", 120_000, "K7Q2M9RT4WXYZ", "PE01"),
    vietqr.payload("970403", "9704031101234567", service="QRIBFTTC"),
    vietqr.payload("970415", "SHOP01", 50_000, "K7Q2M9RT4WXYZ", service="QRPUSH", merchant=_SHOP),
]


def _numbered(rng: random.Random, depth: int = 0) -> str:
    """Return fields that hold fields, some of them wrong."""
    made = ""
    simple = ("", vietqr.NAPAS, "970436", "0011001234567", "QRIBFTTA", "QRPUSH", "704", "VN", "50000.", "٣", "\ud800")
    for _each in range(rng.randrange(1, 6)):
        number = rng.choice((0, 1, 2, 26, 38, 51, 53, 54, 58, 59, 60, 62, 99, rng.randrange(100)))
        simple = (
            "",
            "A000000727",
            "970436",
            "0011001234567",
            "QRIBFTTA",
            "QRPUSH",
            "704",
            "VN",
            "50000.",
            "٣",
            "\ud800",
        )
        value = _numbered(rng, depth + 1) if depth < 3 and rng.random() < 0.5 else rng.choice(simple)
        made += f"{number:02}{(len(value) if rng.random() < 0.9 else rng.randrange(100)):02}{value}"
    return made


def vietqr_code(rng: random.Random, text: Words) -> None:
    """A text is a code, read as it would be written, or ``QrError``; half of them have a right checksum."""
    code = f"000201{_numbered(rng)}" if rng.random() < 0.4 else text(rng, rng.choice(_CODES))[:-4]
    if not code.endswith("6304"):
        code += "6304"
    code += f"{vietqr.crc(code):04X}" if rng.random() < 0.7 else text(rng, "0F3A")
    try:
        found = vietqr.parse(code)
    except vietqr.QrError:
        return
    assert found.account, "a code without an account was taken"
    assert found.amount is None or 0 <= found.amount <= vietqr.MAX_AMOUNT


def _headers(rng: random.Random, body: bytes, text: Words) -> dict[str, str]:
    if rng.random() < 0.3:
        return {"Authorization": f"Apikey {notices.SEPAY_KEY}"}
    stamp = str(int(_AT.timestamp())) if rng.random() < 0.9 else text(rng, "1764046800")
    signed = stamp.encode(errors="surrogatepass") + b"." + body
    sign = hmac.new(notices.SEPAY_KEY.encode(), signed, hashlib.sha256).hexdigest()
    return {"X-SePay-Signature": f"sha256={sign}", "X-SePay-Timestamp": stamp}


def notice(rng: random.Random, damaged: Damage, text: Words, drawn: Draw) -> None:
    """A notice, most of them rightly signed, is read, or ``WebhookError``; nothing that is read is no money."""
    changes: dict[str, Any] = {}
    for _each in range(rng.choice((0, 1, 2))):
        changes[rng.choice([*notices.payos_data(), *json.loads(notices.sepay_body()), "virtualAccountNumber"])] = drawn(
            rng
        )
    if rng.random() < 0.5:
        told: dict[str, Any] = {"data": notices.payos_data(changes), "success": True}
        if rng.random() < 0.2:
            told["data"] = drawn(rng)
        if isinstance(told["data"], dict):
            told["signature"] = payos_signature(told["data"], notices.PAYOS_KEY)
        provider, body, headers, key = "payos", json.dumps(told).encode(), {}, notices.PAYOS_KEY
    else:
        body = damaged(rng, notices.sepay_body(**changes)) if rng.random() < 0.5 else notices.sepay_body(**changes)
        provider, headers, key = "sepay", _headers(rng, body, text), notices.SEPAY_KEY
    if rng.random() < 0.1:
        body = damaged(rng, body)
    try:
        found = verify(provider, headers, body, key, _AT)
    except WebhookError:
        return
    assert found.amount > 0
    assert found.id
    assert found.memo.strip()
    found.model_dump_json().encode()  # can be kept
    find_memo(notices.MEMO, found.memo)


def _paid(id: str) -> Record:
    key = key_of(id, EffectKind.COLLECT)
    effect = Effect(kind=EffectKind.COLLECT, key=key, state=State.CONFIRMED, amount=1000, since=_AT, done_at=_AT)
    order = Order(service="billing.pay", payee="EVN", amount=1000, title=verbatim("Electricity"))
    return Record(
        id=id, code=id, order=order, method="payments.vietqr", placed_at=_AT, effects={EffectKind.COLLECT: effect}
    )


def day_file(rng: random.Random, damaged: Damage, text: Words) -> None:
    """A day file is read, or ``DayFileError``; what is read can be compared, and the money in it is found once."""
    record = _paid(f"o{rng.randrange(1000)}")
    memo = memo_of(record.effects[EffectKind.COLLECT].key)
    rows = [
        DayFileRow(
            text(rng, rng.choice((memo, f"IBFT{memo}GD99", "CHUYEN TIEN", ""))), rng.choice((1000, -1000, 0, 7)), done
        )
        for done in (rng.random() < 0.8 for _each in range(rng.randrange(5)))
    ]
    data = write_day_file("payments.vietqr", date(2026, 11, 25), rows).encode(errors="surrogatepass")
    spoiled = rng.random() < 0.7
    if spoiled and rng.random() < 0.5:
        data = damaged(rng, data)
    elif spoiled:  # damaged before it was signed: the checksum is right
        body = damaged(rng, b"".join(data.splitlines(keepends=True)[:-1]))
        data = body + f"SHA256|{hashlib.sha256(body).hexdigest()}\n".encode()
    with tempfile.NamedTemporaryFile(suffix=".txt") as file:
        Path(file.name).write_bytes(data)
        try:
            read = read_day_file(Path(file.name))
        except DayFileError:
            return
    found = reconcile([record], [read])
    assert sum(each.ref == record.effects[EffectKind.COLLECT].key for each in found) <= 1
