"""What the operator sees of an order that waits for them, and what they can write about it."""

from __future__ import annotations

import asyncio
import getpass
from pathlib import Path

import pytest
from click.testing import Result
from support.command import command
from support.money import order_of, station

from tramkit.host.order import EffectKind, Record, State
from tramkit.orders.rows import LedgerEntry
from tramkit_hal.device.clock import SystemClock

AMOUNT = order_of("PE01000123456").amount
NOBODY = "http://127.0.0.1:9"
MONEY_CAME = [LedgerEntry("collect", "sent", AMOUNT), LedgerEntry("collect", "confirmed", AMOUNT)]
WAITS = {
    "collect": [LedgerEntry("collect", "sent", AMOUNT), LedgerEntry("collect", "manual", AMOUNT)],
    "fulfil": [*MONEY_CAME, LedgerEntry("fulfil", "manual", AMOUNT)],
    "refund": [*MONEY_CAME, LedgerEntry("fulfil", "rejected", AMOUNT), LedgerEntry("refund", "manual", AMOUNT)],
    "return": [
        *MONEY_CAME,
        LedgerEntry("fulfil", "confirmed", AMOUNT),
        LedgerEntry("settled", "done"),
        LedgerEntry("return", "manual", 7),
    ],
}
CASES = [(kind, done) for kind in WAITS for done in (True, False)]


async def _waiting(folder: Path, kind: str) -> Record:
    """Return an order that waits for the operator because of one effect."""
    async with station(folder / "station", NOBODY, NOBODY, pay_within=60) as runner:
        placed = await runner.ledger.place("order", order_of("PE01000123456"), "payments.vietqr", SystemClock().now())
        return await runner.ledger.append(placed.id, WAITS[kind], SystemClock().now())


async def _as_written(folder: Path) -> Record:
    async with station(folder / "station", NOBODY, NOBODY, pay_within=60) as runner:
        record = await runner.ledger.record("order")
        assert (await runner.ledger.verify()).problem == ""
    assert record is not None
    return record


def _orders(folder: Path, *words: str) -> Result:
    return command(folder, "orders", *words)


@pytest.mark.parametrize(("kind", "done"), CASES)
def test_whatever_waits_for_the_operator_can_be_settled_by_them(tmp_path: Path, kind: str, done: bool) -> None:
    waiting = asyncio.run(_waiting(tmp_path, kind))
    assert waiting.manual
    shown = _orders(tmp_path, "show", waiting.code)
    assert shown.exit_code == 0
    assert f"{kind}: manual" in shown.output
    assert f"key order-{kind}" in shown.output
    written = _orders(
        tmp_path, "resolve", waiting.code, kind, "--done" if done else "--not-done", "--why", "bank's word"
    )
    assert written.exit_code == 0, written.output
    assert f"{getpass.getuser()}: bank's word" in _orders(tmp_path, "show", waiting.code).output
    record = asyncio.run(_as_written(tmp_path))
    stays = kind in ("refund", "return") and not done  # the money has to go back: by hand, and then it is written
    expected = State.CONFIRMED if done else State.MANUAL if stays else State.REJECTED
    assert record.effects[EffectKind(kind)].state is expected
    assert (record.effect(EffectKind.FULFIL) is not None) == (kind != "collect" or done)
    assert (record.effect(EffectKind.REFUND) is not None) == (kind == "refund" or (kind == "fulfil" and not done))


def test_what_waits_for_nobody_or_is_not_there_is_not_written(tmp_path: Path) -> None:
    waiting = asyncio.run(_waiting(tmp_path, "fulfil"))
    other = _orders(tmp_path, "resolve", waiting.code, "collect", "--not-done", "--why", "a slip")
    assert (other.exit_code, "not waiting for the operator" in other.output) == (1, True)
    unknown = _orders(tmp_path, "resolve", "AAAAAAAA", "fulfil", "--done", "--why", "a slip")
    assert (unknown.exit_code, "no order with this code" in unknown.output) == (1, True)
    assert asyncio.run(_as_written(tmp_path)).effects == waiting.effects
