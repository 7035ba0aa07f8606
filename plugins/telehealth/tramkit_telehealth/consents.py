"""The consents: which words, in which version, for which purpose.

Law 91/2025/QH15 and Decree 356/2025: consent is given per purpose, never bundled or pre-ticked; the person is told
that health data are sensitive and who receives them; the controller can prove who consented to which words, when.
**Whoever changes the words gives them a new version.**
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from tramkit import Form, Messages, Option, PartialDate, Text, age, bilingual, forms, public
from tramkit_telehealth.protocol import Consent, Facility

_ = Messages("tramkit_telehealth")


@dataclass(frozen=True)
class ConsentText:
    """The words of one consent.

    :param purpose: what the data are used for.
    :param version: of these words in all languages; goes into the record.
    :param needed: the service cannot go on without it.
    """

    purpose: str
    version: str
    label: Text
    hint: Text
    needed: bool = True


TELEHEALTH = ConsentText(
    "telehealth",
    "2026-11-2",
    _("I agree to be examined by a doctor by video"),
    _("The doctor cannot touch you, and may tell you to go to a hospital instead."),
)
HEALTH_DATA = ConsentText(
    "health_data",
    "2026-11-1",
    _("I agree that my answers and measurements are sent to the facility"),
    _("These are health data, which the law treats as sensitive."),
)
CONTACT_PHONE = ConsentText(
    "contact_phone",
    "2026-11-2",
    _("I agree that the facility keeps my phone number to call me back"),
    _("Not needed: you can see the doctor without it."),
    needed=False,
)
GUARDIAN = ConsentText(
    "guardian",
    "2026-11-1",
    _("I am the child's parent or guardian, I stay present and agree"),
    _("I agree to the examination and to sending the child's health data to the facility."),
)
CHILD = ConsentText(
    "child",
    "2026-11-2",
    _("The child agrees too"),
    _("Please ask the child. A child from 7 years on must agree as well."),
)

CHILD_BELOW = 16
"""Children below this age see the doctor together with a parent or guardian (Law 102/2016/QH13 art. 1)."""

OWN_CONSENT_FROM = 7
"""From this age the child consents too (Decree 356/2025)."""


def explanation(facility: Facility) -> tuple[Text, ...]:
    """Return what is explained before the consents are asked."""
    name = bilingual(vi=facility.name.vi, en=facility.name.en)
    return (
        _("A doctor of {facility} talks with you by video.", facility=name),
        _("Your answers and measurements are health data: sensitive data by Law 91/2025/QH15."),
        _("Only {facility} receives them, for your examination and your medical record.", facility=name),
        _("The call is not recorded. Nothing of it stays on this station."),
        _("You may say no. Later you may see, correct or delete your data, or take your consent back.")
        if not facility.phone
        else _(
            "You may say no. Later you may see, correct or delete your data, or take your consent back: call {phone}.",
            phone=public(facility.phone),
        ),
    )


def _asked(text: ConsentText) -> forms.Question:
    """Ask one consent; a page that goes on without it says what to do instead, so nothing is an error here."""
    return forms.consent(text.label, hint=text.hint, required=False)


class Consents(Form):
    """The three consents, each on its own."""

    telehealth: Annotated[bool, _asked(TELEHEALTH)]
    health_data: Annotated[bool, _asked(HEALTH_DATA)]
    contact_phone: Annotated[bool, _asked(CONTACT_PHONE)]


RELATIONS: dict[str, Text] = {
    "mother": _("Mother"),
    "father": _("Father"),
    "grandparent": _("Grandparent"),
    "guardian": _("Guardian"),
}


class Guardian(Form):
    """Who represents a child below seven."""

    name: Annotated[str, forms.name(_("Full name of the parent or guardian"))]
    relation: Annotated[
        str,
        forms.choice(
            _("Who are you to the child?"),
            tuple(Option(value=value, label=label) for value, label in RELATIONS.items()),
        ),
    ]
    guardian: Annotated[bool, _asked(GUARDIAN)]


class GuardianAndChild(Guardian):
    """Who represents a child from seven on, and the child's own consent."""

    child: Annotated[bool, _asked(CHILD)]


class Phone(Form):
    """The number at which the facility may call back."""

    phone: Annotated[str, forms.phone(_("Your phone number"))]


def age_on(born: date | PartialDate | None, day: date) -> int | None:
    """Return full years of age, as :func:`tramkit.age` reckons them; None: nothing of the date of birth is known."""
    return None if born is None else age(born, day)


def guardian_form(age: int | None) -> type[Guardian] | None:
    """Return the form for who comes with a child; None for an adult."""
    if age is None or age >= CHILD_BELOW:
        return None
    return GuardianAndChild if age >= OWN_CONSENT_FROM else Guardian


def record(texts: Iterable[ConsentText], given: Form, language: str, at: datetime) -> tuple[Consent, ...]:
    """Return the provable record of what was consented to.

    :param given: the form whose fields are named like the purposes.
    :param language: in which the words were on the screen.
    """
    return tuple(
        Consent(
            purpose=text.purpose,
            text_version=text.version,
            language=language,
            given=bool(getattr(given, text.purpose)),
            at=at,
        )
        for text in texts
        if text.purpose in given.questions
    )
