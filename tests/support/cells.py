"""What a terminal screen has drawn, as cells and as the pixels that a camera sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual.strip import Strip

from tramkit.testing.terminal_driver import zones
from tramkit_hal.screens.terminal.app import TerminalApp

CELL = (8, 16)
"""Pixels across and down of a cell."""


def cells(app: TerminalApp) -> list[Strip]:
    """Return the lines of the glass, from top to bottom."""
    return [zone.render_line(line) for zone in zones(app) for line in range(zone.size.height)]


def pixels(strips: list[Strip]) -> NDArray[np.uint8]:
    """Return the glass as a picture; a letter is a block of its colour, the worst neighbour that a code can have."""
    across, down = CELL
    image = np.zeros((len(strips) * down, strips[0].cell_length * across, 3), np.uint8)
    for line, strip in enumerate(strips):
        at = 0
        for segment in strip:
            ink, paper = _colours(segment.style or Style())
            for letter in segment.text:
                cell = image[line * down : (line + 1) * down, at * across : (at + 1) * across]
                cell[:] = paper
                half = {"▀": slice(0, down // 2), "▄": slice(down // 2, down), "█": slice(0, down)}.get(letter)
                if half is not None:
                    cell[half] = ink
                elif letter.strip():
                    cell[down // 4 : down * 3 // 4, 1 : across - 1] = ink
                at += 1
    return image


def _colours(style: Style) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the colours of ink and paper, red green blue."""
    assert style.color is not None
    assert style.bgcolor is not None
    ink, paper = tuple(style.color.get_truecolor()), tuple(style.bgcolor.get_truecolor())
    return (paper, ink) if style.reverse else (ink, paper)
