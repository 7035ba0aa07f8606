"""Who the resident is, as they type it: claimed, good for filling in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from tramkit import forms
from tramkit.conversation.station_visit import StationVisit
from tramkit.forms import Form
from tramkit.host.person import Level, Person
from tramkit.identity.way import TYPED, Wanted, Way
from tramkit_hal.card.number import check as check_number
from tramkit_hal.ui.pages import Option
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")


class TypedPerson(Form):
    """Who the resident is, as they type it."""

    name: Annotated[str, forms.name(_("Full name"))]
    born: Annotated[
        date,
        forms.day(_("Date of birth"), earliest=date(1900, 1, 1)),
    ]
    sex: Annotated[
        str,
        forms.choice(_("Sex"), (Option(value="female", label=_("Female")), Option(value="male", label=_("Male")))),
    ]
    number: Annotated[str, forms.citizen_id(_("Identity number"), hint=_("12 digits on the front of the card"))]

    def apart(self) -> Mapping[str, Text]:
        """Hold the number against the date of birth and the sex, as is done with a card's."""
        found = check_number(self.number, self.born, "female" if self.sex == "female" else "male")
        return {"number": found.problem} if found.problem else {}


class TypedWay(Way):
    """The resident types who they are."""

    id = TYPED

    def __init__(self, visit: StationVisit) -> None:
        self._visit = visit

    async def take(self, wanted: Wanted) -> Person | str:
        typed = await self._visit.ask(TypedPerson, _("Please enter your details"), name="identity")
        return Person(
            level=Level.CLAIMED,
            name=typed.name,
            born=typed.born,
            sex="female" if typed.sex == "female" else "male",
            number=typed.number,
        )
