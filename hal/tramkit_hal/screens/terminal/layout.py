"""Where the parts of a terminal page stand: the head, the content, the buttons, the bar, each as rows of cells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from rich.cells import cell_len

from tramkit_hal.screens.terminal.parts import FactPart, Part, Row, Span, centre, pad, wrap
from tramkit_hal.screens.terminal.picture import Code

MEASURE = 72
"""Cells of a line at most: longer ones are hard to read."""
WIDE = 60
"""From so many cells on, the languages stand beside the agency."""


def margin(width: int) -> int:
    """Return the cells left free at either side of the content."""
    return max(1, (width - MEASURE) // 2)


def head(parts: Sequence[Part], width: int) -> list[Row]:
    """Return the agency, the site and the languages."""
    languages = [part for part in parts if part.press is not None]
    names = [f" {part.lines(width)[0]} " for part in languages]
    across = sum(map(cell_len, names))
    rows: list[Row] = []
    for part in (part for part in parts if part.press is None):
        part.drawn = tuple(wrap(part.item.name, width - 2))
        for n, line in enumerate(part.drawn):
            rows.append((Span(f" {pad(line, width - 1)}", "head" if not rows else "language", part, n),))
    if rows and width >= WIDE and cell_len(rows[0][0].words.rstrip()) + across + 2 <= width:
        first = rows[0][0]
        spans = [Span(pad(first.words.rstrip(), width - across - 1), first.look, first.part)]
        spans += [_language(part, name) for part, name in zip(languages, names, strict=True)]
        rows[0] = (*spans, Span(" ", "head"))
        return rows
    each = width // max(1, len(languages))
    cells = [_language(part, centre(name, each)) for part, name in zip(languages, names, strict=True)]
    return [*rows, (*cells, Span(" " * (width - each * len(cells)), "language"))] if cells else rows


def _language(part: Part, words: str) -> Span:
    part.drawn = (words,)
    return Span(words, "language.selected" if part.item.state else "language", part)


def body(parts: Sequence[Part], width: int, *, loose: bool = False, tight: bool = False) -> list[Row]:
    """Return the content.

    :param loose: with more room around each part, for who wants larger text.
    :param tight: with less, where there are few lines.
    """
    beside = margin(width)
    across = width - 2 * beside
    blank: Row = (Span(" " * width, "ground"),)
    rows: list[Row] = [] if tight else [blank]
    for part, after in pairwise([*parts, None]):
        assert part is not None
        for row in part.rows(across):
            rows.append((Span(" " * beside, "ground"), *row, Span(" " * beside, "ground")))
        together = isinstance(part, FactPart) and isinstance(after, FactPart) and part.press is None
        together |= any(isinstance(each, Code) and each.fits for each in (part, after))  # they bring white of their own
        together |= tight and after is not None and part.item.role == after.item.role == "option"
        if not together or loose:
            rows.append(blank)
        if loose and not tight:
            rows.append(blank)
    while rows and rows[-1] is blank:
        rows.pop()
    return rows


def more(part: Part, width: int) -> list[Row]:
    """Return the line that says that there is more than is seen."""
    part.drawn = tuple(part.lines(width))
    return [(Span(centre(part.drawn[0], width), "more", part),)]


def actions(parts: Sequence[Part], width: int, high: int) -> list[Row]:
    """Return the buttons: the one that goes on last and wide, Back at its left, others above, two beside each other.

    :param high: lines of a button.
    """
    if not parts:
        return []
    beside = margin(width)
    across = width - 2 * beside
    back = [part for part in parts if part.item.action == "back"]
    forth = [part for part in parts if part.item.action != "back"]
    lines: list[list[tuple[Part, int]]] = []
    others, last = (forth[:-1], forth[-1:]) if back or len(forth) % 2 else (forth, [])
    half = (across - 1) // 2
    while others:
        pair = others[:2]
        if len(pair) == 2 and all(len(part.lines(half - 2)) == 1 for part in pair):
            lines.append([(pair[0], half), (pair[1], across - half - 1)])
        else:
            del pair[1:]
            lines.append([(pair[0], across)])
        others = others[len(pair) :]
    narrow = max((cell_len(part.item.name) + 4 for part in back), default=0)
    if back and last:
        fits = len(last[0].lines(across - narrow - 3)) <= high
        wide = across - narrow - 1
        lines += [[(back[0], narrow), (last[0], wide)]] if fits else [[(last[0], across)], [(back[0], across)]]
    else:
        lines += [[(part, across)] for part in (*last, *back)]
    rows: list[Row] = []
    gap: Row = (Span(" " * width, "frame"),)
    for line in lines:
        if rows and high > 1:
            rows.append(gap)
        rows += _blocks(line, high, beside)
    return rows


def _blocks(line: list[tuple[Part, int]], high: int, beside: int) -> list[Row]:
    """Return buttons beside each other, their words in the middle."""
    faces: list[list[str]] = []
    for part, wide in line:
        words = part.lines(wide - 2)
        if len(words) > high:
            words = [*words[: high - 1], centre(" ".join(words[high - 1 :]), wide - 2)]
        part.drawn = tuple(words)
        above = (high - len(words)) // 2
        faces.append([*[""] * above, *words, *[""] * (high - above - len(words))])
    rows: list[Row] = []
    for n in range(high):
        spans = [Span(" " * beside, "frame")]
        for number, (part, wide) in enumerate(line):
            if number:
                spans.append(Span(" ", "frame"))
            look = "back" if part.item.action == "back" else part.look
            spans.append(Span(centre(faces[number][n], wide), look, part, n))
        rows.append((*spans, Span(" " * beside, "frame")))
    return rows


def bar(parts: Sequence[Part], width: int, high: int) -> list[Row]:
    """Return the buttons of the frame beside each other, in as many lines as they need.

    :param high: lines of a button.
    """
    rows: list[Row] = []
    for line in _lines_of_bar(parts, width):
        names = [part.lines(width)[0] for part in line]
        spare = width - sum(map(cell_len, names)) - (len(line) - 1)
        for n in range(high):
            spans: list[Span] = []
            for number, (part, name) in enumerate(zip(line, names, strict=True)):
                extra = spare // len(line) + (number < spare % len(line))
                part.drawn = (name,)
                words = name if n == 0 else ""
                spans += [Span(" ", "frame")] if number else []
                spans.append(Span(centre(words, cell_len(name) + extra), "bar", part, n))
            rows.append(tuple(spans))
    return rows


def _lines_of_bar(parts: Sequence[Part], width: int) -> list[list[Part]]:
    lines: list[list[Part]] = []
    at = width
    for part in parts:
        needs = cell_len(part.lines(width)[0]) + 1
        if not lines or at + needs > width + 1:
            lines.append([])
            at = 0
        lines[-1].append(part)
        at += needs
    return lines
