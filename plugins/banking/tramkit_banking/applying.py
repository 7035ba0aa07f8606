"""What the services of banks share: who applies, which bank, what is agreed to, handing it in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import JsonValue

from tramkit import (
    Attachment,
    Form,
    GatewayService,
    Level,
    Messages,
    NotIdentifiedError,
    Option,
    Person,
    Text,
    Tone,
    Visit,
    bilingual,
)
from tramkit_banking.banks import Bank
from tramkit_banking.consents import Consents, form_of, record
from tramkit_banking.gateway import BankGateway
from tramkit_banking.rules import Rules

_ = Messages("tramkit_banking")
C = TypeVar("C", bound=Form)


class Applying(GatewayService):
    """A service whose orders are applications to a bank; the bank decides.

    :param banks: that it works with.
    :param rules: of the law.
    :param consents: that are asked for.
    """

    taker_key = "bank"
    taker_gone = _("This station does not work with the bank any more.")

    def __init__(self, banks: Sequence[Bank], rules: Rules, consents: Consents) -> None:
        self.banks = {bank.id: bank for bank in banks}
        self.rules = rules
        self._consents = consents
        self.gateways = {bank.id: BankGateway(bank) for bank in banks}
        super().__init__({id: each.gateway for id, each in self.gateways.items()})

    async def who(self, visit: Visit, level: Level) -> Person:
        """Learn who applies: as surely as the level says where that can be had here, otherwise by the card or typed."""
        if not visit.reachable(level):
            return await visit.identify(Level.CLAIMED)
        try:
            return await visit.identify(level)
        except NotIdentifiedError as found:
            await visit.tell(
                _("The bank must see you once"),
                found.reason,
                _("You can go on here all the same. The bank then compares your face with your card at a branch."),
                tone=Tone.WARNING,
            )
            return await visit.identify(Level.CLAIMED)

    async def which(self, visit: Visit, banks: Sequence[Bank]) -> Bank:
        """Let the resident choose a bank."""
        options = [Option(value=bank.id, label=bank.name.text, hint=_offers(bank)) for bank in banks]
        return self.banks[await visit.choose(_("Which bank?"), options, name="bank")]

    async def refer(self, visit: Visit, bank: Bank) -> None:
        """Tell who was not identified surely enough what comes after the application."""
        await visit.read(
            _("The bank must see you once"),
            _("The law asks the bank to compare your face with the chip of your card. That was not done here."),
            _("You can fill in the application here. Then go with your card to: {branch}.", branch=bank.branch.text),
        )

    async def sign(self, visit: Visit, what: Text) -> Attachment:
        """Have the application signed on the screen."""
        return await visit.sign(
            _("Please sign"),
            _("{what}. With your signature it is sent to the bank.", what=what),
            name="signature",
        )

    async def agree(self, visit: Visit, kind: str) -> list[JsonValue]:
        """Ask for each consent by itself; return the record of what was agreed to."""
        asked = self._consents.asked(kind)
        form = await visit.ask(
            form_of(asked),
            _("Do you agree?"),
            body=(
                _("Touch each sentence that you agree to. Nothing is agreed to for you."),
                _("What you tell here is personal data. Only this bank gets it."),
            ),
            name="consents",
        )
        return record(asked, form, visit.now(), visit.language)


async def reached(visit: Visit, person: Person, contact: type[C]) -> C:
    """Ask how the bank reaches who applies; the address is the card's where there is one."""
    return await visit.ask(
        contact,
        _("How can the bank reach you?"),
        prefill={"address": person.address} if person.address else {},
        sources={"address": _("From your card")},
        name="contact",
    )


def applicant(person: Person) -> dict[str, JsonValue]:
    """Return what a bank needs to know who applies."""
    return {
        "name": person.name,
        "number": person.number,
        "born": person.born.isoformat() if person.born else "",
        "sex": person.sex or "",
        "issued": person.issued.isoformat() if person.issued else "",
        "expires": person.expires.isoformat() if person.expires else "",
        "permanent_address": person.address,
        "level": person.level.value,
    }


def _offers(bank: Bank) -> Text | None:
    """Return the names of what a bank offers, where it is one thing."""
    offered = [each.name for each in (*bank.accounts, *bank.loans)]
    return bilingual(vi=" · ".join(each.vi for each in offered)[:200], en=" · ".join(each.en for each in offered)[:200])
