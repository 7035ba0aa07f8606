"""The resident's side of an order: choose how to pay, pay, see what became of it, take the receipt.

Amount and payee on every page come from the order itself, never from the service.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from tramkit.capture.printing import hand_over
from tramkit.checkout.outcomes import (
    goes_back,
    nothing_moved,
    outcome,
    perhaps_paid,
    receipt,
    receipt_facts,
    spaced,
    still_missing,
    unpaid,
)
from tramkit.conversation.station_visit import StationVisit
from tramkit.host.order import EffectKind, Order, Record
from tramkit.host.payment import Invitation, Payment, PaymentPort
from tramkit.host.person import Level
from tramkit.host.results import HandedOver
from tramkit.orders.ledger import Ledger, LedgerError
from tramkit.orders.runner import Runner
from tramkit.orders.wire import CALL_SECONDS, payment_of
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import Availability, Fact, Option, Pay, Tone, Wait
from tramkit_hal.words import Messages, Moment, Money, Text, public, verbatim

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

SCANNING = (_("Open your bank's app"), _("Scan the code"), _("Confirm there and wait here"))
HOLDING = (_("Look at the amount"), _("Hold the card to the terminal"), _("Wait for the receipt"))
"""The three steps of paying, which a screen draws."""

WAIT_SECONDS = 45.0
"""So long a resident waits for what they have paid for; then the receipt says that it is under way."""

GIVE_UP = "give_up"
NOT_PAYING = Option(value=GIVE_UP, label=_("Do not pay"))
LOOK, SURELY, KEEP = "look", "give_up_surely", "keep_paying"
HAVE_PAID = Option(value=LOOK, label=_("I have paid: look now"), icon=Icon.MONEY)
"""Asks the bank at once; the page goes on by itself all the same."""


async def place(visit: StationVisit, runner: Runner | None, order: Order) -> Record | None:
    """Have an order paid and carried out, in as many attempts as the resident wants; see :meth:`Visit.place`."""
    methods = usable_methods(runner) if runner is not None else []
    if runner is None or not await writable(runner.ledger) or (order.amount and not methods):
        await visit.tell(
            _("This station cannot take orders now"),
            _("Nothing was ordered and nothing was paid. Please try again later, or ask staff."),
            tone=Tone.WARNING,
        )
        return None
    method = await _choose_method(visit, methods) if order.amount else ""
    try:
        record = await _attempt(visit, runner, order, method)
        while nothing_moved(record) and (methods := usable_methods(runner)):
            method = await _choose_again(visit, methods, record)
            if method == GIVE_UP:
                return record
            record = await _attempt(visit, runner, order, method)
    except LedgerError:
        await visit.tell(
            _("This station cannot take orders now"),
            _("If you have paid already, your payment is not lost. Please ask staff."),
            tone=Tone.WARNING,
        )
        return None
    await show(visit, record)
    return record


async def _attempt(visit: StationVisit, runner: Runner, order: Order, method: str) -> Record:
    """Place an order under an id of its own and see it through, for as long as one can be asked to wait."""
    visit.commit(_("The order has been placed. To undo it, go on and choose not to pay."))
    record = await runner.place(visit.order_id(), order, method, holder(visit))
    if order.amount:
        visit.conversation.stays = _(
            "Your order stays, and a payment is not lost. Please keep the receipt code {code}: under My receipts it"
            " shows what became of it.",
            code=spaced(record.code),
        )
        record = await _collect(visit, runner, record)
    record = await _wait(visit, runner, record)
    visit.commit(_("This cannot be taken back here any more."))
    return record


async def writable(ledger: Ledger) -> bool:
    """Tell whether orders can be written; what was the matter may be over."""
    if ledger.trouble:
        try:
            await ledger.probe()
        except LedgerError:
            return False
    return True


def holder(visit: StationVisit) -> str:
    """Return the identity number under which an order is found again: of a chip or an account, never a claimed one."""
    person = visit.person
    return person.number if person is not None and person.reaches(Level.CHIP) else ""


def usable_methods(runner: Runner) -> list[PaymentPort]:
    """Return the payment methods that work now."""
    return [
        method for method in runner.methods.values() if method.availability().availability is not Availability.CLOSED
    ]


async def _choose_method(visit: StationVisit, methods: Sequence[PaymentPort]) -> str:
    if len(methods) == 1:
        return methods[0].id
    options = [Option(value=method.id, label=method.title, hint=method.hint, icon=method.icon) for method in methods]
    return await visit.choose(_("How would you like to pay?"), options, name="payment method")


async def _choose_again(visit: StationVisit, methods: Sequence[PaymentPort], record: Record) -> str:
    """Tell why nothing was paid; return how the resident wants to try once more, or :data:`GIVE_UP`.

    The attempt before is over: money that still comes for it goes back.
    """
    visit.commit(_("That payment is over, and nothing was paid. Please choose here how to go on."))
    visit.conversation.stays = _(
        "Nothing was paid, so nothing is carried out. Please keep the receipt code {code}: under My receipts it shows"
        " what became of it.",
        code=spaced(record.code),
    )
    title, said, tone = outcome(record)
    options = [Option(value=each.id, label=_once_more(each, record)) for each in methods]
    return await visit.tell(
        title, *said, tone=tone, facts=receipt_facts(record), options=(*options, NOT_PAYING), action=None
    )


def _once_more(method: PaymentPort, record: Record) -> Text:
    if method.id == record.method:
        return _("Try again: {method}", method=method.title)
    return _("Pay another way: {method}", method=method.title)


async def _collect(visit: StationVisit, runner: Runner, record: Record) -> Record:
    """Show the Pay page until the money has come or the payment was given up."""
    try:
        return await _until_paid(visit, runner, record)
    finally:
        # the resident has left, perhaps: nobody else may pay what the terminal still asks for
        await asyncio.shield(runner.left(record.id))


async def _until_paid(visit: StationVisit, runner: Runner, record: Record) -> Record:
    first = await _invitation(runner, record)
    until = (visit.clock.now() + runner.left_to_pay(record) + timedelta(seconds=0.5)).replace(microsecond=0)
    asking = False  # whether the resident is asked if the payment is to be given up
    async with visit.live(_giving_up(record) if first is None else pay_page(record, first, until)) as live:
        invited = {record.came: first}  # once for each amount: a code that changes cannot be scanned
        while not record.effects[EffectKind.COLLECT].state.final:
            if record.came not in invited:
                invited[record.came] = await _invitation(runner, record)
            invitation = invited[record.came]
            if record.cancelled or invitation is None:
                live.update(_giving_up(record))
            else:
                live.update(_really(record) if asking else pay_page(record, invitation, until))
            answer = asyncio.create_task(live.answer())
            change = asyncio.create_task(runner.changed(record.id, record))
            try:
                await asyncio.wait({answer, change}, return_when=asyncio.FIRST_COMPLETED)
                if answer.done():
                    choice = answer.result()
                    asking = choice == GIVE_UP
                    if choice == SURELY:
                        await runner.cancel(record.id)
                    elif choice == LOOK:
                        runner.nudge(record.id)
                if change.done():
                    record = change.result()
            finally:
                answer.cancel()
                change.cancel()
                await asyncio.gather(answer, change, return_exceptions=True)
    return record


def _due(record: Record) -> Payment:
    """Return what is still to be paid of an order."""
    payment = payment_of(record)
    return payment.model_copy(update={"amount": payment.amount - record.came})


async def _invitation(runner: Runner, record: Record) -> Invitation | None:
    """Return what the resident is to do; None: the way to pay does not say, and the payment is given up."""
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await runner.methods[record.method].invitation(_due(record))
    except Exception as error:  # a plugin's edge: the order stands already
        _log.warning("payment method does not invite", extra={"order": record.id}, exc_info=error)
        await runner.cancel(record.id)
        return None


def pay_page(record: Record, invitation: Invitation, until: datetime | None = None) -> Pay:
    """Return the Pay page, drawn from the order, the ledger and what the way to pay asks for.

    :param until: when the payment is given up by itself; None: that is not told.

    Where part of the money has come, amount and code are of what is missing.
    """
    payment = _due(record)
    details = tuple(_("{label}: {value}", label=label, value=value) for label, value in invitation.details)
    rest = _("Please pay the rest in the same way. If you do not pay it, what has come goes back to you.")
    code = _("Your receipt code: {code}", code=spaced(record.code))
    return Pay(
        waiting=_("Waiting for the money; you can pay until {time}", time=Moment(at=until)) if until else None,
        steps=SCANNING if invitation.qr else HOLDING,
        title=_title(record, invitation.qr),
        payee=verbatim(record.order.payee),
        amount=Money(amount=payment.amount),
        body=(*still_missing(record), *((rest,) if record.came else ()), *invitation.words, *details, code),
        code=invitation.qr,
        options=(HAVE_PAID, NOT_PAYING) if invitation.qr else (NOT_PAYING,),
    )


def _really(record: Record) -> Wait:
    """Return the question before a payment is given up; money that comes meanwhile still counts."""
    return Wait(
        title=_("Give up this payment?"),
        body=(_("Nothing is carried out then. If you have paid already, choose to go on: it is being looked for."),),
        facts=(Fact(label=_("Amount"), value=_("{amount}", amount=Money(amount=record.order.amount))),),
        options=(
            Option(value=KEEP, label=_("No, go on paying")),
            Option(value=SURELY, label=_("Yes, give it up")),
        ),
    )


def _title(record: Record, qr: str) -> Text:
    """Return what is to be done now: scan a code, or hold a card to the terminal."""
    if record.came:
        return _("Part of the money has come")
    return _("Please pay") if qr else _("Please pay with your card")


def _giving_up(record: Record) -> Wait:
    leave = (_("You may leave."), perhaps_paid())
    code = Fact(label=_("Receipt code"), value=public(spaced(record.code)))
    return Wait(title=_("The payment is being given up"), body=leave, facts=(code,))


async def _wait(visit: StationVisit, runner: Runner, record: Record) -> Record:
    """Show that it is under way until it is settled, or for as long as one can be asked to wait."""
    if record.ending is not None or unpaid(record):
        return record
    async with visit.live(_wait_page(record)) as live:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while record.ending is None and not record.manual and not unpaid(record):
                    record = await runner.changed(record.id, record)
                    live.update(_wait_page(record))
        except TimeoutError:
            pass
    return record


def _wait_page(record: Record) -> Wait:
    if goes_back(record):
        title = _("Your money is being sent back")
    elif record.order.amount:
        title = _("Thank you. Your order is being carried out")
    else:
        title = _("Your request is being carried out")
    return Wait(
        title=title,
        body=(_("This takes a moment. You may also leave: your receipt code shows the result later."),),
        facts=(Fact(label=_("Receipt code"), value=public(spaced(record.code))),),
    )


def _next_steps(visit: StationVisit, record: Record, handed: HandedOver) -> tuple[Text, ...]:
    """Return what the resident does next: take what is theirs, keep the code, know whom to ask."""
    take = (
        _("Take your receipt and your card with you") if handed.outcome == "printed" else _("Take your card with you")
    )
    keep = _("Keep the code {code}: My receipts shows what became of it", code=spaced(record.code))
    phone = visit.staff_phone
    return (take, keep, *((_("Questions? Call {phone}", phone=public(phone)),) if phone else ()))


async def show(visit: StationVisit, record: Record, *, copy: bool = False) -> None:
    """Tell the resident what became of an order, and hand out the receipt where something was done.

    :param copy: a receipt was handed out before: this one says COPY.
    """
    title, said, tone = outcome(record)
    facts = receipt_facts(record)
    if nothing_moved(record):
        await visit.tell(title, *said, tone=tone, facts=facts)
        return
    handed = await hand_over(
        visit,
        receipt(record, copy=copy, letterhead=visit.letterhead, phone=visit.staff_phone),
        name=f"receipt {record.code}",
    )
    if handed.outcome == "printed":
        said = (*said, _("Please take your receipt from the printer."))
    if tone is Tone.SUCCESS:
        await visit.done(title, *said, facts=facts, codes=handed.codes, steps=_next_steps(visit, record, handed))
    else:
        await visit.tell(title, *said, tone=tone, facts=facts, codes=handed.codes)
