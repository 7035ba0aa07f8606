"""Who could not pay may try again, or pay another way, without ordering anew: each attempt is an order of its own."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3

import pytest
from support.money import PHONE
from support.money_station import MINUTE, MoneyStation
from support.payer import Payer, Wish, ordered, words

from tramkit.checkout.outcomes import spaced
from tramkit.conversation.timeouts import Timeouts
from tramkit.host.order import EffectKind, OrderEnding, Record, State
from tramkit_hal.sim.payment_terminal import DECLINE
from tramkit_hal.ui.pages import Tell
from tramkit_hal.words import render

CARD, TRANSFER = "payments.terminal", "payments.vietqr"
UNPAID, PAID = "Nothing was paid", "It is paid. Thank you"
PAY = {CARD: "Please pay with your card", TRANSFER: "Please pay"}


async def declined(kiosk: MoneyStation) -> tuple[Payer, Record]:
    """Lead a resident to the page after their card was declined."""
    payer, record = await ordered(kiosk, PHONE, CARD)
    await kiosk.hold_card(DECLINE)
    await kiosk.page(UNPAID)
    return payer, record


async def given_up(kiosk: MoneyStation) -> tuple[Payer, Record]:
    """Lead a resident to the page after they gave a transfer up."""
    payer, record = await ordered(kiosk, PHONE, TRANSFER)
    await payer.act("give_up")
    await kiosk.page(UNPAID)
    return payer, record


async def again(kiosk: MoneyStation, payer: Payer, method: str, act: str = "again") -> Record:
    """Have them try a way to pay and return the new order."""
    payer.wish = Wish(PHONE, method)
    await payer.act(act)
    await kiosk.page(PAY[method])
    return (await kiosk.records())[-1]


async def endings(kiosk: MoneyStation) -> list[OrderEnding | None]:
    """Return how the orders have ended once all are closed, oldest first."""
    return [(await kiosk.closed(record)).ending for record in await kiosk.records()]


def charges(kiosk: MoneyStation) -> list[str]:
    """Return what the terminal's journal says of each attempt by card."""
    with contextlib.closing(sqlite3.connect(kiosk.outside.terminal)) as journal:
        return [row[0] for row in journal.execute("SELECT state FROM charges ORDER BY rowid")]


async def test_after_a_declined_card_a_transfer_pays_and_it_is_paid_once(kiosk: MoneyStation) -> None:
    payer, first = await declined(kiosk)
    second = await again(kiosk, payer, TRANSFER)
    assert (second.order, second.method) == (first.order, TRANSFER)
    assert second.id != first.id
    kiosk.transfer(second, second.order.amount)
    await kiosk.page(PAID)
    assert charges(kiosk) == ["declined"]
    assert kiosk.outside.switch.db.execute("SELECT amount FROM transfers").fetchall() == [(second.order.amount,)]
    assert kiosk.outside.billed(first.id) == (0, 0)
    assert kiosk.outside.billed(second.id) == (1, second.order.amount)
    assert await endings(kiosk) == [OrderEnding.UNPAID, OrderEnding.DONE]
    assert kiosk.outside.switch.db.execute("SELECT * FROM refunds").fetchall() == []


async def test_after_a_declined_card_another_card_pays(kiosk: MoneyStation) -> None:
    payer, _first = await declined(kiosk)
    second = await again(kiosk, payer, CARD)
    await kiosk.hold_card()
    await kiosk.page(PAID)
    assert charges(kiosk) == ["declined", "settled"]
    assert kiosk.outside.charged(second.id) == (second.order.amount, 0)
    assert await endings(kiosk) == [OrderEnding.UNPAID, OrderEnding.DONE]


async def test_money_for_a_transfer_that_was_given_up_goes_back_though_a_card_has_paid_since(
    kiosk: MoneyStation,
) -> None:
    payer, first = await given_up(kiosk)
    assert "If you have paid nevertheless, the money goes back" in words(await kiosk.page(UNPAID))
    await again(kiosk, payer, CARD)
    kiosk.transfer(first, first.order.amount)
    await kiosk.hold_card()
    await kiosk.page(PAID)
    assert await endings(kiosk) == [OrderEnding.REFUNDED, OrderEnding.DONE]
    for record in await kiosk.records():
        assert record.ending is not None
        assert kiosk.outside.disagreement(record.id, record.ending.value, record.order.amount) == ""


async def test_the_money_of_the_first_code_never_pays_the_second(kiosk: MoneyStation) -> None:
    payer, first = await given_up(kiosk)
    second = await again(kiosk, payer, TRANSFER)
    kiosk.transfer(first, first.order.amount)
    first = await kiosk.closed(first)
    assert first.ending is OrderEnding.REFUNDED
    assert kiosk.outside.billed(second.id) == (0, 0)


async def test_each_attempt_is_offered_with_every_way_to_pay_and_not_to_pay_comes_last(
    kiosk: MoneyStation,
) -> None:
    _payer, record = await declined(kiosk)
    page = await kiosk.page(UNPAID)
    assert isinstance(page, Tell)
    assert [render(option.label, "en") for option in page.options] == [
        "Pay another way: Bank transfer by VietQR",
        "Try again: Bank card at the terminal",
        "Do not pay",
    ]
    assert "The card was not accepted." in words(page)
    assert spaced(record.code) in words(page)


async def test_a_way_to_pay_that_does_not_work_is_not_offered(kiosk: MoneyStation) -> None:
    payer, _record = await ordered(kiosk, PHONE, TRANSFER)
    await kiosk.terminal.control("plugged", "off")
    await payer.act("give_up")
    page = await kiosk.page(UNPAID)
    assert isinstance(page, Tell)
    assert [option.value for option in page.options] == [TRANSFER, "give_up"]


async def test_who_is_declined_twice_and_does_not_pay_is_not_told_a_third_time(kiosk: MoneyStation) -> None:
    payer, _first = await declined(kiosk)
    second = await again(kiosk, payer, CARD)
    await kiosk.hold_card(DECLINE)
    assert spaced(second.code) in words(await kiosk.page(UNPAID))
    await payer.act("give_up")
    farewell = await payer.page()
    assert UNPAID not in words(farewell)
    assert spaced(second.code) not in words(farewell)
    assert charges(kiosk) == ["declined", "declined"]
    assert await endings(kiosk) == [OrderEnding.UNPAID, OrderEnding.UNPAID]


@pytest.mark.parametrize("how", ["leaves", "is timed out", "loses power", "does not pay"])
async def test_who_goes_away_without_another_try_leaves_nothing_that_can_be_paid(kiosk: MoneyStation, how: str) -> None:
    payer, record = await declined(kiosk)
    match how:
        case "leaves":
            await payer.leave()
        case "is timed out":
            while (await payer.page()).kind != "attract":
                kiosk.clock.skip(Timeouts().reading + 1)
                await asyncio.sleep(0)
        case "loses power":
            await kiosk.cut()
            await kiosk.start()
        case _:
            await payer.act("give_up")
    await kiosk.running.attract()
    await kiosk.terminal.control("card", "")
    assert "card" not in kiosk.terminal.shown()
    assert [each.id for each in await kiosk.records()] == [record.id]
    assert charges(kiosk) == ["declined"]
    assert await endings(kiosk) == [OrderEnding.UNPAID]


@pytest.mark.parametrize("how", ["leaves", "loses power"])
async def test_who_goes_away_during_the_second_try_leaves_no_terminal_that_asks_for_a_card(
    kiosk: MoneyStation, how: str
) -> None:
    payer, _first = await given_up(kiosk)
    second = await again(kiosk, payer, CARD)
    if how == "leaves":
        await payer.leave()
    else:
        await kiosk.cut()
        await kiosk.start()
    await kiosk.runner.settled(second.id)
    assert "card" not in kiosk.terminal.shown()
    assert await endings(kiosk) == [OrderEnding.UNPAID, OrderEnding.UNPAID]


async def test_a_nervous_finger_tries_once(kiosk: MoneyStation) -> None:
    payer, first = await declined(kiosk)
    second = await again(kiosk, payer, TRANSFER, "again twice")
    assert [record.id for record in await kiosk.records()] == [first.id, second.id]


async def test_the_attempt_before_is_over_when_another_one_is_offered(kiosk: MoneyStation) -> None:
    payer, first = await ordered(kiosk, PHONE, TRANSFER)
    kiosk.network("down", None)
    await payer.act("give_up")
    await kiosk.page("The payment is being given up")
    kiosk.network(None, None)
    kiosk.clock.skip(MINUTE)
    await kiosk.page(UNPAID)
    found = await kiosk.ledger.record(first.id)
    assert found is not None
    assert found.effects[EffectKind.COLLECT].state is State.REJECTED


async def test_back_and_leaving_say_what_is_so_before_and_during_another_try(kiosk: MoneyStation) -> None:
    payer, first = await declined(kiosk)
    await payer.act("back")
    note = kiosk.running.screen.view.note
    assert note is not None
    assert "That payment is over" in render(note, "en")
    await payer.act("leave")
    asked = words(await kiosk.page("Do you want to end the visit?"))
    assert "nothing is carried out" in asked
    assert spaced(first.code) in asked
    await payer.act("on")
    second = await again(kiosk, payer, TRANSFER)
    await payer.act("leave")
    asked = words(await kiosk.page("Do you want to end the visit?"))
    assert "Your order stays" in asked
    assert spaced(second.code) in asked
    assert len(await kiosk.records()) == 2


async def test_when_the_ledger_cannot_be_written_another_try_takes_no_money(kiosk: MoneyStation) -> None:
    payer, _first = await declined(kiosk)
    kiosk.disk.broken = True
    await payer.act("again")
    await kiosk.page("This station cannot take orders now")
    assert "card" not in kiosk.terminal.shown()
    kiosk.mend_disk()
    assert await endings(kiosk) == [OrderEnding.UNPAID]


async def test_the_menu_closes_what_takes_orders_while_the_disk_fails_and_opens_it_when_it_works(
    kiosk: MoneyStation,
) -> None:
    payer, _first = await declined(kiosk)
    kiosk.break_disk("EIO")
    await payer.act("again")
    await kiosk.page("This station cannot take orders now")
    await payer.leave()
    closed = payer.closed(await payer.go_on())
    assert closed is not None
    assert not await payer.opens_again(closed)
    kiosk.mend_disk()
    assert await payer.opens_again(closed)
    assert (await payer.go_on()).kind == "pay"
