"""What is asked before the queue: consent, specialty, complaint, measurements; ends in an intake for the desk."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from tramkit import (
    LANGUAGES,
    Availability,
    Fact,
    Level,
    Messages,
    Option,
    Person,
    Reading,
    Text,
    Tone,
    Visit,
    Vital,
    masked,
    phone_text,
    public,
    reading_text,
    render,
    verbatim,
    vital_name,
)
from tramkit_telehealth.consents import (
    CHILD,
    CONTACT_PHONE,
    GUARDIAN,
    HEALTH_DATA,
    RELATIONS,
    TELEHEALTH,
    Consents,
    Guardian,
    Phone,
    age_on,
    explanation,
    guardian_form,
    record,
)
from tramkit_telehealth.gateway import Offer
from tramkit_telehealth.kiosk.red_flags import STAFF_REASON
from tramkit_telehealth.kiosk.words import both, facility_facts, instead, price_text, wait_text
from tramkit_telehealth.protocol import Answer, Consent, Intake, Patient, Specialty
from tramkit_telehealth.triage import (
    EMERGENCY_NUMBER,
    Findings,
    Health,
    RedFlag,
    Symptoms,
    health_form,
    said,
    urgency,
    vitals_urgency,
)

_ = Messages("tramkit_telehealth")

VITALS: dict[Vital, tuple[Text, Text]] = {
    Vital.BLOOD_PRESSURE: (
        _("Measure your blood pressure"),
        _("Put your bare arm into the cuff, rest it on the table and sit still."),
    ),
    Vital.PULSE: (_("Measure your pulse"), _("Put your finger on the sensor and hold it still.")),
    Vital.SPO2: (
        _("Measure the oxygen in your blood"),
        _("Put your finger into the clip and hold it still."),
    ),
    Vital.TEMPERATURE: (
        _("Measure your temperature"),
        _("Hold your forehead a hand's breadth in front of the sensor."),
    ),
    Vital.WEIGHT: (_("Measure your weight"), _("Step onto the scale and stand still.")),
    Vital.HEIGHT: (_("Measure your height"), _("Stand straight under the sensor, without shoes.")),
}
"""In the order in which they are offered: sitting first."""


@dataclass(frozen=True)
class Asked:
    """What a resident has answered and measured."""

    specialty: Specialty
    language: str
    symptoms: Symptoms
    health: Health
    vitals: tuple[Reading, ...]
    guardian: Guardian | None
    phone: str


async def take_intake(visit: Visit, offer: Offer, flag: RedFlag | None, station: str, site: str) -> Intake | None:
    """Ask everything before the queue; None where the resident ends here.

    :param flag: the red flag that was answered with yes.
    """
    person = visit.person or Person(level=Level.NONE, name="")
    age = age_on(person.born, visit.now().date())
    if (agreed := await _ask_consents(visit, offer)) is None:
        return None
    consents, phone = agreed
    guardian: Guardian | None = None
    if (form := guardian_form(age)) is not None:
        if (brought := await _ask_guardian(visit, offer, form)) is None:
            return None
        guardian, more = brought
        consents += more
    if (specialty := await _choose_specialty(visit, offer)) is None:
        return None
    language = await _choose_language(visit, specialty)
    await _tell_price(visit, offer, specialty, language)
    symptoms = await visit.ask(Symptoms, _("What brings you to the doctor?"), name="symptoms")
    health = await visit.ask(health_form(person.sex, age), _("What the doctor should know about you"), name="health")
    vitals = await _measure(visit, offer)
    await visit.try_camera(
        _("Can the doctor see and hear you?"), _("Sit so that your face is in the picture, and say a few words.")
    )
    asked = Asked(specialty, language, symptoms, health, vitals, guardian, phone)
    await visit.check(_("Is everything right?"), _facts(person, asked), action=_("Join the queue for the doctor"))
    found = Findings(
        red_flag=flag is not None,
        pain=symptoms.pain,
        fever=symptoms.fever,
        age=age,
        pregnant=getattr(health, "pregnant", "no") == "yes",
        vitals=vitals,
    )
    return Intake(
        case=uuid.uuid4().hex,
        station=station,
        site=site,
        specialty=specialty.id,
        language=language,
        patient=Patient(
            name=person.name, number=person.number, born=person.born, sex=person.sex, level=person.level.name
        ),
        complaint=symptoms.complaint,
        answers=_answers(asked, flag),
        urgency=urgency(found),
        vitals=vitals,
        consents=consents,
        price=specialty.price,
        opened_at=visit.now(),
    )


# ── consents ──────────────────────────────────────────────────────────────────────────────────────────────────


async def _language_shown(visit: Visit, moment: str) -> str:
    """Return the language in which a page was answered, the same in each replay.

    :param moment: when it was answered: tells a consent that is given again from the one before.
    """

    async def shown(_moment: str) -> str:
        return visit.language

    return await visit.fetch(shown, moment)


async def _ask_consents(visit: Visit, offer: Offer) -> tuple[tuple[Consent, ...], str] | None:
    await visit.read(_("Before you see a doctor"), *explanation(offer.facility))
    while True:
        given = await visit.ask(
            Consents,
            _("Do you agree?"),
            body=(_("Touch each sentence that you agree to. You can see a doctor here only with the first two."),),
            name="consents",
        )
        at = visit.now()
        language = await _language_shown(visit, at.isoformat())
        consents = record((TELEHEALTH, HEALTH_DATA, CONTACT_PHONE), given, language, at)
        if given.telehealth and given.health_data:
            break
        if await _stop_here(visit, _("Without the first two consents you cannot see a doctor here"), offer):
            return None
    if not given.contact_phone:
        return consents, ""
    typed = await visit.ask(Phone, _("At which number can the facility call you back?"), name="phone")
    return consents, typed.phone


async def _ask_guardian(
    visit: Visit, offer: Offer, form: type[Guardian]
) -> tuple[Guardian, tuple[Consent, ...]] | None:
    while True:
        guardian = await visit.ask(
            form,
            _("A parent or guardian comes with the child"),
            body=(_("A child under 16 sees the doctor together with a parent or guardian."),),
            name="guardian",
        )
        at = visit.now()
        consents = record((GUARDIAN, CHILD), guardian, await _language_shown(visit, at.isoformat()), at)
        if all(consent.given for consent in consents):
            return guardian, consents
        if await _stop_here(visit, _("Without these consents the child cannot see a doctor here"), offer):
            return None


async def _stop_here(visit: Visit, title: Text, offer: Offer) -> bool:
    choice = await visit.tell(
        title,
        *instead(offer.facility),
        options=(Option(value="again", label=_("Look at the question again")),),
        action=_("Finish here"),
    )
    return choice != "again"


# ── specialty, language, price ────────────────────────────────────────────────────────────────────────────────


def _specialty_option(specialty: Specialty) -> Option:
    closed = specialty.doctors == 0
    return Option(
        value=specialty.id,
        label=both(specialty.title),
        hint=_(
            "{price} · waiting time: {wait}",
            price=price_text(specialty.price),
            wait=wait_text(specialty.estimate),
        )
        if not closed
        else price_text(specialty.price),
        state=Availability.CLOSED if closed else Availability.AVAILABLE,
        reason=_("No doctor of this specialty is on shift now.") if closed else None,
    )


async def _choose_specialty(visit: Visit, offer: Offer) -> Specialty | None:
    if not any(specialty.doctors for specialty in offer.specialties):
        await visit.tell(
            _("No doctor is on shift now"), *instead(offer.facility), tone=Tone.WARNING, action=_("Finish here")
        )
        return None
    chosen = await visit.choose(
        _("Which doctor would you like to see?"),
        [_specialty_option(specialty) for specialty in offer.specialties],
        body=(_("If you are not sure, choose general medicine."),),
        name="specialty",
    )
    return next(specialty for specialty in offer.specialties if specialty.id == chosen)


async def _choose_language(visit: Visit, specialty: Specialty) -> str:
    if len(specialty.languages) <= 1:
        return specialty.languages[0] if specialty.languages else "vi"
    return await visit.choose(
        _("In which language would you like to talk with the doctor?"),
        [Option(value=each, label=_language_name(each)) for each in specialty.languages],
        name="language",
    )


def _language_name(language: str) -> Text:
    return verbatim(LANGUAGES.get(language, language))


async def _tell_price(visit: Visit, offer: Offer, specialty: Specialty, language: str) -> None:
    await visit.tell(
        _("What it costs and who answers for it"),
        _("Health insurance (BHYT) does not pay for a direct video consultation."),
        _("You pay nothing at this station now."),
        facts=(
            Fact(label=_("Price of the consultation"), value=price_text(specialty.price)),
            Fact(label=_("Specialty"), value=both(specialty.title)),
            Fact(label=_("Language"), value=_language_name(language)),
            *facility_facts(offer.facility),
        ),
        action=_("I agree to the price"),
    )


# ── vital signs ───────────────────────────────────────────────────────────────────────────────────────────────


async def _kinds(visit: Visit) -> list[str]:
    """Return what the station's sensor measures, the same in each replay."""

    async def kinds() -> list[str]:
        measurable = await visit.measurable()
        return [kind.value for kind in VITALS if kind in measurable]

    return await visit.fetch(kinds)


async def _measure(visit: Visit, offer: Offer) -> tuple[Reading, ...]:
    kinds = [Vital(kind) for kind in await _kinds(visit)]
    if not kinds:
        return ()
    wanted = await visit.choose(
        _("Would you like to take measurements for the doctor?"),
        (
            Option(value="measure", label=_("Yes, measure"), hint=_("It takes a few minutes; each can be skipped.")),
            Option(value="skip", label=_("No, go on without measurements")),
        ),
        name="measure",
    )
    if wanted == "skip":
        return ()
    readings = [await visit.measure(kind, *VITALS[kind]) for kind in kinds]
    vitals = tuple(reading for reading in readings if reading is not None)
    if vitals_urgency(vitals) == 1:
        await _warn(visit)
    return vitals


async def _warn(visit: Visit) -> None:
    """A value far out of the usual range: no diagnosis, but somebody should come."""
    await visit.call_staff(STAFF_REASON)
    await visit.tell(
        _("A measurement is far from the usual range"),
        _("This is not a diagnosis. The doctor will see it and talk about it with you."),
        _("Staff of this station have been called to you."),
        _("If you feel very unwell, do not wait: call 115."),
        tone=Tone.WARNING,
        large=public(EMERGENCY_NUMBER),
    )


# ── what was said ─────────────────────────────────────────────────────────────────────────────────────────────


def _facts(person: Person, asked: Asked) -> tuple[Fact, ...]:
    facts = [Fact(label=_("Name"), value=verbatim(person.name), change="identity")]
    if person.number:
        facts.append(Fact(label=_("Identity number"), value=verbatim(masked(person.number))))
    if asked.guardian is not None:
        facts.append(Fact(label=_("Parent or guardian"), value=verbatim(asked.guardian.name), change="guardian"))
    facts += [
        Fact(label=_("Specialty"), value=both(asked.specialty.title), change="specialty"),
        Fact(
            label=_("Language"),
            value=_language_name(asked.language),
            change="language" if len(asked.specialty.languages) > 1 else "",
        ),
        Fact(label=_("Price"), value=price_text(asked.specialty.price)),
        *_form_facts(asked.symptoms, "symptoms"),
        *_form_facts(asked.health, "health"),
        *(
            Fact(label=vital_name(reading.kind), value=reading_text(reading), change=reading.kind.value)
            for reading in asked.vitals
        ),
    ]
    if asked.phone:
        facts.append(Fact(label=_("Your phone number"), value=phone_text(asked.phone), change="phone"))
    return tuple(facts)


def _form_facts(form: Symptoms | Health, change: str) -> list[Fact]:
    return [
        Fact(label=question.label, value=said(form, name), change=change) for name, question in form.questions.items()
    ]


def _answers(asked: Asked, flag: RedFlag | None) -> tuple[Answer, ...]:
    """Return the answers as words in the language of the case, for the doctor to read."""

    def answer(id: str, question: Text, value: Text) -> Answer:
        language = asked.language if asked.language in LANGUAGES else "vi"
        return Answer(id=id, question=render(question, language), answer=render(value, language))

    answers = [answer("red_flag", _("Do you have any of these right now?"), flag.label if flag else _("None of these"))]
    forms: Sequence[Symptoms | Health] = (asked.symptoms, asked.health)
    for form in forms:
        answers += [
            answer(name, question.label, said(form, name))
            for name, question in form.questions.items()
            if name != "complaint"
        ]
    if asked.guardian is not None:
        answers.append(
            answer(
                "guardian",
                _("Parent or guardian"),
                _(
                    "{name} ({relation})",
                    name=verbatim(asked.guardian.name),
                    relation=RELATIONS[asked.guardian.relation],
                ),
            )
        )
    if asked.phone:
        answers.append(answer("phone", _("Your phone number"), verbatim(asked.phone)))
    return tuple(answers)
