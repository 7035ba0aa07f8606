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


class Customer(ReceivedData):
    """Whose bills they are, as far as a stranger at the station may see it, and what they owe.

    :param name: masked; see :func:`masked_words`.
    :param address: masked; empty where the aggregator does not tell it.
    :param bills: oldest first.
    """

    name: str = Field(default="", max_length=120)
    address: str = Field(default="", max_length=200)
    bills: tuple[Bill, ...] = ()


def masked_words(words: str) -> str:
    """Return a name or an address that its owner recognises and a stranger does not learn.

    Of a word its first two letters are kept, of a number its first digit; what is masked already stays.
    """
    return " ".join(each if "*" in each or each.endswith(".") else _masked(each) for each in words.split())


def _masked(word: str) -> str:
    tail = word.rstrip(",;")
    kept = 1 if tail[:1].isdigit() else 2
    return tail if len(tail) <= kept else tail[:kept] + "*" * (len(tail) - kept) + word[len(tail) :]


class Aggregator:
    """The aggregator's HTTP interface.

    :param url: of the aggregator.
    """

    def __init__(self, url: str) -> None:
        self._gateway = Gateway(url, "the aggregator")

    async def inquire_customer(self, provider: str, customer: str) -> Customer | None:
        """Return who a customer is, masked, and what they owe; None: the provider has no such customer.

        :raises GatewayError: no answer that can be understood.
        """
        status, told = await self._gateway.ask("POST", "/inquire", {"provider": provider, "customer": customer})
        if status == 404:
            return None
        try:
            bills = [Bill.model_validate(each) for each in told["bills"]]
            name, address = (masked_words(str(told.get(key) or "")) for key in ("customer", "address"))
            return Customer(name=name, address=address, bills=tuple(sorted(bills, key=lambda bill: bill.period)))
        except (KeyError, TypeError, ValidationError):
            raise GatewayError("the aggregator's answer cannot be understood") from None

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
