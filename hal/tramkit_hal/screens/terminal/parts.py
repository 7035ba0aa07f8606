"""The things a terminal page is made of. Each knows how it is drawn and tells what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widgets import Static

from tramkit_hal.screen import Shown

Press = Callable[[], None]


class Part(Static):
    """One thing on the page: words, a button, an answer, a field.

    :param item: what it shows.
    :param press: what happens when it is touched, clicked, or Enter is pressed on it; None: nothing.
    """

    keys: ClassVar[tuple[str, ...]] = ("enter", "space")
    """Keys that press it."""

    def __init__(self, item: Shown, press: Press | None, change: str = "") -> None:
        super().__init__(markup=False, classes=f"{item.role} {item.state}".strip())
        self.item = item
        self.press = press
        self._change = change
        self.can_focus = press is not None

    def on_mount(self) -> None:
        self.draw()

    def show(self, item: Shown) -> None:
        """Show something else of the same kind in its place."""
        if item != self.item:
            self.set_classes(f"{item.role} {item.state}".strip())
            self.item = item
            self.draw()

    def draw(self) -> None:
        """Draw it anew."""
        self.update(Content(self.text()))

    def text(self) -> str:
        """Return its words as they stand on the glass."""
        item = self.item
        match item.role:
            case "fact":
                change = f"  [{self._change}]" if item.action else ""
                return f"{item.name}\n  {item.value}{change}"
            case "option":
                mark = {"selected": "(•)", "closed": "(–)", "limited": "(!)"}.get(item.state, "( )")
                return f"{mark} {item.name}" + (f"\n    {item.value}" if item.value else "")
            case "error":
                return f"▲ {item.name}"
            case "button":
                return f"✓ {item.name}" if item.state == "selected" else item.name
            case "text":
                return f"{item.name}\n  {item.value}" if item.value else item.name
            case _:
                return item.name

    def shown(self) -> Shown:
        """Return what is drawn: words that are not on the glass are not told."""
        drawn = self.content.plain if isinstance(self.content, Content) else str(self.content)
        item = self.item
        return item.model_copy(
            update={
                "name": item.name if item.name in drawn else "",
                "value": item.value if item.value in drawn or item.role in ("picture", "code", "field") else "",
            }
        )

    def on_click(self, event: events.Click) -> None:
        if self.press is not None:
            event.stop()
            self.press()

    def on_key(self, event: events.Key) -> None:
        if self.press is not None and event.key in self.keys:
            event.stop()
            event.prevent_default()
            self.press()


class Tick(Part):
    """A consent: ticked or not."""

    def text(self) -> str:
        return f"[{'x' if self.item.value else ' '}] {self.item.name}"

    def shown(self) -> Shown:
        drawn = super().shown()
        ticked = self.content.plain.startswith("[x]") if isinstance(self.content, Content) else False
        return drawn.model_copy(update={"value": self.item.value if ticked else ""})


class Field(Part):
    """A field that is typed into: its question, and a line with what stands in it."""

    keys = ("enter",)  # a space is typed
    caret = -1
    """Where the caret stands; below 0: nowhere, the field is not being typed into."""

    def text(self) -> str:
        value = self.item.value
        if self.caret >= 0:
            value = f"{value[: self.caret]}▏{value[self.caret :]}"
        return f"{self.item.name}\n│ {value}"

    def shown(self) -> Shown:
        drawn = self.content.plain if isinstance(self.content, Content) else ""
        name, _, value = drawn.partition("\n│ ")
        return self.item.model_copy(update={"name": name, "value": value.replace("▏", "", 1)})


class Heading(Part):
    """The page's title."""


def shorten(text: str, cells: int) -> str:
    """Return words cut to a number of cells, with an ellipsis where something is missing."""
    if cell_len(text) <= cells:
        return text
    while text and cell_len(text) >= cells:
        text = text[:-1]
    return text + "…"
