"""What kiosk and desk say to each other: versioned JSON over one WebSocket that the kiosk opens.

The kiosk connects to ``/kiosk`` with ``Authorization: Bearer <station key>`` and sends :class:`Hello`; the desk
answers :class:`Welcome`. From then on both sides send messages, each in an envelope::

    {"v": 1, "seq": 7, "ack": 4, "message": {"type": "open_case", ...}}

``seq`` counts the sender's messages since the conversation began (``Hello.session``), ``ack`` is the highest ``seq``
received. After a lost connection the kiosk says Hello with the same session, both sides send again what was not
acknowledged, and a receiver drops what it has seen: every command has one effect. The desk is authoritative for
the state of a case. Media flow between kiosk and doctor's browser directly and outlive a signalling loss.

A call is made of numbered *legs*, each a new RTCPeerConnection: the kiosk always offers, the browser always
answers, nothing is ever renegotiated (no ``restartIce``).
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from tramkit import Born, Reading
from tramkit_telehealth.wire import ConnectionCheck, IceServer, Id, Line, Prose, RefusalCode, Sdp, Wire

VERSION = 1
"""Grows when a message changes so that an older side could not understand it; other versions are refused."""

MAX_MESSAGE = 256 * 1024
"""Most bytes of one message; an SDP with candidates is below 20 kB."""

HEARTBEAT_CHANNEL = "beat"
"""Label of the data channel on which each side sends its monotonic milliseconds, as text, every 500 ms."""

BEAT_SECONDS = 0.5
INTERRUPTED_AFTER = 2.0
"""Seconds without a beat after which both sides show that the connection is interrupted."""
NEW_LEG_AFTER = 4.0
"""Seconds without a beat after which the kiosk starts the next leg, keeping the old one until the new one is live."""

PING_SECONDS = 8.0
"""Between two pings of each line to the desk (RFC 6455 §5.5.2): who has no power is noticed within 1.5 times this, and
who answers late by less than half of it is still there.
"""
LEASE_SECONDS = 15.0
"""How long a doctor's claim holds without a sign of life from the doctor's page."""
RING_SECONDS = 30.0
"""How long a claimed case may take until the media flow, before it goes back to the front of the queue."""

# ── what a desk offers ────────────────────────────────────────────────────────────────────────────────────────


class Bilingual(Wire):
    """Words of the facility in the languages of the station."""

    vi: Line
    en: Line


class Specialty(Wire):
    """A kind of doctor and what it costs now.

    :param price: VND for one consultation.
    :param languages: languages in which a doctor on shift can be seen.
    :param doctors: how many are on shift and available.
    :param waiting: how many residents wait.
    :param estimate: minutes until a new case would be seen; None: nobody is on shift, so not known.
    """

    id: Id
    title: Bilingual
    price: int = Field(ge=0)
    languages: tuple[Id, ...]
    doctors: int = Field(ge=0)
    waiting: int = Field(ge=0)
    estimate: int | None = None


class Facility(Wire):
    """The licensed facility that answers for the doctors (Law 15/2023/QH15, Decree 96/2023 art. 87)."""

    name: Bilingual
    licence: Line
    address: Line = ""
    phone: Line = ""


class DoctorCard(Wire):
    """What a resident is shown of the doctor before and in the call."""

    id: Id
    name: Line
    licence: Line
    specialty: Bilingual
    facility: Bilingual


# ── a case ────────────────────────────────────────────────────────────────────────────────────────────────────


class CaseState(StrEnum):
    """Where a case is: ``waiting → claimed → ringing → live → closing → closed``, or ``abandoned``."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    RINGING = "ringing"
    LIVE = "live"
    CLOSING = "closing"
    """The call is over; the doctor writes the summary."""
    CLOSED = "closed"
    ABANDONED = "abandoned"
    """The resident left before a doctor closed the case."""


class Consent(Wire):
    """One consent, provable: which text, when (Decree 356/2025).

    :param purpose: ``telehealth``, ``health_data`` …
    :param text_version: version of the words that were on the screen, e.g. ``2026-11-1``.
    :param language: language in which they were shown.
    """

    purpose: Id
    text_version: Id
    language: Id
    given: bool
    at: AwareDatetime


class Answer(Wire):
    """One triage question and its answer, as they were on the screen in the language of the case."""

    id: Id
    question: Prose
    answer: Prose


class Patient(Wire):
    """Who the resident is and how sure the station is of it.

    :param level: name of the identity level, e.g. ``CLAIMED``, ``CHIP``.
    """

    name: Line
    number: Annotated[str, StringConstraints(max_length=20)] = ""
    born: Born | None = None
    sex: Literal["male", "female"] | None = None
    level: Id


class Intake(Wire):
    """What a resident brings into the queue.

    :param urgency: 1 (soon) to 3 (can wait), from the triage answers by rule; the machine never diagnoses.
    """

    case: Id
    station: Id
    site: Line
    specialty: Id
    language: Id
    patient: Patient
    complaint: Prose
    answers: tuple[Answer, ...] = ()
    urgency: Literal[1, 2, 3] = 3
    vitals: tuple[Reading, ...] = ()
    consents: tuple[Consent, ...]
    price: int = Field(ge=0)
    opened_at: AwareDatetime


class Medicine(Wire):
    """One line of a prescription; international non-proprietary name (Circular 26/2025/TT-BYT)."""

    name: Line
    strength: Line = ""
    amount: Line
    directions: Prose


class Summary(Wire):
    """What the resident takes home.

    :param conclusion: what the doctor found, in words for the resident.
    :param prescription: empty where nothing was prescribed.
    :param prescription_code: ``79001a1b2c3d-c`` (Circular 26/2025/TT-BYT); empty without a prescription.
    :param follow_up: when to see a doctor again and where.
    """

    doctor: DoctorCard
    conclusion: Prose
    advice: Prose = ""
    prescription: tuple[Medicine, ...] = ()
    prescription_code: Line = ""
    follow_up: Prose = ""
    closed_at: AwareDatetime


# ── kiosk → desk ──────────────────────────────────────────────────────────────────────────────────────────────


class Hello(Wire):
    """First message of the kiosk on each connection.

    :param session: new at each start of the station; the same after a lost connection.
    """

    type: Literal["hello"] = "hello"
    version: int = VERSION
    station: Id
    session: Id


class OpenCase(Wire):
    """Put a resident into the queue; the same case id again changes nothing."""

    type: Literal["open_case"] = "open_case"
    intake: Intake


class LeaveCase(Wire):
    """The resident has left the queue or the call."""

    type: Literal["leave_case"] = "leave_case"
    case: Id
    reason: Literal["left", "timed_out", "changed_mind", "station_fault", "done"]


class RtcOffer(Wire):
    """The kiosk's complete offer for one leg (candidates gathered, RFC 9429 without trickle)."""

    type: Literal["rtc_offer"] = "rtc_offer"
    case: Id
    leg: int = Field(ge=1)
    sdp: Sdp


class KioskMedia(Wire):
    """How the media are at the kiosk's side.

    :param state: ``live`` once a picture of the doctor was decoded.
    :param camera: ``slate`` while the camera gives no picture.
    """

    type: Literal["kiosk_media"] = "kiosk_media"
    case: Id
    leg: int
    state: Literal["connecting", "live", "interrupted"]
    muted: bool = False
    camera: Literal["on", "off", "slate"] = "on"


class ConnectionChecked(Wire):
    """What the kiosk has found while the resident waits: shown to the resident and to the doctors."""

    type: Literal["connection_checked"] = "connection_checked"
    case: Id
    check: ConnectionCheck


class HangUp(Wire):
    """The resident ends the call (kiosk → desk), or the doctor does (desk → kiosk); the summary follows."""

    type: Literal["hang_up"] = "hang_up"
    case: Id


class SummaryHandedOver(Wire):
    """What became of the summary at the kiosk."""

    type: Literal["summary_handed_over"] = "summary_handed_over"
    case: Id
    outcome: Literal["printed", "shown", "failed", "unknown"]


# ── desk → kiosk ──────────────────────────────────────────────────────────────────────────────────────────────


class Welcome(Wire):
    """The desk's answer to Hello.

    :param resumed: False where the desk does not know the session: the kiosk then sends again all that is open.
    """

    type: Literal["welcome"] = "welcome"
    version: int = VERSION
    resumed: bool
    facility: Facility
    ice_servers: tuple[IceServer, ...]


class Offered(Wire):
    """What can be had now; sent after Welcome and whenever it changes."""

    type: Literal["offered"] = "offered"
    specialties: tuple[Specialty, ...]


class CaseUpdate(Wire):
    """Where a case is.

    :param position: place in the queue from 1, honest: how many are seen before plus one; 0: not waiting.
    :param estimate: minutes; None: not known.
    """

    type: Literal["case_update"] = "case_update"
    case: Id
    state: CaseState
    position: int = 0
    estimate: int | None = None
    doctor: DoctorCard | None = None


class StartLeg(Wire):
    """Make an offer for this leg now: a doctor has accepted, has reloaded the page, or has taken over."""

    type: Literal["start_leg"] = "start_leg"
    case: Id
    leg: int = Field(ge=1)
    doctor: DoctorCard


class RtcAnswer(Wire):
    """The browser's complete answer for one leg."""

    type: Literal["rtc_answer"] = "rtc_answer"
    case: Id
    leg: int = Field(ge=1)
    sdp: Sdp


class CaseSummary(Wire):
    """The doctor has closed the case."""

    type: Literal["case_summary"] = "case_summary"
    case: Id
    summary: Summary


class Refused(Wire):
    """A message was not taken; the words are for the log and the engineer, the code for the program.

    ``consent``: a consent that the law asks for is missing; ``quota``: this station has brought too many residents;
    ``taken``: another machine is connected with this station's key.
    """

    type: Literal["refused"] = "refused"
    code: RefusalCode
    words: Line


FromKiosk = Annotated[
    Hello | OpenCase | LeaveCase | RtcOffer | KioskMedia | ConnectionChecked | HangUp | SummaryHandedOver,
    Field(discriminator="type"),
]
FromDesk = Annotated[
    Welcome | Offered | CaseUpdate | StartLeg | RtcAnswer | HangUp | CaseSummary | Refused,
    Field(discriminator="type"),
]


class KioskEnvelope(Wire):
    """A message of the kiosk on the wire."""

    v: Literal[1] = VERSION
    seq: int = Field(ge=0)
    ack: int = Field(ge=0, default=0)
    message: FromKiosk | None = None
    """None: only acknowledges."""


class DeskEnvelope(Wire):
    """A message of the desk on the wire."""

    v: Literal[1] = VERSION
    seq: int = Field(ge=0)
    ack: int = Field(ge=0, default=0)
    message: FromDesk | None = None


def version_of(text: str) -> int | None:
    """Return which version a message says it is; None where it says nothing that can be read."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    version = found.get("v") if isinstance(found, dict) else None
    return version if isinstance(version, int) else None
