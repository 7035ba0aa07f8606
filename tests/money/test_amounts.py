"""The amount that is shown is the amount in the code, the amount that is collected, billed, and on the receipt."""

from __future__ import annotations

import random
from pathlib import Path

import aiohttp
import pytest
from support.money import ACCOUNT, PHONE, World, order_of, station, world

from tramkit import outcomes, paying
from tramkit.orders.model import EffectKind, Ending
from tramkit.orders.wire import memo_of
from tramkit_hal.words import Messages, Money, render
from tramkit_payments.method import VietQr
from tramkit_payments.vietqr import parse

_ = Messages("tramkit")
SEED = 20261125
CHANCE = random.Random(SEED)
ORDERS = [order_of(f"PE01{CHANCE.randrange(10**9):09}") for _number in range(12)]
ORDERS += [order_of(PHONE).model_copy(update={"amount": CHANCE.randint(1, 10**9)}) for _number in range(8)]


async def by_the_banking_app(outside: World, code: str) -> None:
    """Pay the code that is shown, as a resident does: nothing is typed."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{outside.switch.address}/app/pay", data={"qr": code}) as said,
    ):
        assert "Đã chuyển" in await said.text()


@pytest.mark.timeout(120)
async def test_one_amount_from_the_page_to_the_receipt(tmp_path: Path) -> None:
    print("seed", SEED)
    async with world(tmp_path) as outside:
        numbers = (outside.switch.address, outside.aggregator.address)
        async with station(tmp_path, *numbers, pay_within=30) as runner:
            for number, order in enumerate(ORDERS):
                id = f"order{number}"
                page = paying.pay_page(runner, await runner.place(id, order, VietQr.id))
                code = parse(page.code)
                await by_the_banking_app(outside, page.code)
                record = await runner.settled(id)
                receipt = [render(fact.value, "vi") for fact in outcomes.receipt_facts(record)]
                assert record.ending is Ending.DONE
                assert page.amount == Money(amount=order.amount)
                assert code.account == ACCOUNT
                assert (
                    code.amount
                    == outside.came(memo_of(f"{id}-collect"))
                    == record.effects[EffectKind.COLLECT].amount
                    == outside.billed(id)[1]
                    == order.amount
                ), order.amount
                assert render(_("{amount}", amount=Money(amount=order.amount)), "vi") in receipt
