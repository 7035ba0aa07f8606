"""The page on which a resident waits: for a doctor, and after the call for the summary."""

from __future__ import annotations

from dataclasses import dataclass

from tramkit import Fact, Messages, Option, Text, Wait, public
from tramkit_telehealth.kiosk.words import instead, wait_text
from tramkit_telehealth.protocol import CaseState, CaseUpdate, ConnectionCheck, DoctorCard, Facility

_ = Messages("tramkit_telehealth")


CONNECTION: dict[str, Text] = {
    "good": _("Good"),
    "weak": _("Weak: the picture may stop at times"),
    "blocked": _("Not good enough now: the call may not come about"),
}
"""The trial's verdict as the resident reads it."""


@dataclass(frozen=True)
class QueuePlace:
    """Where a case is in the queue, as the desk last said it.

    :param known: the desk has said anything at all.
    :param position: from 1; 0: not known.
    :param estimate: minutes; None: not known.
    :param doctor: name of the doctor who has taken the case.
    :param returned: a doctor had taken it, but the call did not come about.
    """

    known: bool = False
    position: int = 0
    estimate: int | None = None
    doctor: str = ""
    returned: bool = False

    @classmethod
    def of(cls, update: CaseUpdate, before: QueuePlace, *, returned: bool = False) -> QueuePlace:
        """Return the place that an update tells."""
        taken = update.state in (CaseState.CLAIMED, CaseState.RINGING, CaseState.LIVE)
        lost = update.state is CaseState.WAITING and (returned or bool(before.doctor) or before.returned)
        return cls(
            known=True,
            position=update.position if update.state is CaseState.WAITING else 0,
            estimate=update.estimate,
            doctor=update.doctor.name if taken and update.doctor else "",
            returned=lost,
        )


def queue_page(
    place: QueuePlace,
    *,
    connected: bool,
    leaving: bool,
    facility: Facility | None,
    check: ConnectionCheck | None = None,
) -> Wait:
    """Return the page of the queue.

    :param leaving: the resident has pressed "leave" and is asked whether that is meant.
    :param check: the trial of the connection for the call; None: none was made.
    """
    body: list[Text] = []
    facts: list[Fact] = []
    title = _("You are in the queue for the doctor")
    if place.doctor:
        title = _("The doctor is ready for you")
        body.append(_("{doctor} opens the call in a moment. Please stay here.", doctor=public(place.doctor)))
    elif not place.known:
        title = _("You are being registered with the doctors")
        body.append(_("One moment, please."))
    else:
        if place.returned:
            body.append(_("The call did not come about. You are at the front of the queue for the next doctor."))
        facts.append(
            Fact(
                label=_("Your place in the queue"),
                value=public(str(place.position)) if place.position else _("Not known now"),
            )
        )
        facts.append(Fact(label=_("Waiting time"), value=wait_text(place.estimate)))
        body.append(
            _("If you leave, your place in the queue is lost.")
            if leaving
            else _("Please stay here. The page changes by itself when the doctor is ready.")
        )
        if check is not None:
            facts.append(Fact(label=_("Connection for the call"), value=CONNECTION[check.verdict]))
        body.append(_("If you feel worse, tell staff or call 115."))
    if not connected:
        body.insert(0, _("The connection to the doctors is interrupted. We keep trying; please wait."))
        body += instead(facility)[1:-1]
    options = [Option(value="leave", label=_("Leave the queue"))]
    if leaving:
        title = _("Do you really want to leave the queue?")
        options = [
            Option(value="stay", label=_("No, keep waiting")),
            Option(value="really_leave", label=_("Yes, leave the queue")),
        ]
    return Wait(title=title, body=tuple(body), facts=tuple(facts), options=tuple(options))


def closing_page(doctor: DoctorCard | None, *, connected: bool) -> Wait:
    """Return the page on which the resident waits for the summary."""
    body = [
        _("{doctor} is writing the summary and, if needed, the prescription.", doctor=public(doctor.name))
        if doctor
        else _("The doctor is writing the summary and, if needed, the prescription."),
        _("It will be printed here. Please stay a moment."),
    ]
    if not connected:
        body.insert(0, _("The connection to the doctors is interrupted. We keep trying; please wait."))
    return Wait(
        title=_("The call is over"),
        body=tuple(body),
        options=(Option(value="ticket", label=_("I cannot wait: tell me where to ask for it")),),
    )
