"""The things a terminal page is made of. Each lays itself out in lines and tells what is drawn.

They are no widgets: one sheet draws many of them, since fifty widgets would be slow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content
from textual.strip import Strip

from tramkit_hal.ui.screen import Shown

Press = Callable[[], None]


@dataclass(frozen=True)
class Span:
    """Cells beside each other on one line.

    :param look: names a style of :mod:`tramkit_hal.screens.terminal.palette`.
    :param part: what is drawn here, and pressed when it is touched.
    :param line: which of the part's lines it is.
    """

    words: str
    look: str
    part: Part | None = None
    line: int = 0

    @property
    def cells(self) -> int:
        """How wide it is."""
        return cell_len(self.words)


Row = tuple[Span, ...]


class Part:
    """One thing on the page: words, a button, an answer.

    :param item: what it shows.
    :param press: what happens when it is touched, clicked, or Enter is pressed on it; None: nothing.
    :param look: how it looks; empty: as its role does.
    """

    typed = False
    """Whether it is typed into, so that a space is a letter."""
    told = True
    """Whether it is one of the things that every screen shows; else it says the same once more."""

    def __init__(self, item: Shown, press: Press | None = None, look: str = "") -> None:
        self.item = item
        self.press = press
        self._look = look
        self.drawn: tuple[str, ...] = ()
        """The lines that were drawn of it last."""

    @property
    def look(self) -> str:
        """How it looks."""
        if self._look:
            return self._look
        role, chosen = self.item.role, self.item.state == "selected"
        return f"{role}.selected" if chosen and role in ("option", "button") else role

    def lines(self, width: int) -> list[str]:
        """Return its words as they stand on the glass, in lines of at most ``width`` cells."""
        item = self.item
        match item.role:
            case "option":
                mark = {"selected": "(•)", "closed": "(–)", "limited": "(!)"}.get(item.state, "( )")
                return [*wrap(item.name, width, f"{mark} ", "    "), *wrap(item.value, width, "    ")]
            case "error":
                return wrap(item.name, width, "▲ ", "  ")
            case "button":
                return wrap(item.name, width, "✓ " if item.state == "selected" else "")
            case "text":
                mark = {"closed": "(–) ", "limited": "(!) "}.get(item.state, "")
                return [*wrap(item.name, width, mark, "  " if mark else ""), *wrap(item.value, width, "  ")]
            case _:
                return wrap(item.name, width)

    def rows(self, width: int) -> list[Row]:
        """Return its lines, each as wide as it is given."""
        self.drawn = tuple(self.lines(width))
        look = self.look
        rows: list[Row] = [(Span(pad(line, width), look, self, n),) for n, line in enumerate(self.drawn)]
        if look != "large":
            return rows
        around: Row = (Span(" " * width, look),)
        return [around, *((Span(centre(line, width), look, self, n),) for n, line in enumerate(self.drawn)), around]

    def strip(self, line: int, width: int) -> Strip | None:
        """Return cells to draw in place of a line's words; None: the words."""
        return None

    def shown(self) -> Shown:
        """Return what is drawn: words that are not on the glass are not told."""
        drawn, item = _solid(self.said()), self.item
        name = item.name if _solid(item.name) in drawn else ""
        return item.model_copy(update={"name": name, "value": item.value if _solid(item.value) in drawn else ""})

    def said(self) -> str:
        """Return the words that are drawn, without what is drawn among them."""
        return "".join(self.drawn)


class FactPart(Part):
    """A label and what is so, with its Change link.

    :param change: the words of the link.
    """

    def __init__(self, item: Shown, press: Press | None, change: str) -> None:
        super().__init__(item, press)
        self._change = f"[{change}]" if press is not None else ""

    def lines(self, width: int) -> list[str]:
        link = self._change
        label = wrap(self.item.name, width - (cell_len(link) + 1 if link else 0))
        if link:
            label[0] = f"{pad(label[0], width - cell_len(link))}{link}"
        return [*label, *wrap(self.item.value, width, "  ")]

    def said(self) -> str:
        return super().said().replace(self._change, "", 1)


class Question(Part):
    """A question whose answers stand below it, the one that was chosen marked."""

    def shown(self) -> Shown:
        return super().shown().model_copy(update={"value": self.item.value})


class Tick(Part):
    """A consent: ticked or not."""

    def lines(self, width: int) -> list[str]:
        return wrap(self.item.name, width, "[x] " if self.item.value else "[ ] ", "    ")

    def shown(self) -> Shown:
        ticked = bool(self.drawn) and self.drawn[0].startswith("[x]")
        words = Part.shown(self).name
        return self.item.model_copy(update={"name": words, "value": self.item.value if ticked else ""})


class Field(Part):
    """A field that is typed into: its question, and below it what stands in it."""

    typed = True
    caret = -1
    """Where the caret stands; below 0: nowhere, the field is not being typed into."""

    @property
    def look(self) -> str:
        return "field.active" if self.caret >= 0 else "field"

    def lines(self, width: int) -> list[str]:
        value = self.item.value
        if self.caret >= 0:
            value = f"{value[: self.caret]}▏{value[self.caret :]}"
        return [*wrap(self.item.name, width), *(wrap(value, width, "│ ", "│ ") or ["│"])]

    def said(self) -> str:
        return super().said().replace("▏", "", 1).replace("│", "")


class Count(Part):
    """How many are left of something."""

    def lines(self, width: int) -> list[str]:
        return wrap(f"{self.item.value} {self.item.name}", width)


class Meter(Part):
    """How far something is, or how loud: drawn beside what the page says in words.

    :param share: 0 to 1.
    """

    told = False

    def __init__(self, name: str, share: float) -> None:
        super().__init__(Shown(role="text", name=name))
        self._share = max(0.0, min(1.0, share))

    def lines(self, width: int) -> list[str]:
        across = min(width, 40) - 6
        full = round(across * self._share)
        return [*wrap(self.item.name, width), f"{'█' * full}{'░' * (across - full)} {self._share:>4.0%}"]


def wrap(words: str, width: int, first: str = "", rest: str | None = None) -> list[str]:
    """Return words in lines of at most ``width`` cells, broken at spaces; no words, no line.

    :param first: what stands before the first line.
    :param rest: what stands before the others; None: the same.
    """
    if not words:
        return []
    rest = first if rest is None else rest
    room = max(1, width - max(cell_len(first), cell_len(rest)))
    lines = [line.plain.rstrip() for line in Content(words).wrap(room)]
    return [f"{rest if n else first}{line}" for n, line in enumerate(lines)]


def pad(words: str, width: int) -> str:
    """Return words with spaces after them, ``width`` cells in all."""
    return words + " " * (width - cell_len(words))


def centre(words: str, width: int) -> str:
    """Return words in the middle of ``width`` cells; what is too long is cut, with an ellipsis."""
    if cell_len(words) > width:
        while words and cell_len(words) >= width:
            words = words[:-1]
        words += "…"
    before = (width - cell_len(words)) // 2
    return pad(" " * before + words, width)


def _solid(words: str) -> str:
    """Return words without white space: where a line was broken does not matter."""
    return "".join(words.split())
