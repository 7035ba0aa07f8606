"""Whatever becomes of a payment, the resident is told plainly: on the page, and later under the receipt's code."""

from __future__ import annotations

import asyncio

import pytest
from support.money import PHONE, REFUSED_BILL
from support.payer import Payer, Wish, ordered, words
from support.till import MINUTE, Till

from tramkit.checkout.outcomes import outcome, receipt
from tramkit.host.order import EffectKind, Ending, Record, State
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


async def looked_up(till: Till, record: Record) -> str:
    """Return what whoever types the receipt's code is told."""
    payer = Payer(till)
    await payer.leave()
    payer.wish = Wish(receipt=record.code)
    screen = till.running.screen
    while (screen.page.kind, screen.page.title.id) != ("ask", "Which receipt?"):
        await payer.act("on")
    await payer.act("on")
    return words(await screen.until(lambda page: page.kind in ("tell", "done")))


async def test_part_of_the_money_is_told_at_once_and_the_code_asks_for_the_rest(till: Till) -> None:
    _payer, record = await ordered(till)
    amount = record.order.amount
    till.transfer(record, 30_000)
    shown = await till.page("Part of the money has come")
    assert isinstance(shown, Pay)
    assert shown.amount == Money(amount=amount - 30_000)
    assert parse(shown.code).amount == amount - 30_000
    assert f"{money(30_000)} of {money(amount)} has come. {money(amount - 30_000)} is still missing." in words(shown)
    assert f"Còn thiếu {money(amount - 30_000, 'vi')}" in words(shown, "vi")
    assert "what has come goes back to you" in words(shown)
    till.transfer(record, amount - 30_000)
    await till.page("It is paid. Thank you")
    assert till.outside.billed(record.id) == (1, amount)


async def test_part_of_the_money_outlives_a_power_cut_and_is_found_by_the_code(till: Till) -> None:
    _payer, record = await ordered(till)
    till.transfer(record, 30_000)
    await till.page("Part of the money has come")
    await till.cut()
    till.network("down", None)
    await till.start()
    said = await looked_up(till, record)
    assert "Part of the money has come" in said
    assert f"{money(record.order.amount - 30_000)} is still missing" in said


@pytest.mark.parametrize("how", ["gives up", "walks away"])
async def test_too_little_goes_back_and_is_said_to(till: Till, how: str) -> None:
    payer, record = await ordered(till)
    till.transfer(record, 30_000)
    await till.page("Part of the money has come")
    if how == "gives up":
        await payer.act("give_up")
        said = words(await till.page("Not enough was paid"))
    else:
        await payer.leave()
        till.clock.skip(PAY_WITHIN.total_seconds() + MINUTE)
        await till.runner.settled(record.id)
        said = await looked_up(till, record)
        assert "Not enough was paid" in said
    assert f"Only {money(30_000)} of {money(record.order.amount)} came" in said
    assert f"{money(30_000)} was {BACK}" in said
    assert f"Goes back: {money(30_000)}" in said


async def test_too_much_is_paid_on_and_the_rest_is_said_to_go_back(till: Till) -> None:
    _payer, record = await ordered(till)
    till.transfer(record, record.order.amount + 20_000)
    said = words(await till.page("It is paid. Thank you"))
    assert "More came than was to be paid." in said
    assert f"{money(20_000)} was {BACK}" in said


async def test_what_was_paid_is_said_to_be_paid_though_the_rest_cannot_go_back_yet(till: Till) -> None:
    _payer, record = await ordered(till)
    till.transfer(record, record.order.amount + 20_000)
    while not (found := await till.ledger.record(record.id)) or EffectKind.REFUND not in found.effects:
        till.network("down" if found and EffectKind.FULFIL in found.effects else None, None)
        await asyncio.sleep(0)
    title, said, _tone = outcome(found)
    assert title.id == "It is paid. Thank you"
    assert f"{money(20_000)} is being {BACK}" in render(said[-1], "en")


async def test_a_second_transfer_is_said_to_go_back(till: Till) -> None:
    _payer, record = await ordered(till)
    till.transfer(record, record.order.amount)
    await till.page("It is paid. Thank you")
    till.transfer(record, record.order.amount)
    record = await till.closed(record)
    said = await looked_up(till, record)
    assert "It is paid. Thank you" in said
    assert "Money came once more after that." in said
    assert f"{money(record.order.amount)} was {BACK}" in said


async def test_money_that_comes_too_late_is_said_to_go_back(till: Till) -> None:
    payer, record = await ordered(till)
    await payer.act("give_up")
    said = words(await till.page("Nothing was paid"))
    assert "The payment was given up." in said
    till.transfer(record, record.order.amount)
    record = await till.closed(record)
    assert record.ending is Ending.REFUNDED
    said = await looked_up(till, record)
    assert "The money came too late" in said
    assert f"{money(record.order.amount)} was {BACK}" in said


async def test_a_payment_whose_time_is_over_is_said_to_be(till: Till) -> None:
    payer, record = await ordered(till)
    await payer.leave()
    till.clock.skip(PAY_WITHIN.total_seconds() + MINUTE)
    while record.effects[EffectKind.COLLECT].state is not State.REJECTED:
        record = await till.runner.changed(record.id, record)
    assert "The time to pay is over." in await looked_up(till, record)


async def test_a_payment_that_is_still_waited_for_is_not_said_to_be_made(till: Till) -> None:
    payer, record = await ordered(till)
    await payer.leave()
    assert "It is not paid yet" in await looked_up(till, record)


async def test_while_the_bank_does_not_answer_giving_up_says_that_one_may_leave(till: Till) -> None:
    payer, record = await ordered(till)
    till.network("down", None)
    await payer.act("give_up")
    shown = words(await till.page("The payment is being given up"))
    assert "You may leave" in shown
    assert f"{record.code[:5]} {record.code[5:]}" in shown
    await payer.leave()
    assert "The bank has not answered yet" in await looked_up(till, record)


async def test_what_may_have_been_paid_before_it_was_given_up_is_not_promised_back(till: Till) -> None:
    payer, record = await ordered(till)
    till.network("down", None)
    till.transfer(record, record.order.amount)
    await payer.act("give_up")
    promise = "If you have paid already, the order may still be carried out; if not, the money goes back"
    assert promise in words(await till.page("The payment is being given up"))
    await payer.leave()
    assert promise in await looked_up(till, record)
    till.network(None, None)
    till.clock.skip(2 * MINUTE)
    assert (await till.runner.settled(record.id)).ending is Ending.DONE


async def test_while_money_goes_back_it_is_not_said_that_somebody_carries_the_order_out(till: Till) -> None:
    _payer, record = await ordered(till, REFUSED_BILL)
    till.transfer(record, record.order.amount)
    while not (found := await till.ledger.record(record.id)) or EffectKind.REFUND not in found.effects:
        till.network("down" if found and EffectKind.FULFIL in found.effects else None, None)
        await asyncio.sleep(0)
    await till.page("Your money is being sent back")
    title, said, _tone = outcome(found)
    assert title.id == "It could not be carried out"
    assert f"{money(record.order.amount)} is being {BACK}" in render(said[-1], "en")
    till.network(None, None)
    assert f"{money(record.order.amount)} was {BACK}" in words(await till.page("It could not be carried out"))


async def test_a_card_that_is_declined_and_a_card_that_was_never_held_are_told_apart(till: Till) -> None:
    payer, _record = await ordered(till, PHONE, "payments.terminal")
    await payer.act("give_up")
    said = words(await till.page("Nothing was paid"))
    assert "The payment was given up." in said
    assert "not accepted" not in said
    await payer.leave()
    payer, _record = await ordered(till, PHONE, "payments.terminal")
    await till.hold_card(DECLINE)
    assert "The card was not accepted." in words(await till.page("Nothing was paid"))


async def test_who_leaves_while_the_ledger_cannot_be_written_leaves_no_terminal_that_asks_for_a_card(
    till: Till,
) -> None:
    payer, record = await ordered(till, PHONE, "payments.terminal")
    async with asyncio.timeout(10):
        while "card" not in till.terminal.shown():
            await asyncio.sleep(0.01)
    till.disk.broken = True
    await payer.leave()
    assert "card" not in till.terminal.shown(), "the next resident's card would pay a stranger's order"
    assert till.running.station.last_wipe_certain, "the visit did not end"
    till.mend_disk()
    while record.effects[EffectKind.COLLECT].state is not State.REJECTED:
        record = await till.runner.changed(record.id, record)
    assert till.outside.charged(record.id) == (0, 0)


async def test_the_receipt_says_the_same_as_the_page(till: Till) -> None:
    _payer, record = await ordered(till)
    till.transfer(record, record.order.amount + 20_000)
    shown = words(await till.page("It is paid. Thank you"), "vi")
    found = await till.ledger.record(record.id)
    assert found is not None
    for block in receipt(found).blocks:
        if isinstance(block, Paragraph):
            assert render(block.text, "vi") in shown
        elif isinstance(block, Row) and block.label.id != "Time":
            assert f"{render(block.label, 'vi')}: {render(block.value, 'vi')}" in shown


async def test_who_asks_to_leave_while_paying_is_told_that_the_order_stays_and_under_which_code(till: Till) -> None:
    payer, record = await ordered(till)
    await payer.act("leave")
    asked = await till.page("Do you want to end the visit?")
    assert f"keep the receipt code {record.code[:5]} {record.code[5:]}" in words(asked)
    await payer.leave()
    await payer.act("on")
    await till.running.screen.until(lambda page: page.kind == "choose")
    await payer.act("leave")
    asked = await till.page("Do you want to end the visit?")
    assert record.code[5:] not in words(asked), "the next resident is told of no order"


async def test_a_receipt_offers_another_errand_and_no_way_back(till: Till) -> None:
    _payer, record = await ordered(till)
    till.transfer(record, record.order.amount)
    page = await till.page("It is paid. Thank you")
    assert page.answers() == {"continue", "another"}
    assert not till.running.screen.view.back
