"""What a visit may ask of the station: the one interface between a plugin's side and the station's.

Whatever crosses is data that survives JSON; moving pictures and sound are streams, opened by name. Inline the calls are
direct; beside a process the same calls go over a pipe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import Field, JsonValue

from tramkit.asking.idle import Idle
from tramkit.host.order import Order, Record
from tramkit.host.person import Level, Person
from tramkit.host.results import HandedOver
from tramkit.host.steps import StationStep, StepDone
from tramkit_hal.contracts.audio import Sound, SoundQueue
from tramkit_hal.data import Data
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Document
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import AnyPage, Call, Pay, Wait
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import Text


class Unreachable(Data):
    """A level of identity that cannot be reached here now, and why, for the resident."""

    level: Level
    exactly: bool
    reason: Text


class Snapshot(Data):
    """What an author finds out without waiting; it comes anew with each answer of the station.

    :param language: the resident reads now.
    :param now: the station's clock, aware, in UTC.
    :param unreachable: the levels of identity that cannot be reached.
    """

    language: str
    now: datetime
    unreachable: tuple[Unreachable, ...] = ()

    def why_unreachable(self, level: Level, *, exactly: bool) -> Text | None:
        """Return why a level cannot be reached; None: it can."""
        return next((each.reason for each in self.unreachable if (each.level, each.exactly) == (level, exactly)), None)


class Begun(Data):
    """What a run of a service begins with.

    :param seed: of the visit's randomness, the same for each run.
    :param person: who the resident was known to be before the service began.
    """

    seed: int
    person: Person | None = None


class StaffCalled(Data):
    """A call for staff.

    :param phone: the number that the resident can call meanwhile.
    """

    id: int
    reason: Text
    asked_at: datetime
    phone: str


class Opened(Data):
    """A device that the visit may use, or what can be said of one without using it.

    :param handle: names it in further calls; empty: there is none that can be used now.
    :param capabilities: as the device's contract declares them.
    """

    handle: str = ""
    capabilities: dict[str, JsonValue] = Field(default_factory=dict)


class Host(Protocol):
    """The station, as one visit's service sees it.

    :raises VisitIsOverError: by each call, once the visit has ended.
    """

    @property
    def snapshot(self) -> Snapshot:
        """What came with the last answer."""
        ...

    async def begin(self, kept: Sequence[str]) -> Begun:
        """Begin a run of the service, the first one or after Back.

        :param kept: keys of the station's steps that stand; the others are taken back, and the person worked out anew.
        """
        ...

    async def show(self, page: AnyPage, idle: Idle, *, back: bool, scanned: str = "") -> Answered:
        """Show a page and return its answer; never returns where the resident leaves or goes back.

        :param back: the service has an answer that can be taken back.
        :param scanned: the field that a code before the scanner answers too; empty: none.
        """
        ...

    async def step(self, key: str, asked: StationStep, *, again: bool) -> StepDone:
        """Do a step of the station.

        :param key: names the step within the service; what stands under it is not asked again.
        :param again: what was done under the key before, and taken back since, stands again unasked.
        """
        ...

    async def place(self, order: Order) -> Record | None:
        """Have an order paid and carried out and the receipt handed out; see :meth:`Visit.place`."""
        ...

    async def print(self, document: Document, name: str) -> HandedOver:
        """Hand a document over; the same name prints once in a visit."""
        ...

    async def commit(self, because: Text) -> None:
        """Refuse Back with these words from here on."""
        ...

    async def call_staff(self, reason: Text) -> StaffCalled:
        """Call staff; the same reason calls once in a visit."""
        ...

    async def staff_comes(self, call: int) -> datetime:
        """Wait until staff have said that they come; return when."""
        ...

    async def wait_for_tries(self, what: str, most: int, seconds: float) -> float:
        """Return for how many seconds nothing more of a kind may be tried here; see :meth:`Visit.must_wait`."""
        ...

    async def wrong_try(self, what: str) -> None:
        """Count a wrong try of a kind, over all visits."""
        ...

    async def live_open(self, page: Wait | Call | Pay) -> int:
        """Show a page that changes while it stands; return what names it.

        :raises RuntimeError: nothing was committed yet.
        """
        ...

    async def live_update(self, live: int, page: Wait | Call | Pay) -> None:
        """Show another state of it."""
        ...

    async def live_answer(self, live: int) -> str:
        """Wait for the next choice that the resident presses there."""
        ...

    async def live_typed(self, live: int) -> str:
        """Wait until something else has been typed into its field; return what stands there."""
        ...

    async def live_close(self, live: int) -> None:
        """End it."""
        ...

    async def about(self, role: Role) -> Opened:
        """Say what the first usable device of a role can do, without taking it."""
        ...

    async def open(self, role: Role) -> Opened:
        """Take the first usable device of a role for this visit.

        :raises DeviceError: there is none now.
        """
        ...

    async def do(self, handle: str, operation: str, arguments: Mapping[str, JsonValue]) -> JsonValue:
        """Let a device that was opened do something that its contract lets a service ask for.

        :raises DeviceError: it does not.
        """
        ...

    def picture(self, handle: str) -> NewestFrame:
        """Return the stream of a camera's pictures."""
        ...

    def sound(self, handle: str) -> SoundQueue:
        """Return the stream of a microphone that was started."""
        ...

    def play(self, handle: str, sound: Sound) -> None:
        """Give a speaker that was started a piece of sound, or a recogniser.

        :raises DeviceError: it is gone.
        """
        ...

    def backlog(self, handle: str) -> float:
        """Return the seconds of sound that wait at a speaker."""
        ...

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        """Give a name to a moving picture for Capture and Call pages; None takes it away."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait by the station's clock."""
        ...
