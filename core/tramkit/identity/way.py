"""A way to learn who the resident is: the card, a sign-in on their phone, or what they type."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from tramkit.host.person import Level, Person

TYPED, CARD, NEITHER = "typed", "card", "neither"
"""Ids of the ways that are the core's own; ``neither``: the resident does none of it. A sign-in has its method's."""


@dataclass(frozen=True)
class Wanted:
    """How surely somebody must be known.

    :param exactly: a sign-in does not stand in for the chip, nor the chip for a sign-in.
    """

    level: Level
    exactly: bool

    @property
    def needs_chip(self) -> bool:
        """Whether what a card's printed code or the resident says is not enough."""
        return self.level not in (Level.NONE, Level.CLAIMED)

    def reached_by(self, person: Person) -> bool:
        """Tell whether a person is known so surely."""
        return person.reaches(self.level, exactly=self.exactly)


class Way(ABC):
    """One way to learn who the resident is.

    :cvar id: by which another way names it.
    """

    id: str

    @abstractmethod
    async def take(self, wanted: Wanted) -> Person | str:
        """Lead the resident along it; return who they are, or the id of the way that they chose instead."""
