"""Apply for a consumer loan: need, term, income, eligibility, schedule and effective rate before consent."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from tramkit import (
    Fact,
    Form,
    Level,
    Messages,
    Money,
    Option,
    Order,
    Person,
    Role,
    Text,
    Tone,
    Visit,
    forms,
    verbatim,
)
from tramkit_banking.applying import Applying, today, years
from tramkit_banking.banks import Bank, Loan
from tramkit_banking.loans import Payment, effective_rate, schedule

_ = Messages("tramkit_banking")

PURPOSES: dict[str, Text] = {
    "home": _("Repair or furnish the home"),
    "study": _("Tuition"),
    "health": _("Treatment"),
    "vehicle": _("Motorbike or car"),
    "other": _("Something else for the household"),
}


class Income(Form):
    """What the resident earns and owes."""

    income: Annotated[str, forms.digits(_("Income a month, in đồng"), low=1, high=11)]
    debts: Annotated[str, forms.digits(_("Paid for other loans each month, in đồng; 0 if none"), low=1, high=11)]
    employer: Annotated[str, forms.text(_("Where you work, or: pension"), max_length=100)]
    phone: Annotated[str, forms.phone(_("Phone number"))]


class Consents(Form):
    """Consents, each by itself."""

    terms: Annotated[bool, forms.consent(_("I have seen the schedule, the rate and the fees, and I agree"))]
    data: Annotated[bool, forms.consent(_("The bank may process my personal data to decide on the loan"))]
    credit: Annotated[bool, forms.consent(_("The bank may ask the credit information centre (CIC) about me"))]


class ApplyForLoan(Applying):
    """Applies for a consumer loan (Circular 39/2016/TT-NHNN and its changes); the bank decides."""

    id = "banking.loan"
    title = _("Apply for a consumer loan")
    hint = _("See what it costs before you decide")
    identity = Level.CLAIMED
    wants = (Role.ID_READER, Role.CODE_SCANNER, Role.RECEIPT_PRINTER)

    async def serve(self, visit: Visit) -> None:
        person = visit.person or await visit.identify(Level.CLAIMED)
        bank = await self.which(visit, [bank for bank in self.banks.values() if bank.loans])
        loan = await self._product(visit, bank)
        options = [Option(value=str(each), label=_("{amount}", amount=Money(amount=each))) for each in _amounts(loan)]
        principal = int(await visit.choose(_("How much do you need?"), options, name="principal"))
        terms = [Option(value=str(each), label=_("{months} months", months=each)) for each in loan.months]
        months = int(await visit.choose(_("For how long?"), terms, name="months"))
        uses = [Option(value=id, label=label) for id, label in PURPOSES.items()]
        purpose = await visit.choose(_("What is it for?"), uses, name="purpose")
        income = await visit.ask(Income, _("What do you earn?"), name="income")
        payments = schedule(principal, months, loan.yearly_rate, loan.method)
        if why := not_eligible(loan, person, income, payments, today(visit)):
            await visit.tell(
                _("This loan does not fit you"),
                *why,
                _("A smaller amount or a longer time may fit. Nothing was sent to the bank."),
                tone=Tone.PLAIN,
            )
            return
        await self._show_cost(visit, loan, principal, payments)
        await visit.ask(
            Consents,
            _("Do you agree?"),
            body=(_("Touch each sentence that you agree to. The bank needs all three."),),
            name="consents",
        )
        facts = (
            Fact(label=_("Bank"), value=bank.name.text, change="bank"),
            Fact(label=_("Loan"), value=_("{amount}", amount=Money(amount=principal)), change="principal"),
            Fact(label=_("For"), value=_("{months} months", months=months), change="months"),
            Fact(label=_("First payment"), value=_("{amount}", amount=Money(amount=payments[0].payment))),
        )
        mine = (
            Fact(label=_("Full name"), value=verbatim(person.name)),
            Fact(label=_("Income"), value=_("{amount}", amount=Money(amount=int(income.income))), change="income"),
        )
        await visit.check(_("Is everything right?"), (*facts, *mine), action=_("Send the application"))
        off = _("{days} days after signing, without cost", days=loan.cooling_off_days)
        await visit.place(
            Order(
                service=self.id,
                payee=bank.name.vi,
                amount=0,
                title=_("Application for a loan"),
                request={
                    "bank": bank.id,
                    "kind": "loan",
                    "product": loan.id,
                    "principal": principal,
                    "months": months,
                    "purpose": purpose,
                    "name": person.name,
                    "number": person.number,
                    "born": person.born.isoformat() if person.born else "",
                    "level": person.level.name,
                    "income": int(income.income),
                    "debts": int(income.debts),
                    "employer": income.employer,
                    "phone": income.phone,
                    "consents": ["terms", "data", "credit"],
                },
                facts=(
                    *(fact.model_copy(update={"change": ""}) for fact in facts),
                    Fact(label=_("You may withdraw"), value=off),
                ),
            )
        )

    async def _product(self, visit: Visit, bank: Bank) -> Loan:
        if len(bank.loans) == 1:
            return bank.loans[0]
        options = [Option(value=each.id, label=each.name.text) for each in bank.loans]
        id = await visit.choose(_("Which loan?"), options, name="product")
        return next(each for each in bank.loans if each.id == id)

    async def _show_cost(self, visit: Visit, loan: Loan, principal: int, payments: tuple[Payment, ...]) -> None:
        """Tell what the loan costs before anything is agreed to: Circular 39/2016/TT-NHNN, Article 13."""
        fee = loan.fee(principal)
        interest = sum(each.interest for each in payments)
        rate = effective_rate(payments, fee)
        whole = f"{float(loan.yearly_rate) * 100:.1f}".replace(".", ",")
        effective = f"{rate * 100:.1f}".replace(".", ",")
        late = f"{float(loan.late_rate) * 100:.1f}".replace(".", ",")
        await visit.tell(
            _("What the loan costs"),
            _("You may withdraw within {days} days after signing, without cost.", days=loan.cooling_off_days),
            facts=(
                Fact(label=_("First payment"), value=_("{amount}", amount=Money(amount=payments[0].payment))),
                Fact(label=_("Last payment"), value=_("{amount}", amount=Money(amount=payments[-1].payment))),
                Fact(label=_("Interest in all"), value=_("{amount}", amount=Money(amount=interest))),
                Fact(label=_("Fee at the beginning"), value=_("{amount}", amount=Money(amount=fee))),
                Fact(
                    label=_("You pay back in all"),
                    value=_("{amount}", amount=Money(amount=sum(each.payment for each in payments) + fee)),
                ),
                Fact(label=_("Rate on the actual balance"), value=_("{percent} % a year", percent=whole)),
                Fact(label=_("Effective rate with fees"), value=_("{percent} % a year", percent=effective)),
                Fact(label=_("Rate on what is overdue"), value=_("{percent} % a year", percent=late)),
            ),
        )


def _amounts(loan: Loan) -> list[int]:
    """Return round amounts between the least and the most."""
    steps = (5, 10, 20, 30, 50, 80, 100, 200, 300, 500)
    return [each for each in (step * 1_000_000 for step in steps) if loan.least <= each <= loan.most]


def not_eligible(loan: Loan, person: Person, income: Income, payments: tuple[Payment, ...], on: date) -> list[Text]:
    """Return why a loan does not fit, in words; empty: it does, as far as the station can tell."""
    why: list[Text] = []
    if person.born is not None:
        age = years(person.born, on)
        if age < loan.youngest:
            why.append(_("The bank lends from {years} years on.", years=loan.youngest))
        if age + -(-len(payments) // 12) > loan.oldest_at_end:
            why.append(_("The last payment must be due before you are {years}.", years=loan.oldest_at_end))
    earned, owed = int(income.income), int(income.debts)
    if earned < loan.least_income:
        why.append(_("The bank asks for an income of {amount} a month.", amount=Money(amount=loan.least_income)))
    most = max(each.payment for each in payments)
    if (most + owed) * 100 > earned * loan.income_share:
        why.append(
            _(
                "All payments together, {amount} a month, may take {share} % of your income at most.",
                amount=Money(amount=most + owed),
                share=loan.income_share,
            )
        )
    return why
