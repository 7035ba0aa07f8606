"""A robot resident: what somebody might do at a page, drawn from a seed or taken from a list."""

from __future__ import annotations

import random
from typing import Literal

from pydantic import Field

from tramkit_hal.data import Data
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import AnyPage, Availability, Bar, Control, FieldView, View, fields_of

_SAID = {
    Control.TEXT: ("chóng mặt khi đứng dậy", "đau đầu", "ho"),
    Control.NAME: ("Nguyễn Thị Hoa", "Trần Văn An"),
    Control.DIGITS: ("3", "12", "150"),
    Control.MONEY: ("50000", "1366200"),
    Control.PHONE: ("0901234567", "0281234567"),
    Control.DATE: ("17/05/1952", "29/02/2024"),
    Control.CITIZEN_ID: ("079152000123",),
    Control.ADDRESS: ("12 Nguyễn Văn Hưởng, phường An Khánh",),
    Control.EMAIL: ("lan@example.vn",),
    Control.CODE: ("PE01000123456", "hcm_an.nguyen"),
    Control.SECRET: ("246810",),
    Control.SIGNATURE: ("1z4s2u353p1w4k1q5f3c6a5b 7c3u865r8y2m9s4kam3ubh5ece3uf04iha3w 3k7s7l6qcc6ahg6skm5z",),
}
_NONSENSE = ("", "?", "0", "-1", "99999999999999999999", "31/02/1990", "<b>&amp;", "ự" * 40, "a\u0301")


class Act(Data):
    """One thing that a resident does.

    :param do: ``answer`` the page, ``press`` a button of the frame, ``touch`` beside every button, or ``wait``.
    :param choice: the answer, or the button: one of the bar, ``back``, ``language``, ``change``.
    :param value: which language, or which answer to change.
    :param values: what is typed into the fields first, by name.
    """

    do: Literal["answer", "press", "touch", "wait"] = "answer"
    choice: str = "continue"
    value: str = ""
    values: dict[str, str] = Field(default_factory=dict)

    def event(self, page: AnyPage) -> Answered | Pressed | Touched | None:
        """Return what a screen would report of it; None: the resident does nothing."""
        at = {"page": page.id, "revision": page.revision, "values": self.values}
        match self.do:
            case "answer":
                return Answered.model_validate({**at, "choice": self.choice})
            case "press":
                return Pressed.model_validate({**at, "button": self.choice, "value": self.value})
            case "touch":
                return Touched.model_validate(at)
            case "wait":
                return None


class Walker:
    """A resident who does anything that the screen lets them do.

    :param seed: two walkers of one seed do the same before the same pages.
    :param wanders: how often they do something else than answer: wait, touch beside, press a button of the frame.
    :param nonsense: how often they type what cannot be right.
    """

    def __init__(self, seed: int, wanders: float = 0.3, nonsense: float = 0.2) -> None:
        self._random = random.Random(seed)
        self._wanders = wanders
        self._nonsense = nonsense

    def act(self, view: View) -> Act:
        """Return what the resident does before a view."""
        chance = self._random.random()
        if chance < self._wanders / 6:
            return Act(do="wait")
        if chance < self._wanders / 3:
            return Act(do="touch", values=self._typed(view.page) if self._random.random() < 0.5 else {})
        if chance < self._wanders and (presses := possible_presses(view)):
            return self._random.choice(presses).model_copy(update={"values": self._typed(view.page)})
        answers = sorted(view.page.answers())
        if not answers:
            return Act(do="wait")
        return Act(choice=self._random.choice(answers), values=self._typed(view.page))

    def _typed(self, page: AnyPage) -> dict[str, str]:
        return {field.name: self._value(field) for field in fields_of(page)}

    def _value(self, field: FieldView) -> str:
        if field.value and self._random.random() < 0.5:
            return field.value
        if field.control is Control.CHOICE:
            return self._random.choice(["", *(option.value for option in field.options)])
        if field.control is Control.YES_NO:
            return self._random.choice(["", "yes", "no"])
        if field.control is Control.CONSENT:
            return self._random.choice(["", "yes"])
        nonsense = self._random.random() < self._nonsense
        return self._random.choice(_NONSENSE if nonsense else _SAID[field.control])[: field.max_length]


def possible_presses(view: View) -> list[Act]:
    """Return every button of the frame and every Change link that a view offers."""
    found = [Act(do="press", choice=button.value) for button in view.bar if button is not Bar.LISTEN]
    found += [Act(do="press", choice="back")] if view.back else []
    found += [Act(do="press", choice="language", value=each) for each in view.languages if each != view.language]
    facts = view.page.facts if view.page.kind == "check" else ()
    found += [Act(do="press", choice="change", value=fact.change) for fact in facts if fact.change]
    return found


def has_way_out(view: View) -> bool:
    """Tell whether the resident can end what stands there: by an answer that is open, Back, or leaving."""
    closed = {option.value for option in getattr(view.page, "options", ()) if option.state is Availability.CLOSED}
    return bool(view.page.answers() - closed) or view.back or Bar.START_OVER in view.bar
