"""The resident's side of an order: choose how to pay, pay, see what became of it, take the receipt.

Amount and payee on every page come from the order itself, never from the service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tramkit.identity import Level
from tramkit.orders.ledger import Ledger, LedgerProblem
from tramkit.orders.model import EffectKind, Ending, Order, Record, State
from tramkit.orders.payment import PaymentMethod
from tramkit.orders.runner import Runner
from tramkit.orders.wire import payment_of
from tramkit_hal.document import Block, Code, Document, Paragraph, Row
from tramkit_hal.pages import Availability, Fact, Option, Pay, Tone, Wait
from tramkit_hal.words import Messages, Moment, Money, Text, verbatim

if TYPE_CHECKING:
    from tramkit.visit import Visit

_ = Messages("tramkit")

WAIT_SECONDS = 45.0
"""So long a resident waits for what they have paid for; then the receipt says that it is under way."""


async def place(visit: Visit, runner: Runner | None, order: Order, id: str) -> Record | None:
    """Have an order paid and carried out under an id of its own; see :meth:`Visit.place`."""
    methods = usable_methods(runner) if runner is not None else []
    if runner is None or not await writable(runner.ledger) or (order.amount and not methods):
        await visit.tell(
            _("This station cannot take orders now"),
            _("Nothing was ordered and nothing was paid. Please try again later, or ask staff."),
            tone=Tone.WARNING,
        )
        return None
    method = await _choose_method(visit, methods) if order.amount else ""
    await visit.commit(_("The order has been placed. To undo it, go on and choose not to pay."))
    try:
        record = await runner.place(id, order, method, holder(visit))
        if order.amount:
            record = await _collect(visit, runner, record)
        record = await _wait(visit, runner, record)
    except LedgerProblem:
        await visit.tell(
            _("This station cannot take orders now"),
            _("If you have paid already, your payment is not lost. Please ask staff."),
            tone=Tone.WARNING,
        )
        return None
    await show(visit, record)
    return record


async def writable(ledger: Ledger) -> bool:
    """Tell whether orders can be written; what was the matter may be over."""
    if ledger.trouble:
        try:
            await ledger.probe()
        except LedgerProblem:
            return False
    return True


def holder(visit: Visit) -> str:
    """Return the identity number under which an order is found again: of a chip or an account, never a claimed one."""
    person = visit.person
    return person.number if person is not None and person.reaches(Level.CHIP) else ""


def usable_methods(runner: Runner) -> list[PaymentMethod]:
    """Return the payment methods that work now."""
    return [
        method for method in runner.methods.values() if method.availability().availability is not Availability.CLOSED
    ]


async def _choose_method(visit: Visit, methods: Sequence[PaymentMethod]) -> str:
    if len(methods) == 1:
        return methods[0].id
    options = [Option(value=method.id, label=method.title, hint=method.hint) for method in methods]
    return await visit.choose(_("How would you like to pay?"), options, name="payment method")


async def _collect(visit: Visit, runner: Runner, record: Record) -> Record:
    """Show the Pay page until the money has come or the payment was given up."""
    give_up = Option(value="give_up", label=_("Do not pay"))
    page = pay_page(runner, record)
    try:
        return await _until_paid(visit, runner, record, page, give_up)
    finally:
        # the resident has left, perhaps: nobody else may pay what the terminal still asks for
        await asyncio.shield(runner.left(record.id))


async def _until_paid(visit: Visit, runner: Runner, record: Record, page: Pay, give_up: Option) -> Record:
    async with visit.live(page.model_copy(update={"options": (give_up,)})) as live:
        while not (effect := record.effects[EffectKind.COLLECT]).state.final:
            if effect.state is not State.INTENT and effect.amount != record.order.amount:
                live.update(page)
            answer = asyncio.create_task(live.answer())
            change = asyncio.create_task(runner.changed(record.id, record))
            try:
                await asyncio.wait({answer, change}, return_when=asyncio.FIRST_COMPLETED)
                if answer.done():
                    await runner.cancel(record.id)
                    live.update(page.model_copy(update={"body": (_("The payment is being given up…"),), "code": ""}))
                if change.done():
                    record = change.result()
            finally:
                answer.cancel()
                change.cancel()
                await asyncio.gather(answer, change, return_exceptions=True)
    return record


def pay_page(runner: Runner, record: Record) -> Pay:
    """Return the Pay page, drawn from the order alone."""
    order = record.order
    invitation = runner.methods[record.method].invitation(payment_of(record))
    details = tuple(_("{label}: {value}", label=label, value=value) for label, value in invitation.details)
    return Pay(
        title=_("Please pay"),
        payee=verbatim(order.payee),
        amount=Money(amount=order.amount),
        body=(*invitation.words, *details, _("Your receipt code: {code}", code=spaced(record.code))),
        code=invitation.qr,
    )


async def _wait(visit: Visit, runner: Runner, record: Record) -> Record:
    """Show that it is under way until it is settled, or for as long as one can be asked to wait."""
    if record.ending is not None or unpaid(record):
        return record
    page = Wait(
        title=_("Thank you. Your order is being carried out"),
        body=(_("This takes a moment. You may also leave: your receipt code shows the result later."),),
        facts=(Fact(label=_("Receipt code"), value=verbatim(spaced(record.code))),),
    )
    async with visit.live(page):
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while record.ending is None and not record.manual and not unpaid(record):
                    record = await runner.changed(record.id, record)
        except TimeoutError:
            pass
    return record


def unpaid(record: Record) -> bool:
    """Tell whether a payment was given up and nothing has come."""
    collect = record.effect(EffectKind.COLLECT)
    return collect is not None and collect.state is State.REJECTED


async def show(visit: Visit, record: Record, *, copy: bool = False) -> None:
    """Tell the resident what became of an order, and hand out the receipt where something was done.

    :param copy: a receipt was handed out before: this one says COPY.
    """
    title, said, tone = outcome(record)
    facts = receipt_facts(record)
    if unpaid(record) and record.ending in (None, Ending.UNPAID):
        await visit.tell(title, *said, tone=tone, facts=facts)
        return
    handed = await visit.print(receipt(record, copy=copy), name=f"receipt {record.code}")
    if tone is Tone.SUCCESS:
        await visit.done(title, *said, facts=facts, codes=handed.codes)
    else:
        await visit.tell(title, *said, tone=tone, facts=facts, codes=handed.codes)


def outcome(record: Record) -> tuple[Text, tuple[Text, ...], Tone]:
    """Return what became of an order: a title, more words, and their tone."""
    fulfil = record.effect(EffectKind.FULFIL)
    reason = (fulfil.reason,) if fulfil is not None and fulfil.reason is not None else ()
    if record.ending is Ending.DONE:
        title = _("It is paid. Thank you") if record.order.amount else _("Your order has been carried out")
        return title, (), Tone.SUCCESS
    if record.ending is Ending.REFUNDED:
        back = _("The money goes back to the account it came from.")
        return _("It could not be carried out"), (*reason, back), Tone.WARNING
    if record.ending is Ending.FAILED:
        return _("It could not be carried out"), (*reason, _("Nothing was paid.")), Tone.WARNING
    if unpaid(record):
        collect = record.effects[EffectKind.COLLECT]
        late = _("If you have paid nevertheless, the money goes back to you by itself.")
        return _("Nothing was paid"), (collect.reason or late,), Tone.PLAIN
    later = _("Come back with the receipt code to see the result, at this station.")
    if record.manual:
        return _("Staff must look after this order"), (_("Your payment is not lost."), later), Tone.WARNING
    if fulfil is not None:
        here = _("It is accepted here; who carries it out has not confirmed it yet. It is delivered by itself.")
        return _("Your order is under way"), (here, later), Tone.PLAIN
    return _("Your order is under way"), (later,), Tone.PLAIN


def receipt_facts(record: Record) -> tuple[Fact, ...]:
    """Return what stands on the receipt, from the order and the ledger alone."""
    order = record.order
    facts = [
        Fact(label=_("Receipt code"), value=verbatim(spaced(record.code))),
        Fact(label=_("For"), value=order.title),
        *order.facts,
    ]
    if order.amount:
        facts.append(Fact(label=_("Payee"), value=verbatim(order.payee)))
        collect, refund = record.effect(EffectKind.COLLECT), record.effect(EffectKind.REFUND)
        paid = collect is not None and collect.state is State.CONFIRMED
        facts.append(Fact(label=_("Amount"), value=_("{amount}", amount=Money(amount=order.amount))))
        if collect is not None and paid and collect.amount != order.amount:
            facts.append(Fact(label=_("Paid"), value=_("{amount}", amount=Money(amount=collect.amount))))
        if refund is not None:
            facts.append(Fact(label=_("Goes back"), value=_("{amount}", amount=Money(amount=refund.amount))))
    fulfil = record.effect(EffectKind.FULFIL)
    return (*facts, *(fulfil.facts if fulfil is not None else ()))


def receipt(record: Record, *, copy: bool = False) -> Document:
    """Return the receipt of an order."""
    title, said, _tone = outcome(record)
    blocks: list[Block] = [Row(label=_("Time"), value=_("{time}", time=Moment(at=record.placed_at, with_day=True)))]
    blocks += [Row(label=fact.label, value=fact.value) for fact in receipt_facts(record)]
    blocks += [Paragraph(text=text) for text in (title, *said)]
    return Document(
        title=_("Receipt (COPY)") if copy else _("Receipt"),
        blocks=(*blocks, Code(content=record.code, caption=_("Receipt code"))),
    )


def spaced(code: str) -> str:
    """Return a receipt's code in two groups."""
    return f"{code[: len(code) // 2]} {code[len(code) // 2 :]}"
