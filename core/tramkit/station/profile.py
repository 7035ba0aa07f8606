"""What a station says of itself, and of the visit under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tramkit.host.person import Person
from tramkit_hal.ui.pages import Mode


@dataclass(frozen=True)
class Profile:
    """What a station says of itself.

    :param id: names the station to the outside world.
    :param agency: whose station it is, on top of every page.
    :param languages: languages offered, the first one is spoken first.
    """

    id: str
    agency: str
    site: str
    languages: tuple[str, ...] = ("vi", "en")


@dataclass(frozen=True)
class Progress:
    """What the operator may know of the visit under way: nothing personal."""

    visit: str
    service: str
    page: str
    since: datetime


@dataclass(frozen=True)
class GoesOn:
    """What is kept of a visit whose resident wants to do something else.

    :ivar person: who it was, if that was known; they are asked whether they still stand there.
    """

    person: Person | None
    mode: Mode
