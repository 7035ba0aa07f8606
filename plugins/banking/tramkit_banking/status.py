"""What became of an application: the bank is asked by the application's number."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from tramkit import Fact, Form, GatewayError, Messages, Text, Tone, TramkitError, Visit, forms, personal, verbatim
from tramkit_banking.applying import Applying
from tramkit_banking.gateway import STATES

_ = Messages("tramkit_banking")

KINDS: dict[str, Text] = {
    "account": _("Application for an account"),
    "loan": _("Application for a loan"),
    "card": _("Application for a credit card"),
}
WARNED = frozenset({"branch", "papers", "declined"})


class NumberError(TramkitError, ValueError):
    """The text is no application number.

    :ivar text: why not, for the resident.
    """

    def __init__(self, text: Text) -> None:
        super().__init__(text.id)
        self.text = text


def parse_number(text: str) -> str:
    """Return the number of an application as banks write it.

    :raises NumberError: it is none.
    """
    tidy = re.sub(r"[\s.\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if not re.fullmatch(r"[A-Z0-9]{6,20}", tidy):
        raise NumberError(_("An application number has 6 to 20 letters and digits. It is on your receipt."))
    return tidy


class Number(Form):
    """The number of an application."""

    number: Annotated[
        str,
        forms.code(_("Application number"), hint=_("It is on your receipt"), max_length=40, parse=parse_number),
    ]


class ApplicationStatus(Applying):
    """Tells what a bank has decided; the number alone is asked for, and nothing of the applicant is told."""

    id = "banking.status"

    async def serve(self, visit: Visit) -> None:
        bank = await self.which(visit, list(self.banks.values()))
        typed = await visit.ask(Number, _("Which application?"), name="number")
        try:
            found = await visit.fetch(self.gateways[bank.id].progress, typed.number)
        except GatewayError:
            await visit.tell(
                _("The bank does not answer now"),
                _("Nothing was changed. Please try again later, or ask at: {branch}.", branch=bank.branch.text),
                tone=Tone.WARNING,
            )
            return
        if found is None:
            await visit.tell(
                _("The bank has no application with this number"),
                _("Please compare it with your receipt: {number}", number=verbatim(typed.number)),
                _("Or choose the other bank: touch Back."),
                tone=Tone.WARNING,
            )
            return
        state, next_step = STATES[found.state]
        facts = [
            Fact(label=_("Bank"), value=bank.name.text),
            Fact(label=_("Application"), value=KINDS[found.kind]),
            Fact(label=_("Application number"), value=verbatim(found.reference)),
        ]
        if found.state in ("branch", "papers", "approved", "issued"):
            facts.append(Fact(label=_("Branch"), value=bank.branch.text))
        if found.note is not None:
            facts.append(Fact(label=_("The bank says"), value=found.note.text))
        tone = Tone.WARNING if found.state in WARNED else Tone.PLAIN
        await visit.tell(personal(state), personal(next_step), facts=facts, tone=tone, action=_("Finish"))
