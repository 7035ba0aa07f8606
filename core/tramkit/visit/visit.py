"""A visit: what a service sees of one resident's time at the station.

Each method that shows a page is a step of the journal, so that Back can replay the conversation. Nothing that passes
through here is kept after the visit.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import date, datetime
from random import Random
from typing import Any, Literal, TypeVar, overload

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from tramkit.asking.idle import Idle
from tramkit.asking.journal import JournalEntry
from tramkit.asking.meanwhile import meanwhile
from tramkit.asking.questions import Questions
from tramkit.asking.recorder import Recorder, digest, page_id
from tramkit.host.attachment import Attachment
from tramkit.host.days import day_of
from tramkit.host.ending import VisitEnding
from tramkit.host.host import Begun, Host
from tramkit.host.order import Order, Record
from tramkit.host.person import KnownPerson, Level, NotIdentifiedError, Person
from tramkit.host.results import CameraTest, HandedOver
from tramkit.host.steps import CameraStep, IdentifyStep, MeasureStep, PapersStep, SignStep
from tramkit.visit.devices import CameraHandle, MicrophoneHandle, SpeakerHandle, SpeechRecogniserHandle
from tramkit.visit.live import Live
from tramkit.visit.staff import StaffCall
from tramkit.visit.station_steps import StationSteps
from tramkit_hal.contracts.vital import Reading, Vital
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Document
from tramkit_hal.ui.pages import Call, Pay, Wait
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import Messages, Text

_ = Messages("tramkit")

T = TypeVar("T")

MAX_FILES = 5
"""Files that one paper takes unless the service says otherwise."""


Sure = Literal[Level.CHIP, Level.CHIP_FACE, Level.VNEID]
"""The levels at which a person's number is certain."""


def _known(person: Person) -> KnownPerson:
    """Return a person with a number.

    :raises NotIdentifiedError: whoever identified them gave none.
    """
    try:
        return KnownPerson.model_validate(person.model_dump())
    except ValidationError:
        raise NotIdentifiedError(_("The identity number could not be read.")) from None


class Visit(Questions):
    """One resident's time at the station, as a service sees it.

    :ivar id: names the visit in logs; new each time.
    :ivar ending: how the visit ends, set before the service is cancelled; None while it goes on.
    """

    def __init__(self, id: str, host: Host, recorder: Recorder, begun: Begun) -> None:
        super().__init__(recorder)
        self.id = id
        self.ending: VisitEnding | None = None
        self.random = Random(begun.seed)
        """Randomness that is the same in each replay."""
        self._host = host
        self._steps = StationSteps(host, recorder, begun.person)

    # ── what a service finds out ──────────────────────────────────────────────────────────────────────────

    @property
    def language(self) -> str:
        """The language the resident reads now; it can change at any page."""
        return self._host.snapshot.language

    @property
    def person(self) -> Person | None:
        """Who the resident is, once known; the station does not believe it when it comes back."""
        return self._steps.person

    @property
    def known(self) -> KnownPerson:
        """Who the resident is, for a service whose ``identity`` is ``CHIP`` or more.

        :raises NotIdentifiedError: they are not known so surely.
        """
        if self.person is None or not self.person.reaches(Level.CHIP):
            raise NotIdentifiedError(_("For this the station must know for sure who you are."))
        return _known(self.person)

    def now(self) -> datetime:
        """Return the time, aware, in UTC; the same in each replay and after Back."""
        return self._recorder.note("now", lambda: self._host.snapshot.now)

    def today(self) -> date:
        """Return the day in Vietnam, the same in each replay."""
        return day_of(self.now())

    def why_unreachable(self, level: Level, *, exactly: bool = False) -> Text | None:
        """Return why the resident cannot be identified so surely here now, for them; None: they can.

        The same in each replay.
        """
        if self.person is not None and self.person.reaches(level, exactly=exactly):
            return None
        return self._recorder.note(
            f"reachable:{level.value}:{exactly}",
            lambda: self._host.snapshot.why_unreachable(level, exactly=exactly),
        )

    def reachable(self, level: Level, *, exactly: bool = False) -> bool:
        """Tell whether the resident can be identified so surely here now; the same in each replay."""
        return self.why_unreachable(level, exactly=exactly) is None

    async def fetch(self, call: Callable[..., Awaitable[T]], *args: Any, title: Text | None = None) -> T:
        """Ask the outside world something that changes nothing there; a replay gives the same answer.

        :param call: an async function; its result must be data (pydantic models, lists, numbers, strings).
        :param title: shown while it takes long.
        """
        journal = self._recorder.journal
        what = json.dumps(to_jsonable_python(args), sort_keys=True)
        key = journal.key(f"fetch:{call.__qualname__}:{digest(what)}")
        entry = journal.replay(key)
        if entry is not None:
            return copy.deepcopy(entry.value)
        kept = journal.kept(key)
        if kept is not None:
            result = kept.value
        else:
            result = await self.meanwhile(call(*args), title or _("One moment, please"))
            to_jsonable_python(result)  # data only: it may come over a pipe
        journal.record(JournalEntry(key, "", result, answer=False))
        return copy.deepcopy(result)  # the service's own: what it does with it is no part of the journal

    async def must_wait(self, what: str, attempt: int, *, most: int = 10, seconds: float = 600.0) -> float:
        """Return for how many seconds nothing of a kind may be tried: too many were wrong here, in whatever visits.

        The station counts, so that it holds over the processes of visits. The same in each replay.

        :param what: the kind, e.g. ``dossier code``; never what was tried.
        :param attempt: number of the try in this visit.
        :param most: that may be wrong within ``seconds``.
        """
        return await self.fetch(self._must_wait, what, attempt, most, seconds)

    async def was_wrong(self, what: str, attempt: int) -> None:
        """Count a wrong try of a kind; going back and on again counts it once.

        :param attempt: number of the try in this visit.
        """
        await self.fetch(self._was_wrong, what, attempt)

    async def _must_wait(self, what: str, _attempt: int, most: int, seconds: float) -> float:
        return await self._host.wait_for_tries(what, most, seconds)

    async def _was_wrong(self, what: str, _attempt: int) -> None:
        await self._host.wrong_try(what)

    async def meanwhile(self, work: Awaitable[T], title: Text) -> T:
        """Wait for work, telling the resident so where it takes longer than a moment."""

        async def tell() -> None:
            await self._host.show(Wait(id=page_id("wait"), title=title), Idle.WAITING, back=False)

        return await meanwhile(work, self._host.sleep, tell)

    # ── what the station does for it ──────────────────────────────────────────────────────────────────────

    @overload
    async def identify(self, level: Sure, *, exactly: bool = False) -> KnownPerson: ...

    @overload
    async def identify(self, level: Level = Level.CLAIMED, *, exactly: bool = False) -> Person: ...

    async def identify(self, level: Level = Level.CLAIMED, *, exactly: bool = False) -> Person:
        """Learn who the resident is, as surely as a level says, asking only for the steps that are missing.

        Card on the reader, card's QR, typed (``CLAIMED`` only), face, sign-in on the resident's own phone: what the
        station has and the level allows. The person is then :attr:`person`; from ``CHIP`` on one whose number is
        certain.

        :param exactly: a sign-in does not stand in for the chip, nor the chip for a sign-in.
        :raises NotIdentifiedError: it cannot be had here, or the resident does not want it; the station tells them
            if the service does not.
        """
        person = self.person
        if person is None or not person.reaches(level, exactly=exactly):
            person = (await self._steps.do(IdentifyStep(level=level, exactly=exactly), "identity")).person
        assert person is not None
        return person if level in (Level.NONE, Level.CLAIMED) else _known(person)

    async def papers(
        self,
        title: Text,
        *body: Text,
        name: str,
        most: int = MAX_FILES,
        later: Text | None = None,
        what: Literal["paper", "photo"] = "paper",
    ) -> tuple[Attachment, ...]:
        """Ask for a paper, or for photos: by the station's camera, or from the resident's own phone.

        What is given is looked at, made anew without what hangs on it, and stays in the station's memory until it is
        placed as :attr:`Order.attachments`; the service holds handles without the data.

        :param name: names the files, ``NAME-1``, ``NAME-2`` …, and the answer for a Change link.
        :param most: files that are taken.
        :param later: words of the answer that gives nothing here.
        :param what: a paper, which must be readable, or a photo of something: a leak, a meter.
        :returns: the files; none: it is brought to the counter.
        """
        later = later or _("I will bring it to the counter")
        asked = PapersStep(title=title, body=body, name=name, most=most, later=later, what=what)
        return (await self._steps.do(asked, name)).files

    async def sign(self, title: Text, *body: Text, name: str = "signature") -> Attachment:
        """Have the resident sign on the screen, or type the full name where a hand or a screen cannot draw.

        :param name: of the attachment, and of the answer for a Change link.
        :returns: ``image/png`` of what was drawn, or ``text/plain`` with the name that was typed; without the data.
        """
        (signature,) = (await self._steps.do(SignStep(title=title, body=body, name=name), name)).files
        return signature

    async def measure(self, kind: Vital, title: Text, *body: Text) -> Reading | None:
        """Measure a vital sign; None where the resident skips it or the station cannot measure it."""
        return (await self._steps.do(MeasureStep(vital=kind, title=title, body=body), kind.value)).reading

    async def measurable(self) -> frozenset[Vital]:
        """Return the vital signs that can be measured here now."""
        kinds = (await self._host.about(Role.VITAL_SENSOR)).capabilities.get("kinds", [])
        return frozenset(Vital(str(kind)) for kind in kinds) if isinstance(kinds, list) else frozenset()

    async def try_camera(self, title: Text, *body: Text) -> CameraTest:
        """Let the resident see and hear whether camera and microphone work."""
        found = (await self._steps.do(CameraStep(title=title, body=body), "camera")).camera
        assert found is not None
        return found

    async def place(self, order: Order) -> Record | None:
        """Have an order paid and carried out, and hand out the receipt; from here on it is durable.

        The core chooses the way of paying, draws the Pay page from the order alone and shows what became of it. Where
        nothing was paid it offers another attempt, which is an order of its own. Whoever leaves meanwhile finds the
        result under the receipt's code.

        :returns: the last attempt's order as the ledger has it; None: nothing was ordered, and the resident knows it.
        """
        return await self._host.place(order)

    async def print(self, document: Document, *, name: str) -> HandedOver:
        """Hand a document over: on paper, or as codes for the screen where there is no paper.

        :param name: the same name prints once in a visit.
        """
        return await self._host.print(document, name)

    async def commit(self, because: Text) -> None:
        """From here on the outside world knows: Back explains with these words instead of going back."""
        await self._host.commit(because)

    async def call_staff(self, reason: Text) -> StaffCall:
        """Call staff to the station; the same reason calls once in a visit.

        :param reason: for staff, without personal data.
        """
        return StaffCall(self._host, await self._host.call_staff(reason))

    @contextlib.asynccontextmanager
    async def live(self, page: Wait | Call | Pay) -> AsyncGenerator[Live]:
        """Show a page that changes while it stands (a queue, a call); only after :meth:`commit`."""
        number = await self._host.live_open(page)
        live = Live(self._host, number, page)
        sending = asyncio.create_task(live.send(), name="live page")
        try:
            yield live
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await self._host.live_close(number)

    # ── devices of a call ─────────────────────────────────────────────────────────────────────────────────

    async def camera(self, role: Role = Role.CAMERA) -> CameraHandle:
        """Take the first camera of a role that works.

        :raises DeviceError: there is none now.
        """
        return CameraHandle(self._host, await self._host.open(role))

    async def microphone(self) -> MicrophoneHandle:
        """Take the first microphone that works.

        :raises DeviceError: there is none now.
        """
        return MicrophoneHandle(self._host, await self._host.open(Role.MICROPHONE))

    async def speaker(self) -> SpeakerHandle:
        """Take the first speaker that works.

        :raises DeviceError: there is none now.
        """
        return SpeakerHandle(self._host, await self._host.open(Role.SPEAKER))

    async def speech_recogniser(self) -> SpeechRecogniserHandle:
        """Take the first recogniser of speech that works, for captions.

        :raises DeviceError: there is none now.
        """
        return SpeechRecogniserHandle(self._host, await self._host.open(Role.SPEECH_RECOGNISER))

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        """Give a name to a moving picture for Capture and Call pages; None takes it away."""
        self._host.set_video(name, picture)
