"""Whatever becomes of a payment, the resident is told plainly: on the page, and later under the receipt's code."""

from __future__ import annotations

import asyncio

import pytest
from support.money import PHONE, REFUSED_BILL
from support.money_station import MINUTE, MoneyStation
from support.payer import Payer, Wish, ordered, words

from tramkit.checkout.outcomes import outcome, receipt
from tramkit.host.order import EffectKind, OrderEnding, Record, State
from tramkit.orders.runner import PAY_WITHIN
from tramkit_hal.document.document import Paragraph, Row
from tramkit_hal.sim.payment_terminal import DECLINE
from tramkit_hal.ui.pages import Pay
from tramkit_hal.words import Messages, Money, render
from tramkit_payments.vietqr import parse

_ = Messages("tramkit")
BACK = "sent back"


def money(amount: int, language: str = "en") -> str:
    return render(_("{amount}", amount=Money(amount=amount)), language)


async def looked_up(kiosk: MoneyStation, record: Record) -> str:
    """Return what whoever types the receipt's code is told."""
    payer = Payer(kiosk)
    await payer.leave()
    payer.wish = Wish(receipt=record.code)
    screen = kiosk.running.screen
    while (screen.page.kind, screen.page.title.id) != ("ask", "Which receipt?"):
        await payer.act("on")
    await payer.act("on")
    return words(await screen.until(lambda page: page.kind in ("tell", "done")))


async def test_part_of_the_money_is_told_at_once_and_the_code_asks_for_the_rest(kiosk: MoneyStation) -> None:
    _payer, record = await ordered(kiosk)
    amount = record.order.amount
    kiosk.transfer(record, 30_000)
    shown = await kiosk.page("Part of the money has come")
    assert isinstance(shown, Pay)
    assert shown.amount == Money(amount=amount - 30_000)
    assert parse(shown.code).amount == amount - 30_000
    assert f"{money(30_000)} of {money(amount)} has come. {money(amount - 30_000)} is still missing." in words(shown)
    assert f"Còn thiếu {money(amount - 30_000, 'vi')}" in words(shown, "vi")
    assert "what has come goes back to you" in words(shown)
    kiosk.transfer(record, amount - 30_000)
    await kiosk.page("It is paid. Thank you")
    assert kiosk.outside.billed(record.id) == (1, amount)


async def test_part_of_the_money_outlives_a_power_cut_and_is_found_by_the_code(kiosk: MoneyStation) -> None:
    _payer, record = await ordered(kiosk)
    kiosk.transfer(record, 30_000)
    await kiosk.page("Part of the money has come")
    await kiosk.cut()
    kiosk.network("down", None)
    await kiosk.start()
    said = await looked_up(kiosk, record)
    assert "Part of the money has come" in said
    assert f"{money(record.order.amount - 30_000)} is still missing" in said


@pytest.mark.parametrize("how", ["gives up", "walks away"])
async def test_too_little_goes_back_and_is_said_to(kiosk: MoneyStation, how: str) -> None:
    payer, record = await ordered(kiosk)
    kiosk.transfer(record, 30_000)
    await kiosk.page("Part of the money has come")
    if how == "gives up":
        await payer.act("give_up")
        said = words(await kiosk.page("Not enough was paid"))
    else:
        await payer.leave()
        kiosk.clock.skip(PAY_WITHIN.total_seconds() + MINUTE)
        await kiosk.runner.settled(record.id)
        said = await looked_up(kiosk, record)
        assert "Not enough was paid" in said
    assert f"Only {money(30_000)} of {money(record.order.amount)} came" in said
    assert f"{money(30_000)} was {BACK}" in said
    assert f"Goes back: {money(30_000)}" in said


async def test_too_much_is_paid_on_and_the_rest_is_said_to_go_back(kiosk: MoneyStation) -> None:
    _payer, record = await ordered(kiosk)
    kiosk.transfer(record, record.order.amount + 20_000)
    said = words(await kiosk.page("It is paid. Thank you"))
    assert "More came than was to be paid." in said
    assert f"{money(20_000)} was {BACK}" in said


async def test_what_was_paid_is_said_to_be_paid_though_the_rest_cannot_go_back_yet(kiosk: MoneyStation) -> None:
    _payer, record = await ordered(kiosk)
    kiosk.transfer(record, record.order.amount + 20_000)
    while not (found := await kiosk.ledger.record(record.id)) or EffectKind.REFUND not in found.effects:
        kiosk.network("down" if found and EffectKind.FULFIL in found.effects else None, None)
        await asyncio.sleep(0)
    title, said, _tone = outcome(found)
    assert title.id == "It is paid. Thank you"
    assert f"{money(20_000)} is being {BACK}" in render(said[-1], "en")


async def test_a_second_transfer_is_said_to_go_back(kiosk: MoneyStation) -> None:
    _payer, record = await ordered(kiosk)
    kiosk.transfer(record, record.order.amount)
    await kiosk.page("It is paid. Thank you")
    kiosk.transfer(record, record.order.amount)
    record = await kiosk.closed(record)
    said = await looked_up(kiosk, record)
    assert "It is paid. Thank you" in said
    assert "Money came once more after that." in said
    assert f"{money(record.order.amount)} was {BACK}" in said


async def test_money_that_comes_too_late_is_said_to_go_back(kiosk: MoneyStation) -> None:
    payer, record = await ordered(kiosk)
    await payer.act("give_up")
    said = words(await kiosk.page("Nothing was paid"))
    assert "The payment was given up." in said
    kiosk.transfer(record, record.order.amount)
    record = await kiosk.closed(record)
    assert record.ending is OrderEnding.REFUNDED
    said = await looked_up(kiosk, record)
    assert "The money came too late" in said
    assert f"{money(record.order.amount)} was {BACK}" in said


async def test_a_payment_whose_time_is_over_is_said_to_be(kiosk: MoneyStation) -> None:
    payer, record = await ordered(kiosk)
    await payer.leave()
    kiosk.clock.skip(PAY_WITHIN.total_seconds() + MINUTE)
    while record.effects[EffectKind.COLLECT].state is not State.REJECTED:
        record = await kiosk.runner.changed(record.id, record)
    assert "The time to pay is over." in await looked_up(kiosk, record)


async def test_a_payment_that_is_still_waited_for_is_not_said_to_be_made(kiosk: MoneyStation) -> None:
    payer, record = await ordered(kiosk)
    await payer.leave()
    assert "It is not paid yet" in await looked_up(kiosk, record)


async def test_while_the_bank_does_not_answer_giving_up_says_that_one_may_leave(kiosk: MoneyStation) -> None:
    payer, record = await ordered(kiosk)
    kiosk.network("down", None)
    await payer.act("give_up")
    shown = words(await kiosk.page("The payment is being given up"))
    assert "You may leave" in shown
    assert f"{record.code[:5]} {record.code[5:]}" in shown
    await payer.leave()
    assert "The bank has not answered yet" in await looked_up(kiosk, record)


async def test_what_may_have_been_paid_before_it_was_given_up_is_not_promised_back(kiosk: MoneyStation) -> None:
    payer, record = await ordered(kiosk)
    kiosk.network("down", None)
    kiosk.transfer(record, record.order.amount)
    await payer.act("give_up")
    promise = "If you have paid already, the order may still be carried out; if not, the money goes back"
    assert promise in words(await kiosk.page("The payment is being given up"))
    await payer.leave()
    assert promise in await looked_up(kiosk, record)
    kiosk.network(None, None)
    kiosk.clock.skip(2 * MINUTE)
    assert (await kiosk.runner.settled(record.id)).ending is OrderEnding.DONE


async def test_while_money_goes_back_it_is_not_said_that_somebody_carries_the_order_out(
    kiosk: MoneyStation,
) -> None:
    _payer, record = await ordered(kiosk, REFUSED_BILL)
    kiosk.transfer(record, record.order.amount)
    while not (found := await kiosk.ledger.record(record.id)) or EffectKind.REFUND not in found.effects:
        kiosk.network("down" if found and EffectKind.FULFIL in found.effects else None, None)
        await asyncio.sleep(0)
    await kiosk.page("Your money is being sent back")
    title, said, _tone = outcome(found)
    assert title.id == "It could not be carried out"
    assert f"{money(record.order.amount)} is being {BACK}" in render(said[-1], "en")
    kiosk.network(None, None)
    assert f"{money(record.order.amount)} was {BACK}" in words(await kiosk.page("It could not be carried out"))


async def test_a_card_that_is_declined_and_a_card_that_was_never_held_are_told_apart(
    kiosk: MoneyStation,
) -> None:
    payer, _record = await ordered(kiosk, PHONE, "payments.terminal")
    await payer.act("give_up")
    said = words(await kiosk.page("Nothing was paid"))
    assert "The payment was given up." in said
    assert "not accepted" not in said
    await payer.leave()
    payer, _record = await ordered(kiosk, PHONE, "payments.terminal")
    await kiosk.hold_card(DECLINE)
    assert "The card was not accepted." in words(await kiosk.page("Nothing was paid"))


async def test_who_leaves_while_the_ledger_cannot_be_written_leaves_no_terminal_that_asks_for_a_card(
    kiosk: MoneyStation,
) -> None:
    payer, record = await ordered(kiosk, PHONE, "payments.terminal")
    async with asyncio.timeout(10):
        while "card" not in kiosk.terminal.shown():
            await asyncio.sleep(0.01)
    kiosk.disk.broken = True
    await payer.leave()
    assert "card" not in kiosk.terminal.shown(), "the next resident's card would pay a stranger's order"
    assert kiosk.running.station.last_wipe_certain, "the visit did not end"
    kiosk.mend_disk()
    while record.effects[EffectKind.COLLECT].state is not State.REJECTED:
        record = await kiosk.runner.changed(record.id, record)
    assert kiosk.outside.charged(record.id) == (0, 0)


async def test_the_receipt_says_the_same_as_the_page(kiosk: MoneyStation) -> None:
    _payer, record = await ordered(kiosk)
    kiosk.transfer(record, record.order.amount + 20_000)
    shown = words(await kiosk.page("It is paid. Thank you"), "vi")
    found = await kiosk.ledger.record(record.id)
    assert found is not None
    for block in receipt(found).blocks:
        if isinstance(block, Paragraph):
            assert render(block.text, "vi") in shown
        elif isinstance(block, Row) and block.label.id != "Time":
            assert f"{render(block.label, 'vi')}: {render(block.value, 'vi')}" in shown


async def test_who_asks_to_leave_while_paying_is_told_that_the_order_stays_and_under_which_code(
    kiosk: MoneyStation,
) -> None:
    payer, record = await ordered(kiosk)
    await payer.act("leave")
    asked = await kiosk.page("Do you want to end the visit?")
    assert f"keep the receipt code {record.code[:5]} {record.code[5:]}" in words(asked)
    await payer.leave()
    await payer.act("on")
    await kiosk.running.screen.until(lambda page: page.kind == "choose")
    await payer.act("leave")
    asked = await kiosk.page("Do you want to end the visit?")
    assert record.code[5:] not in words(asked), "the next resident is told of no order"


async def test_a_receipt_offers_another_errand_and_no_way_back(kiosk: MoneyStation) -> None:
    _payer, record = await ordered(kiosk)
    kiosk.transfer(record, record.order.amount)
    page = await kiosk.page("It is paid. Thank you")
    assert page.answers() == {"continue", "another"}
    assert not kiosk.running.screen.view.back
