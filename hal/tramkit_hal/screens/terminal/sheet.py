"""A zone of the terminal page: one widget that draws many parts and knows which of them a finger meets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from tramkit_hal.screens.terminal.parts import Part, Row


class Sheet(Widget, can_focus=False):
    """Rows of cells; where there are more than it has lines, it is rolled.

    :param touched: is told the part that was touched; None: no part was.
    :param rolled: is told that other rows are seen.
    :param ground: names the style of what no row covers.
    """

    def __init__(
        self, name: str, touched: Callable[[Part | None], None], rolled: Callable[[], None], ground: str = "ground"
    ) -> None:
        super().__init__(id=name)
        self._touched = touched
        self._rolled = rolled
        self._ground = ground
        self._rows: Sequence[Row] = ()
        self.lines = -1
        """How many lines it has."""
        self.first = 0
        """The row that stands on its first line."""
        self.palette: dict[str, Style] = {}
        self.at: Part | None = None
        """The part that a key would press."""

    def put(self, rows: Sequence[Row], lines: int) -> None:
        """Show rows on so many lines; the first one seen stays, if it can."""
        self._rows = rows
        if lines != self.lines:
            self.lines = lines
            self.display = lines > 0
            self.styles.height = lines
        self.first = max(0, min(self.first, self.last))
        self.refresh()

    @property
    def last(self) -> int:
        """The first row seen when it is rolled to the end; 0: all rows are seen at once."""
        return max(0, len(self._rows) - self.lines)

    def roll(self, first: int) -> None:
        """See the rows from a number on."""
        first = max(0, min(first, self.last))
        if first != self.first:
            self.first = first
            self.refresh()
            self._rolled()

    def place(self, part: Part) -> tuple[int, int, int] | None:
        """Return the column, the first and the last row of a part; None: it does not stand here."""
        found: list[tuple[int, int]] = []
        for number, row in enumerate(self._rows):
            at = 0
            for span in row:
                if span.part is part:
                    found.append((at, number))
                at += span.cells
        return (found[0][0], found[0][1], found[-1][1]) if found else None

    def render_line(self, y: int) -> Strip:
        number = self.first + y
        ground = self.palette.get(self._ground, Style())
        if number >= len(self._rows):
            return Strip.blank(self.size.width, ground)
        strips: list[Strip] = []
        for span in self._rows[number]:
            drawn = span.part.strip(span.line, span.cells) if span.part is not None else None
            look = "focus" if span.part is not None and span.part is self.at else span.look
            strips.append(drawn or Strip([Segment(span.words, self.palette.get(look, ground))]))
        strip = Strip.join(strips).adjust_cell_length(self.size.width, ground)
        return self._with_bar(strip, y) if self.last else strip

    def _with_bar(self, strip: Strip, y: int) -> Strip:
        """Put into the last cell of a line how far it is rolled."""
        long = max(1, self.lines * self.lines // len(self._rows))
        top = round(self.first / self.last * (self.lines - long))
        words = "█" if top <= y < top + long else "░"
        return Strip.join([strip.crop(0, self.size.width - 1), Strip([Segment(words, self.palette.get("scroll"))])])

    def on_click(self, event: events.Click) -> None:
        event.stop()
        number, at = self.first + event.y, 0
        for span in self._rows[number] if number < len(self._rows) else ():
            if at <= event.x < at + span.cells:
                self._touched(span.part)
                return
            at += span.cells
        self._touched(None)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.roll(self.first + 2)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.roll(self.first - 2)
