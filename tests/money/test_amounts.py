"""The amount that is shown is the amount in the code, the amount that is collected, billed, and on the receipt.

Orders are drawn: bills of every provider, one, several or a part, oldest first or not, and top-ups.
``TRAMKIT_AMOUNT_ORDERS`` makes more of them, ``TRAMKIT_AMOUNT_SEED`` others.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from support.money import ACCOUNT, World
from support.money_station import MoneyStation
from support.payer import Payer, Wish, comes_to

from tramkit.checkout import outcomes
from tramkit.host.order import EffectKind, Order
from tramkit.orders.wire import memo_of
from tramkit_hal.document.document import Row
from tramkit_hal.ui.pages import AnyPage, Check, Choose, Pay
from tramkit_hal.words import Messages, Money, render
from tramkit_payments.vietqr import parse

_ = Messages("tramkit")
SEED = int(os.environ.get("TRAMKIT_AMOUNT_SEED", "20261125"))
ORDERS = int(os.environ.get("TRAMKIT_AMOUNT_ORDERS", "25"))
PAID = "It is paid. Thank you"

CODES = {
    "evn": st.integers(0, 10**9 - 1).map("PE01{:09}".format),
    "sawaco": st.integers(10**10, 10**11 - 1).map(str),
    "internet": st.integers(0, 10**9).map("hcm_{}".format),
    "tuition": st.integers(0, 10**7 - 1).map("THPTVX/{:07}".format),
    "apartment": st.builds("{}{}-{}-{}".format, st.sampled_from("ABC"), *(st.integers(0, 99),) * 3),
}
WISHES = st.one_of(
    *(
        st.builds(Wish, codes, which=st.integers(0, 4), provider=st.just(provider), share=st.floats(0, 1))
        for provider, codes in CODES.items()
    ),
    st.builds(Wish, st.integers(0, 10**7 - 1).map("090{:07}".format), which=st.integers(0, 5)),
)


async def by_the_banking_app(outside: World, code: str) -> None:
    """Pay the code that is shown, as a resident does: nothing is typed."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{outside.switch.address}/app/pay", data={"qr": code}) as said,
    ):
        assert "Đã chuyển" in await said.text()


def money(amount: int) -> str:
    return render(_("{amount}", amount=Money(amount=amount)), "vi")


async def one_order(kiosk: MoneyStation, wish: Wish, seen: Counter[str]) -> None:
    """Have a resident order and pay, and compare every amount on the way."""
    passed: list[AnyPage] = []
    payer = Payer(kiosk, lambda _act, page: passed.append(page))
    payer.wish = wish
    owed = {bill["bill_id"]: bill["amount"] for bill in kiosk.outside.aggregator.owes(wish.provider, wish.customer)}
    await payer.leave()
    page = await payer.go_on()
    if not isinstance(page, Pay):
        seen["nothing owed"] += 1  # a code that was drawn before: all of it is paid
        return
    record = (await kiosk.records())[-1]
    amount = record.order.amount
    (check,) = (each for each in passed if isinstance(each, Check))
    assert comes_to(check, "vi") == money(amount), "looked over"
    _offered(owed, passed, record.order, seen)
    code = parse(page.code)
    await by_the_banking_app(kiosk.outside, page.code)
    done = await kiosk.running.screen.until(lambda page: page.title.id == PAID)
    found = await kiosk.ledger.record(record.id)
    assert found is not None
    rows = {
        block.label.id: render(block.value, "vi") for block in outcomes.receipt(found).blocks if isinstance(block, Row)
    }
    assert page.amount == Money(amount=amount), "shown"
    assert code.account == ACCOUNT
    assert (code.amount, rows["Amount"]) == (amount, money(amount)), "in the code, on the receipt"
    assert "Paid" not in rows
    assert money(amount) in [render(fact.value, "vi") for fact in done.facts]  # type: ignore[union-attr]
    assert (
        kiosk.outside.came(memo_of(f"{record.id}-collect"))
        == found.effects[EffectKind.COLLECT].amount
        == kiosk.outside.billed(record.id)[1]
        == amount
    ), "collected and billed"


def _offered(owed: dict[str, int], passed: list[AnyPage], order: Order, seen: Counter[str]) -> None:
    """Compare what was ordered with what the biller is owed, and with what was offered."""
    ids, amount = order.request.get("bill_ids"), order.amount
    if not isinstance(ids, list):
        seen["top-up"] += 1
        return
    whole = sum(owed[id] for id in ids)
    asked = any(page.kind == "ask" and "owed in all" in page.body[0].id for page in passed if page.body)
    seen["part" if amount < whole else "several bills" if len(ids) > 1 else "one bill"] += 1
    assert 0 < amount <= whole
    assert amount == whole or asked, "less than a bill, and nobody asked for it"
    assert whole - owed[ids[-1]] < amount, "a bill of which nothing is paid"
    if order.request["provider"] != "internet":
        assert ids == list(owed)[: len(ids)], "older bills are paid first"
    offers = [page for page in passed if isinstance(page, Choose) and page.title.id.startswith("Which bills")]
    if offers and not asked:
        assert money(amount) in [render(each.hint, "vi") for each in offers[-1].options if each.hint], "offered"


@pytest.mark.timeout(240 if ORDERS <= 50 else 36_000)
def test_one_amount_from_the_page_to_the_receipt(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    with asyncio.Runner() as here:

        async def opened() -> MoneyStation:
            kiosk = MoneyStation(tmp_path)
            await kiosk.open()
            return kiosk

        kiosk = here.run(opened())

        @seed(SEED)
        @settings(
            max_examples=ORDERS,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(wish=WISHES)
        def holds(wish: Wish) -> None:
            here.run(one_order(kiosk, wish, seen))

        try:
            holds()
        finally:
            here.run(kiosk.close())
    print("seed", SEED, dict(sorted(seen.items())))
    assert {"top-up", "part", "several bills", "one bill"} <= seen.keys()
