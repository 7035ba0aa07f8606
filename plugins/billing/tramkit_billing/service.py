"""Pay a bill: find it by the customer code, pay it through the aggregator, hand over the receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import create_model

from tramkit import (
    Fact,
    Form,
    GatewayError,
    GatewayService,
    Icon,
    Messages,
    Money,
    Option,
    Order,
    Text,
    Tone,
    Visit,
    bilingual,
    forms,
    verbatim,
)
from tramkit_billing.codes import Provider, code_in
from tramkit_billing.gateway import Aggregator, Bill, Customer

_ = Messages("tramkit_billing")

SERVICES: dict[str, Text] = {
    "electricity": _("Electricity"),
    "water": _("Water"),
    "internet": _("Internet"),
    "telephone": _("Telephone"),
    "tuition": _("Tuition"),
    "apartment": _("Apartment fee"),
}
ICONS = {
    "electricity": Icon.ELECTRICITY,
    "water": Icon.WATER,
    "internet": Icon.INTERNET,
    "telephone": Icon.PHONE,
    "tuition": Icon.SCHOOL,
    "apartment": Icon.HOUSE,
}
MAX_TRIES = 5

MAX_WRONG, WRONG_SECONDS = 10, 600.0
"""Codes that nobody has, tried at one station in whatever visits, and within which time: then none is for a while."""

CUSTOMER_CODE = "customer code"
LEAST_PART = 1_000
"""VND; less of a bill than this is not worth a transfer."""
ALL, PART = "all", "part"
MAX_SCANNED = 2000
"""Letters: the code on a bill may say more than the customer code."""


class Account(Form):
    """A customer code."""

    code: Annotated[str, forms.code(_("Customer code"), hint=_("It is on your bill"), max_length=MAX_SCANNED)]


class PayBill(GatewayService):
    """Pays bills.

    :param gateway: the aggregator.
    :param providers: who is paid, in the order of the menu.
    """

    id = "billing.pay"

    def __init__(self, gateway: Aggregator, providers: Sequence[Provider]) -> None:
        super().__init__(gateway)
        self._gateway = gateway
        self._providers = {each.id: each for each in providers}

    async def serve(self, visit: Visit) -> None:
        options = [
            Option(
                value=each.id,
                label=SERVICES.get(each.service, _name(each)),
                hint=_told_apart(each),
                icon=ICONS.get(each.service, Icon.BILL),
            )
            for each in self._providers.values()
        ]
        provider = self._providers[await visit.choose(_("Which bill?"), options, name="provider")]
        found = await self._code(visit, provider)
        if found is None:
            return
        code, asked = found
        if await visit.must_wait(CUSTOMER_CODE, 0, most=MAX_WRONG, seconds=WRONG_SECONDS) > 0:
            await visit.tell(
                _("Nothing can be looked up now"),
                _("Wrong codes were entered too often here. Please come back in a few minutes."),
                tone=Tone.WARNING,
            )
            return
        try:
            customer = await visit.fetch(self._gateway.inquire_customer, provider.id, code)
        except GatewayError:
            await visit.tell(
                _("The provider does not answer now"),
                _("Nothing was paid. Please try again later."),
                tone=Tone.WARNING,
            )
            return
        if customer is None:
            await visit.was_wrong(CUSTOMER_CODE, 0)
            await visit.tell(
                _("The provider does not know this customer code"),
                _("Please compare it with your bill: {code}", code=verbatim(code)),
                tone=Tone.WARNING,
            )
            return
        bills, whose = customer.bills, _whose(customer, code, asked)
        if not bills:
            await visit.done(_("Nothing is to be paid"), _("Every bill of this customer is paid."), facts=_told(whose))
            return
        chosen = await self._which(visit, provider, customer)
        amount = await self._part(visit, bills) if chosen is None else owed(chosen)
        await self._pay(visit, provider, code, whose, chosen or oldest(bills, amount), amount)

    async def _code(self, visit: Visit, provider: Provider) -> tuple[str, str] | None:
        """Ask for the code until it can be one; return it, and the name of the answer."""
        for attempt in range(MAX_TRIES):
            name = f"code {attempt}"
            typed = await visit.ask(
                Account,
                _("Please enter the customer code"),
                body=(_("It looks like {example}.", example=provider.example),),
                scanned="code",
                name=name,
            )
            found = code_in(provider, typed.code)
            if found.ok:
                return found.code, name
            assert found.problem is not None
            await visit.tell(_("This cannot be right"), found.problem, tone=Tone.WARNING)
        return None

    async def _which(self, visit: Visit, provider: Provider, customer: Customer) -> Sequence[Bill] | None:
        """Return the bills to pay as the provider's rule allows; None: a part of what is owed."""
        bills = customer.bills
        choices = choices_of(provider, bills)
        if len(choices) == 1:
            return bills
        options = [
            Option(value=value, label=label, hint=_("{amount}", amount=Money(amount=owed(chosen))) if chosen else None)
            for value, (label, chosen) in choices.items()
        ]
        whose = (_("Bills of {name}", name=verbatim(customer.name)),) if customer.name else ()
        body = (*whose, *((_("Older bills are paid first."),) if provider.pay_oldest_first and len(bills) > 1 else ()))
        up_to = _("Up to which month would you like to pay?")
        title = up_to if provider.pay_oldest_first else _("Which bills would you like to pay?")
        chosen = await visit.choose(title, options, body=body, name="bills")
        return choices[chosen][1] or None

    async def _part(self, visit: Visit, bills: Sequence[Bill]) -> int:
        """Ask how much of what is owed is to be paid."""
        label = _("Amount to pay now")
        question = forms.money(label, least=LEAST_PART, most=owed(bills))
        part = create_model("Part", __base__=Form, amount=(Annotated[int, question], ...))
        total = Money(amount=owed(bills))
        body = (_("{total} is owed in all. Older bills are paid first.", total=total),)
        typed: Any = await visit.ask(part, _("How much would you like to pay?"), body=body, name="part")
        return typed.amount

    async def _pay(
        self, visit: Visit, provider: Provider, code: str, whose: Sequence[Fact], bills: Sequence[Bill], amount: int
    ) -> None:
        months = ", ".join(_month(bill) for bill in bills)
        kind = SERVICES.get(provider.service, _name(provider))
        missing = owed(bills) - amount
        facts = (
            *_told(whose),
            Fact(label=_("Month"), value=verbatim(months)),
            *((Fact(label=_("Still owed"), value=_("{amount}", amount=Money(amount=missing))),) if missing else ()),
        )
        await visit.check(
            _("Is this the right customer?"),
            (
                *whose,
                Fact(label=_("Bill"), value=kind, change="provider"),
                Fact(label=_("Payee"), value=_name(provider)),
                *facts[len(whose) :],
            ),
            large=_("{amount}", amount=Money(amount=amount)),
            action=_("Yes: go on to payment"),
        )
        await visit.place(
            Order(
                service=self.id,
                payee=provider.name["vi"],
                amount=amount,
                title=kind,
                request={"provider": provider.id, "customer": code, "bill_ids": [bill.bill_id for bill in bills]},
                facts=facts,
            )
        )


def owed(bills: Sequence[Bill]) -> int:
    """Return what bills come to, VND."""
    return sum(bill.amount for bill in bills)


def oldest(bills: Sequence[Bill], amount: int) -> Sequence[Bill]:
    """Return the bills that an amount pays, wholly or the last of them in part.

    :param bills: oldest first.
    """
    return next((bills[:count] for count in range(1, len(bills)) if owed(bills[:count]) >= amount), bills)


def choices_of(provider: Provider, bills: Sequence[Bill]) -> dict[str, tuple[Text, Sequence[Bill]]]:
    """Return what may be paid together, by the value of its option; no bills: a part of what is owed.

    :param bills: oldest first.
    """
    choices: dict[str, tuple[Text, Sequence[Bill]]] = {}
    for number, bill in enumerate(bills):
        up_to = provider.pay_oldest_first and number > 0
        label = _("Up to {month}", month=_month(bill)) if up_to else _month_text(bill)
        choices[bill.bill_id] = label, bills[: number + 1] if up_to else [bill]
    if len(bills) > 1 and not provider.pay_oldest_first:
        choices[ALL] = _("All of them"), bills
    if provider.allow_partial and owed(bills) > LEAST_PART:
        choices[PART] = _("Another amount"), ()
    return choices


def _whose(customer: Customer, code: str, asked: str) -> tuple[Fact, ...]:
    """Return by what residents recognise that the bill is theirs, or that they have mistyped."""
    told = ((_("Customer"), customer.name), (_("Address"), customer.address))
    return (
        *(Fact(label=label, value=verbatim(words)) for label, words in told if words),
        Fact(label=_("Customer code"), value=verbatim(code), change=asked),
    )


def _told(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """Return facts as they stand on a receipt: nothing is changed there."""
    return tuple(fact.model_copy(update={"change": ""}) for fact in facts)


def _name(provider: Provider) -> Text:
    return bilingual(vi=provider.name["vi"], en=provider.name.get("en", provider.name["vi"]))


def _told_apart(provider: Provider) -> Text | None:
    """Return the provider's name; None where it says no more than the service's does."""
    service = SERVICES.get(provider.service)
    return None if service is None or provider.name.get("en") == service.id else _name(provider)


def _month(bill: Bill) -> str:
    try:
        return date.fromisoformat(f"{bill.period}-01").strftime("%m/%Y")
    except ValueError:
        return bill.period


def _month_text(bill: Bill) -> Text:
    return _("Month {month}", month=_month(bill))
