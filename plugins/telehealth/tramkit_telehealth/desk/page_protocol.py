"""What the desk and a doctor's page say to each other: JSON over the WebSocket ``/doctor`` that the page opens.

The page sends commands, each ``{"n": 3, "command": {"do": "accept", "case": "..."}}``; the desk replies to each with
:class:`Reply` of the same ``n``. The desk is authoritative: it sends the whole :class:`DeskState` when a page opens, so
one that was reloaded needs nothing else, and then what changes (:mod:`tramkit_telehealth.desk.page_changes`). Offers
of a call's legs come as :class:`LegOffer`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from tramkit_telehealth.protocol import (
    Bilingual,
    CaseState,
    DoctorCard,
    Facility,
    IceServer,
    Id,
    Intake,
    Line,
    Medicine,
    Prose,
    Sdp,
    Summary,
    Wire,
)


class Trouble(StrEnum):
    """Why a command was refused; the page has words for each in both languages."""

    MALFORMED = "malformed"
    TAKEN = "taken"
    """Another doctor has this resident."""
    NOT_YOURS = "not_yours"
    """The case is not, or no longer, held by this doctor."""
    GONE = "gone"
    """The case has ended; the resident has left."""
    BUSY = "busy"
    """This doctor holds another case."""
    OFF_SHIFT = "off_shift"
    STALE = "stale"
    """The notes were changed in another window since; the page shows the newer ones."""
    INCOMPLETE = "incomplete"
    """The summary lacks what it must have; ``field`` names it."""
    BLOCKED = "blocked"
    """Not allowed here, e.g. a narcotic or psychotropic medicine (Circular 26/2025/TT-BYT)."""
    UNANSWERED = "unanswered"
    """A concern about the prescription is not answered in words; ``field`` ends in its id."""
    REVIEW = "review"
    """This doctor has given back so many residents unseen that somebody must look at why first."""
    NO_SUCH_DOCTOR = "no_such_doctor"
    """The doctor to hand over to is not on shift, or not free."""


class Draft(Wire):
    """What the doctor is writing; saved with every pause, sent to the resident only when the case is closed.

    :param notes: for the record only, never shown to the resident.
    :param diagnosis: ICD-10 code, e.g. ``J00``; may be empty.
    :param reasons: why the doctor goes on against a concern, by the concern's id; for the record only.
    """

    notes: Prose = ""
    diagnosis: Annotated[str, Field(pattern=r"^([A-Z]\d{2}(\.\d{1,2})?)?$")] = ""
    conclusion: Prose = ""
    advice: Prose = ""
    prescription: Annotated[tuple[Medicine, ...], Field(max_length=20)] = ()
    follow_up: Prose = ""
    reasons: Annotated[dict[Id, Line], Field(max_length=100)] = Field(default_factory=dict)


class Concern(Wire):
    """Something about a draft that the doctor must think about; it warns and never decides.

    :param id: stays the same while the medicine and what is wrong with it do.
    :param kind: ``allergy``, ``allergy_class``, ``allergy_near``, ``combined``, ``precursor``, ``duplicate``,
        ``duplicate_class``, ``taken``, ``taken_class``, ``dose``, ``duration``, ``remote``; the page has words for it.
    :param medicine: which line of the prescription it is about; None: the case as a whole.
    :param values: for the places in those words; ``vi`` and ``en`` name a class of medicines.
    """

    id: Id
    kind: Id
    medicine: int | None = None
    values: dict[Id, Line] = Field(default_factory=dict)


class Allergy(Wire):
    """What the resident said of allergies.

    :param state: ``stated``: something is; ``none``: said that there is none; ``unknown``: not answered.
    """

    state: Literal["stated", "none", "unknown"]
    said: Prose = ""


# ── page → desk ───────────────────────────────────────────────────────────────────────────────────────────────


class SetShift(Wire):
    """Begin or end the shift; it can't end while a case is held."""

    do: Literal["set_shift"]
    on: bool


class SetAvailable(Wire):
    """Say whether this doctor takes new residents now."""

    do: Literal["set_available"]
    available: bool


class Accept(Wire):
    """Claim a waiting case, with a lease."""

    do: Literal["accept"]
    case: Id


ReleaseReason = Literal["not_my_field", "know_resident", "technical", "called_away", "mistake"]
"""Not this doctor's field; knows the resident in private; something does not work; called away; the wrong one."""

Sign = Literal["red_flag", "measurement", "pain", "fever", "child", "none"]
"""The chief sign of a case, from answers out of closed lists and from measurements; never in the resident's words."""


class Release(Wire):
    """Give a claimed case back to the front of the queue before the call is live.

    :param reason: why; who has looked at health data says why they were needed (Law 91/2025/QH15).
    """

    do: Literal["release"]
    case: Id
    reason: ReleaseReason


class AnswerLeg(Wire):
    """The browser's complete answer to a :class:`LegOffer` (candidates gathered)."""

    do: Literal["answer_leg"]
    case: Id
    leg: int = Field(ge=1)
    sdp: Sdp


class MediaState(Wire):
    """How the media are at the doctor's side; ``live`` once a picture or sound of the resident arrived."""

    do: Literal["media_state"]
    case: Id
    leg: int = Field(ge=1)
    state: Literal["connecting", "live", "interrupted"]


class AskLeg(Wire):
    """Ask for a new leg: the browser's connection failed."""

    do: Literal["ask_leg"]
    case: Id


class EndCall(Wire):
    """The doctor ends the call; the case is then ``closing``."""

    do: Literal["end_call"]
    case: Id


class SaveDraft(Wire):
    """Save what is written so far.

    :param version: the version the page last saw; an older one is refused as ``stale``.
    """

    do: Literal["save_draft"]
    case: Id
    version: int = Field(ge=0)
    draft: Draft


class HandOver(Wire):
    """Give the case, call and draft to another doctor who is on shift and free."""

    do: Literal["hand_over"]
    case: Id
    doctor: Id


class Close(Wire):
    """Close the case: the summary goes to the resident."""

    do: Literal["close"]
    case: Id
    draft: Draft


class Quality(Wire):
    """What picture and sound are good enough for, as the doctor's browser counts them; kept with the case.

    :param score: R of the E-model (ITU-T G.107), 0 to 93.
    :param missing: share of the sound that was made up.
    :param frozen: share of the time in which the picture stood.
    """

    do: Literal["quality"]
    case: Id
    score: int = Field(ge=0, le=100)
    delay_ms: int = Field(ge=0, le=60_000)
    missing: float = Field(ge=0, le=1)
    width: int = Field(ge=0, le=10_000)
    height: int = Field(ge=0, le=10_000)
    fps: int = Field(ge=0, le=240)
    frozen: float = Field(ge=0, le=1)
    speech: bool
    skin: bool
    gait: bool

    def words(self) -> str:
        """Return it for the case's record of events."""
        uses = " ".join(f"{name}={'yes' if getattr(self, name) else 'no'}" for name in ("speech", "skin", "gait"))
        return (
            f"quality R={self.score} delay={self.delay_ms}ms missing={self.missing:.1%} "
            f"picture={self.width}x{self.height}@{self.fps} frozen={self.frozen:.1%} {uses}"
        )


class Beat(Wire):
    """A sign of life every 5 s; renews the lease."""

    do: Literal["beat"]


Command = Annotated[
    SetShift
    | SetAvailable
    | Accept
    | Release
    | AnswerLeg
    | MediaState
    | Quality
    | AskLeg
    | EndCall
    | SaveDraft
    | HandOver
    | Close
    | Beat,
    Field(discriminator="do"),
]


class CommandEnvelope(Wire):
    """A command of the page on the wire; ``n`` counts the page's commands."""

    n: int = Field(ge=0)
    command: Command


# ── desk → page ───────────────────────────────────────────────────────────────────────────────────────────────


class Reply(Wire):
    """The desk's answer to the command ``n``; ``trouble`` None means done.

    :param field: dotted name of what is missing or wrong, e.g. ``draft.conclusion``, ``draft.prescription.0.amount``.
    """

    type: Literal["reply"] = "reply"
    n: int
    trouble: Trouble | None = None
    field: Line = ""


class LegOffer(Wire):
    """The kiosk's complete offer for one leg; the page answers with :class:`AnswerLeg`."""

    type: Literal["leg_offer"] = "leg_offer"
    case: Id
    leg: int
    sdp: Sdp


class Waiting(Wire):
    """One resident in the queue, as every doctor on shift sees them: what is needed to choose, and nobody's name.

    :param initials: of the resident's name.
    :param age: the decade of age, e.g. ``60``; None: not known.
    :param sign: the chief sign.
    :param urgency: 1 (soon) to 3 (can wait).
    :param mine: this doctor has the specialty and the language.
    """

    case: Id
    site: Line
    specialty: Id
    language: Id
    initials: Line
    age: int | None
    sign: Sign
    urgency: Literal[1, 2, 3]
    waiting_since: AwareDatetime
    state: CaseState
    doctor: Line = ""
    """Name of the doctor who holds it; empty: nobody."""
    mine: bool = True
    abnormal: bool = False
    """A measurement lies in a band of :data:`tramkit_telehealth.triage.BANDS` that makes the case more urgent."""
    connection: Literal["", "good", "weak", "blocked"] = ""
    """What the station's trial of its connection means for a call; empty: none was made."""


class HeldCase(Wire):
    """The case this doctor holds, whole.

    :param kiosk: ``gone`` while the kiosk is not connected to the desk.
    :param warnings: what is to be thought about in the draft as it is saved.
    :param blocked: lines of the prescription that may not be prescribed here.
    """

    intake: Intake
    state: CaseState
    leg: int = 0
    draft: Draft = Draft()
    version: int = 0
    kiosk: Literal["connected", "gone"] = "connected"
    kiosk_media: Literal["none", "connecting", "live", "interrupted"] = "none"
    muted: bool = False
    camera: Literal["on", "off", "slate"] = "on"
    claimed_at: AwareDatetime
    live_since: AwareDatetime | None = None
    warnings: tuple[Concern, ...] = ()
    blocked: tuple[int, ...] = ()
    allergy: Allergy = Allergy(state="unknown")


class Colleague(Wire):
    """A doctor on shift to whom a case can be handed over."""

    id: Id
    name: Line
    specialties: tuple[Id, ...]
    free: bool


class PastCase(Wire):
    """A case this doctor closed in this shift.

    :param handed_over: what became of the summary at the kiosk; empty: not known yet.
    """

    case: Id
    closed_at: AwareDatetime
    name: Line
    handed_over: Literal["", "printed", "shown", "failed", "unknown"]
    summary: Summary | None = None


class DeskState(Wire):
    """Everything the page shows; sent on connection. Afterwards only what changes is told.

    :param specialties: titles of the facility's specialties, by id; one that is missing is shown by its id.
    """

    type: Literal["state"] = "state"
    doctor: DoctorCard
    facility: Facility
    specialties: dict[Id, Bilingual] = Field(default_factory=dict)
    on_shift: bool
    available: bool
    queue: tuple[Waiting, ...]
    held: HeldCase | None = None
    colleagues: tuple[Colleague, ...] = ()
    past: tuple[PastCase, ...] = ()
    ice_servers: tuple[IceServer, ...]
    now: AwareDatetime
    reload: bool = False
    """True: the doctor signed in elsewhere or was signed out; the page goes to the sign-in page."""
