"""Words that several pages of the kiosk share."""

from __future__ import annotations

from tramkit import Fact, Messages, Money, Text, bilingual, public
from tramkit_telehealth.protocol import Bilingual, DoctorCard, Facility

_ = Messages("tramkit_telehealth")


def both(words: Bilingual) -> Text:
    """Return words of the facility, which bring their translation."""
    return bilingual(vi=words.vi, en=words.en)


def price_text(price: int) -> Text:
    """Return what a consultation costs, in đồng."""
    return _("Free of charge") if price == 0 else _("{price}", price=Money(amount=price))


def wait_text(estimate: int | None) -> Text:
    """Return how long the wait is, honestly.

    :param estimate: minutes; None: not known.
    """
    if estimate is None:
        return _("Not known now")
    if estimate <= 1:
        return _("a minute or two")
    return _("about {n} minutes", n=estimate)


def facility_facts(facility: Facility) -> tuple[Fact, ...]:
    """Return who answers for the doctors (Decree 96/2023 art. 87: shown before the call)."""
    facts = [
        Fact(label=_("Facility"), value=both(facility.name)),
        Fact(label=_("Licence of the facility"), value=public(facility.licence)),
    ]
    if facility.address:
        facts.append(Fact(label=_("Address"), value=public(facility.address)))
    if facility.phone:
        facts.append(Fact(label=_("Phone"), value=public(facility.phone)))
    return tuple(facts)


def doctor_facts(doctor: DoctorCard) -> tuple[Fact, ...]:
    """Return who the doctor is."""
    return (
        Fact(label=_("Doctor"), value=public(doctor.name)),
        Fact(label=_("Practice licence"), value=public(doctor.licence)),
        Fact(label=_("Specialty"), value=both(doctor.specialty)),
        Fact(label=_("Facility"), value=both(doctor.facility)),
    )


def instead(facility: Facility | None) -> tuple[Text, ...]:
    """Return what a resident can do where no doctor can be seen here now."""
    told = [_("In an emergency call 115.")]
    if facility is not None and facility.phone:
        told.append(_("You can call the facility: {phone}.", phone=public(facility.phone)))
    told.append(_("Or go to the nearest health station or clinic."))
    return tuple(told)
