"""What a resident does at a screen. Each event names the page and revision it was made on; a stale one is dropped."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from tramkit_hal.data import Data
from tramkit_hal.ui.keyboard.typing import Typing
from tramkit_hal.ui.pages import Bar
from tramkit_hal.words import Nfc

MAX_VALUE = 4_000
"""Most characters of one typed value."""

MAX_EVENT = 64 * 1024
"""Most bytes of one event; a screen refuses more before it parses it."""

_Name = Annotated[str, StringConstraints(max_length=80)]
_Typed = Annotated[Nfc, StringConstraints(max_length=MAX_VALUE)]
_Values = Annotated[dict[_Name, _Typed], Field(max_length=16)]


class _Event(Data):
    page: _Name
    revision: int = Field(ge=0, strict=True)


class Answered(_Event):
    """A page was answered.

    :param choice: one of the page's ``answers()``.
    :param values: what stands in the fields of an Ask page, by name.
    """

    kind: Literal["answered"] = "answered"
    choice: _Name = "continue"
    values: _Values = Field(default_factory=dict)


class Pressed(_Event):
    """A button that is on every page was pressed.

    :param button: one of the bar, or ``back``, ``language`` (value: which), ``change`` (value: which answer).
    :param values: what stands in the fields, so that nothing typed is lost.
    """

    kind: Literal["pressed"] = "pressed"
    button: Bar | Literal["back", "language", "change"]
    value: _Name = ""
    values: _Values = Field(default_factory=dict)


class Key(Data):
    """A key of the on-screen keyboard, pressed in a field; no event for the core.

    :param text: what stands in the field.
    :param caret: characters before the caret.
    :param key: what the key types; empty: only the way of typing has changed.
    :param name: the field is for somebody's name.
    """

    text: _Typed
    caret: int = Field(ge=0, le=MAX_VALUE)
    key: Annotated[str, StringConstraints(max_length=8)]
    typing: Typing
    name: bool = False


class Touched(_Event):
    """The screen was touched or typed on: somebody is here.

    :param at: the action of what a keypad has moved to, as :meth:`Screen.describe` names it, ``#1`` the second with
        that action; a key of the on-screen keyboard is ``key:a``.
    """

    kind: Literal["touched"] = "touched"
    values: _Values = Field(default_factory=dict)
    at: _Name = ""


Event = Annotated[Answered | Pressed | Touched, Field(discriminator="kind")]

event_adapter: TypeAdapter[Event] = TypeAdapter(Event)
"""Reads an event from JSON; raises ``pydantic.ValidationError`` for anything else."""
