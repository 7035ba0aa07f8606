"""Health insurance of a household: who, for how long, the premium by rule, payment, codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from tramkit import (
    Born,
    Fact,
    Form,
    Level,
    Messages,
    Money,
    Option,
    Order,
    Person,
    Text,
    Visit,
    forms,
    partial_date,
    verbatim,
)
from tramkit_hal.card.number import check as check_number
from tramkit_procedures.gateway import Authority
from tramkit_procedures.handing_in import HandedIn, listed_already
from tramkit_procedures.health_insurance import Premium, Rules, bundled_rules, parse_code, premiums

_ = Messages("tramkit_procedures")

MAX_MEMBERS = 7


class Insured(Form):
    """A member of the household."""

    name: Annotated[str, forms.name(_("Full name"))]
    born: Annotated[Born, forms.birth(_("Date of birth"))]
    code: Annotated[
        str,
        forms.code(
            _("Health insurance code or identity number"),
            hint=_("10, 12 or 15 letters and digits"),
            max_length=400,  # of the QR code of an old card
            parse=lambda typed: parse_code(typed).code,
        ),
    ]

    @property
    def number(self) -> str:
        """The social-insurance or identity number of the code."""
        return parse_code(self.code).number

    def apart(self) -> Mapping[str, Text]:
        """Hold an identity number against the date of birth."""
        code = parse_code(self.code)
        problem = check_number(code.number, self.born).problem if code.kind == "identity" else None
        return {"code": problem} if problem else {}


class HealthInsurance(HandedIn):
    """Registers and renews the health insurance of a household (Law on Health Insurance, group of households).

    :param rules: of the premium; None: the plugin's own.
    """

    id = "procedures.health_insurance"

    def __init__(self, authority: Authority, rules: Rules | None = None) -> None:
        super().__init__(authority)
        self._rules = rules or bundled_rules()

    async def serve(self, visit: Visit) -> None:
        day = visit.today()
        premium = self._rules.premium(day)
        await visit.read(
            self.declared.title,
            *_shares(premium),
            _("Only those count who join as this household in the same year and are not insured elsewhere."),
        )
        head = await visit.identify(Level.CLAIMED)
        options = [
            Option(value=str(count), label=_.plural("{n} person", "{n} people", count))
            for count in range(1, MAX_MEMBERS + 1)
        ]
        count = int(await visit.choose(_("How many people of the household are to be insured?"), options, name="count"))
        members: list[Insured] = []
        for number in range(1, count + 1):
            member = await self._member(visit, number, head if number == 1 else None)
            while member.number in {each.number for each in members}:
                await listed_already(visit)
                member = await self._member(visit, number, None)
            members.append(member)
        month_options = [
            Option(
                value=str(months),
                label=_("{months} months", months=months),
                hint=_("{amount}", amount=Money(amount=sum(premiums(count, months, day, self._rules)))),
            )
            for months in premium.months
        ]
        months = int(await visit.choose(_("For how long?"), month_options, name="months"))
        await self._pay(visit, head, members, months, premiums(count, months, day, self._rules))

    async def _pay(
        self, visit: Visit, head: Person, members: Sequence[Insured], months: int, each: Sequence[int]
    ) -> None:
        facts = [
            Fact(
                label=_("{number}. {name}", number=number, name=verbatim(member.name)),
                value=_("{amount}", amount=Money(amount=amount)),
                change=f"member {number}",
            )
            for number, (member, amount) in enumerate(zip(members, each, strict=True), start=1)
        ]
        total = Fact(label=_("Together"), value=_("{amount}", amount=Money(amount=sum(each))))
        length = Fact(label=_("For"), value=_("{months} months", months=months), change="months")
        await visit.check(_("Is everything right?"), (*facts, length, total), action=_("Go on to payment"))
        await visit.place(
            Order(
                service=self.id,
                payee=self._rules.payee.vi,
                amount=sum(each),
                title=_("Health insurance of the household"),
                done=_("Your registration has been handed in"),
                request={
                    "kind": "health_insurance",
                    "months": months,
                    "amount": sum(each),
                    "head": head.number,
                    "members": [
                        {"name": member.name, "born": member.born.isoformat(), "code": member.code}
                        for member in members
                    ],
                },
                facts=(length.model_copy(update={"change": ""}),),
            )
        )

    async def _member(self, visit: Visit, number: int, head: Person | None) -> Insured:
        """Ask for a member; the first is who stands here."""
        prefill: dict[str, str] = {}
        if head is not None:
            born = partial_date.write(head.born) if head.born else ""
            prefill = {"name": head.name, "born": born, "code": head.number}
        return await visit.ask(
            Insured,
            _("Person {number}", number=number),
            prefill=prefill,
            sources=dict.fromkeys(prefill, _("From your details")),
            name=f"member {number}",
        )


def _shares(premium: Premium) -> list[Text]:
    """Return in words what each member pays."""
    *first, last = premium.shares_percent
    told = [
        _("Member {number}: {share} % of the full premium.", number=number, share=share)
        for number, share in enumerate(first, start=1)
    ]
    return [*told, _("Member {number} and each further one: {share} %.", number=len(first) + 1, share=last)]
