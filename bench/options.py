"""How a bench is run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What the command line says.

    :param seed: makes pictures, sound and the order of taps repeatable.
    :param quick: only so much that every figure has a value; good for a look at the shape, not at the figures.
    """

    seed: int = 1
    quick: bool = False
