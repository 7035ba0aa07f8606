"""The on-screen keyboard of the terminal: one widget, since fifty would be slow."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from tramkit_hal.ui.keyboard import layouts
from tramkit_hal.ui.keyboard.layouts import Row
from tramkit_hal.ui.keyboard.typing import DELETE, Typing

KEY_LINES = 2
"""Lines of a key: with four cells beside, the smallest that a finger meets; one where there are few lines."""


class Keyboard(Widget):
    """Keys to touch.

    :param pressed: is told each key.
    :param names: words on the keys that have no character, by key.
    """

    def __init__(self, pressed: Callable[[str], None]) -> None:
        super().__init__(id="keyboard")
        self._pressed = pressed
        self.kind = "none"
        self.typing = Typing.DIRECT
        self.shift = False
        self.names: dict[str, str] = {}
        self.palette: dict[str, Style] = {}
        self.height = -1
        """How many lines it stands on; 0: it is hidden."""
        self._key_lines = KEY_LINES

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows that stand there now."""
        rows = layouts.ROWS.get(self.kind, ())
        return rows if self.typing is Typing.DIRECT else tuple(row for row in rows if row not in layouts.DIRECT)

    def show(self, kind: str, typing: Typing, names: dict[str, str]) -> None:
        """Take the keys of a kind; ``none`` has no keys."""
        self.kind, self.typing, self.names = kind, typing, names
        self.refresh()

    def put(self, lines: int, key_lines: int) -> None:
        """Stand on so many lines; 0 hides it."""
        self._key_lines = key_lines
        if lines != self.height:
            self.height = lines
            self.display = lines > 0
            self.styles.height = lines
        self.refresh()

    def render_line(self, y: int) -> Strip:
        rows = self.rows
        gap = self.palette.get("keys", Style())
        if y // self._key_lines >= len(rows):
            return Strip.blank(self.size.width, gap)
        row = rows[y // self._key_lines]
        segments: list[Segment] = []
        for key, start, end in self._places(row):
            words = self._face(key) if y % self._key_lines == 0 else ""
            segments.append(Segment(words.center(end - start - 1), self.palette.get("key") if key else gap))
            segments.append(Segment(" ", gap))
        return Strip(segments).adjust_cell_length(self.size.width, gap)

    def _places(self, row: Row) -> list[tuple[str, int, int]]:
        """Return each key with its first cell and the one after its last."""
        weights = [3 if key in (layouts.SPACE, layouts.WAY) else 1 for key in row]
        unit = self.size.width / sum(weights)
        places: list[tuple[str, int, int]] = []
        at = 0.0
        for key, weight in zip(row, weights, strict=True):
            places.append((key, round(at), round(at + unit * weight)))
            at += unit * weight
        return places

    def _face(self, key: str) -> str:
        if key in self.names:
            return self.names[key]
        if key in layouts.TONE_NAMES:
            return layouts.TONE_NAMES[key]
        return {layouts.SHIFT: "⇧", DELETE: "⌫"}.get(key, key.upper() if self.shift else key)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        rows = self.rows
        if event.y // self._key_lines >= len(rows):
            return
        for key, start, end in self._places(rows[event.y // self._key_lines]):
            if key and start <= event.x < end:
                self._pressed(key)
