"""What kiosks and doctors' pages are told, made of the database and of who is connected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from datetime import date

from tramkit import Messages, PartialDate, age
from tramkit_hal.words import LANGUAGES, nfc, render
from tramkit_telehealth.consents import CHILD_BELOW
from tramkit_telehealth.desk.allergies import allergy_of
from tramkit_telehealth.desk.cases import CALLING, HELD, ahead_of, may_take
from tramkit_telehealth.desk.concerns import concerns
from tramkit_telehealth.desk.lists import Lists
from tramkit_telehealth.desk.page_protocol import Colleague, Draft, HeldCase, PastCase, Sign, Waiting
from tramkit_telehealth.desk.prescribing import blocked
from tramkit_telehealth.desk.settings import DeskConfig
from tramkit_telehealth.desk.tables import CaseRow, DoctorRow
from tramkit_telehealth.protocol import (
    Bilingual,
    CaseState,
    CaseUpdate,
    ConnectionCheck,
    DoctorCard,
    Intake,
    KioskMedia,
    Specialty,
    Summary,
)
from tramkit_telehealth.triage import vitals_urgency

_ = Messages("tramkit_telehealth")


def doctor_card(doctor: DoctorRow, config: DeskConfig, specialty: str = "") -> DoctorCard:
    """Return what a resident is shown of a doctor.

    :param specialty: the one that the resident chose; empty: the doctor's first.
    """
    shown = config.specialty(specialty) or next(
        (found for id in doctor.specialties if (found := config.specialty(id))), None
    )
    return DoctorCard(
        id=doctor.id,
        name=nfc(doctor.name),
        licence=doctor.licence,
        specialty=shown.title if shown else Bilingual(vi="", en=""),
        facility=config.facility.name,
    )


def estimate(ahead: int, doctors: int, free: int, minutes: float) -> int | None:
    """Return in how many minutes a case is seen.

    :param ahead: residents before it.
    :param doctors: on shift and taking residents.
    :param free: of them without a resident now.
    :param minutes: how long a consultation takes.
    """
    if doctors == 0:
        return None
    if ahead < free:
        return 1
    return max(1, math.ceil((ahead - free + 1) * minutes / doctors))


def specialties(
    config: DeskConfig,
    ready: Sequence[DoctorRow],
    busy: Set[str],
    cases: Sequence[CaseRow],
    minutes: Mapping[str, float],
) -> tuple[Specialty, ...]:
    """Return what can be had now.

    :param ready: doctors who are on shift, take residents, and whose page is open.
    :param busy: ids of doctors who hold a case.
    """
    found: list[Specialty] = []
    for specialty in config.specialties:
        doctors = [doctor for doctor in ready if specialty.id in doctor.specialties]
        waiting = sum(
            case.state == CaseState.WAITING
            and (case.specialty == specialty.id or any(may_take(doctor, case) for doctor in doctors))
            for case in cases
        )
        free = sum(doctor.id not in busy for doctor in doctors)
        found.append(
            Specialty(
                id=specialty.id,
                title=specialty.title,
                price=specialty.price,
                languages=tuple(dict.fromkeys(language for doctor in doctors for language in doctor.languages)),
                doctors=len(doctors),
                waiting=waiting,
                estimate=estimate(waiting, len(doctors), free, minutes[specialty.id]),
            )
        )
    return tuple(found)


def case_update(
    case: CaseRow,
    waiting: Sequence[CaseRow],
    ready: Sequence[DoctorRow],
    busy: Set[str],
    minutes: float,
    card: DoctorCard | None,
) -> CaseUpdate:
    """Return where a case is, as its kiosk is told.

    :param waiting: the cases that wait, in their order.
    :param ready: doctors who are on shift, take residents, and whose page is open.
    :param busy: ids of doctors who hold a case.
    """
    state = CaseState(case.state)
    if state is not CaseState.WAITING:
        return CaseUpdate(case=case.id, state=state, doctor=card)
    ahead = ahead_of(case, waiting, ready)
    mine = [doctor for doctor in ready if may_take(doctor, case)]
    minutes_left = estimate(ahead, len(mine), sum(doctor.id not in busy for doctor in mine), minutes)
    return CaseUpdate(case=case.id, state=state, position=ahead + 1, estimate=minutes_left)


def waiting_entry(
    case: CaseRow, doctor: DoctorRow, names: Mapping[str, str], today: date, check: ConnectionCheck | None
) -> Waiting:
    """Return a case as it stands in a doctor's queue.

    :param check: the station's trial of its connection.
    """
    intake = Intake.model_validate(case.intake)
    born = intake.patient.born
    return Waiting(
        case=case.id,
        site=intake.site,
        specialty=case.specialty,
        language=case.language,
        initials=initials(intake.patient.name),
        age=_age(born, today) // 10 * 10 if born else None,
        sign=chief_sign(intake, today),
        urgency=intake.urgency,
        waiting_since=case.opened_at,
        state=CaseState(case.state),
        doctor=names.get(case.doctor or "", "") if case.state in HELD else "",
        mine=may_take(doctor, case),
        abnormal=vitals_urgency(intake.vitals) < 3,
        connection=check.verdict if check else "",
    )


def queue_of(
    doctor: DoctorRow,
    cases: Sequence[CaseRow],
    names: Mapping[str, str],
    today: date,
    checks: Mapping[str, ConnectionCheck],
) -> tuple[Waiting, ...]:
    """Return the queue as a doctor sees it; empty off shift.

    :param names: of doctors, by id.
    :param checks: the stations' trials of their connections, by case.
    """
    if doctor.on_shift_since is None:
        return ()
    shown = [case for case in cases if case.state != CaseState.CLOSING]
    return tuple(waiting_entry(case, doctor, names, today, checks.get(case.id)) for case in shown)


def held_case(case: CaseRow, media: KioskMedia | None, lists: Lists) -> HeldCase:
    """Return the case that a doctor holds, whole."""
    assert case.claimed_at is not None
    draft = Draft.model_validate(case.draft or {})
    intake = Intake.model_validate(case.intake)
    return HeldCase(
        intake=intake,
        state=CaseState(case.state),
        leg=case.leg,
        draft=draft,
        version=case.version,
        kiosk="connected" if case.kiosk_gone_at is None else "gone",
        kiosk_media=media.state if media and case.state in CALLING else "none",
        muted=media.muted if media else False,
        camera=media.camera if media else "on",
        claimed_at=case.claimed_at,
        live_since=case.live_since,
        warnings=concerns(draft, intake.answers, lists),
        blocked=blocked(draft, lists),
        allergy=allergy_of(intake.answers),
    )


def past_case(case: CaseRow) -> PastCase:
    """Return a case that was closed in this shift."""
    assert case.closed_at is not None
    return PastCase(
        case=case.id,
        closed_at=case.closed_at,
        name=Intake.model_validate(case.intake).patient.name,
        handed_over=case.handed_over,  # pyright: ignore[reportArgumentType]
        summary=Summary.model_validate(case.summary) if case.summary else None,
    )


def colleague(doctor: DoctorRow, cases: Sequence[CaseRow]) -> Colleague:
    """Return a doctor to whom a case can be handed over."""
    busy = any(case.doctor == doctor.id and case.state in HELD for case in cases)
    return Colleague(id=doctor.id, name=doctor.name, specialties=tuple(doctor.specialties), free=not busy)


def colleagues_of(
    doctor: DoctorRow, ready: Sequence[DoctorRow], cases: Sequence[CaseRow], held: CaseRow | None
) -> tuple[Colleague, ...]:
    """Return the doctors to whom a doctor can hand over.

    :param ready: doctors who are on shift, take residents, and whose page is open.
    :param held: the case to hand over; only who may take it is returned.
    """
    others = [each for each in ready if each.id != doctor.id]
    return tuple(colleague(each, cases) for each in others if held is None or may_take(each, held))


def initials(name: str) -> str:
    """Return the initials of a name: enough to tell two who wait from each other."""
    return ".".join(part[0].upper() for part in nfc(name).split()[:6])


HIGH_PAIN = 7


def chief_sign(intake: Intake, today: date) -> Sign:
    """Return the chief sign of a case, the gravest first; never in the resident's own words."""
    answers = {each.id: each.answer.strip().lower() for each in intake.answers}
    none = {render(_("None of these"), language).lower() for language in LANGUAGES}
    if answers.get("red_flag") and answers["red_flag"] not in none:
        return "red_flag"
    if vitals_urgency(intake.vitals) < 3:
        return "measurement"
    if answers.get("pain", "").isdigit() and int(answers["pain"]) >= HIGH_PAIN:
        return "pain"
    if answers.get("fever") in {render(_("Yes"), language).lower() for language in LANGUAGES}:
        return "fever"
    if intake.patient.born is not None and _age(intake.patient.born, today) < CHILD_BELOW:
        return "child"
    return "none"


def _age(born: date | PartialDate, today: date) -> int:
    return age(born, today)
