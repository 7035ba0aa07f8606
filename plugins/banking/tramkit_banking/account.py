"""Open a bank account: bank, product, details, each consent by itself, application to the bank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from tramkit import Fact, Form, Level, Messages, Money, Option, Order, Role, Tone, Visit, forms, verbatim
from tramkit_banking.applying import Applying, today, years
from tramkit_banking.banks import Bank

_ = Messages("tramkit_banking")

YOUNGEST = 15
"""Circular 25/2025/TT-NHNN: from 15 on an account can be opened electronically."""


class Contact(Form):
    """How the bank reaches the resident."""

    phone: Annotated[str, forms.phone(_("Phone number"))]
    address: Annotated[str, forms.text(_("Where you live now"), max_length=200)]
    occupation: Annotated[str, forms.text(_("Occupation"), max_length=80)]


class Fatca(Form):
    """What American tax law asks of every bank."""

    american: Annotated[bool, forms.yes_no(_("Are you a citizen of the United States, or do you pay tax there?"))]


class Consents(Form):
    """Consents, each by itself."""

    terms: Annotated[bool, forms.consent(_("I have read the bank's terms and fees and agree"))]
    data: Annotated[bool, forms.consent(_("The bank may process my personal data to open the account"))]
    marketing: Annotated[bool, forms.consent(_("The bank may send me offers"), required=False)]


class OpenAccount(Applying):
    """Applies for a bank account; the bank decides."""

    id = "banking.account"
    title = _("Open a bank account")
    hint = _("Apply here; the bank checks who you are")
    identity = Level.CLAIMED
    wants = (Role.ID_READER, Role.CODE_SCANNER, Role.RECEIPT_PRINTER)

    async def serve(self, visit: Visit) -> None:
        person = visit.person or await visit.identify(Level.CLAIMED)
        day = today(visit)
        if person.born is not None and years(person.born, day) < YOUNGEST:
            await visit.tell(
                _("An account cannot be opened here yet"),
                _("From 15 years on it can. For a younger child, please go to a branch with a parent."),
                tone=Tone.WARNING,
            )
            return
        bank = await self.which(visit, [bank for bank in self.banks.values() if bank.accounts])
        options = [Option(value=each.id, label=each.name.text, hint=each.hint.text) for each in bank.accounts]
        id = await visit.choose(_("Which account?"), options, name="product")
        account = next(each for each in bank.accounts if each.id == id)
        referred = person.level < Level[bank.account_level.upper()]
        if referred:
            await self._refer(visit, bank)
        contact = await visit.ask(
            Contact,
            _("How does the bank reach you?"),
            prefill={"address": person.address} if person.address else {},
            name="contact",
        )
        fatca = await visit.ask(Fatca, _("One question for the tax authorities"), name="fatca")
        consents = await visit.ask(
            Consents,
            _("Do you agree?"),
            body=(_("Touch each sentence that you agree to. The last one is your free choice."),),
            name="consents",
        )
        fee = _("{amount} a month", amount=Money(amount=account.monthly_fee)) if account.monthly_fee else _("No fee")
        facts = (
            Fact(label=_("Bank"), value=bank.name.text, change="bank"),
            Fact(label=_("Account"), value=account.name.text, change="product"),
            Fact(label=_("Fee"), value=fee),
        )
        mine: Sequence[Fact] = (
            Fact(label=_("Full name"), value=verbatim(person.name)),
            Fact(label=_("Phone number"), value=verbatim(contact.phone), change="contact"),
            Fact(label=_("Address"), value=verbatim(contact.address), change="contact"),
            Fact(label=_("Occupation"), value=verbatim(contact.occupation), change="contact"),
        )
        await visit.check(_("Is everything right?"), (*facts, *mine), action=_("Send the application"))
        branch = (Fact(label=_("Go with your card to"), value=bank.branch.text),) if referred else ()
        await visit.place(
            Order(
                service=self.id,
                payee=bank.name.vi,
                amount=0,
                title=_("Application for an account"),
                request={
                    "bank": bank.id,
                    "kind": "account",
                    "product": account.id,
                    "name": person.name,
                    "number": person.number,
                    "born": person.born.isoformat() if person.born else "",
                    "sex": person.sex or "",
                    "level": person.level.name,
                    **contact.typed(),
                    "fatca": fatca.american,
                    "consents": [name for name, value in consents.typed().items() if value],
                },
                facts=tuple(fact.model_copy(update={"change": ""}) for fact in facts) + branch,
            )
        )

    async def _refer(self, visit: Visit, bank: Bank) -> None:
        await visit.read(
            _("The bank must see you once"),
            _("The law asks the bank to compare your face with the chip of your card. This station cannot do that."),
            _("You can fill in the application here. Then go with your card to: {branch}.", branch=bank.branch.text),
        )
