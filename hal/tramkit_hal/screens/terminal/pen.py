"""Which field of a page is typed into, and where."""

from __future__ import annotations

from tramkit_hal.screens.terminal.reading import typed
from tramkit_hal.ui.keyboard.typing import Typing, press
from tramkit_hal.ui.pages import Control, FieldView, View, fields_of
from tramkit_hal.ui.stage import ShownView

_WAYS = (Typing.DIRECT, Typing.TELEX, Typing.VNI)


class Pen:
    """Writes into one field at a time; what it writes are the stage's drafts."""

    def __init__(self, stage: ShownView) -> None:
        self._stage = stage
        self._view = stage.view
        self.name = ""
        """The field that is typed into; empty: none."""
        self.caret = 0

    @property
    def fields(self) -> tuple[FieldView, ...]:
        """The fields of the page."""
        return fields_of(self._view.page)

    @property
    def field(self) -> FieldView | None:
        """The field that is typed into."""
        return next((field for field in self.fields if field.name == self.name), None)

    def values(self) -> dict[str, str]:
        """Return what stands in every field."""
        return {field.name: self.value(field) for field in self.fields}

    def value(self, field: FieldView) -> str:
        """Return what stands in a field."""
        return self._stage.drafts.get(field.name, field.value)

    def turn_to(self, view: View, *, new: bool) -> None:
        """Take another view; a new page begins at its first wrong field, or else at its first."""
        self._view = view
        if new or self.field is None:
            fields = [field for field in self.fields if typed(field)]
            first = next((field for field in fields if field.error), fields[0] if fields else None)
            self.go_to(first.name if first else "")

    def go_to(self, name: str) -> None:
        """Type into another field from now on, at its end."""
        self.name = name
        self.caret = len(self.value(self.field)) if self.field else 0

    def step(self, by: int) -> None:
        """Move the caret."""
        if self.field is not None:
            self.caret = max(0, min(len(self.value(self.field)), self.caret + by))

    def type(self, key: str) -> bool:
        """Type a key; return whether the next letter is a capital."""
        field = self.field
        if field is None:
            return False
        typing = self._stage.typing if field.control.keyboard == "vietnamese" else Typing.PLAIN
        before = self.value(field)
        name = field.control is Control.NAME
        text, caret = press(before, min(self.caret, len(before)), key, typing, name=name)
        if len(text) <= field.max_length:
            self._stage.drafts[field.name], self.caret = text, caret
        return field.control is Control.NAME and (not text or text[:caret].endswith(" "))

    def next_way(self) -> None:
        """Change between direct typing, Telex and VNI."""
        self._stage.typing = _WAYS[(_WAYS.index(self._stage.typing) + 1) % len(_WAYS)]
