"""Whether somebody who was read or has signed in is the resident who stands here."""

from __future__ import annotations

from tramkit.host.person import Person, masked
from tramkit_hal.ui.pages import Fact
from tramkit_hal.words import Day, Messages, Text, verbatim

_ = Messages("tramkit")


def facts(person: Person) -> tuple[Fact, ...]:
    """Return what a resident is shown of a person to say whether it is them."""
    born = (Fact(label=_("Date of birth"), value=_("{day}", day=Day(day=person.born))),) if person.born else ()
    return (
        Fact(label=_("Full name"), value=verbatim(person.name)),
        *born,
        Fact(label=_("Identity number"), value=verbatim(masked(person.number))),
    )


def another_person(known: Person | None, found: Person) -> Text | None:
    """Refuse somebody else than who was known so far: what they entered is not this person's."""
    if known is None or not known.number or known.number == found.number:
        return None
    return _("This is somebody else than the one who began. Please use your own card, or start over.")
