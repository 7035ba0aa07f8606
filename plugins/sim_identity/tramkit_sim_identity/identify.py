"""Identify a phone subscription: number, operator, four fields, consent, the operator's answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta, timezone
from typing import Annotated

from tramkit import (
    Fact,
    Form,
    GatewayTrouble,
    Level,
    Messages,
    Option,
    Order,
    Outcome,
    Person,
    Role,
    Service,
    Tone,
    Visit,
    forms,
    verbatim,
)
from tramkit_sim_identity.numbers import MobileNumber, NumberProblem, normalise
from tramkit_sim_identity.operators import Operator, OperatorGateway

_ = Messages("tramkit_sim_identity")

VIETNAM = timezone(timedelta(hours=7))
MOST_TRIES = 5
MOST_NUMBERS = 3
"""Decree 174/2026: the fourth and further numbers need a contract at the operator's own point."""
CHILD, YOUTH = 6, 15
"""Circular 08/2026/TT-BKHCN: under 6 a parent is the subscriber; under 15 a parent consents in writing."""


class Number(Form):
    """A phone number, old or new."""

    number: Annotated[
        str, forms.text(_("Phone number"), hint=_("The old eleven digits are understood too"), max_length=30)
    ]


class Consents(Form):
    """Consents, each by itself."""

    data: Annotated[bool, forms.consent(_("The operator may process my personal data to identify the subscription"))]
    mine: Annotated[bool, forms.consent(_("I confirm that this number is mine and that I use it"))]


class Identify(Service):
    """Identifies or re-identifies a subscription (Circular 08/2026/TT-BKHCN); the operator decides.

    :param operators: it works with.
    """

    id = "sim_identity.identify"
    title = _("Identify a phone subscription")
    hint = _("For your own number: confirm who uses it")
    identity = Level.CLAIMED
    wants = (Role.ID_READER, Role.CODE_SCANNER, Role.RECEIPT_PRINTER)

    def __init__(self, operators: Sequence[Operator]) -> None:
        self._operators = {each.id: each for each in operators}
        self._gateways = {each.id: OperatorGateway(each) for each in operators}

    async def serve(self, visit: Visit) -> None:
        person = visit.person or await visit.identify(Level.CLAIMED)
        if not await _old_enough(visit, person):
            return
        number = await _number(visit)
        if number is None:
            return
        operator = await self._which(visit, number)
        try:
            have = await visit.fetch(self._gateways[operator.id].numbers_of, person.number, person.name)
        except GatewayTrouble:
            await visit.tell(
                _("The operator does not answer now"),
                _("Nothing was changed. Please try again later."),
                tone=Tone.WARNING,
            )
            return
        if str(number) not in have and len(have) >= MOST_NUMBERS:
            await visit.tell(
                _("You have {count} numbers already", count=len(have)),
                _("Three numbers can be registered this way. For a further one, please go to the operator."),
                tone=Tone.WARNING,
            )
            return
        await visit.read(
            _("How your number is identified"),
            _("The operator compares your identity number, full name, date of birth and face."),
            _("This station cannot compare faces. The operator will ask you for that: in its app, or at its shop."),
        )
        await visit.ask(
            Consents,
            _("Do you agree?"),
            body=(_("Touch each sentence that you agree to. Both are needed."),),
            name="consents",
        )
        facts = (
            Fact(label=_("Phone number"), value=verbatim(grouped(number)), change="number 0"),
            Fact(label=_("Operator"), value=operator.name.text, change="operator"),
            Fact(label=_("Full name"), value=verbatim(person.name)),
            Fact(label=_("Identity number"), value=verbatim(person.number)),
        )
        await visit.check(_("Is everything right?"), facts, action=_("I confirm: send it to the operator"))
        await visit.place(
            Order(
                service=self.id,
                payee=operator.name.vi,
                amount=0,
                title=_("Identification of a subscription"),
                request={
                    "operator": operator.id,
                    "subscription": str(number),
                    "number": person.number,
                    "name": person.name,
                    "born": person.born.isoformat() if person.born else "",
                    "level": person.level.name,
                    "face": "not_compared",
                    "consents": ["data", "mine"],
                },
                facts=(Fact(label=_("Phone number"), value=verbatim(grouped(number))),),
            )
        )

    async def _which(self, visit: Visit, number: MobileNumber) -> Operator:
        """Ask for the operator: a ported number keeps its prefix."""
        likely = [each for each in self._operators.values() if each.given_to == number.given_to]
        others = [each for each in self._operators.values() if each not in likely]
        options = [Option(value=each.id, label=each.name.text) for each in (*likely, *others)]
        id = await visit.choose(
            _("Whose number is it now?"),
            options,
            body=(_("A number that changed the operator keeps its first digits."),),
            name="operator",
        )
        return self._operators[id]

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Hand the confirmation in to the operator; the same key is taken once."""
        request = dict(order.request)
        operator = str(request.pop("operator"))
        if operator not in self._gateways:
            return Outcome(state="refused", reason=_("This station does not work with the operator any more."))
        return await self._gateways[operator].gateway.submit(key, request)

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask the operator what became of it."""
        gateway = self._gateways.get(str(order.request["operator"]))
        return await gateway.gateway.status(key) if gateway is not None else Outcome(state="unheard")


class MyNumbers(Service):
    """Tells which numbers are in the resident's name."""

    id = "sim_identity.numbers"
    title = _("Which numbers are in my name?")
    hint = _("Ask the operators; report what is not yours")
    identity = Level.CLAIMED
    wants = (Role.ID_READER, Role.CODE_SCANNER)

    def __init__(self, operators: Sequence[Operator]) -> None:
        self._gateways = [(each, OperatorGateway(each)) for each in operators]

    async def serve(self, visit: Visit) -> None:
        person = visit.person or await visit.identify(Level.CLAIMED)
        facts: list[Fact] = []
        silent = False
        for operator, gateway in self._gateways:
            try:
                numbers = await visit.fetch(gateway.numbers_of, person.number, person.name)
            except GatewayTrouble:
                silent = True
                facts.append(Fact(label=operator.name.text, value=_("Does not answer now")))
                continue
            said = verbatim(", ".join(grouped(MobileNumber(each)) for each in numbers)) if numbers else _("None")
            facts.append(Fact(label=operator.name.text, value=said))
        await visit.tell(
            _("Numbers in your name"),
            _("If one of them is not yours, tell the operator at once, or report it here under “Report a problem”."),
            *((_("Not every operator has answered. Please try again later."),) if silent else ()),
            facts=facts,
            tone=Tone.WARNING if silent else Tone.PLAIN,
        )


async def _number(visit: Visit) -> MobileNumber | None:
    for attempt in range(MOST_TRIES):
        typed = await visit.ask(Number, _("Which number is it?"), name=f"number {attempt}")
        try:
            number = normalise(typed.number)
        except NumberProblem as problem:
            await visit.tell(_("This cannot be right"), problem.text, tone=Tone.WARNING)
            continue
        if number.was:
            await visit.tell(
                _("This number has ten digits now"),
                _("{old} has been {new} since 2018.", old=number.was, new=grouped(number)),
            )
        return number
    return None


async def _old_enough(visit: Visit, person: Person) -> bool:
    if person.born is None:
        return True
    age = _years(person.born, visit.now().astimezone(VIETNAM).date())
    if age >= YOUTH:
        return True
    why = (
        _("For a child under 6 the parent is the subscriber: please use the parent's card.")
        if age < CHILD
        else _("Under 15 a parent must consent in writing. Please go to the operator together.")
    )
    await visit.tell(_("This number cannot be identified here"), why, tone=Tone.WARNING)
    return False


def _years(born: date, on: date) -> int:
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def grouped(number: str) -> str:
    """Return a mobile number as people write it: ``0901 234 567``."""
    return f"{number[:4]} {number[4:7]} {number[7:]}"
