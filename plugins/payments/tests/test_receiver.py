"""Notices over HTTP: of a corpus of them only the true one pays, once, and the station learns of it by asking."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tramkit import FileError, GatewayError, Outcome, Payment
from tramkit_payments.method import VietQrMethod
from tramkit_payments.receiver import Receiver, Secrets, read_secrets
from tramkit_payments.sandbox import Switch
from tramkit_payments.webhooks import MAX_BODY, payos_signature

KEY, API_KEY, STATION = "k" * 32, "sepay-api-key", "station-key-0123456789"
ACCOUNT, MEMO, AMOUNT = "0011001234567", "TK7Q2M9XKP4RT", 120_000
PAYMENT = Payment(key="o-collect", amount=AMOUNT, payee="EVN", memo=MEMO)
TRUE: dict[str, Any] = {
    "amount": AMOUNT,
    "description": f"MBVCB.3278907687.{MEMO}.CT tu 0123456789 NGUYEN VAN A toi {ACCOUNT}",
    "accountNumber": ACCOUNT,
    "reference": "TF230204212323",
    "transactionDateTime": "2026-11-24 14:02:37",
    "currency": "VND",
    "code": "00",
}


def signed(changes: dict[str, Any] | None = None, key: str = KEY) -> bytes:
    data = {**TRUE, **(changes or {})}
    return json.dumps({"data": data, "signature": payos_signature(data, key), "success": True}).encode()


@asynccontextmanager
async def receiver(folder: Path) -> AsyncIterator[str]:
    secrets = Secrets(secrets={"payos": KEY, "sepay": API_KEY}, station_key=STATION)
    runner = web.AppRunner(Receiver(folder / "notices.sqlite", secrets).app, handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def send(address: str, body: bytes, provider: str = "payos", headers: dict[str, str] | None = None) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{address}/notices/{provider}", data=body, headers=headers) as answer,
    ):
        return answer.status


def station(switch: str, address: str, key: str = STATION) -> VietQrMethod:
    return VietQrMethod(switch, "970436", ACCOUNT, late=timedelta(0), receiver=address, station_key=key)


CORPUS: dict[str, tuple[bytes, int]] = {
    "forged": (signed(key="x" * 32), 400),
    "unsigned": (json.dumps({"data": TRUE, "success": True}).encode(), 400),
    "changed after signing": (signed().replace(b"120000", b"920000"), 400),
    "another currency": (signed({"currency": "USD"}), 200),
    "did not succeed": (signed({"code": "01"}), 200),
    "too long": (b" " * (MAX_BODY + 1), 413),
    "no JSON": (b"<xml>", 400),
    "too little": (signed({"amount": AMOUNT - 1, "reference": "TF2"}), 200),
    "another account": (signed({"accountNumber": "9999", "reference": "TF3"}), 200),
    "another memo": (signed({"description": "CK TK7Q2M9XKP4RX", "reference": "TF4"}), 200),
    "memo with two letters exchanged": (signed({"description": f"A{MEMO[:-2]}TR", "reference": "TF5"}), 200),
}


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.shows("ASVS V2")
async def test_a_notice_that_is_not_of_this_payment_pays_nothing(tmp_path: Path, name: str) -> None:
    body, status = CORPUS[name]
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        assert await send(address, body) == status
        assert (await station(switch, address).inquire(PAYMENT)).state == "pending"


@pytest.mark.parametrize(
    "words",
    [
        TRUE["description"],
        f"{MEMO} chuyen tien",
        unicodedata.normalize("NFD", f"Nguyễn Văn Án chuyển {MEMO}"),
        f"ck {MEMO.lower()}",
        "TK7Q2M9 XKP4RT thanh toan",
    ],
)
@pytest.mark.shows("ASVS V2")
async def test_the_true_notice_pays_once_however_often_it_comes(tmp_path: Path, words: str) -> None:
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        for _again in range(3):
            assert await send(address, signed({"description": words})) == 200
        told = await station(switch, address).inquire(PAYMENT)
        assert (told.state, told.amount) == ("done", AMOUNT)


async def test_sepay_is_understood_too(tmp_path: Path) -> None:
    body = json.dumps(
        {"id": 1, "accountNumber": ACCOUNT, "content": MEMO, "transferType": "in", "transferAmount": AMOUNT}
    ).encode()
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        assert await send(address, body, "sepay") == 400
        assert await send(address, body, "sepay", {"Authorization": f"Apikey {API_KEY}"}) == 200
        assert (await station(switch, address).inquire(PAYMENT)).state == "done"


async def test_the_same_money_told_by_switch_and_receiver_is_counted_once(tmp_path: Path) -> None:
    bank = Switch(tmp_path / "switch.sqlite")
    async with bank.running() as switch, receiver(tmp_path) as address:
        bank.transfer(ACCOUNT, AMOUNT, MEMO)
        assert await send(address, signed()) == 200
        assert (await station(switch, address).inquire(PAYMENT)).amount == AMOUNT


async def test_the_same_money_told_by_two_providers_is_counted_once(tmp_path: Path) -> None:
    told = {"id": 1, "accountNumber": ACCOUNT, "content": MEMO, "transferType": "in", "transferAmount": AMOUNT}
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        key = {"Authorization": f"Apikey {API_KEY}"}
        assert await send(address, signed()) == 200
        assert await send(address, json.dumps(told).encode(), "sepay", key) == 200
        assert (await station(switch, address).inquire(PAYMENT)).amount == AMOUNT
        assert await send(address, json.dumps({**told, "id": 2}).encode(), "sepay", key) == 200
        assert (await station(switch, address).inquire(PAYMENT)).amount == 2 * AMOUNT


def modes_in(folder: Path, names: str) -> list[int]:
    return [file.stat().st_mode for file in folder.glob(names)]


@pytest.mark.shows("ASVS V14", "EN 5.8")
async def test_nobody_else_on_the_machine_reads_who_paid(tmp_path: Path) -> None:
    async with receiver(tmp_path) as address:
        assert await send(address, signed()) == 200
        modes = modes_in(tmp_path, "notices.sqlite*")
        assert len(modes) > 1
        assert all(mode & 0o077 == 0 for mode in modes)


async def test_with_one_of_both_away_the_other_is_enough_but_never_for_giving_up(tmp_path: Path) -> None:
    async with receiver(tmp_path) as address:
        without_switch = station("http://127.0.0.1:9", address)
        with pytest.raises(GatewayError):  # too little is known to say that nothing came
            await without_switch.cancel(PAYMENT)
        assert await send(address, signed()) == 200
        told: Outcome = await without_switch.inquire(PAYMENT)
        assert told.state == "done"


@pytest.mark.shows("ASVS V8")
async def test_a_stranger_learns_nothing_of_transfers(tmp_path: Path) -> None:
    async with Switch(tmp_path / "switch.sqlite").running() as switch, receiver(tmp_path) as address:
        assert await send(address, signed()) == 200
        with pytest.raises(GatewayError):
            await station(switch, address, key="guessed").inquire(PAYMENT)


@pytest.mark.shows("ASVS V13", "EN 5.4")
def test_secrets_that_others_may_read_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "receiver.toml"
    file.write_text(f'station_key = "{STATION}"\n[secrets]\npayos = "{KEY}"\n', encoding="utf-8")
    file.chmod(0o644)
    with pytest.raises(FileError, match="chmod 600"):
        read_secrets(file)
    file.chmod(0o600)
    assert read_secrets(file).secrets == {"payos": KEY}
