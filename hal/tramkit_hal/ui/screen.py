"""The contract of a screen: a device that shows pages and returns events."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

from tramkit_hal.data import Data
from tramkit_hal.device.base import Capabilities, Device
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import AnyPage, Ask, Call, Capture, Control, Pay, View
from tramkit_hal.video import NewestFrame


class ScreenCapabilities(Capabilities):
    """What a screen can show.

    :param video: ``full``: a picture good enough to talk to somebody; ``framing``: good enough to see whether a face
        is in it; ``none``.
    :param codes: shows QR codes.
    :param touch: takes touches (else keys).
    :param draws: can be drawn on.
    """

    video: Literal["none", "framing", "full"] = "full"
    codes: bool = True
    touch: bool = True
    draws: bool = True

    def lacks(self, page: AnyPage) -> str:
        """Return what a page asks for that this screen cannot do, in words for an engineer; empty: it can do all."""
        if isinstance(page, Call) and self.video != "full":
            return "a moving picture to talk to"
        if isinstance(page, Capture) and page.video and self.video == "none":
            return "a moving picture"
        if (getattr(page, "codes", ()) or (isinstance(page, Pay) and page.code)) and not self.codes:
            return "QR codes"
        if isinstance(page, Ask) and any(f.control is Control.SIGNATURE for f in page.fields) and not self.draws:
            return "a surface to draw on"
        return ""


class Shown(Data):
    """One thing that a person finds on the screen, as :meth:`Screen.describe` reports it.

    :param role: ``heading``, ``text``, ``button``, ``field``, ``option``, ``fact``, ``code``, ``picture``, ``error``.
    :param name: its words in the language shown.
    :param value: what stands in a field, or the value of a fact.
    :param state: ``selected``, ``limited``, ``closed`` … or empty.
    :param error: what is wrong with it.
    :param action: what pressing it answers (``continue``, an option's value, ``back`` …).
    """

    role: Literal["heading", "text", "button", "field", "option", "fact", "code", "picture", "error"]
    name: str
    value: str = ""
    state: str = ""
    error: str = ""
    action: str = ""


class Screen(Device):
    """A screen. It knows nothing but the view it shows; ``wipe`` leaves no trace of the one before."""

    @property
    @abstractmethod
    def capabilities(self) -> ScreenCapabilities: ...

    @property
    def addresses(self) -> dict[str, str]:
        """Return addresses for the operator to open, by what they are for; empty where there are none."""
        return {}

    @abstractmethod
    async def show(self, view: View) -> None:
        """Show a view instead of the one before; returns when the screen has taken it."""

    @abstractmethod
    async def next_event(self) -> Answered | Pressed | Touched:
        """Return the next thing the resident does, waiting for it. Events on an older page may still come."""

    @abstractmethod
    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        """Give a name to a moving picture that pages refer to; None takes it away."""

    @abstractmethod
    async def describe(self) -> list[Shown]:
        """Return what is really rendered now, in reading order."""
