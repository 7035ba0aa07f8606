"""Health insurance of a household: who, for how long, the premium by rule, payment, codes."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from tramkit import Fact, Form, Level, Messages, Money, Option, Order, Role, Tone, Visit, forms, verbatim
from tramkit_procedures.gateway import Authority
from tramkit_procedures.handing_in import HandedIn, today
from tramkit_procedures.health_insurance import CodeProblem, Rules, parse_code, premiums

_ = Messages("tramkit_procedures")

MOST_MEMBERS = 7
MOST_TRIES = 5


class Insured(Form):
    """A member of the household."""

    name: Annotated[str, forms.name(_("Full name"))]
    born: Annotated[date, forms.day(_("Date of birth"))]
    code: Annotated[
        str,
        forms.text(
            _("Health insurance code or identity number"), hint=_("10, 12 or 15 letters and digits"), max_length=30
        ),
    ]


class HealthInsurance(HandedIn):
    """Registers and renews the health insurance of a household (Law on Health Insurance, group of households).

    :param rules: of the premium; None: the plugin's own.
    """

    id = "procedures.health_insurance"
    title = _("Health insurance of the household")
    hint = _("Register or renew, and pay the premium")
    wants = (Role.RECEIPT_PRINTER,)
    identity = Level.CLAIMED

    def __init__(self, authority: Authority, rules: Rules | None = None) -> None:
        super().__init__(authority)
        self._rules = rules

    async def serve(self, visit: Visit) -> None:
        day = today(visit)
        await visit.read(
            self.title,
            _("The first member pays the full premium, the second 70 %, the third 60 %, the fourth 50 %, others 40 %."),
            _("Only those count who join as this household in the same year and are not insured elsewhere."),
        )
        head = visit.person or await visit.identify(Level.CLAIMED)
        options = [
            Option(value=str(count), label=_("{count} people", count=count)) for count in range(1, MOST_MEMBERS + 1)
        ]
        count = int(await visit.choose(_("How many people of the household are to be insured?"), options, name="count"))
        members: list[Insured] = []
        for number in range(1, count + 1):
            member = await self._member(
                visit, number, head.name if number == 1 else "", head.number if number == 1 else ""
            )
            if member is None:
                return
            members.append(member)
        month_options = [
            Option(
                value=str(months),
                label=_("{months} months", months=months),
                hint=_("{amount}", amount=Money(amount=sum(premiums(count, months, day, self._rules)))),
            )
            for months in (3, 6, 12)
        ]
        months = int(await visit.choose(_("For how long?"), month_options, name="months"))
        each = premiums(count, months, day, self._rules)
        facts = [
            Fact(
                label=_("{number}. {name}", number=number, name=verbatim(member.name)),
                value=_("{amount}", amount=Money(amount=amount)),
                change=f"member {number} 0",
            )
            for number, (member, amount) in enumerate(zip(members, each, strict=True), start=1)
        ]
        total = Fact(label=_("Together"), value=_("{amount}", amount=Money(amount=sum(each))))
        length = Fact(label=_("For"), value=_("{months} months", months=months), change="months")
        await visit.check(_("Is everything right?"), (*facts, length, total), action=_("Go on to payment"))
        await visit.place(
            Order(
                service=self.id,
                payee="Bảo hiểm xã hội TP. Hồ Chí Minh",
                amount=sum(each),
                title=_("Health insurance of the household"),
                request={
                    "kind": "health_insurance",
                    "months": months,
                    "amount": sum(each),
                    "head": head.number,
                    "members": [
                        {"name": member.name, "born": member.born.isoformat(), "code": parse_code(member.code).code}
                        for member in members
                    ],
                },
                facts=(length.model_copy(update={"change": ""}),),
            )
        )

    async def _member(self, visit: Visit, number: int, name: str, code: str) -> Insured | None:
        for attempt in range(MOST_TRIES):
            member = await visit.ask(
                Insured,
                _("Person {number}", number=number),
                prefill={"name": name, "code": code},
                name=f"member {number} {attempt}",
            )
            try:
                parse_code(member.code)
            except CodeProblem as problem:
                await visit.tell(_("This code cannot be right"), problem.text, tone=Tone.WARNING)
                continue
            return member
        return None
