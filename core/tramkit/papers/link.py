"""A link for one phone: what it asks for, how far it is, and what happens at it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field
from typing import Literal

from tramkit.papers.problem import Kind as FileKind
from tramkit.papers.problem import Made, Problem
from tramkit_hal.words import Text

Kind = Literal["opened", "stranger", "sending", "refused", "arrived", "moved"]


@dataclass(frozen=True)
class LinkEvent:
    """Something that happened at a link.

    :param kind: ``stranger``: another phone has tried to open it; ``moved``: its address is another one now.
    :param problems: why what was sent is not taken.
    :param of: what each of those files is.
    """

    kind: Kind
    problems: tuple[Problem, ...] = ()
    of: tuple[FileKind, ...] = ()
    files: tuple[Made, ...] = ()


@dataclass
class Link:
    """A link that is shown: what it asks for and how far it is.

    :param what: the paper, in the resident's words.
    :param most: files that it takes.
    :param room: bytes that they may have together.
    :param kind: a paper, or a photo of something.
    :param expires: seconds of the station's clock.
    """

    address: str
    token: str
    what: Text
    most: int
    room: int
    language: str
    expires: float
    kind: Literal["paper", "photo"] = "paper"
    phone: str = ""
    """The secret of the phone on which somebody has begun; empty: none yet."""
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)
    """Seals what a phone is known by that has looked at the link."""
    spent: bool = False
    sending: bool = False
    attempts: int = 0
    events: asyncio.Queue[LinkEvent] = field(default_factory=lambda: asyncio.Queue[LinkEvent](100))

    def tell(self, what: LinkEvent) -> None:
        """Tell the station's screen; a phone that does more than anybody could look at is not heard."""
        with contextlib.suppress(asyncio.QueueFull):
            self.events.put_nowait(what)
