"""Traffic fines: find them by plate or by the decision's number, see what was done, pay what was decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from tramkit import (
    Fact,
    Form,
    GatewayService,
    Messages,
    Moment,
    Money,
    Option,
    Order,
    Text,
    Tone,
    Visit,
    forms,
    verbatim,
)
from tramkit_procedures import fines
from tramkit_procedures.fines import Fines
from tramkit_procedures.handing_in import asked
from tramkit_procedures.violations import TrafficPolice, Violation

_ = Messages("tramkit_procedures")

MAX_TRIES = 5

MAX_WRONG, WRONG_SECONDS = 10, 600.0
"""Look-ups in vain at one station, in whatever visits, and within which time: then none is made for a while."""

PLATE, DECISION = "plate", "decision"


class Plate(Form):
    """A plate."""

    plate: Annotated[str, forms.code(_("Plate"), hint=_("As on the plate; dots and hyphens may be left out"))]


class Decision(Form):
    """A decision's number."""

    number: Annotated[str, forms.code(_("Number of the decision"), hint=_("It stands on top of the decision"))]


class PayFine(GatewayService):
    """Finds and pays traffic fines.

    :param police: the look-up, where they are paid too.
    :param rules: how plates look; None: the plugin's own.
    """

    id = "procedures.fines"

    def __init__(self, police: TrafficPolice, rules: Fines | None = None) -> None:
        super().__init__(police.gateway)
        self._police = police
        self._rules = rules or fines.bundled()

    async def serve(self, visit: Visit) -> None:
        how = await visit.choose(
            _("How shall the fine be found?"),
            [
                Option(value="plate", label=_("By the plate"), hint=_("Shows what cameras and patrols have found")),
                Option(value="decision", label=_("By the decision's number"), hint=_("To pay a fine you were sent")),
            ],
            name="how",
        )
        found = await (self._by_plate(visit) if how == "plate" else self._by_decision(visit))
        if found is not None:
            await self._show(visit, found)

    async def _by_plate(self, visit: Visit) -> Violation | None:
        kinds = [
            Option(value=each.id, label=each.name.text) for each in self._rules.vehicles if each.in_force(visit.today())
        ]
        kind = await visit.choose(_("Which kind of vehicle?"), kinds, name="vehicle")
        plate = await self._typed(visit, Plate, self._rules.plate, _("Please enter the plate"))
        if plate is None:
            return None
        number = next(each.number for each in self._rules.vehicles if each.id == kind)
        if await self._must_wait(visit, PLATE, 0):
            return None
        answered, violations = await asked(visit, self._police.violations, plate, number)
        if not answered:
            return None
        if not violations:
            await visit.was_wrong(PLATE, 0)
            await visit.done(
                _("No violation is known"),
                _("The traffic police know of none for {plate}.", plate=plate),
                _("What a camera has seen may take some days until it stands there."),
            )
            return None
        if len(violations) == 1:
            return violations[0]
        options = [
            Option(
                value=str(place),
                label=_when(each),
                hint=_("{state}. {what}", state=self._state(each), what=verbatim(each.words)),
            )
            for place, each in enumerate(violations)
        ]
        return violations[int(await visit.choose(_("Which violation?"), options, name="violation"))]

    async def _by_decision(self, visit: Visit) -> Violation | None:
        for attempt in range(MAX_TRIES):
            title = _("Please enter the decision's number")
            number = await self._typed(visit, Decision, self._rules.decision, title, attempt)
            if number is None:
                return None
            if await self._must_wait(visit, DECISION, attempt):
                return None
            answered, found = await asked(visit, self._police.by_decision, number)
            if not answered:
                return None
            if found is not None:
                return found
            await visit.was_wrong(DECISION, attempt)
            await visit.tell(
                _("There is no decision with this number"),
                _("Please compare it with the paper: {number}", number=number),
                tone=Tone.WARNING,
            )
        return None

    async def _must_wait(self, visit: Visit, what: str, attempt: int) -> bool:
        """Tell whether too much was looked up here in vain, in whatever visits; the resident is told so."""
        if await visit.must_wait(what, attempt, most=MAX_WRONG, seconds=WRONG_SECONDS) <= 0:
            return False
        await visit.tell(
            _("Nothing can be looked up now"),
            _("Wrong numbers were entered too often here. Please come back in a few minutes."),
            tone=Tone.WARNING,
        )
        return True

    async def _typed(
        self, visit: Visit, form: type[Plate | Decision], rule: fines.Shape, title: Text, first: int = 0
    ) -> str | None:
        """Ask until it can be right; None: too often in vain."""
        for attempt in range(MAX_TRIES):
            name = f"{form.__name__.lower()} {first}.{attempt}"
            body = (_("It looks like {example}.", example=rule.example),)
            typed = await visit.ask(form, title, body=body, name=name)
            found = rule.tidy(typed.plate if isinstance(typed, Plate) else typed.number)
            if found:
                return found
            await visit.tell(
                _("This cannot be right"), _("It looks like {example}.", example=rule.example), tone=Tone.WARNING
            )
        return None

    async def _show(self, visit: Visit, violation: Violation) -> None:
        facts = _facts(violation, self._state(violation))
        if not violation.due:
            await visit.tell(_state_title(violation), *self._next(violation), facts=facts, action=_("Finish"))
            return
        chosen = await visit.tell(
            _("A fine is to be paid"),
            *_law(self._rules, violation),
            facts=facts,
            options=[Option(value="later", label=_("Not now"))],
            action=_("Pay {amount}", amount=Money(amount=violation.due)),
        )
        if chosen != "later":
            await self._pay(visit, violation)

    async def _pay(self, visit: Visit, violation: Violation) -> None:
        facts = (
            Fact(label=_("Decision"), value=verbatim(violation.decision)),
            Fact(label=_("Plate"), value=verbatim(violation.plate)),
            Fact(label=_("Violation"), value=verbatim(violation.words)),
        )
        await visit.check(
            _("Is everything right?"),
            (
                Fact(label=_("Payee"), value=self._rules.payee.text),
                *facts,
                Fact(label=_("Amount"), value=_("{amount}", amount=Money(amount=violation.due))),
            ),
            body=(_("Please compare it with your decision. Papers that were kept are fetched after the payment."),),
            action=_("Go on to payment"),
        )
        await visit.place(
            Order(
                service=self.id,
                payee=self._rules.payee.vi,
                amount=violation.due,
                title=_("Traffic fine"),
                done=_("The fine is paid"),
                request={
                    "kind": "traffic_fine",
                    "procedure": self._rules.procedure,
                    "decision": violation.decision,
                    "plate": violation.plate,
                    "amount": violation.due,
                },
                facts=(
                    *facts,
                    *(Fact(label=_("Fetch your papers at"), value=verbatim(each)) for each in violation.handled_at[:1]),
                ),
            )
        )

    def _state(self, violation: Violation) -> Text:
        known = self._rules.state(violation.state)
        if violation.paid:
            return _("Paid")
        return known.name.text if known is not None else verbatim(violation.state)

    def _next(self, violation: Violation) -> list[Text]:
        """Return what the resident can do, where nothing can be paid here."""
        known = self._rules.state(violation.state)
        if violation.paid or (known is not None and known.id == "punished"):
            return [_("You need not pay anything here.")]
        return [
            _("There is no decision yet, so nothing can be paid here."),
            _("Please go to one of the offices below, with your identity card and the vehicle's papers."),
        ]


def _state_title(violation: Violation) -> Text:
    return _("This fine is paid") if violation.paid else _("What the traffic police know")


def _when(violation: Violation) -> Text:
    at = violation.moment
    return _("{moment}", moment=Moment(at=at, with_day=True)) if at is not None else verbatim(violation.at or "?")


def _facts(violation: Violation, state: Text) -> Sequence[Fact]:
    settles = () if violation.due else violation.handled_at[:3]  # who pays here need not go there first
    told = (
        (_("Amount"), _("{amount}", amount=Money(amount=violation.amount)) if violation.amount else None),
        (_("For paying late"), _("{amount}", amount=Money(amount=violation.late)) if violation.late else None),
        (_("Decision"), verbatim(violation.decision) if violation.decision else None),
        (_("Plate"), verbatim(violation.plate)),
        (_("Violation"), verbatim(violation.words)),
        (_("When"), _when(violation)),
        (_("Where"), verbatim(violation.place) if violation.place else None),
        (_("State"), state),
        *((_("Settled at"), verbatim(each)) for each in settles),
        (_("Found by"), verbatim(violation.found_by) if violation.found_by and not violation.due else None),
    )
    return [Fact(label=label, value=value) for label, value in told if value is not None]


def _law(rules: Fines, violation: Violation) -> list[Text]:
    """Say which law held when it was done: that one sets the amount."""
    at = violation.moment
    law = rules.law(at.date()) if at is not None else None
    return [_("The amounts stand in: {law}.", law=law.source)] if law is not None else []
