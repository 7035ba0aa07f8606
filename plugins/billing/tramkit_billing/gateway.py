"""The client of the bill aggregator: inquire → pay → status."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationError

from tramkit import Fact, Gateway, GatewayError, Messages, Order, Outcome, ReceivedData, verbatim

_ = Messages("tramkit_billing")


class Bill(ReceivedData):
    """One bill.

    :param period: ``YYYY-MM``.
    :param amount: VND.
    """

    bill_id: str = Field(max_length=120)
    period: str = Field(max_length=20)
    amount: int = Field(gt=0, strict=True)
    due: str = ""


class Aggregator:
    """The aggregator's HTTP interface.

    :param url: of the aggregator.
    """

    def __init__(self, url: str) -> None:
        self._gateway = Gateway(url, "the aggregator")

    async def inquire_bills(self, provider: str, customer: str) -> list[Bill] | None:
        """Return what a customer owes, oldest first; None: the provider has no such customer.

        :raises GatewayError: no answer that can be understood.
        """
        status, told = await self._gateway.ask("POST", "/inquire", {"provider": provider, "customer": customer})
        if status == 404:
            return None
        try:
            bills = [Bill.model_validate(each) for each in told["bills"]]
        except (KeyError, TypeError, ValidationError):
            raise GatewayError("the aggregator's answer cannot be understood") from None
        return sorted(bills, key=lambda bill: bill.period)

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Pay an order's bills; the same key pays once."""
        body = {**order.request, "partner_ref": key, "amount": order.amount}
        status, told = await self._gateway.ask("POST", "/pay", body)
        return _outcome(status, told)

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask what became of a key."""
        status, told = await self._gateway.ask("GET", f"/status/{key}")
        if status == 404 and told.get("error") == "NO_SUCH_PAYMENT":
            return Outcome(state="not_found")
        return _outcome(status, told)


def _outcome(status: int, told: dict[str, Any]) -> Outcome:
    reference = str(told.get("agg_ref", ""))[:120]
    match told.get("status"):
        case "SUCCESS":
            facts = (Fact(label=_("Transaction"), value=verbatim(reference)),) if reference else ()
            return Outcome(state="done", reference=reference, facts=facts)
        case "FAILED":
            return Outcome(state="refused", reference=reference, reason=_("The provider did not accept the payment."))
        case "PENDING":
            return Outcome(state="pending", reference=reference)
        case _ if status in (400, 409):
            return Outcome(state="refused", reason=_("The provider did not accept the payment."))
        case _:
            return Outcome(state="unknown")
