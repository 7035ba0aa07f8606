"""What both services share: choosing a bank, and handing an application in to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta, timezone
from typing import Any

from tramkit import Fact, Gateway, Messages, Option, Order, Outcome, Service, Text, Visit, bilingual, verbatim
from tramkit_banking.banks import Bank

_ = Messages("tramkit_banking")

VIETNAM = timezone(timedelta(hours=7))


class Applying(Service):
    """A service whose orders are applications to a bank.

    :param banks: that it works with.
    """

    def __init__(self, banks: Sequence[Bank]) -> None:
        self.banks = {bank.id: bank for bank in banks}
        self._gateways = {bank.id: Gateway(bank.url, "the bank", facts=_facts) for bank in banks}

    async def which(self, visit: Visit, banks: Sequence[Bank]) -> Bank:
        """Let the resident choose a bank."""
        options = [Option(value=bank.id, label=bank.name.text) for bank in banks]
        return self.banks[await visit.choose(_("Which bank?"), options, name="bank")]

    async def fulfil(self, order: Order, key: str) -> Outcome:
        """Hand the application in; the same key is taken once."""
        request = dict(order.request)
        bank = str(request.pop("bank"))
        if bank not in self._gateways:
            return Outcome(state="refused", reason=_("This station does not work with the bank any more."))
        return await self._gateways[bank].submit(key, request)

    async def inquire(self, order: Order, key: str) -> Outcome:
        """Ask the bank what became of the application."""
        gateway = self._gateways.get(str(order.request["bank"]))
        return await gateway.status(key) if gateway is not None else Outcome(state="unheard")


def today(visit: Visit) -> date:
    """Return the day in Vietnam, the same in each replay."""
    return visit.now().astimezone(VIETNAM).date()


def years(born: date, on: date) -> int:
    """Return a person's age."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _facts(told: Mapping[str, Any]) -> tuple[Fact, ...]:
    facts: list[Fact] = []
    if told.get("reference"):
        facts.append(Fact(label=_("Application number"), value=verbatim(str(told["reference"]))))
    says: Any = told.get("says")
    if isinstance(says, Mapping):
        text: Text = bilingual(vi=str(says["vi"])[:300], en=str(says["en"])[:300])
        facts.append(Fact(label=_("The bank says"), value=text))
    return tuple(facts)
