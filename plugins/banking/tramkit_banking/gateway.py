"""The client of one bank: applications are handed in, and asked for later by their number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast
from urllib.parse import quote

from pydantic import AwareDatetime, Field, ValidationError

from tramkit import Fact, Gateway, GatewayError, Messages, Moment, ReceivedData, Text, bilingual, verbatim
from tramkit_banking.banks import Bank, Words

_ = Messages("tramkit_banking")

STATES: dict[str, tuple[Text, Text]] = {
    "received": (_("The bank has your application"), _("It has not decided yet. You need not do anything.")),
    "branch": (_("The bank waits for you"), _("Please go to the branch with your identity card.")),
    "papers": (_("The bank needs more papers"), _("Please bring them to the branch, with your identity card.")),
    "approved": (
        _("The bank agrees"),
        _("Please read the contract at the branch before you sign. Nothing binds you before."),
    ),
    "open": (_("The account is open"), _("You can use it now.")),
    "issued": (_("The card is issued"), _("Please fetch it at the branch, with your identity card.")),
    "paid_out": (_("The loan is paid out"), _("The schedule of the contract counts. You may pay back earlier.")),
    "declined": (_("The bank does not agree"), _("You may ask the bank why, and apply again later or elsewhere.")),
    "withdrawn": (_("The application was withdrawn"), _("Nothing more happens with it.")),
}
"""What can become of an application, and what to do next."""

State = Literal["received", "branch", "papers", "approved", "open", "issued", "paid_out", "declined", "withdrawn"]


class Progress(ReceivedData):
    """What a bank tells of an application.

    :param kind: ``account``, ``loan`` or ``card``.
    :param note: the bank's own words.
    """

    reference: str = Field(max_length=80)
    kind: Literal["account", "loan", "card"]
    state: State
    note: Words | None = None


class Slot(ReceivedData):
    """A time at which the bank receives somebody.

    :param at: when.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")
    at: AwareDatetime


class BankGateway:
    """The client of a bank."""

    def __init__(self, bank: Bank) -> None:
        self.gateway = Gateway(bank.url, "the bank", facts=_facts)

    async def progress(self, reference: str) -> Progress | None:
        """Return what became of an application; None: the bank has none with this number.

        :raises GatewayError: no answer that can be understood.
        """
        status, told = await self.gateway.ask("GET", f"/progress/{quote(reference, safe='')}")
        if status == 404 and told.get("error") == "NO_SUCH_APPLICATION":
            return None
        try:
            return Progress.model_validate(told)
        except ValidationError:
            raise GatewayError("the bank's answer cannot be understood") from None

    async def slots(self) -> list[Slot]:
        """Return when the bank receives applicants, the next time first.

        :raises GatewayError: no answer that can be understood.
        """
        _status, told = await self.gateway.ask("GET", "/appointments")
        try:
            found = [Slot.model_validate(each) for each in told["slots"]]
        except (KeyError, TypeError, ValidationError):
            raise GatewayError("the bank's answer cannot be understood") from None
        return sorted({each.id: each for each in found}.values(), key=lambda each: each.at)


def _facts(told: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return what a bank's answer adds to the receipt."""
    facts = [Fact(label=_("Application number"), value=verbatim(str(told["reference"])[:80]))]
    if told.get("account"):
        facts.append(Fact(label=_("Account number"), value=verbatim(str(told["account"])[:30])))
    if told.get("appointment"):
        at = datetime.fromisoformat(str(told["appointment"]))
        facts.append(Fact(label=_("Meeting with the bank"), value=_("{moment}", moment=Moment(at=at, with_day=True))))
    says: Any = told.get("says")
    if isinstance(says, Mapping):
        words = cast("Mapping[str, object]", says)
        text = bilingual(vi=str(words["vi"])[:300], en=str(words.get("en") or words["vi"])[:300])
        facts.append(Fact(label=_("The bank says"), value=text))
    return tuple(facts)
