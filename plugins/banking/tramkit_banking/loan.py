"""Apply for a consumer loan: need, term, income, eligibility, each payment and the effective rate before consent."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from tramkit import (
    Decimal1,
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
    age_at_most,
    assumed,
    forms,
    verbatim,
)
from tramkit_banking.applying import Applying, applicant
from tramkit_banking.banks import Bank, Loan
from tramkit_banking.loans import Payment, effective_rate, schedule
from tramkit_banking.rules import LoanRule

_ = Messages("tramkit_banking")

PURPOSES: dict[str, Text] = {
    "home": _("Repair or furnish the home"),
    "study": _("Tuition"),
    "health": _("Treatment"),
    "vehicle": _("Motorbike or car"),
    "other": _("Something else for the household"),
}
ROUND_AMOUNTS = tuple(step * 1_000_000 for step in (5, 10, 20, 30, 50, 80, 100, 200, 300, 500))
"""VND that are offered between a loan's least and most."""
MONTHS_PER_PAGE = 6


class Income(Form):
    """What the resident earns and owes."""

    income: Annotated[int, forms.money(_("Income a month (đồng)"))]
    debts: Annotated[int, forms.money(_("Paid for other loans each month; 0 if none"))]
    employer: Annotated[str, forms.text(_("Where you work, or: pension"), max_length=100)]
    phone: Annotated[str, forms.phone(_("Phone number"))]


class ApplyForLoan(Applying):
    """Applies for a consumer loan (Circular 39/2016/TT-NHNN and its changes)."""

    id = "banking.loan"

    async def serve(self, visit: Visit) -> None:
        rule = self.rules.loan(visit.today())
        person = await self.who(visit, rule.level)
        bank = await self.which(visit, [bank for bank in self.banks.values() if bank.loans])
        loan = await _product(visit, bank)
        principal, months = await _size(visit, loan, rule)
        purpose = await visit.choose(
            _("What is it for?"), [Option(value=id, label=label) for id, label in PURPOSES.items()], name="purpose"
        )
        income = await visit.ask(Income, _("What do you earn?"), name="income")
        payments = schedule(principal, months, loan.yearly_rate, loan.method)
        while why := not_eligible(loan, rule, person, income, payments, visit.today()):
            if not await _does_not_fit(visit, why):
                return
            principal, months = await _size(visit, loan, rule)
            payments = schedule(principal, months, loan.yearly_rate, loan.method)
        await _show_cost(visit, loan, principal, payments)
        referred = not person.reaches(rule.level)
        if referred:
            await self.refer(visit, bank)
        consents = await self.agree(visit, "loan")
        facts = (
            Fact(label=_("Bank"), value=bank.name.text, change="bank"),
            Fact(label=_("Loan"), value=_money(principal), change="principal"),
            Fact(label=_("Term"), value=_("{months} months", months=months), change="months"),
            Fact(label=_("First payment"), value=_money(payments[0].payment)),
            Fact(label=_("Used for"), value=PURPOSES[purpose], change="purpose"),
        )
        name = Fact(label=_("Full name"), value=verbatim(person.name))
        earned = Fact(label=_("Income"), value=_money(income.income), change="income")
        await visit.check(_("Is everything right?"), (*facts, name, earned), action=_("Sign the application"))
        signature = await self.sign(visit, _("Application for a loan"))
        off = _("{days} days after signing the contract, without cost", days=loan.cooling_off_days)
        branch = (Fact(label=_("Go with your card to"), value=bank.branch.text),) if referred else ()
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
                    "terms": bank.terms.version,
                    "consents": consents,
                    **income.model_dump(),
                    **applicant(person),
                },
                facts=(
                    *(fact.model_copy(update={"change": ""}) for fact in facts),
                    Fact(label=_("You may withdraw"), value=off),
                    *branch,
                ),
                attachments=(signature,),
            )
        )


async def _size(visit: Visit, loan: Loan, rule: LoanRule) -> tuple[int, int]:
    """Ask how much is needed, VND, and for how many months."""
    options = [Option(value=str(each), label=_money(each)) for each in amounts(loan, rule)]
    principal = int(await visit.choose(_("How much do you need?"), options, name="principal"))
    terms = [Option(value=str(each), label=_("{months} months", months=each)) for each in loan.months]
    return principal, int(await visit.choose(_("For how long?"), terms, name="months"))


async def _does_not_fit(visit: Visit, why: Sequence[Text]) -> bool:
    """Tell why the loan does not fit; return whether the resident wants to choose another one."""
    answer = await visit.tell(
        _("This loan does not fit you"),
        *why,
        _("Nothing was sent to the bank."),
        tone=Tone.PLAIN,
        options=(Option(value="end", label=_("No, no loan: finish here")),),
        action=_("Choose another amount or time"),
    )
    return answer != "end"


async def _product(visit: Visit, bank: Bank) -> Loan:
    if len(bank.loans) == 1:
        return bank.loans[0]
    options = [Option(value=each.id, label=each.name.text) for each in bank.loans]
    id = await visit.choose(_("Which loan?"), options, name="product")
    return next(each for each in bank.loans if each.id == id)


async def _show_cost(visit: Visit, loan: Loan, principal: int, payments: Sequence[Payment]) -> None:
    """Tell what the loan costs before anything is agreed to: Circular 39/2016/TT-NHNN, Article 13."""
    fee = loan.fee(principal)
    facts = (
        Fact(label=_("First payment"), value=_money(payments[0].payment)),
        Fact(label=_("Last payment"), value=_money(payments[-1].payment)),
        Fact(label=_("Interest in all"), value=_money(sum(each.interest for each in payments))),
        Fact(label=_("Fee at the beginning"), value=_money(fee)),
        Fact(label=_("You pay back in all"), value=_money(sum(each.payment for each in payments) + fee)),
        Fact(label=_("Rate on the actual balance"), value=_percent(float(loan.yearly_rate))),
        Fact(label=_("Effective rate with fees"), value=_percent(effective_rate(payments, fee))),
        Fact(label=_("Rate on what is overdue"), value=_percent(float(loan.late_rate))),
    )
    chosen = await visit.tell(
        _("What the loan costs"),
        _(
            "You may withdraw within {days} days after signing the contract, without cost.",
            days=loan.cooling_off_days,
        ),
        facts=facts,
        options=[Option(value="months", label=_("See every month's payment"))],
        action=_("I have seen what it costs: go on"),
    )
    if chosen == "months":
        await _show_months(visit, payments)


async def _show_months(visit: Visit, payments: Sequence[Payment]) -> None:
    """Tell each month's payment, a few to a page."""
    for start in range(0, len(payments), MONTHS_PER_PAGE):
        these = payments[start : start + MONTHS_PER_PAGE]
        last = start + MONTHS_PER_PAGE >= len(payments)
        chosen = await visit.tell(
            _("Months {first} to {last}", first=these[0].month, last=these[-1].month),
            facts=[
                Fact(
                    label=_("Month {month}: {payment}", month=each.month, payment=Money(amount=each.payment)),
                    value=_(
                        "principal {principal}, interest {interest}; still owed {balance}",
                        principal=Money(amount=each.principal),
                        interest=Money(amount=each.interest),
                        balance=Money(amount=each.balance),
                    ),
                )
                for each in these
            ],
            options=[] if last else [Option(value="enough", label=_("I have seen enough"))],
            action=_("Go on with the application") if last else _("Next months"),
        )
        if chosen == "enough":
            return


def amounts(loan: Loan, rule: LoanRule) -> list[int]:
    """Return what can be borrowed: the least, the most that bank and law allow, and round amounts between them."""
    most = min(loan.most, rule.most)
    return sorted({loan.least, most, *(each for each in ROUND_AMOUNTS if loan.least <= each <= most)})


def not_eligible(
    loan: Loan, rule: LoanRule, person: Person, income: Income, payments: Sequence[Payment], on: date
) -> list[Text]:
    """Return why a loan does not fit, in words; empty: it does, as far as the station can tell."""
    why: list[Text] = []
    if person.born is not None:
        youngest = max(loan.youngest, rule.youngest)
        if age(person.born, on) < youngest:
            why += [_("The bank lends from {years} years on.", years=youngest), *assumed(person.born)]
        if age_at_most(person.born, _months_later(on, len(payments))) > loan.oldest_at_end:
            why.append(_("When the last payment is due, you may be {years} at most.", years=loan.oldest_at_end))
            why += assumed(person.born, at_most=True)
    if income.income < loan.least_income:
        why.append(
            _("The bank asks for an income of at least {amount} a month.", amount=Money(amount=loan.least_income))
        )
    most = max(each.payment for each in payments) + income.debts
    if most * 100 > income.income * loan.income_share:
        why.append(
            _(
                "All payments together are {amount} a month, but the bank allows at most {share}% of your income.",
                amount=Money(amount=most),
                share=loan.income_share,
            )
        )
    return why


def _months_later(day: date, months: int) -> date:
    """Return the same day of a later month, or the last one that month has."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _money(amount: int) -> Text:
    return _("{amount}", amount=Money(amount=amount))


def _percent(rate: float) -> Text:
    return _("{percent}% a year", percent=Decimal1(number=rate * 100))
