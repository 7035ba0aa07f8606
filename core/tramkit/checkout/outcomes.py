"""What became of an order, in words: for the page, the receipt and whoever asks later. From the ledger alone."""

from __future__ import annotations

from tramkit.host.order import EffectKind, Ending, Record, State
from tramkit.orders.saga import paid
from tramkit_hal.document.document import Block, Code, Document, Heading, Paragraph, Row
from tramkit_hal.ui.pages import Fact, Tone
from tramkit_hal.words import Messages, Moment, Money, Text, public

_ = Messages("tramkit")

Told = tuple[Text, tuple[Text, ...], Tone]
"""A title, more words, and their tone."""

LATER = _("Come back with the receipt code to see the result, at this station.")


def outcome(record: Record) -> Told:
    """Return what became of an order."""
    if _is(record, EffectKind.COLLECT, State.MANUAL) or _is(record, EffectKind.FULFIL, State.MANUAL):
        safe = (_("Your payment is not lost."),) if record.order.amount else ()
        return _("Staff must look after this order"), (*safe, LATER), Tone.WARNING
    if _is(record, EffectKind.FULFIL, State.CONFIRMED):
        return *_done(record), Tone.SUCCESS
    if _is(record, EffectKind.FULFIL, State.REJECTED):
        fulfil = record.effects[EffectKind.FULFIL]
        reason = (fulfil.reason,) if fulfil.reason is not None else ()
        back = _what_goes_back(record) if record.order.amount else (_("Nothing was paid."),)
        return _("It could not be carried out"), (*reason, *back), Tone.WARNING
    if EffectKind.FULFIL in record.effects:
        here = _("It is accepted here; who carries it out has not confirmed it yet. It is delivered by itself.")
        return _("Your order is under way"), (here, LATER), Tone.PLAIN
    if _is(record, EffectKind.COLLECT, State.CONFIRMED):
        return _not_enough(record) if paid(record) < record.order.amount else _too_late(record)
    return _nothing_paid(record) if unpaid(record) else _not_paid_yet(record)


def _done(record: Record) -> tuple[Text, tuple[Text, ...]]:
    order, back = record.order, _what_goes_back(record)
    if order.done is None:
        return _("It is paid. Thank you") if order.amount else _("Your request has been received"), back
    if not order.amount:
        return order.done, back
    return order.done, (_("{amount} is paid.", amount=Money(amount=order.amount)), *back)


def unpaid(record: Record) -> bool:
    """Tell whether a payment was given up and nothing has come."""
    return _is(record, EffectKind.COLLECT, State.REJECTED)


def goes_back(record: Record) -> bool:
    """Tell whether the money is being sent back, all of it."""
    return EffectKind.REFUND in record.effects and not _is(record, EffectKind.FULFIL, State.CONFIRMED)


def still_missing(record: Record) -> tuple[Text, ...]:
    """Return how much has come of a payment that is not made yet; nothing: none of it."""
    if not record.came:
        return ()
    order = record.order.amount
    came, all, missing = (Money(amount=each) for each in (record.came, order, order - record.came))
    return (_("{came} of {all} has come. {missing} is still missing.", came=came, all=all, missing=missing),)


def _not_enough(record: Record) -> Told:
    came, all = Money(amount=paid(record)), Money(amount=record.order.amount)
    said = _("Only {came} of {all} came, so nothing was carried out.", came=came, all=all)
    return _("Not enough was paid"), (said, *_what_goes_back(record)), Tone.WARNING


def _too_late(record: Record) -> Told:
    said = _("The payment was given up, or its time was over, when the money came. Nothing was carried out.")
    return _("The money came too late"), (said, *_what_goes_back(record)), Tone.WARNING


def _nothing_paid(record: Record) -> Told:
    collect = record.effects[EffectKind.COLLECT]
    nevertheless = _("If you have paid nevertheless, the money goes back to you by itself.")
    if record.cancelled:
        said = (_("The payment was given up."), nevertheless)
    else:
        said = (collect.reason,) if collect.reason is not None else (_("The time to pay is over."), nevertheless)
    return _("Nothing was paid"), said, Tone.PLAIN


def _not_paid_yet(record: Record) -> Told:
    if record.cancelled:
        said = (_("The bank has not answered yet."), perhaps_paid(), LATER)
        return _("The payment is being given up"), said, Tone.PLAIN
    if record.came:
        back = _("If the rest does not come in time, what has come goes back to you by itself.")
        return _("Part of the money has come"), (*still_missing(record), back), Tone.WARNING
    return _("It is not paid yet"), (_("If you have just paid, it takes a moment."), LATER), Tone.PLAIN


def perhaps_paid() -> Text:
    """Return what is true of money while nobody knows yet whether it came before the payment was given up."""
    return _(
        "If you have paid already, the order may still be carried out; if not, the money goes back to you by itself."
    )


def _what_goes_back(record: Record) -> tuple[Text, ...]:
    """Return what is said of money that goes back: too much of it, a second transfer, or all of it."""
    done = _is(record, EffectKind.FULFIL, State.CONFIRMED)
    said: list[Text] = []
    for kind in (EffectKind.REFUND, EffectKind.RETURN):
        if (back := record.effect(kind)) is None:
            continue
        if kind is EffectKind.RETURN:
            said.append(_("Money came once more after that."))
        elif done:
            said.append(_("More came than was to be paid."))
        amount = Money(amount=back.amount)
        if back.state is State.CONFIRMED:
            said.append(_("{amount} was sent back to where it came from.", amount=amount))
        elif back.state is State.MANUAL:
            said.append(_("Staff must send {amount} back. It is not lost.", amount=amount))
        else:
            said.append(_("{amount} is being sent back to where it came from.", amount=amount))
    return tuple(said)


def _is(record: Record, kind: EffectKind, state: State) -> bool:
    effect = record.effect(kind)
    return effect is not None and effect.state is state


def receipt_facts(record: Record) -> tuple[Fact, ...]:
    """Return what stands on the receipt, from the order and the ledger alone."""
    order = record.order
    facts = [
        Fact(label=_("Receipt code"), value=public(spaced(record.code))),
        Fact(label=_("For"), value=order.title),
        *order.facts,
    ]
    if order.amount:
        facts.append(Fact(label=_("Payee"), value=public(order.payee)))
        facts.append(Fact(label=_("Amount"), value=_("{amount}", amount=Money(amount=order.amount))))
        came = paid(record) or record.came
        if came and came != order.amount:
            facts.append(Fact(label=_("Paid"), value=_("{amount}", amount=Money(amount=came))))
        for kind in (EffectKind.REFUND, EffectKind.RETURN):
            if back := record.effect(kind):
                facts.append(Fact(label=_("Goes back"), value=_("{amount}", amount=Money(amount=back.amount))))
    fulfil = record.effect(EffectKind.FULFIL)
    return (*facts, *(fulfil.facts if fulfil is not None else ()))


def receipt(record: Record, *, copy: bool = False, letterhead: tuple[Text, ...] = (), phone: str = "") -> Document:
    """Return the receipt of an order.

    :param letterhead: the agency and the place.
    :param phone: whom to ask; empty: nobody.
    """
    title, said, _tone = outcome(record)
    blocks: list[Block] = [Row(label=_("Time"), value=_("{time}", time=Moment(at=record.placed_at, with_day=True)))]
    blocks += [Row(label=fact.label, value=fact.value) for fact in receipt_facts(record)]
    blocks += [Paragraph(text=text) for text in (title, *said)]
    return Document(
        title=_("Receipt (COPY)") if copy else _("Receipt"),
        letterhead=letterhead,
        blocks=(
            Heading(text=record.order.title),
            *blocks,
            Code(
                content=record.code, caption=_("Hold this code to the scanner under My receipts, or say it to staff.")
            ),
            *((Heading(text=_("Questions? Call {phone}", phone=public(phone))),) if phone else ()),
        ),
    )


def nothing_moved(record: Record) -> bool:
    """Tell whether there is nothing to hand a receipt out for."""
    return unpaid(record) and record.ending in (None, Ending.UNPAID)


def spaced(code: str) -> str:
    """Return a receipt's code in two groups."""
    return f"{code[: len(code) // 2]} {code[len(code) // 2 :]}"
