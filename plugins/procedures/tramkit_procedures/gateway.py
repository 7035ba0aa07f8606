"""The client of the authorities' gateway: dossiers, reports and insurance are handed in, dossiers are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from pydantic import Field, ValidationError

from tramkit import Day, Fact, Gateway, GatewayError, Messages, ReceivedData, Text, bilingual, verbatim

_ = Messages("tramkit_procedures")

STATES: dict[int, tuple[Text, Text]] = {
    1: (_("Handed in"), _("The authority has it and will look at it. You need not do anything.")),
    2: (_("Accepted"), _("It is complete and is being worked on. You need not do anything.")),
    3: (_("Not accepted"), _("Ask the authority why, and file it again when it is mended.")),
    4: (_("Being worked on"), _("You need not do anything.")),
    5: (_("Papers are missing"), _("Bring the missing papers to the authority, or hand them in here.")),
    6: (_("A payment is missing"), _("Pay the fee at the authority; then it goes on.")),
    7: (_("Withdrawn at your wish"), _("Nothing more happens with it.")),
    8: (_("Stopped"), _("The authority has stopped it. Ask there why.")),
    9: (_("Decided"), _("Fetch the result at the authority, with your identity card.")),
    10: (_("Result handed out"), _("It is finished.")),
}
"""The ten states of the national portal in plain words, and what to do next."""

WITHDRAWABLE = frozenset({1, 2, 4, 5, 6})
OVER = frozenset({3, 7, 8, 10})
"""States after which the resident is not awaited any more."""


class Dossier(ReceivedData):
    """What an authority tells of a dossier.

    :param state: 1 to 10, see :data:`STATES`.
    :param note: the authority's own words.
    """

    code: str = Field(max_length=80)
    name_vi: str = Field(max_length=200)
    name_en: str = Field(max_length=200)
    agency: str = Field(default="", max_length=200)
    state: int = Field(ge=1, le=10)
    note: str = Field(default="", max_length=500)
    due: date | None = None

    @property
    def name(self) -> Text:
        return bilingual(vi=self.name_vi, en=self.name_en)


REPORT = "PA-"
"""How the code of a report (phản ánh) begins, which is no dossier."""


class Authority:
    """The authorities' gateway.

    :param url: of the gateway.
    """

    def __init__(self, url: str) -> None:
        self.gateway = Gateway(url, "the authorities' gateway", facts=_facts)

    async def dossier(self, code: str) -> Dossier | None:
        """Return what became of a dossier; None: there is none with this code.

        :raises GatewayError: no answer that can be understood.
        """
        status, told = await self.gateway.ask("GET", f"/dossiers/{quote(code, safe='')}")
        return None if status == 404 else _dossier(told)

    async def dossiers_of(self, number: str) -> list[Dossier]:
        """Return the dossiers of a person.

        :param number: personal identity number.
        :raises GatewayError: no answer that can be understood.
        """
        _status, told = await self.gateway.ask("POST", "/dossiers/search", {"number": number})
        found = told.get("dossiers")
        if not isinstance(found, list):
            raise GatewayError("the authorities' gateway's answer cannot be understood")
        return [_dossier(each) for each in found]


def _dossier(told: Any) -> Dossier:
    try:
        return Dossier.model_validate(told)
    except ValidationError:
        raise GatewayError("the authorities' gateway's answer cannot be understood") from None


def _facts(told: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return what the authority's answer adds to the receipt."""
    code = str(told.get("reference") or "")
    label = _("Report code") if code.startswith(REPORT) else _("Dossier code")
    facts = [Fact(label=label, value=verbatim(code))] if code else []
    if told.get("appointment"):
        facts.append(
            Fact(label=_("Appointment"), value=_("{day}", day=Day(day=date.fromisoformat(told["appointment"]))))
        )
    return tuple(facts)
