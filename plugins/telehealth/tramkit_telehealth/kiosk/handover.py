"""What the resident takes home: the doctor's summary, on paper or as codes."""

from __future__ import annotations

from tramkit import (
    Code,
    Day,
    Document,
    Fact,
    HandedOver,
    Heading,
    Messages,
    Moment,
    Paragraph,
    Person,
    Row,
    Rule,
    Text,
    Tone,
    Visit,
    masked,
    verbatim,
)
from tramkit_telehealth.kiosk.words import both, price_text
from tramkit_telehealth.protocol import Medicine, Summary

_ = Messages("tramkit_telehealth")


def _medicine(number: int, medicine: Medicine) -> tuple[Text, Text]:
    what = " ".join(part for part in (medicine.name, medicine.strength) if part)
    return (
        verbatim(f"{number}. {what}"),
        _("{amount}. {directions}", amount=medicine.amount, directions=medicine.directions),
    )


def summary_document(summary: Summary, person: Person, price: int) -> Document:
    """Return the summary as it is printed; the identity number stands masked on paper that others may see."""
    doctor = summary.doctor
    blocks: list[Heading | Paragraph | Row | Rule | Code] = [
        Row(label=_("Facility"), value=both(doctor.facility)),
        Row(label=_("Doctor"), value=verbatim(doctor.name)),
        Row(label=_("Practice licence"), value=verbatim(doctor.licence)),
        Row(label=_("Specialty"), value=both(doctor.specialty)),
        Row(label=_("Date"), value=_("{at}", at=Moment(at=summary.closed_at, with_day=True))),
        Row(label=_("Price"), value=price_text(price)),
        Rule(),
        Row(label=_("Patient"), value=verbatim(person.name)),
    ]
    if person.born:
        blocks.append(Row(label=_("Date of birth"), value=_("{day}", day=Day(day=person.born))))
    if person.number:
        blocks.append(Row(label=_("Identity number"), value=verbatim(masked(person.number))))
    blocks += [Heading(text=_("Conclusion")), Paragraph(text=verbatim(summary.conclusion))]
    if summary.advice:
        blocks += [Heading(text=_("Advice")), Paragraph(text=verbatim(summary.advice))]
    if summary.prescription:
        blocks.append(Heading(text=_("Prescription")))
        for number, medicine in enumerate(summary.prescription, 1):
            label, value = _medicine(number, medicine)
            blocks.append(Row(label=label, value=value))
    if summary.prescription_code:
        blocks.append(
            Code(
                content=summary.prescription_code,
                caption=_("Prescription code: {code}", code=verbatim(summary.prescription_code)),
            )
        )
    if summary.follow_up:
        blocks += [Heading(text=_("Next visit")), Paragraph(text=verbatim(summary.follow_up))]
    blocks += [Rule(), Paragraph(text=_("If you feel worse, go to the nearest hospital or call 115."))]
    return Document(title=_("Summary of the video consultation"), blocks=tuple(blocks))


def _summary_facts(summary: Summary) -> tuple[Fact, ...]:
    facts = [
        Fact(label=_("Doctor"), value=verbatim(summary.doctor.name)),
        Fact(label=_("Conclusion"), value=verbatim(summary.conclusion)),
    ]
    if summary.advice:
        facts.append(Fact(label=_("Advice"), value=verbatim(summary.advice)))
    for number, medicine in enumerate(summary.prescription, 1):
        label, value = _medicine(number, medicine)
        facts.append(Fact(label=label, value=value))
    if summary.prescription_code:
        facts.append(Fact(label=_("Prescription code"), value=verbatim(summary.prescription_code)))
    if summary.follow_up:
        facts.append(Fact(label=_("Next visit"), value=verbatim(summary.follow_up)))
    return tuple(facts)


def told(handed: HandedOver) -> tuple[Text, Tone]:
    """Return what became of the paper, in words."""
    match handed.outcome:
        case "printed":
            return _("It is printed: please take the paper with you."), Tone.SUCCESS
        case "shown":
            return _("It cannot be printed now. Scan the code with your phone to take it with you."), Tone.WARNING
        case "unknown":
            return _("It is not sure whether it was printed. Please look for the paper."), Tone.WARNING
        case _:
            return _("It could not be printed. Please take a photo of this page, or ask staff."), Tone.WARNING


async def hand_over_summary(visit: Visit, summary: Summary, price: int) -> HandedOver:
    """Print the summary, or show it as codes where there is no paper; return what became of it."""
    person = visit.person
    assert person is not None
    return await visit.print(summary_document(summary, person, price), name="summary")


async def show_summary(visit: Visit, summary: Summary, handed: HandedOver) -> None:
    """Show the summary on the screen, with the codes where there is no paper."""
    words, tone = told(handed)
    await visit.tell(
        _("The doctor's summary for you"),
        words,
        tone=tone,
        facts=_summary_facts(summary),
        codes=handed.codes,
        action=_("Continue"),
    )
    await visit.done(
        _("Your consultation is finished"),
        _("We wish you good health."),
        _("If you feel worse, go to the nearest hospital or call 115."),
        action=_("Finish"),
    )
