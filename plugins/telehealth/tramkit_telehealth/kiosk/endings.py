"""How a case ends without a summary: what the desk is told, what the resident is shown and given."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, auto
from typing import Literal

from tramkit import Document, Fact, Messages, Moment, Paragraph, Row, Text, Tone, Visit, verbatim
from tramkit_telehealth.kiosk.handover import told
from tramkit_telehealth.kiosk.words import both, instead
from tramkit_telehealth.protocol import Facility

_ = Messages("tramkit_telehealth")


class CallEnding(Enum):
    """How a case ends at the kiosk without a summary."""

    LEFT = auto()
    """The resident has left the queue."""
    ENDED = auto()
    """The facility has ended the case."""
    REFUSED = auto()
    """The desk does not take the case."""
    UNREACHED = auto()
    """The desk went away before it said that it has the case."""
    LOST_IN_QUEUE = auto()
    """The connection did not come back in time while the resident waited."""
    LOST_IN_CALL = auto()
    """The connection did not come back in time, or never came about, in the call."""
    ASK_LATER = auto()
    """The call is over and the resident does not wait for the summary."""

    @property
    def reason(self) -> Literal["left", "changed_mind", "station_fault"] | None:
        """Why the resident has gone, for the desk; None: the desk knows."""
        match self:
            case CallEnding.LEFT:
                return "changed_mind"
            case CallEnding.ASK_LATER:
                return "left"
            case CallEnding.UNREACHED | CallEnding.LOST_IN_QUEUE | CallEnding.LOST_IN_CALL:
                return "station_fault"
            case _:
                return None


async def show_ending(visit: Visit, ending: CallEnding, case: str, facility: Facility | None) -> None:
    """Tell the resident how it ended and what to do instead; a ticket where the facility has their case."""
    match ending:
        case CallEnding.LEFT:
            await visit.done(_("You have left the queue"), *instead(facility))
        case CallEnding.LOST_IN_QUEUE | CallEnding.LOST_IN_CALL | CallEnding.ASK_LATER:
            await _hand_over_ticket(visit, ending, case, facility)
        case CallEnding.ENDED | CallEnding.REFUSED | CallEnding.UNREACHED:
            title, *body = _SAID[ending]
            await visit.tell(title, *body, *instead(facility), tone=Tone.WARNING, action=_("Finish"))


_SAID: dict[CallEnding, tuple[Text, ...]] = {
    CallEnding.ENDED: (_("The facility has closed your case"),),
    CallEnding.REFUSED: (
        _("This doctor cannot be seen any more today"),
        _("The facility no longer offers what you chose."),
    ),
    CallEnding.UNREACHED: (
        _("The doctors cannot be reached now"),
        _("We are sorry. It is not your fault, and nothing you answered is kept."),
    ),
    CallEnding.LOST_IN_QUEUE: (
        _("The connection to the doctors did not come back"),
        _("We are sorry. You are no longer in the queue; the facility has your answers under this number."),
    ),
    CallEnding.LOST_IN_CALL: (
        _("The connection to the doctor did not come back"),
        _("We are sorry. Your case stays open at the facility; nothing you said is lost."),
    ),
    CallEnding.ASK_LATER: (
        _("Ask the facility for your summary"),
        _("The doctor is still writing it. Your case stays open at the facility."),
    ),
}
"""Title and first words of the page."""

_ON_TICKET: dict[CallEnding, Text] = {
    CallEnding.LOST_IN_QUEUE: _("The connection was lost before a doctor could see you."),
    CallEnding.LOST_IN_CALL: _("The connection to the doctor was lost. Your case stays open at the facility."),
    CallEnding.ASK_LATER: _("The doctor was still writing your summary when you left."),
}


def short(case: str) -> str:
    """Return the part of a case's id that a person can say on the phone."""
    return case[:8].upper()


def ticket_document(ending: CallEnding, case: str, facility: Facility | None, at: datetime) -> Document:
    """Return the ticket for asking at the facility; it names no person and no complaint."""
    blocks: list[Paragraph | Row] = [
        Row(label=_("Number of your case"), value=verbatim(short(case))),
        Row(label=_("Date"), value=_("{at}", at=Moment(at=at, with_day=True))),
    ]
    if facility is not None:
        blocks.append(Row(label=_("Facility"), value=both(facility.name)))
        if facility.phone:
            blocks.append(Row(label=_("Phone"), value=verbatim(facility.phone)))
    blocks += [
        Paragraph(text=_ON_TICKET[ending]),
        Paragraph(text=_("Call the facility and say the number of your case, or come back to this station.")),
        Paragraph(text=_("If you feel worse, go to the nearest hospital or call 115.")),
    ]
    return Document(title=_("Ticket for asking at the facility"), blocks=tuple(blocks))


async def _hand_over_ticket(visit: Visit, ending: CallEnding, case: str, facility: Facility | None) -> None:
    handed = await visit.print(ticket_document(ending, case, facility, visit.now()), name="ticket")
    title, *body = _SAID[ending]
    paper, _tone = told(handed)
    await visit.tell(
        title,
        *body,
        paper,
        *instead(facility),
        tone=Tone.WARNING,
        facts=(Fact(label=_("Number of your case"), value=verbatim(short(case))),),
        codes=handed.codes,
        action=_("Finish"),
    )
