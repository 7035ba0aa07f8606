"""Identify a phone subscription, anew or again: number, operator, four fields, consent, signature, the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import JsonValue

from tramkit import (
    Control,
    Fact,
    Form,
    GatewayError,
    GatewayService,
    Level,
    Messages,
    NotIdentifiedError,
    Option,
    Order,
    Person,
    Text,
    Tone,
    Visit,
    age,
    assumed,
    forms,
    masked,
    render,
    verbatim,
)
from tramkit_sim_identity.numbers import MobileNumber, Prefixes, grouped, normalise
from tramkit_sim_identity.operators import Operator, OperatorGateway
from tramkit_sim_identity.rules import Identification, Rules

_ = Messages("tramkit_sim_identity")

CONSENT_VERSION = "2026-11-1"
"""Of the words of the consents below: whoever changes them gives them a new version."""
OTHER = "-"
"""An operator that the station does not work with; no operator's id."""


def _typed_number(typed: str) -> str:
    normalise(typed)
    return typed


class Number(Form):
    """A phone number, old or new."""

    number: Annotated[
        str,
        replace(
            forms.text(
                _("Phone number"),
                hint=_("The old eleven digits are understood too"),
                max_length=30,
                parse=_typed_number,
            ),
            control=Control.PHONE,
        ),
    ]


AGREED: dict[str, Text] = {
    "data": _("The operator may process my personal data to identify the subscription"),
    "face": _("The operator may compare my face: this is sensitive data"),
    "mine": _("I confirm that this number is mine and that I use it"),
}


class Consents(Form):
    """Consents, each by itself."""

    data: Annotated[bool, forms.consent(AGREED["data"])]
    face: Annotated[bool, forms.consent(AGREED["face"])]
    mine: Annotated[bool, forms.consent(AGREED["mine"])]


class Identify(GatewayService):
    """Identifies or re-identifies a subscription (Circular 08/2026/TT-BKHCN); the operator decides.

    :param operators: it works with.
    :param rules: of the law.
    :param prefixes: of numbers.
    """

    id = "sim_identity.identify"
    taker_key = "operator"
    taker_gone = _("This station does not work with the operator any more.")

    def __init__(self, operators: Sequence[Operator], rules: Rules, prefixes: Prefixes) -> None:
        self._operators = {each.id: each for each in operators}
        self._gateways = {each.id: OperatorGateway(each) for each in operators}
        super().__init__({id: each.gateway for id, each in self._gateways.items()})
        self._rules = rules
        self._prefixes = prefixes

    async def serve(self, visit: Visit) -> None:
        rule = self._rules.identifying(visit.today())
        why = await self._why(visit)
        person = await self._who(visit, rule.level)
        if not await _old_enough(visit, rule, person):
            return
        number = await self._number(visit)
        operator = await self._which(visit, number)
        if operator is None or not await self._may_have(visit, rule, operator, person, number, again=why == "device"):
            return
        compared = person.reaches(Level.CHIP_FACE)
        await visit.read(
            _("How your number is identified"),
            _("The operator compares your identity number, full name, date of birth and face."),
            _("Your face was compared here with the chip of your card, or you signed in with VNeID.")
            if compared
            else _("Your face was not compared here. The operator will ask for it: in its app, or at its shop."),
        )
        agreed = await _agreed(visit)
        facts = (
            Fact(label=_("Phone number"), value=verbatim(grouped(number)), change="number"),
            Fact(label=_("Operator"), value=operator.name.text, change="operator"),
            Fact(label=_("Full name"), value=verbatim(person.name)),
            Fact(label=_("Identity number"), value=verbatim(masked(person.number))),
        )
        await visit.check(_("Is everything right?"), facts, action=_("Sign the confirmation"))
        signature = await visit.sign(
            _("Sign the confirmation"),
            _(
                "With this you confirm to the operator that this number is yours: {number}",
                number=verbatim(grouped(number)),
            ),
            name="signature",
        )
        next_step = () if compared else (Fact(label=_("Still to do"), value=_("Face check with the operator")),)
        await visit.place(
            Order(
                service=self.id,
                payee=operator.name.vi,
                amount=0,
                title=_("Identification of a subscription"),
                request={
                    "operator": operator.id,
                    "subscription": str(number),
                    "why": why,
                    "number": person.number,
                    "name": person.name,
                    "born": person.born.isoformat() if person.born else "",
                    "level": person.level.value,
                    "face": "compared" if compared else "not_compared",
                    "consents": agreed,
                },
                facts=(Fact(label=_("Phone number"), value=verbatim(grouped(number))), *next_step),
                done=_("It has been sent to the operator"),
                attachments=(signature,),
            )
        )

    async def _why(self, visit: Visit) -> str:
        """Ask whether it is the first time, or again after a change of device, and tell what the law says of that."""
        why = await visit.choose(
            _("What is it about?"),
            [
                Option(value="number", label=_("Confirm that a number is mine")),
                Option(
                    value="device",
                    label=_("I put the SIM into another phone"),
                    hint=_("The number must be confirmed again"),
                ),
            ],
            name="why",
        )
        change = self._rules.changing(visit.today())
        if why == "device" and change is not None:
            await visit.read(
                _("After a change of phone"),
                _(
                    "Within {hours} hours outgoing calls are stopped, until you confirm the number again.",
                    hours=change.outgoing_hours,
                ),
                _(
                    "After {days} days the number is locked, and {more} days later it is taken back.",
                    days=change.lock_days,
                    more=change.end_days,
                ),
            )
        return why

    async def _who(self, visit: Visit, level: Level) -> Person:
        """Learn who it is: as surely as the level says where that can be had here, otherwise by the card or typed."""
        if visit.reachable(level):
            try:
                return await visit.identify(level)
            except NotIdentifiedError as found:
                await visit.tell(
                    _("Your face is not compared here"),
                    found.reason,
                    _("You can go on all the same. The operator then asks for it: in its app, or at its shop."),
                    tone=Tone.WARNING,
                )
        return await visit.identify(Level.CLAIMED)

    async def _number(self, visit: Visit) -> MobileNumber:
        typed = await visit.ask(Number, _("Which number is it?"), name="number")
        number = normalise(typed.number, self._prefixes)
        if number.was:
            await visit.tell(
                _("This number has ten digits now"),
                _("{old} has been {new} since 2018.", old=verbatim(number.was), new=verbatim(grouped(number))),
            )
        return number

    async def _which(self, visit: Visit, number: MobileNumber) -> Operator | None:
        """Ask for the operator: a ported number keeps its prefix; None: another one, and the resident is told where."""
        likely = [each for each in self._operators.values() if each.given_to == number.given_to]
        others = [each for each in self._operators.values() if each not in likely]
        options = [Option(value=each.id, label=each.name.text) for each in (*likely, *others)]
        options.append(Option(value=OTHER, label=_("Another operator")))
        id = await visit.choose(
            _("Which operator is the number with now?"),
            options,
            body=(_("A number that changed operators keeps its first digits."),),
            name="operator",
        )
        if id != OTHER:
            return self._operators[id]
        await visit.tell(
            _("This station does not work with your operator"),
            _("Please confirm the number in the operator's app or at its shop. Nothing was sent."),
            tone=Tone.WARNING,
        )
        return None

    async def _may_have(
        self, visit: Visit, rule: Identification, operator: Operator, person: Person, number: str, *, again: bool
    ) -> bool:
        """Ask the operator which numbers the person has; tell them where this one cannot be confirmed here."""
        try:
            have = await visit.fetch(self._gateways[operator.id].numbers_of, person.number)
        except GatewayError:
            await visit.tell(
                _("The operator does not answer now"),
                _("Nothing was changed. Please try again later."),
                tone=Tone.WARNING,
            )
            return False
        if str(number) in have:
            return True
        if again:
            await visit.tell(
                _("This number is not in your name"),
                _("Only whose name it is in can confirm it again. Compare the number, or choose the other operator."),
                tone=Tone.WARNING,
            )
            return False
        if len(have) < rule.most_numbers:
            return True
        await visit.tell(
            _("You have {count} numbers already", count=len(have)),
            _(
                "{most} numbers can be registered this way. For a further one, please go to the operator's own shop.",
                most=rule.most_numbers,
            ),
            tone=Tone.WARNING,
        )
        return False


async def _agreed(visit: Visit) -> list[JsonValue]:
    """Ask for the consents; return purpose, version, words as they stood there, and the moment (Law 91/2025/QH15)."""
    form = await visit.ask(
        Consents,
        _("Do you agree?"),
        body=(_("Touch each sentence that you agree to. All three are needed."),),
        name="consents",
    )
    at = visit.now().isoformat(timespec="seconds")
    return [
        {"purpose": id, "version": CONSENT_VERSION, "words": render(AGREED[id], visit.language), "at": at}
        for id, value in form.typed().items()
        if value
    ]


async def _old_enough(visit: Visit, rule: Identification, person: Person) -> bool:
    if person.born is None:
        return True
    years = age(person.born, visit.today())
    if years >= rule.consent_under:
        return True
    why = (
        _(
            "For a child under {years} the parent is the subscriber: please use the parent's card.",
            years=rule.parent_under,
        )
        if years < rule.parent_under
        else _(
            "Under {years} a parent must consent in writing. Please go to the operator together.",
            years=rule.consent_under,
        )
    )
    await visit.tell(_("This number cannot be identified here"), why, *assumed(person.born), tone=Tone.WARNING)
    return False
