"""Top up a pre-paid phone: number, amount, payment."""

from __future__ import annotations

from typing import Annotated

from tramkit import Fact, Form, GatewayService, Messages, Money, Option, Order, Visit, forms, verbatim
from tramkit_billing.gateway import Aggregator

_ = Messages("tramkit_billing")

AMOUNTS = (10_000, 20_000, 50_000, 100_000, 200_000, 500_000)
"""VND; what Vietnamese operators sell."""


class Phone(Form):
    """Which phone."""

    number: Annotated[str, forms.phone(_("Phone number"), hint=_("Ten digits, for example 0901 234 567"))]


class TopUp(GatewayService):
    """Tops up pre-paid phones of every network: the aggregator knows which network a ported number is in.

    :param gateway: the aggregator.
    """

    id = "billing.topup"

    def __init__(self, gateway: Aggregator) -> None:
        super().__init__(gateway)

    async def serve(self, visit: Visit) -> None:
        phone = await visit.ask(Phone, _("Which number would you like to top up?"), name="phone")
        options = [Option(value=str(each), label=_("{amount}", amount=Money(amount=each))) for each in AMOUNTS]
        amount = int(await visit.choose(_("How much?"), options, name="amount"))
        facts = (Fact(label=_("Phone number"), value=verbatim(grouped(phone.number)), change="phone"),)
        await visit.check(
            _("Is everything right?"),
            (*facts, Fact(label=_("Amount"), value=_("{amount}", amount=Money(amount=amount)), change="amount")),
            body=(_("A top-up of a wrong number cannot be taken back."),),
            action=_("Go on to payment"),
        )
        await visit.place(
            Order(
                service=self.id,
                payee="Nhà mạng di động",
                amount=amount,
                title=_("Phone top-up"),
                request={"provider": "topup", "customer": phone.number},
                facts=tuple(fact.model_copy(update={"change": ""}) for fact in facts),
            )
        )


def grouped(number: str) -> str:
    """Return a mobile number as people write it: ``0901 234 567``."""
    return f"{number[:4]} {number[4:7]} {number[7:]}"
