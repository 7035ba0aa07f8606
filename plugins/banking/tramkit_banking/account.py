"""Open a bank account: bank, product and fees, details, tax, each consent by itself, signature, application."""

from __future__ import annotations

from typing import Annotated

from pydantic import JsonValue

from tramkit import (
    Fact,
    Form,
    Messages,
    Money,
    Option,
    Order,
    Person,
    Text,
    Tone,
    Visit,
    age,
    assumed,
    forms,
    phone_text,
    verbatim,
)
from tramkit_banking.applying import Applying, applicant, reached
from tramkit_banking.banks import Account, Bank
from tramkit_banking.fields import tax_code

_ = Messages("tramkit_banking")

PURPOSES: dict[str, Text] = {
    "pension": _("Pension or allowance"),
    "salary": _("Salary"),
    "payments": _("Bills and shopping"),
    "savings": _("Savings"),
    "business": _("Business of my own"),
}


class Contact(Form):
    """How the bank reaches the resident."""

    phone: Annotated[str, forms.phone(_("Phone number"))]
    address: Annotated[str, forms.text(_("Where you live now"), max_length=200)]
    email: Annotated[str | None, forms.email(_("Email"), required=False)]


class Work(Form):
    """What the bank must know of a customer."""

    occupation: Annotated[str, forms.text(_("Occupation"), hint=_("Or: pensioner, at home"), max_length=80)]
    tax: Annotated[str | None, tax_code(_("Tax code, if it is not your identity number"))]
    lives_here: Annotated[bool, forms.yes_no(_("Do you live in Vietnam most of the year?"))]


class Fatca(Form):
    """What American tax law asks of every bank."""

    american: Annotated[bool, forms.yes_no(_("Are you a citizen of the United States, or do you pay tax there?"))]


class AmericanTax(Form):
    """Who pays tax in the United States gives the number of it."""

    tin: Annotated[str, forms.digits(_("American taxpayer number (TIN)"), low=9, high=9)]


class OpenAccount(Applying):
    """Applies for a bank account."""

    id = "banking.account"

    async def serve(self, visit: Visit) -> None:
        rule = self.rules.account(visit.today())
        person = await self.who(visit, rule.level)
        if person.born is not None and age(person.born, visit.today()) < rule.youngest:
            await _too_young(visit, rule.youngest, person)
            return
        bank = await self.which(visit, [bank for bank in self.banks.values() if bank.accounts])
        account = await _product(visit, bank)
        referred = not person.reaches(rule.level)
        if referred:
            await self.refer(visit, bank)
        contact = await reached(visit, person, Contact)
        work = await visit.ask(Work, _("What you do"), name="work")
        uses = [Option(value=id, label=label) for id, label in PURPOSES.items()]
        purpose = await visit.choose(_("What will you use the account for most?"), uses, name="purpose")
        fatca = await visit.ask(Fatca, _("One question for the tax authorities"), name="fatca")
        tin = (await visit.ask(AmericanTax, _("Tax in the United States"), name="tin")).tin if fatca.american else ""
        await visit.read(_("What the bank asks you to know"), *(point.text for point in bank.terms.points))
        consents = await self.agree(visit, "account")
        facts = (
            Fact(label=_("Bank"), value=bank.name.text, change="bank"),
            Fact(label=_("Account"), value=account.name.text, change="product"),
            Fact(label=_("Fee"), value=_fee(account)),
        )
        await visit.check(
            _("Is everything right?"),
            (*facts, *_mine(person, contact, work, purpose)),
            action=_("Sign the application"),
        )
        signature = await self.sign(visit, _("Application for an account"))
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
                    "terms": bank.terms.version,
                    "consents": consents,
                    **applicant(person),
                    **_details(person, contact, work, purpose, fatca.american, tin),
                },
                facts=tuple(fact.model_copy(update={"change": ""}) for fact in facts) + branch,
                attachments=(signature,),
            )
        )


async def _too_young(visit: Visit, youngest: int, person: Person) -> None:
    await visit.tell(
        _("An account cannot be opened here yet"),
        _("From {years} years on it can. For a younger child, please go to a branch with a parent.", years=youngest),
        *assumed(person.born),
        tone=Tone.WARNING,
    )


def _mine(person: Person, contact: Contact, work: Work, purpose: str) -> tuple[Fact, ...]:
    """Return what the resident said of themselves, to be checked before signing."""
    return (
        Fact(label=_("Full name"), value=verbatim(person.name)),
        Fact(label=_("Phone number"), value=phone_text(contact.phone), change="contact"),
        Fact(label=_("Address"), value=verbatim(contact.address), change="contact"),
        Fact(label=_("Occupation"), value=verbatim(work.occupation), change="work"),
        Fact(label=_("Used for"), value=PURPOSES[purpose], change="purpose"),
    )


def _details(
    person: Person, contact: Contact, work: Work, purpose: str, american: bool, tin: str
) -> dict[str, JsonValue]:
    """Return what the bank is told beside who applies."""
    return {
        "phone": contact.phone,
        "address": contact.address,
        "email": contact.email or "",
        "occupation": work.occupation,
        "tax_code": work.tax or person.number,
        "resident": work.lives_here,
        "nationality": "VNM",
        "purpose": purpose,
        "fatca": american,
        "tin": tin,
    }


async def _product(visit: Visit, bank: Bank) -> Account:
    """Let the resident choose an account, and read what it costs before anything is asked."""
    options = [Option(value=each.id, label=each.name.text, hint=each.hint.text) for each in bank.accounts]
    id = await visit.choose(_("Which account?"), options, name="product")
    account = next(each for each in bank.accounts if each.id == id)
    await visit.tell(
        account.name.text,
        _("This is what it costs. Nothing is sent before you have signed."),
        facts=(
            Fact(label=_("Fee"), value=_fee(account)),
            *(Fact(label=each.name.text, value=_amount(each.amount)) for each in account.fees),
        ),
    )
    return account


def _fee(account: Account) -> Text:
    if not account.monthly_fee:
        return _("No fee")
    return _("{amount} a month", amount=Money(amount=account.monthly_fee))


def _amount(amount: int) -> Text:
    return _("{amount}", amount=Money(amount=amount)) if amount else _("No fee")
