"""Which numbers are in my name: each operator is asked."""

from __future__ import annotations

from collections.abc import Sequence

from tramkit import (
    Fact,
    GatewayError,
    Level,
    Messages,
    NotIdentifiedError,
    Person,
    Service,
    Tone,
    Visit,
    verbatim,
)
from tramkit_sim_identity.numbers import grouped
from tramkit_sim_identity.operators import Operator, OperatorGateway

_ = Messages("tramkit_sim_identity")


class MyNumbers(Service):
    """Tells which numbers are in the resident's name.

    Whole numbers are told to who laid their card only: whoever types a stranger's details learns no number.
    """

    id = "sim_identity.numbers"

    def __init__(self, operators: Sequence[Operator]) -> None:
        self._gateways = [(each, OperatorGateway(each)) for each in operators]

    async def serve(self, visit: Visit) -> None:
        person = await _who(visit)
        whole = person.reaches(Level.CHIP)
        facts: list[Fact] = []
        silent = False
        for operator, gateway in self._gateways:
            try:
                numbers = await visit.fetch(gateway.numbers_of, person.number)
            except GatewayError:
                silent = True
                facts.append(Fact(label=operator.name.text, value=_("Does not answer now")))
                continue
            said = (
                verbatim(", ".join(grouped(each) if whole else masked(each) for each in numbers))
                if numbers
                else _("None")
            )
            facts.append(Fact(label=operator.name.text, value=said))
        await visit.tell(
            _("Numbers in your name"),
            _("If one of them is not yours, tell the operator at once, or report it here under “Report a problem”."),
            *(() if whole else (_("Your card's chip was not checked: the middle of each number is hidden."),)),
            *((_("Not every operator has answered. Please try again later."),) if silent else ()),
            facts=facts,
            tone=Tone.WARNING if silent else Tone.PLAIN,
            action=_("Finish"),
        )


async def _who(visit: Visit) -> Person:
    if visit.reachable(Level.CHIP):
        try:
            return await visit.identify(Level.CHIP)
        except NotIdentifiedError:
            pass
    return await visit.identify(Level.CLAIMED)


def masked(number: str) -> str:
    """Return a number that its owner knows again and nobody else can call: ``0381 ••• 567``."""
    return f"{number[:4]} ••• {number[7:]}"
