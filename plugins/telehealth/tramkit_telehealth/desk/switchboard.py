"""Where kiosks and doctors meet: takes what either says, changes the case, and tells everybody what has changed.

Longer than 400 lines: the only place where kiosks, doctors and cases meet.
"""

from __future__ import annotations

import asyncio
import logging

from tramkit import Clock, LogBudget
from tramkit_telehealth.desk import page_protocol as page
from tramkit_telehealth.desk.accounts import Accounts
from tramkit_telehealth.desk.admission import Admission, NotAdmittedError
from tramkit_telehealth.desk.cases import CALLING, HELD, Cases, CommandRefusedError
from tramkit_telehealth.desk.ice import IceServers
from tramkit_telehealth.desk.lines import DoctorPage, KioskLine
from tramkit_telehealth.desk.lists import Lists, load
from tramkit_telehealth.desk.page_protocol import CallTrouble, DeskState, LegOffer, Reply
from tramkit_telehealth.desk.prescribing import check, prescription_code, type_of
from tramkit_telehealth.desk.settings import DeskConfig
from tramkit_telehealth.desk.tables import CaseRow, DoctorRow
from tramkit_telehealth.desk.views import (
    case_update,
    colleagues_of,
    doctor_card,
    held_case,
    past_case,
    queue_of,
    specialties,
)
from tramkit_telehealth.protocol import (
    CaseRefused,
    CaseState,
    CaseSummary,
    CaseUpdate,
    ConnectionCheck,
    ConnectionChecked,
    HangUp,
    Intake,
    KioskMedia,
    LeaveCase,
    Offered,
    OpenCase,
    RtcAnswer,
    RtcOffer,
    StartLeg,
    Summary,
    SummaryHandedOver,
    Welcome,
)

_log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
"""Between two looks at leases and holds."""

TAKEN = "another machine calls in with this station's key: give each its own"

KioskSaid = OpenCase | LeaveCase | RtcOffer | KioskMedia | ConnectionChecked | HangUp | SummaryHandedOver


class Switchboard:
    """The desk at work.

    :ivar pages: the open page of each doctor who is connected.
    """

    def __init__(
        self, config: DeskConfig, cases: Cases, accounts: Accounts, clock: Clock, lists: Lists | None = None
    ) -> None:
        self._config = config
        self._lists = lists or load()
        self._cases = cases
        self._accounts = accounts
        self._clock = clock
        self._admission = Admission(config, clock)
        self._refusals = LogBudget(clock)
        self._ice = IceServers(config.ice, clock)
        self._lines: dict[str, KioskLine] = {}
        self.pages: dict[str, DoctorPage] = {}
        self._told: dict[str, CaseUpdate] = {}
        self._media: dict[str, KioskMedia] = {}
        self._checks: dict[str, ConnectionCheck] = {}
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to watch leases and to tell what changes."""
        await self._cases.restarted()
        self._tasks = [
            asyncio.create_task(self._sweep(), name="desk sweep"),
            asyncio.create_task(self._tell_all(), name="desk tells"),
        ]

    async def stop(self) -> None:
        """Stop; who is connected finds out by the closed connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def changed(self) -> None:
        """Tell everybody what is now, soon."""
        self._changed.set()

    # ── kiosks ────────────────────────────────────────────────────────────────────────────────────────────

    async def line(self, station: str, session: str) -> tuple[KioskLine, bool] | None:
        """Return a kiosk's line, and whether its session was known; the line of a session before it ends.

        None: another machine is connected with the same key and answers. A station that was started again does not:
        its connection of before is dead.
        """
        old = self._lines.get(station)
        if old is not None and old.session == session:
            return old, True
        if old is not None and await old.answers(CaseRefused(code="taken", words=TAKEN)):
            _log.error("two machines use one station's key", extra={"station": station})
            return None
        line = self._lines[station] = KioskLine(station, session)
        if old is not None:
            await old.close()
        return line, False

    def welcome(self, line: KioskLine, resumed: bool) -> Welcome:
        """Return the desk's answer to a kiosk's hello."""
        line.ice_servers = self._ice.of(f"station:{line.station}")
        return Welcome(resumed=resumed, facility=self._config.facility.facility(), ice_servers=line.ice_servers)

    async def on_kiosk_connected(self, line: KioskLine, resumed: bool) -> None:
        """A kiosk is connected; a resumed session still has its cases, one that is new has them when it opens them."""
        line.offered = None
        await self._kiosk_there(line, resumed)

    async def on_kiosk_disconnected(self, line: KioskLine) -> None:
        """A kiosk has lost its connection."""
        await self._kiosk_there(line, False)

    async def _kiosk_there(self, line: KioskLine, there: bool) -> None:
        for case in await self._cases.open_cases():
            if case.station == line.station:
                await self._cases.kiosk_there(case.id, there)
        self.changed()

    async def from_kiosk(self, line: KioskLine, message: KioskSaid) -> None:
        """Take what a kiosk says; each message has one effect."""
        if not line.budget_of(self._clock).take():
            await line.say(CaseRefused(code="quota", words="this station says more than a station may"))
            await line.close()
            return
        if not isinstance(message, OpenCase):
            case = await self._cases.get(message.case)
            if case is None or case.station != line.station:
                await line.say(CaseRefused(code="unknown_case", words="there is no such case of this station"))
                return
        match message:
            case OpenCase():
                await self._open(line, message)
            case LeaveCase(case=id, reason=reason):
                if reason != "done":
                    await self._end(await self._cases.kiosk_left(id))
            case HangUp(case=id):
                await self._cases.hung_up(id, "kiosk")
            case RtcOffer(case=id, leg=leg, sdp=sdp):
                case = await self._cases.offered(id, leg)
                if case is not None and case.doctor in self.pages:
                    await self.pages[case.doctor].tell(LegOffer(case=id, leg=leg, sdp=sdp))
            case KioskMedia(case=id, leg=leg, state=state):
                self._media[id] = message
                if state == "live":
                    await self._cases.live(id, leg)
            case ConnectionChecked(case=id, check=check):
                self._checks[id] = check
            case SummaryHandedOver(case=id, outcome=outcome):
                await self._cases.handed_over(id, outcome)
        self.changed()

    async def _open(self, line: KioskLine, message: OpenCase) -> None:
        case = await self._cases.get(message.intake.case)
        if case is None:
            station = await self._accounts.station(line.station)
            if station is None:
                await line.say(CaseRefused(code="key", words="this station may not call in any more"))
                return
            try:
                intake = self._admission.admit(message.intake, station, await self._cases.open_cases())
            except NotAdmittedError as refusal:
                if (left_out := self._refusals.take()) is not None:
                    extra = {"station": line.station, "code": refusal.code, "left_out": left_out}
                    _log.warning("case not admitted", extra=extra)
                await line.say(CaseRefused(code=refusal.code, words=refusal.words))
                return
            case = await self._cases.open(intake)
        if case.station != line.station:
            await line.say(CaseRefused(code="unknown_case", words="this case belongs to another station"))
            return
        await self._cases.kiosk_there(case.id, True)
        self._told.pop(case.id, None)
        if case.state in (CaseState.CLOSED, CaseState.ABANDONED):
            await self._end(case)
        elif case.state in CALLING and case.doctor in self.pages:
            await self._start_leg(await self._cases.next_leg(case.doctor, case.id))

    async def _end(self, case: CaseRow | None) -> None:
        """Tell a kiosk of a case that is over."""
        if case is None or case.state not in (CaseState.CLOSED, CaseState.ABANDONED):
            return
        self._told.pop(case.id, None)
        self._media.pop(case.id, None)
        self._checks.pop(case.id, None)
        line = self._lines.get(case.station)
        if line is None:
            return
        if case.summary is not None and not case.handed_over:
            await line.say(CaseSummary(case=case.id, summary=Summary.model_validate(case.summary)))
        await line.say(CaseUpdate(case=case.id, state=CaseState(case.state)))

    async def _start_leg(self, case: CaseRow) -> None:
        line, doctor = self._lines.get(case.station), await self._doctor(case.doctor)
        if line is not None and doctor is not None:
            card = doctor_card(doctor, self._config, case.specialty)
            await line.say(StartLeg(case=case.id, leg=case.leg, doctor=card))

    # ── doctors ───────────────────────────────────────────────────────────────────────────────────────────

    async def on_page_opened(self, new: DoctorPage) -> None:
        """A doctor's page is open; an older one of the same doctor ends, and a call that is on is taken up again."""
        old = self.pages.get(new.doctor)
        self.pages[new.doctor] = new
        if old is not None:
            await self._dismiss(old)
        await self._cases.renew(new.doctor)
        await new.show(await self._state(new.doctor))
        held = await self._cases.held_by(new.doctor)
        if held is not None and held.state in CALLING:
            await self._start_leg(await self._cases.next_leg(new.doctor, held.id))
        self.changed()

    async def on_page_closed(self, gone: DoctorPage) -> None:
        """A doctor's page was closed, reloaded, or has lost its connection."""
        if self.pages.get(gone.doctor) is gone:
            del self.pages[gone.doctor]
            await self._cases.on_doctor_gone(gone.doctor)
            self.changed()

    async def sign_out(self, doctor: str) -> None:
        """End a doctor's page."""
        found = self.pages.pop(doctor, None)
        if found is not None:
            await self._cases.on_doctor_gone(doctor)
            await self._dismiss(found)
            self.changed()

    async def _disconnect(self, old: DoctorPage) -> None:
        if self.pages.get(old.doctor) is old:
            await self.sign_out(old.doctor)

    async def _dismiss(self, old: DoctorPage) -> None:
        await old.tell((await self._state(old.doctor)).model_copy(update={"reload": True, "held": None, "queue": ()}))
        await old.close()

    async def from_page(self, sender: DoctorPage, n: int, command: page.Command) -> Reply:
        """Do what a doctor commands, while the session lasts."""
        if await self._accounts.doctor_of(sender.token) is None:
            await self._disconnect(sender)
            return Reply(n=n, trouble=CallTrouble.NOT_YOURS)
        try:
            await self._do(sender, command)
        except CommandRefusedError as refusal:
            return Reply(n=n, trouble=refusal.trouble, field=refusal.field)
        finally:
            if not isinstance(command, page.Beat):
                self.changed()
        return Reply(n=n)

    async def _do(self, sender: DoctorPage, command: page.Command) -> None:
        doctor = sender.doctor
        match command:
            case page.SetShift(on=on):
                await self._cases.set_shift(doctor, on)
            case page.SetAvailable(available=available):
                await self._cases.set_available(doctor, available)
            case page.Accept(case=id):
                await self._accept(doctor, id)
            case page.Release(case=id, reason=reason):
                await self._cases.release(doctor, id, reason)
                _log.info("resident given back unseen", extra={"doctor": doctor, "case": id, "reason": reason})
            case page.AnswerLeg(case=id, leg=leg, sdp=sdp):
                await self._answer(doctor, id, leg, sdp)
            case page.MediaState(case=id, leg=leg, state=state):
                await self._own(doctor, id)
                if state == "live":
                    await self._cases.live(id, leg)
            case page.Quality(case=id) as quality:
                await self._own(doctor, id)
                await self._cases.keep(id, doctor, quality.words())
            case page.AskLeg(case=id):
                await self._start_leg(await self._cases.next_leg(doctor, id))
            case page.EndCall(case=id):
                case = await self._own(doctor, id)
                await self._cases.hung_up(id, doctor)
                if line := self._lines.get(case.station):
                    await line.say(HangUp(case=id))
            case page.SaveDraft(case=id, version=version, draft=draft):
                await self._cases.save_draft(doctor, id, version, draft)
            case page.HandOver(case=id, doctor=other):
                if other not in self.pages:  # nobody would hear it ring
                    raise CommandRefusedError(CallTrouble.NO_SUCH_DOCTOR)
                case = await self._cases.hand_over(doctor, id, other)
                if case.state in CALLING:
                    await self._start_leg(case)
            case page.Close(case=id, draft=draft):
                await self._close(doctor, id, draft)
            case page.Beat():
                await self._cases.renew(doctor)

    async def _accept(self, doctor: str, id: str) -> None:
        await self._start_leg(await self._cases.accept(doctor, id))

    async def _answer(self, doctor: str, id: str, leg: int, sdp: str) -> None:
        case = await self._own(doctor, id)
        line = self._lines.get(case.station)
        if line is not None and leg == case.leg:
            await line.say(RtcAnswer(case=id, leg=leg, sdp=sdp))

    async def _close(self, doctor: str, id: str, draft: page.Draft) -> None:
        case, person = await self._own(doctor, id, closed=True), await self._doctor(doctor)
        assert person is not None
        if wrong := check(draft, Intake.model_validate(case.intake).answers, self._lists):
            raise CommandRefusedError(*wrong)
        summary = Summary(
            doctor=doctor_card(person, self._config, case.specialty),
            conclusion=draft.conclusion,
            advice=draft.advice,
            prescription=draft.prescription,
            prescription_code=self._new_code(draft),
            follow_up=draft.follow_up,
            closed_at=self._clock.now(),
        )
        was_closed = case.state == CaseState.CLOSED
        closed = await self._cases.close(doctor, id, draft, summary)
        if not was_closed:
            await self._end(closed)

    def _new_code(self, draft: page.Draft) -> str:
        """Return a code for a prescription; empty: there is none."""
        if not draft.prescription:
            return ""
        return prescription_code(self._config.facility.code, type_of(draft, self._lists))

    async def _own(self, doctor: str, id: str, *, closed: bool = False) -> CaseRow:
        case = await self._cases.get(id)
        if case is None or case.state == CaseState.ABANDONED or (case.state == CaseState.CLOSED and not closed):
            raise CommandRefusedError(CallTrouble.GONE)
        if case.doctor != doctor:
            raise CommandRefusedError(CallTrouble.NOT_YOURS)
        return case

    async def _doctor(self, id: str | None) -> DoctorRow | None:
        return next((doctor for doctor in await self._accounts.doctors() if doctor.id == id), None)

    # ── telling ───────────────────────────────────────────────────────────────────────────────────────────

    async def _sweep(self) -> None:
        while True:
            await self._clock.sleep(SWEEP_SECONDS)
            try:
                for each in tuple(self.pages.values()):
                    if not await self._accounts.is_open(each.token):
                        await self._disconnect(each)
                known = await self._accounts.stations()
                for line in tuple(self._lines.values()):
                    if line.connected and line.station not in known:
                        await line.close()
                    elif line.connected and line.ice_servers != self._ice.of(f"station:{line.station}"):
                        await line.renew(self.welcome(line, True))  # the ticket it has runs out
                expired = await self._cases.expire()
                for case in expired:
                    await self._end(case)
                if expired:
                    self.changed()
            except Exception:  # the top of a task: the desk goes on
                _log.exception("sweep failed")

    async def _tell_all(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._tell_kiosks()
                for doctor, open_page in tuple(self.pages.items()):
                    await open_page.show(await self._state(doctor))
            except Exception:  # the top of a task: the next change tells again
                _log.exception("telling what changed failed")

    def _takes(self, doctor: DoctorRow) -> bool:
        """Whether a doctor is on shift, takes residents, and has the page open."""
        return doctor.on_shift_since is not None and doctor.available and doctor.id in self.pages

    async def _tell_kiosks(self) -> None:
        cases = await self._cases.open_cases()
        doctors = {doctor.id: doctor for doctor in await self._accounts.doctors()}
        ready = [doctor for doctor in doctors.values() if self._takes(doctor)]
        busy = {case.doctor for case in cases if case.doctor and case.state in HELD}
        minutes = {
            each.id: await self._cases.usual_minutes(each.id, self._config.desk.minutes)
            for each in self._config.specialties
        }
        offered = Offered(specialties=specialties(self._config, ready, busy, cases, minutes))
        waiting = [case for case in cases if case.state == CaseState.WAITING]
        for line in tuple(self._lines.values()):
            if line.connected and line.offered != offered:
                line.offered = offered
                await line.say(offered)
        for case in cases:
            doctor = doctors.get(case.doctor or "")
            card = doctor_card(doctor, self._config, case.specialty) if doctor else None
            update = case_update(case, waiting, ready, busy, minutes.get(case.specialty, 0), card)
            line = self._lines.get(case.station)
            if line is not None and self._told.get(case.id) != update:
                self._told[case.id] = update
                await line.say(update)

    async def _state(self, id: str) -> DeskState:
        """Return everything a doctor's page shows."""
        doctors = await self._accounts.doctors()
        doctor = next(doctor for doctor in doctors if doctor.id == id)
        cases = await self._cases.open_cases()
        names = {each.id: each.name for each in doctors}
        held = next((case for case in cases if case.doctor == id and case.state in HELD), None)
        past = await self._cases.closed_by(id, doctor.on_shift_since) if doctor.on_shift_since else []
        return DeskState(
            doctor=doctor_card(doctor, self._config),
            facility=self._config.facility.facility(),
            specialties={specialty.id: specialty.title for specialty in self._config.specialties},
            on_shift=doctor.on_shift_since is not None,
            available=doctor.available,
            queue=queue_of(doctor, cases, names, self._clock.now().date(), self._checks),
            held=held_case(held, self._media.get(held.id), self._lists) if held else None,
            colleagues=colleagues_of(doctor, [each for each in doctors if self._takes(each)], cases, held),
            past=tuple(past_case(case) for case in past),
            ice_servers=self._ice.of(f"doctor:{id}"),
            now=self._clock.now(),
        )
