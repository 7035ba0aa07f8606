"""What may be paid together: oldest first or not, several bills in one order, a part; the biller holds to it too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tramkit import Order, verbatim
from tramkit_billing.codes import Provider, providers
from tramkit_billing.gateway import Aggregator as Client
from tramkit_billing.gateway import Bill, masked_words
from tramkit_billing.sandbox import Aggregator, bills_of
from tramkit_billing.service import ALL, LEAST_PART, PART, choices_of, oldest

BILLS = [Bill(bill_id=f"b{month}", period=f"2026-{month:02}", amount=month * 10_000) for month in (9, 10, 11)]


def rule(*, oldest_first: bool, partial: bool) -> Provider:
    update = {"pay_oldest_first": oldest_first, "allow_partial": partial}
    return providers()["evn"].model_copy(update=update)


@pytest.mark.parametrize(
    ("oldest_first", "partial", "offered"),
    [
        (True, False, {"b9": ["b9"], "b10": ["b9", "b10"], "b11": ["b9", "b10", "b11"]}),
        (False, False, {"b9": ["b9"], "b10": ["b10"], "b11": ["b11"], ALL: ["b9", "b10", "b11"]}),
        (True, True, {"b9": ["b9"], "b10": ["b9", "b10"], "b11": ["b9", "b10", "b11"], PART: []}),
        (False, True, {"b9": ["b9"], "b10": ["b10"], "b11": ["b11"], ALL: ["b9", "b10", "b11"], PART: []}),
    ],
)
def test_what_is_offered_is_what_the_provider_allows(
    oldest_first: bool, partial: bool, offered: dict[str, list[str]]
) -> None:
    choices = choices_of(rule(oldest_first=oldest_first, partial=partial), BILLS)
    assert {value: [bill.bill_id for bill in bills] for value, (_label, bills) in choices.items()} == offered


def test_a_single_bill_leaves_nothing_to_choose_unless_a_part_may_be_paid() -> None:
    assert len(choices_of(rule(oldest_first=True, partial=False), BILLS[:1])) == 1
    assert PART in choices_of(rule(oldest_first=True, partial=True), BILLS[:1])
    small = [BILLS[0].model_copy(update={"amount": LEAST_PART})]
    assert PART not in choices_of(rule(oldest_first=True, partial=True), small)


@pytest.mark.parametrize(
    ("amount", "bills"),
    [(1_000, 1), (90_000, 1), (90_001, 2), (190_000, 2), (190_001, 3), (300_000, 3)],
)
def test_a_part_goes_to_the_oldest_bills(amount: int, bills: int) -> None:
    assert list(oldest(BILLS, amount)) == BILLS[:bills]


async def owed_by(client: Client, provider: str, customer: str) -> list[Bill]:
    """Return the bills of a customer that the provider knows."""
    found = await client.inquire_customer(provider, customer)
    assert found is not None
    return list(found.bills)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("NGUYỄN VĂN AN", "NG**** VĂ* AN"),
        ("NGUYỄN V. A.", "NG**** V. A."),
        ("125 Nguyễn Trãi, P. Bến Thành", "1** Ng**** Tr**, P. Bế* Th***"),
        ("12** NG*** TRAI", "12** NG*** TR**"),
    ],
)
def test_a_stranger_does_not_learn_whose_bill_it_is(told: str, shown: str) -> None:
    assert masked_words(told) == shown


def with_bills(provider: str, pattern: str, count: int) -> tuple[str, list[dict[str, int]]]:
    """Return a customer who owes so many bills."""
    for number in range(1000):
        customer = pattern.format(number)
        if len(bills := bills_of(provider, customer)) == count:
            return customer, bills
    raise AssertionError("there is none")


async def pay(client: Client, provider: str, customer: str, ids: list[object], amount: int, key: str) -> str:
    order = Order(
        service="billing.pay",
        payee="x",
        amount=amount,
        title=verbatim("x"),
        request={"provider": provider, "customer": customer, "bill_ids": ids},  # type: ignore[dict-item]
    )
    return (await client.fulfil(order, key)).state


async def test_a_newer_bill_before_an_older_one_is_refused_where_the_rule_says_so(tmp_path: Path) -> None:
    async with Aggregator(tmp_path / "a.sqlite").running() as address:
        client = Client(address)
        customer, bills = with_bills("evn", "PE01{:09}", 2)
        old, new = (bill["bill_id"] for bill in bills)
        assert await pay(client, "evn", customer, [new], bills[1]["amount"], "k1") == "refused"
        assert await pay(client, "evn", customer, [new, old], sum(b["amount"] for b in bills), "k2") == "refused"
        assert await pay(client, "evn", customer, [old, new], sum(b["amount"] for b in bills), "k3") == "done"
        assert await owed_by(client, "evn", customer) == []
        customer, bills = with_bills("internet", "hcm_{}", 2)
        assert await pay(client, "internet", customer, [bills[1]["bill_id"]], bills[1]["amount"], "k4") == "done"
        left = await owed_by(client, "internet", customer)
        assert left is not None
        assert [bill.bill_id for bill in left] == [bills[0]["bill_id"]]


async def test_a_part_leaves_the_rest_owed_and_is_refused_where_no_part_is_taken(tmp_path: Path) -> None:
    async with Aggregator(tmp_path / "a.sqlite").running() as address:
        client = Client(address)
        customer, bills = with_bills("tuition", "THPTVX/{:07}", 2)
        ids, first, second = [bill["bill_id"] for bill in bills], bills[0]["amount"], bills[1]["amount"]
        assert await pay(client, "tuition", customer, ids, first + second + 1, "k1") == "refused", "too much"
        assert await pay(client, "tuition", customer, ids, first, "k2") == "refused", "nothing of the second bill"
        assert await pay(client, "tuition", customer, ids, first + 2_000, "k3") == "done"
        left = await owed_by(client, "tuition", customer)
        assert left is not None
        assert [(bill.bill_id, bill.amount) for bill in left] == [(ids[1], second - 2_000)]
        assert await pay(client, "tuition", customer, ids[1:], second, "k4") == "refused", "more than is left"
        assert await pay(client, "tuition", customer, ids[1:], second - 2_000, "k5") == "done"
        assert await owed_by(client, "tuition", customer) == []
        customer, bills = with_bills("evn", "PE01{:09}", 1)
        assert await pay(client, "evn", customer, [bills[0]["bill_id"]], bills[0]["amount"] - 1, "k6") == "refused"
