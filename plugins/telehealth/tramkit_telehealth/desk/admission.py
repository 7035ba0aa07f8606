"""What a kiosk brings, checked at the desk: its word is taken for what the resident said and for nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from tramkit import Level
from tramkit_hal.device.clock import Clock
from tramkit_telehealth.consents import CHILD, CHILD_BELOW, GUARDIAN, HEALTH_DATA, OWN_CONSENT_FROM, TELEHEALTH, age_on
from tramkit_telehealth.desk.settings import DeskConfig
from tramkit_telehealth.desk.tables import CaseRow, StationRow
from tramkit_telehealth.protocol import CaseState, Intake
from tramkit_telehealth.wire import RefusalCode

HOUR = 3600.0

CLOCKS_APART = timedelta(minutes=5)
OLDEST_CONSENT = timedelta(hours=12)
"""A consent is of this visit: a station that was off the network may bring it late."""

MESSAGES_AT_ONCE = 200.0
MESSAGES_PER_SECOND = 20.0
"""What one station may say: a call's legs, drafts of its state and checks are far below."""

UNSEEN = (CaseState.WAITING, CaseState.CLAIMED, CaseState.RINGING)


class NotAdmittedError(Exception):
    """A case that is not queued.

    :ivar code: for the kiosk.
    """

    def __init__(self, code: RefusalCode, words: str) -> None:
        super().__init__(words)
        self.code: RefusalCode = code
        self.words = words


class Admission:
    """Admits cases, so many of a station."""

    def __init__(self, config: DeskConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._opened: dict[str, deque[float]] = {}

    def admit(self, intake: Intake, station: StationRow, cases: Sequence[CaseRow]) -> Intake:
        """Return what a kiosk brings as the desk takes it: site, price and highest level are the registration's.

        :param cases: all that are open.
        :raises NotAdmittedError: no such specialty, no consent, or too many of this station.
        """
        specialty = self._config.specialty(intake.specialty)
        if intake.station != station.id or specialty is None:
            raise NotAdmittedError("unknown_specialty", "this desk has no such specialty for this station")
        if missing := missing_consent(intake, self._clock.now()):
            raise NotAdmittedError("consent", f"no valid consent to: {missing}")
        self._count(station.id, cases)
        highest, brought = Level[station.level], Level.__members__.get(intake.patient.level, Level.NONE)
        level = brought if highest.reaches(brought) else highest
        patient = intake.patient.model_copy(update={"level": level.name})
        site = station.site or station.id
        return intake.model_copy(update={"site": site, "patient": patient, "price": specialty.price})

    def _count(self, station: str, cases: Sequence[CaseRow]) -> None:
        unseen = sum(case.station == station and case.state in UNSEEN for case in cases)
        if unseen >= self._config.desk.cases_per_station:
            raise NotAdmittedError("quota", "this station has as many residents waiting as one station may")
        now = self._clock.monotonic()
        opened = self._opened.setdefault(station, deque())
        while opened and now - opened[0] > HOUR:
            opened.popleft()
        if len(opened) >= self._config.desk.cases_per_hour:
            raise NotAdmittedError("quota", "this station has brought as many residents as one station may in an hour")
        opened.append(now)


class MessageBudget:
    """How much one station may say."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens, self._at = MESSAGES_AT_ONCE, clock.monotonic()

    def take(self) -> bool:
        """Count a message; False: it is one too many."""
        now = self._clock.monotonic()
        self._tokens = min(MESSAGES_AT_ONCE, self._tokens + (now - self._at) * MESSAGES_PER_SECOND)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def missing_consent(intake: Intake, now: datetime) -> str:
    """Return the purpose of a consent that a case lacks; empty: none (Law 91/2025/QH15, Decree 356/2025).

    Each must have been given in this visit; a child's guardian agrees, and a child from seven on itself.
    """
    needed = [TELEHEALTH.purpose, HEALTH_DATA.purpose]
    age = age_on(intake.patient.born, now.date())
    if age is not None and age < CHILD_BELOW:
        needed.append(GUARDIAN.purpose)
        if age >= OWN_CONSENT_FROM:
            needed.append(CHILD.purpose)
    for purpose in needed:
        given = [each for each in intake.consents if each.purpose == purpose]
        if not given or not all(each.given for each in given):
            return purpose
        if any(not -CLOCKS_APART <= now - each.at <= OLDEST_CONSENT for each in given):
            return purpose
    return ""
