"""Whether somebody who was read or has signed in is the resident who stands here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tramkit.host.person import Person
from tramkit_hal.ui.pages import Fact
from tramkit_hal.words import Day, Messages, Text, verbatim

if TYPE_CHECKING:
    from tramkit.visit.visit import Visit

_ = Messages("tramkit")


def masked(number: str) -> str:
    """Return an identity number with its middle hidden, ``079•••••3458``."""
    return f"{number[:3]}•••••{number[-4:]}" if len(number) >= 9 else number


def facts(person: Person) -> tuple[Fact, ...]:
    """Return what a resident is shown of a person to say whether it is them."""
    born = (Fact(label=_("Date of birth"), value=_("{day}", day=Day(day=person.born))),) if person.born else ()
    return (
        Fact(label=_("Full name"), value=verbatim(person.name)),
        *born,
        Fact(label=_("Identity number"), value=verbatim(masked(person.number))),
    )


def another_person(visit: Visit, found: Person) -> Text | None:
    """Refuse somebody else than who was known so far: what they entered is not this person's."""
    known = visit.person
    if known is None or not known.number or known.number == found.number:
        return None
    return _("This is somebody else than the one who began. Please use your own card, or start over.")
