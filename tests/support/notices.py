"""A receiver of payment notices on a free port, and what providers send to it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tramkit import Payment
from tramkit_hal.device.clock import Clock
from tramkit_payments.method import VietQrMethod
from tramkit_payments.receiver import Receiver, Secrets
from tramkit_payments.webhooks import payos_signature

PAYOS_KEY, SEPAY_KEY, STATION_KEY = "k" * 32, "sepay-secret-key", "station-key-0123456789"
ACCOUNT, MEMO, AMOUNT = "0011001234567", "K7Q2M9RT4WXYZ", 120_000


def payment(memo: str = MEMO, amount: int = AMOUNT, payee: str = "EVN") -> Payment:
    """Return what a station waits for."""
    return Payment(key="o-collect", amount=amount, payee=payee, memo=memo)


def payos_data(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what payOS tells of a transfer."""
    data = {
        "amount": AMOUNT,
        "description": MEMO,
        "accountNumber": ACCOUNT,
        "reference": "TF230204212323",
        "transactionDateTime": "2026-11-24 14:02:37",
        "currency": "VND",
        "code": "00",
    }
    return data | (changes or {})


def signed(changes: dict[str, Any] | None = None, key: str = PAYOS_KEY, **around: Any) -> bytes:
    """Return a notice of payOS with its signature."""
    data = payos_data(changes)
    told = {"data": data, "signature": payos_signature(data, key), "success": True, **around}
    return json.dumps(told).encode()


def sepay_body(**changed: Any) -> bytes:
    """Return the body of a notice of SePay."""
    told = {
        "id": 92704,
        "gateway": "TPBank",
        "transactionDate": "2026-11-24 14:02:37",
        "accountNumber": ACCOUNT,
        "code": None,
        "content": MEMO,
        "transferType": "in",
        "transferAmount": AMOUNT,
        "accumulated": 19_077_000,
        "subAccount": None,
        "referenceCode": "MBVCB.3278907687",
        "description": "",
    }
    return json.dumps(told | changed, ensure_ascii=False).encode()


@asynccontextmanager
async def receiver(folder: Path, secrets: Secrets | None = None, clock: Clock | None = None) -> AsyncIterator[str]:
    """Run a receiver and yield its address."""
    known = secrets or Secrets(secrets={"payos": PAYOS_KEY, "sepay": SEPAY_KEY}, station_key=STATION_KEY)
    runner = web.AppRunner(Receiver(folder / "notices.sqlite", known, clock).app, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def send(address: str, body: bytes, provider: str = "payos", headers: dict[str, str] | None = None) -> int:
    """Send a notice and return the status of the answer."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{address}/notices/{provider}", data=body, headers=headers) as answer,
    ):
        return answer.status


def station(switch: str, address: str, **more: Any) -> VietQrMethod:
    """Return the payment method of a station that asks switch and receiver."""
    return VietQrMethod(
        switch,
        "970436",
        ACCOUNT,
        late=timedelta(0),
        receiver=address,
        station_key=STATION_KEY if address else "",
        **more,
    )
