"""The client of the bill aggregator: inquire → pay → status."""

from __future__ import annotations

from typing import Any

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tramkit.orders.model import Order, Outcome
from tramkit_hal.pages import Fact
from tramkit_hal.words import Messages, verbatim

_ = Messages("tramkit_billing")

SECONDS = 10.0


class GatewayTrouble(Exception):
    """The aggregator did not answer, or not so that it can be understood."""


class Bill(BaseModel):
    """One bill.

    :param period: ``YYYY-MM``.
    :param amount: VND.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    bill_id: str = Field(max_length=120)
    period: str = Field(max_length=20)
    amount: int = Field(gt=0, strict=True)
    due: str = ""


class Aggregator:
    """The aggregator's HTTP interface.

    :param url: of the aggregator.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def inquire_bills(self, provider: str, customer: str) -> list[Bill] | None:
        """Return what a customer owes, oldest first; None: the provider has no such customer.

        :raises GatewayTrouble: no answer that can be understood.
        """
        status, told = await self._ask("POST", "/inquire", {"provider": provider, "customer": customer})
        if status == 404:
            return None
        try:
            bills = [Bill.model_validate(each) for each in told["bills"]]
        except (KeyError, TypeError, ValidationError):
            raise GatewayTrouble("the aggregator's answer cannot be understood") from None
        return sorted(bills, key=lambda bill: bill.period)

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Pay an order's bills; the same key pays once."""
        body = {**order.request, "partner_ref": key, "amount": order.amount}
        status, told = await self._ask("POST", "/pay", body)
        return _outcome(status, told)

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask what became of a key."""
        status, told = await self._ask("GET", f"/status/{key}")
        if status == 404 and told.get("error") == "NO_SUCH_PAYMENT":
            return Outcome(state="unheard")
        return _outcome(status, told)

    async def _ask(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.request(method, f"{self._url}{path}", json=body) as answer,
            ):
                told = await answer.json()
                if answer.status >= 500 or not isinstance(told, dict):
                    raise GatewayTrouble("the aggregator is out of order")
                return answer.status, told
        except (aiohttp.ClientError, TimeoutError, ValueError):
            raise GatewayTrouble("the aggregator does not answer") from None


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
