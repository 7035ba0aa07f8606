"""Cases from the queue to the summary: the state machine, in the database.

Every change is decided for an epoch and made only if the case is still of that epoch, so two doctors never hold one
resident, and what a doctor does who has lost a case changes nothing.

Longer than 400 lines: one state machine: every transition of a case stands beside the others that it excludes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tramkit_hal.device.clock import Clock
from tramkit_telehealth.desk.looked_up import ACCEPTED, RELEASED, releases_left
from tramkit_telehealth.desk.page_protocol import Draft, Trouble
from tramkit_telehealth.desk.store import Store
from tramkit_telehealth.desk.tables import CaseRow, ConsentRow, DoctorRow, EventRow, VitalRow
from tramkit_telehealth.protocol import LEASE_SECONDS, RING_SECONDS, CaseState, Intake, Summary

HELD = (CaseState.CLAIMED, CaseState.RINGING, CaseState.LIVE, CaseState.CLOSING)
"""States in which a doctor holds the case."""

CALLING = (CaseState.CLAIMED, CaseState.RINGING, CaseState.LIVE)
"""States in which kiosk and page have, or are about to have, a connection."""

OPEN = (CaseState.WAITING, *HELD)

LEASE = timedelta(seconds=LEASE_SECONDS)
RING = timedelta(seconds=RING_SECONDS)


class CommandRefusedError(Exception):
    """A doctor's command that is not done.

    :param field: dotted name of what is wrong.
    """

    def __init__(self, trouble: Trouble, field: str = "") -> None:
        super().__init__(trouble.value)
        self.trouble = trouble
        self.field = field


class Cases:
    """The cases of a desk."""

    def __init__(self, store: Store, clock: Clock, hold_seconds: float) -> None:
        self._store = store
        self._clock = clock
        self._hold = timedelta(seconds=hold_seconds)

    # ── what is there ─────────────────────────────────────────────────────────────────────────────────────

    async def get(self, id: str) -> CaseRow | None:
        """Return a case."""
        async with self._store.reading() as session:
            return await session.get(CaseRow, id)

    async def open_cases(self) -> list[CaseRow]:
        """Return every case that is not over, those that wait in the order in which they should be seen."""
        async with self._store.reading() as session:
            rows = await session.scalars(select(CaseRow).where(CaseRow.state.in_([state.value for state in OPEN])))
            return sorted(rows.all(), key=turn)

    async def held_by(self, doctor: str) -> CaseRow | None:
        """Return the case that a doctor holds."""
        async with self._store.reading() as session:
            return await _held(session, doctor)

    async def closed_by(self, doctor: str, since: datetime) -> list[CaseRow]:
        """Return the cases that a doctor has closed since then, newest first."""
        async with self._store.reading() as session:
            rows = await session.scalars(
                select(CaseRow)
                .where(CaseRow.doctor == doctor, CaseRow.state == CaseState.CLOSED.value, CaseRow.closed_at >= since)
                .order_by(CaseRow.closed_at.desc())
            )
            return list(rows.all())

    async def usual_minutes(self, specialty: str, expected: float, cases: int = 20) -> float:
        """Return how long a consultation takes: the mean of the last ones, ``expected`` counting as one of them."""
        async with self._store.reading() as session:
            rows = await session.execute(
                select(CaseRow.claimed_at, CaseRow.closed_at)
                .where(CaseRow.specialty == specialty, CaseRow.state == CaseState.CLOSED.value)
                .order_by(CaseRow.closed_at.desc())
                .limit(cases)
            )
            took = [(end - begin).total_seconds() / 60 for begin, end in rows.all() if begin and end]
        return (sum(took) + expected) / (len(took) + 1)

    # ── what the kiosk does ───────────────────────────────────────────────────────────────────────────────

    async def open(self, intake: Intake) -> CaseRow:
        """Put a resident into the queue; the same case again changes nothing."""
        async with self._store.writing() as session:
            row = await session.get(CaseRow, intake.case)
            if row is not None:
                return row
            row = CaseRow(
                id=intake.case,
                station=intake.station,
                person=self._store.seal.person(intake.patient.number),
                intake=intake.model_dump(mode="json"),
                specialty=intake.specialty,
                language=intake.language,
                urgency=intake.urgency,
                state=CaseState.WAITING.value,
                epoch=0,
                front=False,
                leg=0,
                opened_at=self._clock.now(),
                draft={},
                version=0,
                handed_over="",
            )
            session.add(row)
            await session.flush()
            for consent in intake.consents:
                session.add(ConsentRow(case=row.id, **consent.model_dump()))
            for reading in intake.vitals:
                session.add(VitalRow(case=row.id, kind=reading.kind.value, reading=reading.model_dump(mode="json")))
            self._note(session, row.id, "kiosk", "opened")
            return row

    async def kiosk_left(self, id: str) -> CaseRow | None:
        """The resident has gone: before the call the case is abandoned, in it the doctor still writes the summary."""
        async with self._store.writing() as session:
            row = await session.get(CaseRow, id)
            if row is None or row.state not in OPEN:
                return row
            if row.state in (CaseState.LIVE, CaseState.CLOSING):
                row.state = CaseState.CLOSING.value
            else:
                await self._over(session, row)
            row.lease_until = row.ring_until = None
            self._note(session, id, "kiosk", "left")
            return row

    async def _over(self, session: AsyncSession, row: CaseRow) -> None:
        """End a case before its summary: abandoned, or the doctor's who has already talked with the resident."""
        talked = row.live_since is not None and row.doctor is not None
        mine = row.state in HELD
        if talked and row.doctor is not None and (mine or await _held(session, row.doctor) is None):
            row.state = CaseState.CLOSING.value
            return
        row.state, row.doctor, row.epoch = CaseState.ABANDONED.value, None, row.epoch + 1
        row.closed_at = self._clock.now()

    async def hung_up(self, id: str, who: str) -> CaseRow | None:
        """The call is over; the doctor writes the summary."""
        async with self._store.writing() as session:
            row = await session.get(CaseRow, id)
            if row is not None and row.state in CALLING:
                row.state, row.lease_until, row.ring_until = CaseState.CLOSING.value, None, None
                self._note(session, id, who, "hung up")
            return row

    async def offered(self, id: str, leg: int) -> CaseRow | None:
        """The kiosk has made an offer for a leg; None: it is of a leg that is over, or there is no call."""
        async with self._store.writing() as session:
            row = await session.get(CaseRow, id)
            if row is None or row.state not in CALLING or leg < row.leg:
                return None
            row.leg = leg
            if row.state == CaseState.CLAIMED:
                row.state = CaseState.RINGING.value
            return row

    async def live(self, id: str, leg: int) -> bool:
        """The media of a leg flow; return whether that is new: an older leg's are those of the doctor before."""
        async with self._store.writing() as session:
            row = await session.get(CaseRow, id)
            if row is None or row.state not in (CaseState.CLAIMED, CaseState.RINGING) or leg < row.leg:
                return False
            row.state, row.live_since = CaseState.LIVE.value, row.live_since or self._clock.now()
            row.lease_until = row.ring_until = None
            self._note(session, id, "desk", "live")
            return True

    async def kiosk_there(self, id: str, there: bool) -> None:
        """Note whether the kiosk of a case is connected."""
        async with self._store.writing() as session:
            row = await session.get(CaseRow, id)
            if row is not None and (row.kiosk_gone_at is None) != there:
                row.kiosk_gone_at = None if there else self._clock.now()

    async def handed_over(self, id: str, outcome: str) -> None:
        """Note what became of the summary at the kiosk."""
        async with self._store.writing() as session:
            row = await session.get(CaseRow, id)
            if row is not None and row.state == CaseState.CLOSED:
                row.handed_over = outcome
                self._note(session, id, "kiosk", f"summary {outcome}")

    # ── what the doctor does ──────────────────────────────────────────────────────────────────────────────

    async def set_shift(self, doctor: str, on: bool) -> None:
        """Begin or end a shift.

        :raises CommandRefusedError: ``busy`` while a case is held.
        """
        async with self._store.writing() as session:
            if not on and await _held(session, doctor) is not None:
                raise CommandRefusedError(Trouble.BUSY)
            row = await session.get_one(DoctorRow, doctor)
            row.on_shift_since = (row.on_shift_since or self._clock.now()) if on else None
            row.available = on

    async def set_available(self, doctor: str, available: bool) -> None:
        """Take new residents, or none for now.

        :raises CommandRefusedError: ``off_shift``.
        """
        async with self._store.writing() as session:
            row = await session.get_one(DoctorRow, doctor)
            if row.on_shift_since is None:
                raise CommandRefusedError(Trouble.OFF_SHIFT)
            row.available = available

    async def accept(self, doctor: str, id: str) -> CaseRow:
        """Claim a waiting case, with a lease.

        :raises CommandRefusedError: ``off_shift``, ``busy``, ``taken``, ``gone``; ``blocked``: out of scope;
            ``review``: too many were given back unseen.
        """
        now = self._clock.now()
        try:
            async with self._store.writing() as session:
                row = await self._free_case(session, doctor, id)
                changed = await session.execute(
                    update(CaseRow)
                    .where(CaseRow.id == id, CaseRow.state == CaseState.WAITING.value, CaseRow.epoch == row.epoch)
                    .values(
                        state=CaseState.CLAIMED.value,
                        doctor=doctor,
                        epoch=row.epoch + 1,
                        leg=row.leg + 1,
                        front=False,
                        claimed_at=now,
                        lease_until=now + LEASE,
                        ring_until=now + RING,
                        doctor_gone_at=None,
                    )
                )
                if cast(CursorResult[Any], changed).rowcount != 1:
                    raise CommandRefusedError(Trouble.TAKEN)
                self._note(session, id, doctor, ACCEPTED)
        except IntegrityError:  # the same doctor in two windows at the same moment
            raise CommandRefusedError(Trouble.BUSY) from None
        row = await self.get(id)
        assert row is not None
        return row

    async def _free_case(self, session: AsyncSession, doctor: str, id: str) -> CaseRow:
        person = await session.get_one(DoctorRow, doctor)
        if person.on_shift_since is None:
            raise CommandRefusedError(Trouble.OFF_SHIFT)
        if await _held(session, doctor) is not None:
            raise CommandRefusedError(Trouble.BUSY)
        if await releases_left(session, doctor, self._clock.now()) <= 0:
            raise CommandRefusedError(Trouble.REVIEW)
        row = await session.get(CaseRow, id)
        if row is None or row.state in (CaseState.CLOSED, CaseState.ABANDONED):
            raise CommandRefusedError(Trouble.GONE)
        if row.state != CaseState.WAITING:
            raise CommandRefusedError(Trouble.TAKEN)
        if not may_take(person, row):
            raise CommandRefusedError(Trouble.BLOCKED)
        return row

    async def release(self, doctor: str, id: str, reason: str) -> CaseRow:
        """Give a claimed case back to the front of the queue.

        :param reason: why; kept with the case.

        :raises CommandRefusedError: ``not_yours``, ``gone``; ``busy`` once the call is live.
        """
        async with self._store.writing() as session:
            row = await _own(session, doctor, id)
            if row.state not in (CaseState.CLAIMED, CaseState.RINGING):
                raise CommandRefusedError(Trouble.BUSY)
            _back_to_queue(row)
            self._note(session, id, doctor, RELEASED + reason)
            return row

    async def next_leg(self, doctor: str, id: str) -> CaseRow:
        """Begin a new leg of the call.

        :raises CommandRefusedError: ``not_yours``, ``gone``.
        """
        async with self._store.writing() as session:
            row = await _own(session, doctor, id)
            if row.state not in CALLING:
                raise CommandRefusedError(Trouble.GONE)
            row.leg += 1
            return row

    async def save_draft(self, doctor: str, id: str, version: int, draft: Draft) -> CaseRow:
        """Save what is written so far.

        :raises CommandRefusedError: ``not_yours``, ``gone``; ``stale`` where another window has saved since.
        """
        async with self._store.writing() as session:
            row = await _own(session, doctor, id)
            if version < row.version:
                raise CommandRefusedError(Trouble.STALE)
            row.draft, row.version = draft.model_dump(mode="json"), row.version + 1
            return row

    async def hand_over(self, doctor: str, id: str, to: str) -> CaseRow:
        """Give a case with its draft to another doctor who is on shift, takes residents, is free, and may take it.

        :raises CommandRefusedError: ``not_yours``, ``gone``, ``no_such_doctor``.
        """
        now = self._clock.now()
        try:
            async with self._store.writing() as session:
                row = await _own(session, doctor, id)
                other = await session.get(DoctorRow, to)
                ready = other is not None and other.on_shift_since is not None and other.available
                if other is None or to == doctor or not ready or not may_take(other, row) or await _held(session, to):
                    raise CommandRefusedError(Trouble.NO_SUCH_DOCTOR)
                row.doctor, row.epoch, row.doctor_gone_at = to, row.epoch + 1, None
                if row.state != CaseState.CLOSING:
                    row.state, row.leg = CaseState.CLAIMED.value, row.leg + 1
                    row.lease_until, row.ring_until = now + LEASE, now + RING
                self._note(session, id, doctor, f"handed over to {to}")
                return row
        except IntegrityError:
            raise CommandRefusedError(Trouble.NO_SUCH_DOCTOR) from None

    async def close(self, doctor: str, id: str, draft: Draft, summary: Summary) -> CaseRow:
        """Close a case with its summary; closing it again changes nothing.

        :raises CommandRefusedError: ``not_yours``, ``gone``.
        """
        async with self._store.writing() as session:
            row = await session.get(CaseRow, id)
            if row is not None and row.state == CaseState.CLOSED and row.doctor == doctor:
                return row
            row = await _own(session, doctor, id)
            row.state, row.closed_at = CaseState.CLOSED.value, self._clock.now()
            row.draft, row.version = draft.model_dump(mode="json"), row.version + 1
            row.summary = summary.model_dump(mode="json")
            row.lease_until = row.ring_until = None
            self._note(session, id, doctor, "closed")
            return row

    # ── what time does ────────────────────────────────────────────────────────────────────────────────────

    async def renew(self, doctor: str) -> None:
        """A sign of life of the doctor's page: the lease holds on."""
        async with self._store.writing() as session:
            row = await _held(session, doctor)
            if row is not None:
                row.doctor_gone_at = None
                if row.lease_until is not None:
                    row.lease_until = self._clock.now() + LEASE

    async def doctor_gone(self, doctor: str) -> None:
        """The doctor's page has gone; a call is held for a while, a claim until its lease ends."""
        async with self._store.writing() as session:
            row = await _held(session, doctor)
            if row is not None and row.doctor_gone_at is None:
                row.doctor_gone_at = self._clock.now()

    async def expire(self) -> list[CaseRow]:
        """End what has lasted too long; return the cases that changed."""
        now = self._clock.now()
        changed: list[CaseRow] = []
        async with self._store.writing() as session:
            rows = await session.scalars(select(CaseRow).where(CaseRow.state.in_([state.value for state in OPEN])))
            for row in rows.all():
                if what := await self._too_long(session, row, now):
                    self._note(session, row.id, "desk", what)
                    changed.append(row)
        return changed

    async def _too_long(self, session: AsyncSession, row: CaseRow, now: datetime) -> str:
        kiosk_lost = row.kiosk_gone_at is not None and now - row.kiosk_gone_at > self._hold
        doctor_lost = row.doctor_gone_at is not None and now - row.doctor_gone_at > self._hold
        match row.state:
            case CaseState.CLAIMED | CaseState.RINGING:
                if (row.lease_until and row.lease_until < now) or (row.ring_until and row.ring_until < now):
                    _back_to_queue(row)
                    return "call did not come about"
            case CaseState.LIVE if kiosk_lost:
                row.state = CaseState.CLOSING.value
                return "kiosk lost in the call"
            case CaseState.LIVE if doctor_lost:
                _back_to_queue(row)
                return "doctor lost in the call"
            case CaseState.WAITING if kiosk_lost:
                await self._over(session, row)
                return "kiosk lost in the queue"
        return ""

    async def restarted(self) -> None:
        """The desk has started: nobody is connected yet, so what was held is held from now."""
        now = self._clock.now()
        async with self._store.writing() as session:
            rows = await session.scalars(select(CaseRow).where(CaseRow.state.in_([state.value for state in OPEN])))
            for row in rows.all():
                row.kiosk_gone_at = now
                if row.state in HELD:
                    row.doctor_gone_at = now
                if row.lease_until is not None:
                    row.lease_until, row.ring_until = now + LEASE, now + RING

    async def keep(self, id: str, who: str, what: str) -> None:
        """Keep something that happened with a case."""
        async with self._store.writing() as session:
            self._note(session, id, who, what)

    def _note(self, session: AsyncSession, case: str, who: str, what: str) -> None:
        session.add(EventRow(case=case, at=self._clock.now(), who=who, what=what))


def turn(row: CaseRow) -> tuple[int, bool, datetime]:
    """Return by what the queue is sorted: how urgent, then those that come back, then who has waited longest.

    An urgent case is never overtaken by a lesser one: waiting counts only among the equally urgent.
    """
    return row.urgency, not row.front, row.opened_at


def may_take(doctor: DoctorRow, row: CaseRow) -> bool:
    """Tell whether a case is within a doctor's scope and the two have a language in common."""
    return row.specialty in doctor.specialties and row.language in doctor.languages


def ahead_of(row: CaseRow, waiting: Sequence[CaseRow], doctors: Sequence[DoctorRow]) -> int:
    """Return how many residents are seen before this one by the doctors who may take it.

    :param doctors: those who take residents now; with none of them for this case, its own specialty counts.
    """
    mine = [doctor for doctor in doctors if may_take(doctor, row)]
    before = [other for other in waiting if turn(other) < turn(row)]
    if not mine:
        return sum(other.specialty == row.specialty for other in before)
    return sum(any(may_take(doctor, other) for doctor in mine) for other in before)


def _back_to_queue(row: CaseRow) -> None:
    """Let a case wait again; once a doctor has talked with the resident, it is known who, for the summary."""
    row.state, row.epoch, row.front = CaseState.WAITING.value, row.epoch + 1, True
    row.doctor = row.doctor if row.live_since else None
    row.lease_until = row.ring_until = row.doctor_gone_at = None


async def _held(session: AsyncSession, doctor: str) -> CaseRow | None:
    return await session.scalar(
        select(CaseRow).where(CaseRow.doctor == doctor, CaseRow.state.in_([state.value for state in HELD]))
    )


async def _own(session: AsyncSession, doctor: str, id: str) -> CaseRow:
    """Return a case that this doctor holds.

    :raises CommandRefusedError: ``gone``, ``not_yours``.
    """
    row = await session.get(CaseRow, id)
    if row is None or row.state in (CaseState.CLOSED, CaseState.ABANDONED):
        raise CommandRefusedError(Trouble.GONE)
    if row.doctor != doctor or row.state == CaseState.WAITING:
        raise CommandRefusedError(Trouble.NOT_YOURS)
    return row
