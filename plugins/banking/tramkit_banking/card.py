"""Apply for a credit card as a referral: the application is prepared here, the bank meets the resident and decides.

Circular 45/2025/TT-NHNN: before a card is issued the bank meets the applicant and compares their biometrics. A station
does neither; it prepares the application and agrees on when the bank and the resident meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from tramkit import (
    Decimal1,
    Fact,
    Form,
    GatewayError,
    Level,
    Messages,
    Moment,
    Money,
    Option,
    Order,
    Person,
    Text,
    Tone,
    Visit,
    age,
    forms,
    verbatim,
)
from tramkit_banking.applying import Applying, applicant, reached
from tramkit_banking.banks import Bank, Card
from tramkit_banking.gateway import Slot
from tramkit_banking.rules import CardRule

_ = Messages("tramkit_banking")

MAX_SLOTS = 8
"""Times that are offered at once."""
BY_PHONE = "phone"
SOONEST = timedelta(hours=2)
"""So long from now a meeting lies ahead at least: the resident has to get there."""


class Contact(Form):
    """How the bank reaches the resident, and what they earn."""

    phone: Annotated[str, forms.phone(_("Phone number"))]
    address: Annotated[str, forms.text(_("Where you live now"), max_length=200)]
    income: Annotated[int, forms.money(_("Income a month (đồng)"))]
    employer: Annotated[str, forms.text(_("Where you work, or: pension"), max_length=100)]


class ApplyForCard(Applying):
    """Prepares the application for a credit card and agrees on a meeting with the bank."""

    id = "banking.card"

    async def serve(self, visit: Visit) -> None:
        rule = self.rules.card(visit.today())
        person = visit.person or await visit.identify(Level.CLAIMED)
        offering = [bank for bank in self.banks.values() if bank.cards]
        if not offering:
            await visit.tell(
                _("No card is offered here now"), _("Please ask at a branch of your bank."), tone=Tone.WARNING
            )
            return
        bank = await _bank(visit, offering)
        card = await _card(visit, bank)
        if rule.meeting or rule.biometrics:
            await _before(visit, rule, bank)
        if why := not_eligible(card, rule, person, visit):
            await _does_not_fit(visit, why)
            return
        contact = await reached(visit, person, Contact)
        if contact.income < card.least_income:
            least = Money(amount=card.least_income)
            await _does_not_fit(visit, [_("The bank asks for an income of at least {amount} a month.", amount=least)])
            return
        slot = await self._slot(visit, bank) if rule.meeting else None
        consents = await self.agree(visit, "card")
        facts = _facts(bank, card, slot)
        await visit.check(
            _("Is everything right?"),
            (*facts, *_mine(person, contact)),
            body=(_("The bank decides only after it has met you."),),
            action=_("Sign the application"),
        )
        signature = await self.sign(visit, _("Application for a credit card"))
        await visit.place(
            Order(
                service=self.id,
                payee=bank.name.vi,
                amount=0,
                title=_("Application for a credit card"),
                done=_("Your application is prepared"),
                request={
                    "bank": bank.id,
                    "kind": "card",
                    "product": card.id,
                    "terms": bank.terms.version,
                    "slot": slot.id if slot is not None else "",
                    "consents": consents,
                    **contact.model_dump(),
                    **applicant(person),
                },
                facts=_receipt(facts, slot),
                attachments=(signature,),
            )
        )

    async def _slot(self, visit: Visit, bank: Bank) -> Slot | None:
        """Agree on when bank and resident meet; None: the bank calls."""
        try:
            slots = await visit.fetch(self.gateways[bank.id].slots)
        except GatewayError:
            slots = []
        ahead = [each for each in slots if each.at > visit.now() + SOONEST][:MAX_SLOTS]
        if not ahead:
            await visit.tell(
                _("The bank will call you"),
                _("Its appointments cannot be seen now. It calls you to agree on a day for the meeting."),
            )
            return None
        options = [
            *(Option(value=each.id, label=_("{moment}", moment=Moment(at=each.at, with_day=True))) for each in ahead),
            Option(value=BY_PHONE, label=_("None of these: the bank shall call me")),
        ]
        title = _("When will you come to the bank?")
        where = _("Meeting at: {branch}.", branch=bank.branch.text)
        chosen = await visit.choose(title, options, body=(where,), name="slot")
        return next((each for each in ahead if each.id == chosen), None)


async def _bank(visit: Visit, banks: Sequence[Bank]) -> Bank:
    if len(banks) == 1:
        return banks[0]
    options = [Option(value=each.id, label=each.name.text, hint=each.cards[0].name.text) for each in banks]
    chosen = await visit.choose(_("Which bank?"), options, name="bank")
    return next(each for each in banks if each.id == chosen)


async def _card(visit: Visit, bank: Bank) -> Card:
    """Let the resident choose a card, and read what it costs before anything is asked."""
    options = [Option(value=each.id, label=each.name.text, hint=each.hint.text) for each in bank.cards]
    chosen = await visit.choose(_("Which card?"), options, name="product")
    card = next(each for each in bank.cards if each.id == chosen)
    await visit.tell(
        card.name.text,
        _("This is what it costs. Nothing is sent before you have signed."),
        facts=(
            Fact(label=_("Yearly fee"), value=_amount(card.yearly_fee)),
            Fact(label=_("Rate on what is not paid back in time"), value=_percent(float(card.yearly_rate))),
            Fact(label=_("Days without interest"), value=verbatim(str(card.free_days))),
            Fact(label=_("Limit"), value=_("up to {amount}", amount=Money(amount=card.most))),
            *(Fact(label=each.name.text, value=_amount(each.amount)) for each in card.fees),
        ),
    )
    return card


async def _before(visit: Visit, rule: CardRule, bank: Bank) -> None:
    """Say what the law asks for before anything is filled in."""
    await visit.read(
        _("The bank must meet you"),
        _(
            "By law the bank meets you before it issues a credit card, and compares your face with your card."
            " Source: {law}.",
            law=rule.source,
        ),
        _("Here the application is prepared and the day of the meeting is agreed on. No card is issued here."),
        _("The meeting is at: {branch}.", branch=bank.branch.text),
    )


def not_eligible(card: Card, rule: CardRule, person: Person, visit: Visit) -> list[Text]:
    """Return why a card does not fit, in words; empty: it does, as far as the station can tell."""
    youngest = max(card.youngest, rule.youngest)
    if person.born is not None and age(person.born, visit.today()) < youngest:
        return [_("The bank issues this card from {years} years on.", years=youngest)]
    return []


async def _does_not_fit(visit: Visit, why: Sequence[Text]) -> None:
    await visit.tell(
        _("This card does not fit you"),
        *why,
        _("Touch Back to choose another card. Nothing was sent to the bank."),
        tone=Tone.PLAIN,
    )


def _receipt(facts: Sequence[Fact], slot: Slot | None) -> tuple[Fact, ...]:
    """Return what the receipt says; the bank's answer tells the meeting, as it has booked it."""
    told = (fact.model_copy(update={"change": ""}) for fact in facts if slot is None or fact.change != "slot")
    return (*told, Fact(label=_("Bring with you"), value=_("Your identity card with chip, and proof of your income")))


def _facts(bank: Bank, card: Card, slot: Slot | None) -> tuple[Fact, ...]:
    when = _("{moment}", moment=Moment(at=slot.at, with_day=True)) if slot is not None else _("The bank calls you")
    return (
        Fact(label=_("Bank"), value=bank.name.text, change="bank"),
        Fact(label=_("Card"), value=card.name.text, change="product"),
        Fact(label=_("Yearly fee"), value=_amount(card.yearly_fee)),
        Fact(label=_("Meeting"), value=when, change="slot" if slot is not None else ""),
        Fact(label=_("Where"), value=bank.branch.text),
    )


def _mine(person: Person, contact: Contact) -> tuple[Fact, ...]:
    return (
        Fact(label=_("Full name"), value=verbatim(person.name)),
        Fact(label=_("Phone number"), value=verbatim(contact.phone), change="contact"),
        Fact(label=_("Address"), value=verbatim(contact.address), change="contact"),
        Fact(label=_("Income"), value=_("{amount}", amount=Money(amount=contact.income)), change="contact"),
    )


def _amount(amount: int) -> Text:
    return _("{amount}", amount=Money(amount=amount)) if amount else _("No fee")


def _percent(rate: float) -> Text:
    return _("{percent}% a year", percent=Decimal1(number=rate * 100))
