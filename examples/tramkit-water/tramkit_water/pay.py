"""A resident pays for water: an order, with the waterworks behind it."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from tramkit import (
    Day,
    Fact,
    Form,
    GatewayError,
    Messages,
    Money,
    Order,
    Outcome,
    Service,
    Tone,
    TramkitError,
    Visit,
    forms,
    verbatim,
)
from tramkit_water.gateway import Waterworks

_ = Messages("tramkit_water")


class WrongCodeError(TramkitError, ValueError):
    """What was typed is no customer code."""

    text = _("A customer code has the letters PN and six digits, for example PN123456.")


def customer_code(typed: str) -> str:
    """Read a customer code, whatever spaces and small letters are in it."""
    code = re.sub(r"[\s.-]", "", typed).upper()
    if not re.fullmatch(r"PN\d{6}", code, re.ASCII):
        raise WrongCodeError
    return code


class Customer(Form):
    """Whose bill."""

    code: Annotated[str, forms.code(_("Customer code"), hint=_("It is on your bill"), parse=customer_code)]


class PayBill(Service):
    """Pays a bill.

    :param waterworks: who is paid.
    """

    id = "water.pay"

    def __init__(self, waterworks: Waterworks) -> None:
        self._waterworks = waterworks

    async def serve(self, visit: Visit) -> None:
        customer = await visit.ask(Customer, _("Please enter the customer code"), name="customer")
        try:
            bill = await visit.fetch(self._waterworks.bill, customer.code)
        except GatewayError:
            await visit.tell(
                _("The waterworks do not answer now"),
                _("Nothing was paid. Please try again later."),
                tone=Tone.WARNING,
            )
            return
        if bill is None:
            await visit.tell(_("The waterworks do not know this customer code"), tone=Tone.WARNING)
            return
        code = Fact(label=_("Customer code"), value=verbatim(bill.customer), change="customer")
        await visit.check(
            _("Is everything right?"),
            (
                code,
                Fact(label=_("Month"), value=verbatim(bill.month)),
                *_due(bill.due),
                Fact(label=_("Amount"), value=Money(amount=bill.amount)),
            ),
            action=_("Go on to payment"),
        )
        await visit.place(
            Order(
                service=self.id,
                payee="Cấp nước Phú Nhuận",
                amount=bill.amount,
                title=_("Water, {month}", month=bill.month),
                request={"customer": bill.customer, "month": bill.month, "amount": bill.amount},
                facts=(code.model_copy(update={"change": ""}),),
            )
        )

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Tell the waterworks that a bill is paid; the same key counts once."""
        return await self._waterworks.submit(key, order.request)

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask what became of a key."""
        return await self._waterworks.status(key)


def _due(day: str) -> tuple[Fact, ...]:
    try:
        return (Fact(label=_("To be paid until"), value=Day(day=date.fromisoformat(day))),)
    except ValueError:
        return ()
