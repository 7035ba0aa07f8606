"""What is drawn with a finger, as text: each point four digits of base 36, strokes apart by a space.

A point is ``xxyy``: x from 0 to 1295 across the surface, y in the same unit from its top; the surface is twice and a
half as wide as it is high. So a signature fits into a field, and into the journal of a visit.
"""

from __future__ import annotations

import itertools
import math
import re

WIDTH = 1295
HEIGHT = 518
MAX_TEXT = 3_900
"""Characters of a drawing at most; a screen leaves out points where it would be more."""
SHORTEST = WIDTH * 0.12
"""Length of line from which something is a drawing and no dot."""

Stroke = tuple[tuple[int, int], ...]

_TEXT = re.compile(r"[0-9a-z]{4}(?: ?[0-9a-z]{4})*")


def parse(text: str) -> tuple[Stroke, ...]:
    """Return the strokes of a drawing; none for an empty text.

    :raises ValueError: no drawing, or one beyond the surface.
    """
    if not text:
        return ()
    if len(text) > MAX_TEXT + 100 or not _TEXT.fullmatch(text):
        raise ValueError("no drawing")
    strokes = tuple(
        tuple((int(part[at : at + 2], 36), int(part[at + 2 : at + 4], 36)) for at in range(0, len(part), 4))
        for part in text.split(" ")
    )
    if any(y > HEIGHT for stroke in strokes for _x, y in stroke):
        raise ValueError("beyond the surface")
    return strokes


def length(strokes: tuple[Stroke, ...]) -> float:
    """Return how long all lines are together, in units of the surface."""
    return sum(math.dist(a, b) for stroke in strokes for a, b in itertools.pairwise(stroke))
