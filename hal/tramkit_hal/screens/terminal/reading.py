"""From a view to the parts of a terminal page: what is said, how it looks, what a press on it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

from tramkit_hal.screens.terminal.parts import Count, FactPart, Field, Meter, Part, Press, Question, Tick
from tramkit_hal.screens.terminal.picture import Code, Picture
from tramkit_hal.ui import labels
from tramkit_hal.ui.accessibility import describe, options_of
from tramkit_hal.ui.pages import (
    Bar,
    Call,
    Capture,
    Control,
    FieldView,
    Help,
    Pay,
    Tell,
    Timeout,
    Tone,
    View,
    Wait,
    fields_of,
)
from tramkit_hal.ui.screen import ScreenCapabilities, Shown
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import Text, render

_TONES = {Tone.EMERGENCY: "alarm", Tone.ERROR: "alarm", Tone.WARNING: "warning", Tone.SUCCESS: "success"}


class Pressing(Protocol):
    """Makes what a press does."""

    def answering(self, choice: str) -> Press: ...
    def pressing(self, button: Bar | Literal["back", "language", "change"], value: str = "") -> Press: ...
    def choosing(self, field: FieldView, value: str) -> Press: ...
    def activating(self, name: str) -> Press: ...


class ReadingAloud:
    """Reads one view.

    :param drafts: what has been typed since it was shown, by field.
    :param videos: moving pictures by name.
    :param can: what a terminal can show.
    :param pressing: makes what a press does.
    """

    def __init__(
        self,
        view: View,
        drafts: Mapping[str, str],
        videos: Mapping[str, NewestFrame],
        can: ScreenCapabilities,
        pressing: Pressing,
    ) -> None:
        self._view = view
        self._drafts = drafts
        self._videos = videos
        self._room = (0, 0)
        self._do = pressing
        self._items = describe(view, drafts, can)
        self._field: FieldView | None = None

    def head(self) -> list[Part]:
        """Return the agency, the site and the languages."""
        return [Part(item, self._language(item)) for item in self._items[: self._after_head]]

    def body(self, room: tuple[int, int]) -> list[Part]:
        """Return the content, with what is drawn beside the words: how far it is, how loud.

        :param room: cells across and lines down that it has.
        """
        self._room = room
        parts = [self._part(item) for item in self._items[self._after_head : self._before_actions]]
        return [*parts, *self._meters()]

    def actions(self) -> list[Part]:
        """Return the buttons that answer the page, and Back."""
        return [Part(item, self._action(item)) for item in self._items[self._before_actions : self._before_bar]]

    def bar(self) -> list[Part]:
        """Return the buttons of the frame."""
        return [Part(item, self._do.pressing(Bar(item.action))) for item in self._items[self._before_bar :]]

    @property
    def _after_head(self) -> int:
        return max((n for n, item in enumerate(self._items) if item.action.startswith("language:")), default=-1) + 1

    @property
    def _before_bar(self) -> int:
        return len(self._items) - len(self._view.bar)

    @property
    def _before_actions(self) -> int:
        at = self._before_bar
        while at > self._after_head and self._items[at - 1].role == "button":
            at -= 1
        return at

    def _t(self, text: Text | None) -> str:
        return render(text, self._view.language) if text else ""

    def _language(self, item: Shown) -> Press | None:
        kind, _colon, language = item.action.partition(":")
        return self._do.pressing("language", language) if kind == "language" else None

    def _action(self, item: Shown) -> Press:
        if item.action == "back":
            return self._do.pressing("back")
        if item.action == Bar.HELP.value and item.action not in self._view.page.answers():
            return self._do.pressing(Bar.HELP)
        return self._do.answering(item.action)

    def _part(self, item: Shown) -> Part:
        page = self._view.page
        match item.role:
            case "picture":
                return self._picture(item) if item.value else Part(item, look="text")
            case "code":
                words = labels.CODE_NO_ROOM_PAY if isinstance(page, Pay) else labels.CODE_NO_ROOM
                return Code(item, self._room, self._t(words))
            case "field":
                return self._asked(item)
            case "option":
                field = self._field
                if field is not None and item.action in {each.value for each in options_of(field)}:
                    return Part(item, self._do.choosing(field, item.action))
                return Part(item, self._do.answering(item.action))
            case "fact":
                change = item.action.removeprefix("change:")
                return FactPart(item, self._do.pressing("change", change) if change else None, self._t(labels.CHANGE))
            case "error":
                return Part(item, self._do.activating(item.action.removeprefix("field:")))
            case "text":
                return (Count if isinstance(page, Timeout) and item.value else Part)(item, None, self._look(item))
            case _:
                return Part(item)

    def _asked(self, item: Shown) -> Part:
        fields = fields_of(self._view.page)
        field = next(field for field in fields if field.name == item.action)
        self._field = field
        if field.control is Control.CONSENT:
            ticked = self._drafts.get(field.name, field.value)
            return Tick(item, self._do.choosing(field, "" if ticked else "yes"))
        if typed(field):
            return Field(item, self._do.activating(field.name))
        return Question(item, None, "heading" if len(fields) > 1 else "text")

    def _picture(self, item: Shown) -> Picture:
        page = self._view.page
        other = isinstance(page, Call) and item.value == page.video
        own = isinstance(page, Call) and item.value == page.own_video
        high = max(5, (self._room[1] - 12) // 3) * (1 if own else 2) if isinstance(page, Call) else self._room[1] // 2
        none = labels.NO_OTHER_PICTURE if other else labels.NO_PICTURE
        mirrored = own or (isinstance(page, Capture) and page.source == "camera")
        return Picture(item, self._videos.get(item.value), max(6, min(24, high)), self._t(none), mirrored=mirrored)

    def _look(self, item: Shown) -> str:
        """Return how words look that mean more than others: the tone of the page, a number to call, why not."""
        page = self._view.page
        if self._view.note is not None and item.name == self._t(self._view.note):
            return "warning"
        large = self._t(page.large) if isinstance(page, Tell) else page.phone if isinstance(page, Help) else ""
        if item.name == large or (isinstance(page, Timeout) and item.value):
            return "large"
        tones = {self._t(labels.TONES[tone]): look for tone, look in _TONES.items()}
        beside = self._items[self._after_head :][:3]  # the step, the heading, the tone
        return tones.get(item.name, "") if any(item is each for each in beside) else ""

    def _meters(self) -> Iterator[Meter]:
        page = self._view.page
        if isinstance(page, Wait) and page.progress is not None:
            yield Meter(self._t(labels.PROGRESS), page.progress)
        if isinstance(page, Capture) and page.level is not None:
            yield Meter(self._t(labels.LOUDNESS), page.level)


def typed(field: FieldView) -> bool:
    """Tell whether a field is typed into."""
    return field.control.keyboard != "none"
