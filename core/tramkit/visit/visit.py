"""A visit: what a service sees of one resident's time at the station.

Each method that shows a page is a step of the journal, so that Back can replay the conversation. Nothing that passes
through here is kept after the visit.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import to_jsonable_python

from tramkit.capture import capture, printing, scanning, signature
from tramkit.capture.capture import CameraTest
from tramkit.capture.printing import HandedOver
from tramkit.checkout import paying
from tramkit.conversation.conversation import BackPressed, ChangePressed, Conversation, Ended, Ending, VisitIsOver
from tramkit.conversation.staff import StaffBell, StaffCall
from tramkit.conversation.timeouts import Idle
from tramkit.forms import Form
from tramkit.host.days import day_of
from tramkit.host.journal import Entry, Journal
from tramkit.host.order import Order, Record
from tramkit.host.person import Level, Person
from tramkit.identity import identifying
from tramkit.identity.face_check import FaceCheck
from tramkit.identity.means import IdentityMeans
from tramkit.orders.attachments import MOST_BYTES, Attachment
from tramkit.orders.runner import Runner
from tramkit.papers.asking import Asked, ask_papers
from tramkit.station.devices import Devices
from tramkit.visit.live import Live
from tramkit_hal.contracts.vital import Reading, Vital
from tramkit_hal.device.base import Device
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Document
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import AnyPage, Ask, Call, Check, Choose, Done, Fact, Option, Pay, Read, Tell, Tone, Wait
from tramkit_hal.ui.screen import Screen
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import Messages, Text

if TYPE_CHECKING:
    from tramkit.papers.server import Uploads

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

F = TypeVar("F", bound=Form)
D = TypeVar("D", bound=Device)
T = TypeVar("T")

CONTINUE = _("Continue")

QUIET_SECONDS = 0.4
"""How long the outside world may take before the resident is told to wait."""

MOST_FILES = 5
"""Files that one paper takes unless the service says otherwise."""

CANCEL_SECONDS = 5.0
"""How long a cancelled service may take to put its things away."""


class Visit:
    """One resident's time at the station, as a service sees it.

    :ivar id: names the visit in logs; new each time.
    :ivar person: who the resident is, once known.
    :ivar face: portrait of the card and tries of the face check, for the core's own steps; Back changes nothing of it.
    :ivar uploads: where phones send papers to; None: this station takes none that way. For the core's own steps.
    :ivar ending: how the visit ends, set before the service is cancelled; None while it goes on.
    """

    def __init__(
        self,
        *,
        id: str,
        conversation: Conversation,
        screen: Screen,
        devices: Devices,
        bell: StaffBell,
        clock: Clock,
        seed: int,
        runner: Runner | None = None,
        means: IdentityMeans | None = None,
        uploads: Uploads | None = None,
    ) -> None:
        self.id = id
        self.uploads = uploads
        self.means = means or IdentityMeans(devices)
        self._runner = runner
        self._orders = 0
        self._given = 0
        self.person: Person | None = None
        self.face = FaceCheck()
        self.ending: Ending | None = None
        self._conversation = conversation
        self._screen = screen
        self._devices = devices
        self._bell = bell
        self._clock = clock
        self._seed = seed
        self._random = Random(seed)
        self._journal = Journal()
        self.current = ""
        self._lives = 0
        self._calls: dict[str, StaffCall] = {}
        self._claimed: set[Device] = set()
        self._videos: set[str] = set()
        self._over = False
        self.undead = False
        """The service did not stop when it was told to: what it holds is not known."""

    # ── what a service asks ───────────────────────────────────────────────────────────────────────────────

    @property
    def language(self) -> str:
        """The language the resident reads now; it can change at any page."""
        return self._conversation.language

    @property
    def random(self) -> Random:
        """Randomness that is the same in each replay."""
        return self._random

    def now(self) -> datetime:
        """Return the time, aware, in UTC; the same in each replay and after Back."""
        key = self._journal.key("now")
        entry = self._journal.replay(key)
        if entry is not None:
            return entry.value
        kept = self._journal.kept(key)
        now = kept.value if kept is not None else self._clock.now()
        self._journal.record(Entry(key, "", now, answer=False))
        return now

    def today(self) -> date:
        """Return the day in Vietnam, the same in each replay."""
        return day_of(self.now())

    async def identify(self, level: Level = Level.CLAIMED, *, exactly: bool = False) -> Person:
        """Learn who the resident is, as surely as a level says, asking only for the steps that are missing.

        Card on the reader, card's QR, typed (``CLAIMED`` only), face, sign-in on the resident's own phone: what the
        station has and the level allows. The person is then :attr:`person`.

        :param exactly: a sign-in does not stand in for the chip, nor the chip for a sign-in.
        :raises NotIdentified: it cannot be had here, or the resident does not want it; the station tells them if the
            service does not.
        """
        self.person = await identifying.identify(self, level, exactly)
        return self.person

    def why_unreachable(self, level: Level, *, exactly: bool = False) -> Text | None:
        """Return why the resident cannot be identified so surely here now, for them; None: they can.

        The same in each replay.
        """
        if self.person is not None and self.person.reaches(level, exactly=exactly):
            return None
        key = self._journal.key(f"reachable:{level.value}:{exactly}")
        entry = self._journal.replay(key)
        if entry is not None:
            return entry.value
        why = self.means.why_not(level, exactly=exactly)
        self._journal.record(Entry(key, "", why, answer=False))
        return why

    def reachable(self, level: Level, *, exactly: bool = False) -> bool:
        """Tell whether the resident can be identified so surely here now; the same in each replay."""
        return self.why_unreachable(level, exactly=exactly) is None

    async def choose(self, title: Text, options: Sequence[Option], *, body: Sequence[Text] = (), name: str = "") -> str:
        """Let the resident choose one; return its value. A closed option says its reason and is not taken."""

        def page(kept: Any) -> AnyPage:
            return Choose(title=title, body=tuple(body), options=tuple(options), selected=kept or "")

        idle = Idle.MENU if name == "menu" else Idle.QUESTION
        return await self.step("choose", title, page, lambda answered: answered.choice, idle, name=name)

    async def ask(
        self,
        form: type[F],
        title: Text,
        *,
        body: Sequence[Text] = (),
        action: Text | None = None,
        prefill: Mapping[str, str] | None = None,
        sources: Mapping[str, Text] | None = None,
        scanned: str = "",
        name: str = "",
    ) -> F:
        """Ask a form's questions on one page until they are answered well; return the form.

        :param prefill: what stands in the fields at first, by field, as typed.
        :param sources: where a prefilled value came from, by field.
        :param scanned: the field, of a form with one, that a code before the scanner answers too.
        """
        base = f"{form.__qualname__} {name}"
        name = name or form.__name__
        attempts = 0
        errors: dict[str, Text] = {}
        typed: Mapping[str, str] = dict(prefill or {})

        def page(kept: Any) -> AnyPage:
            values = {**typed, **kept} if kept and not attempts else typed
            fields = form.views(values, errors, sources or {} if not attempts else {})
            return Ask(title=title, body=tuple(body), fields=fields, attempts=attempts, action=action or CONTINUE)

        def read(answered: Answered) -> Any:
            nonlocal typed, errors, attempts
            typed = dict(answered.values)
            found, errors = form.read(typed)
            attempts += bool(errors)
            return None if found is None else found.typed()

        value = await self.step("ask", title, page, read, Idle.QUESTION, name=name, base=base, scanned=scanned)
        found, _errors = form.read(value)
        assert found is not None
        return found

    async def read(self, title: Text, *body: Text, action: Text | None = None) -> None:
        """Let the resident read something long."""

        def page(kept: Any) -> AnyPage:
            return Read(title=title, body=body, action=action or CONTINUE)

        await self.step("read", title, page, _done, Idle.READING)

    async def check(self, title: Text, facts: Sequence[Fact], *, action: Text, body: Sequence[Text] = ()) -> None:
        """Let the resident look over the answers; each fact with ``change`` leads back to the answer of that name."""

        def page(kept: Any) -> AnyPage:
            return Check(title=title, body=tuple(body), facts=tuple(facts), action=action)

        await self.step("check", title, page, _done, Idle.READING)

    async def tell(
        self,
        title: Text,
        *body: Text,
        tone: Tone = Tone.PLAIN,
        large: Text | None = None,
        facts: Sequence[Fact] = (),
        options: Sequence[Option] = (),
        codes: Sequence[str] = (),
        action: Text | None = CONTINUE,
    ) -> str:
        """Tell the resident something; return ``continue`` or the value of the option chosen."""

        def page(kept: Any) -> AnyPage:
            return Tell(
                title=title,
                body=body,
                tone=tone,
                large=large,
                facts=tuple(facts),
                options=tuple(options),
                codes=tuple(codes),
                action=action,
            )

        return await self.step("tell", title, page, lambda answered: answered.choice, Idle.READING)

    async def measure(self, kind: Vital, title: Text, *body: Text) -> Reading | None:
        """Measure a vital sign; None where the resident skips it or the station cannot measure it."""
        return await capture.measure(self, kind, title, body)

    async def try_camera(self, title: Text, *body: Text) -> CameraTest:
        """Let the resident see and hear whether camera and microphone work."""
        return await capture.try_camera(self, title, body)

    async def papers(
        self, title: Text, *body: Text, name: str, most: int = MOST_FILES, later: Text | None = None
    ) -> tuple[Attachment, ...]:
        """Ask for a paper, or for photos: by the station's camera, or from the resident's own phone.

        What is given is looked at, made anew without what hangs on it, and stays in memory until it is placed as
        :attr:`Order.attachments`.

        :param name: names the files, ``NAME-1``, ``NAME-2`` …, and the answer for a Change link.
        :param most: files that are taken.
        :param later: words of the answer that gives nothing here.
        :returns: the files; none: it is brought to the counter.
        """
        room = MOST_BYTES - self._given
        later = later or _("I will bring it to the counter")
        found = await ask_papers(self, Asked(title, body, name, most, room, later))
        self._given += sum(each.size for each in found)
        return found

    async def sign(self, title: Text, *body: Text, name: str = "signature") -> Attachment:
        """Have the resident sign on the screen, or type the full name where a hand or a screen cannot draw.

        :param name: of the attachment, and of the answer for a Change link.
        :returns: ``image/png`` of what was drawn, or ``text/plain`` with the name that was typed.
        """
        return await signature.sign(self, title, body, name)

    async def fetch(self, call: Callable[..., Awaitable[T]], *args: Any, title: Text | None = None) -> T:
        """Ask the outside world something that changes nothing there; a replay gives the same answer.

        :param call: an async function; its result must be data (pydantic models, lists, numbers, strings).
        :param title: shown while it takes long.
        """
        what = json.dumps(to_jsonable_python(args), sort_keys=True)
        key = self._journal.key(f"fetch:{call.__qualname__}:{_digest(what)}")
        entry = self._journal.replay(key)
        if entry is not None:
            return copy.deepcopy(entry.value)
        kept = self._journal.kept(key)
        if kept is not None:
            result = kept.value
        else:
            result = await self.meanwhile(call(*args), title or _("One moment, please"))
            to_jsonable_python(result)  # data only: a plugin may run in a process of its own one day
        self._journal.record(Entry(key, "", result, answer=False))
        return copy.deepcopy(result)  # the service's own: what it does with it is no part of the journal

    async def meanwhile(self, work: Awaitable[T], title: Text) -> T:
        """Wait for work, telling the resident so where it takes longer than a moment."""
        task = asyncio.ensure_future(work)
        shown: asyncio.Task[Any] | None = None

        async def tell() -> None:
            await self._clock.sleep(QUIET_SECONDS)
            await self._conversation.exchange(Wait(id=self.page_id("wait"), title=title), Idle.WAITING)

        try:
            shown = asyncio.create_task(tell())
            return await task
        finally:
            for each in (task, shown):
                if each is not None and not each.done():
                    each.cancel()

    async def place(self, order: Order) -> Record | None:
        """Have an order paid and carried out, and hand out the receipt; from here on it is durable.

        The core chooses the way of paying, draws the Pay page from the order alone and shows what became of it. Where
        nothing was paid it offers another attempt, which is an order of its own. Whoever leaves meanwhile finds the
        result under the receipt's code.

        :returns: the last attempt's order as the ledger has it; None: nothing was ordered, and the resident knows it.
        """
        return await paying.place(self, self._runner, order)

    async def commit(self, because: Text) -> None:
        """From here on the outside world knows: Back explains with these words instead of going back."""
        self._conversation.committed = because

    @contextlib.asynccontextmanager
    async def live(self, page: Wait | Call | Pay) -> AsyncGenerator[Live]:
        """Show a page that changes while it stands (a queue, a call); only after :meth:`commit`."""
        if self._conversation.committed is None:
            raise RuntimeError("visit.live() comes after visit.commit(): a live page cannot be replayed by Back")
        self._lives += 1
        page = page.model_copy(update={"id": f"live{self._lives}"})
        live = Live(self._conversation, page, Idle.NONE if isinstance(page, Call) else Idle.WAITING)
        task = asyncio.create_task(live.run(), name="live page")
        try:
            yield live
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)  # a visit that ends just now is not swallowed

    async def print(self, document: Document, *, name: str) -> HandedOver:
        """Hand a document over: on paper, or as codes for the screen where there is no paper.

        :param name: the same name prints once in a visit.
        """
        return await printing.hand_over(self, document, name)

    def call_staff(self, reason: Text) -> StaffCall:
        """Call staff to the station; the same reason calls once in a visit.

        :param reason: for staff, without personal data.
        """
        if reason.id not in self._calls:
            self._calls[reason.id] = self._bell.ring(reason)
        return self._calls[reason.id]

    def device(self, role: Role, contract: type[D]) -> D:
        """Return the first usable device of a role, claimed for this visit.

        :raises DeviceError: there is none now.
        """
        for device in self._devices.usable(role, contract):
            with contextlib.suppress(DeviceError):
                self.claim(device)
                return device
        raise DeviceError(Trouble.UNPLUGGED, role.value)

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        """Give a name to a moving picture for Capture and Call pages; None takes it away."""
        self._alive()
        self._screen.set_video(name, picture)
        self._videos.add(name)

    async def done(
        self,
        title: Text,
        *body: Text,
        facts: Sequence[Fact] = (),
        codes: Sequence[str] = (),
        action: Text | None = None,
    ) -> None:
        """Tell the resident that the service is done; the visit ends after it."""

        def page(kept: Any) -> AnyPage:
            return Done(title=title, body=body, facts=tuple(facts), codes=tuple(codes), action=action or _("Finish"))

        await self.step("done", title, page, _done, Idle.READING)

    # ── steps, for the core ───────────────────────────────────────────────────────────────────────────────

    async def step(
        self,
        kind: str,
        title: Text,
        page: Callable[[Any], AnyPage],
        read: Callable[[Answered], Any],
        idle: Idle,
        *,
        name: str = "",
        base: str = "",
        scanned: str = "",
    ) -> Any:
        """Show a page until ``read`` makes a value of its answer; replay, resume and prefill as the journal says.

        :param page: makes the page from the answer that was given or typed before, None at first.
        :param read: makes the value; None: not yet, show the page again.
        :param scanned: the field of an Ask page that a code before the scanner answers too.
        """
        key = self._journal.key(f"{kind}:{base or name or title.id}")
        entry = self._journal.replay(key)
        if entry is not None:
            return entry.value
        shape = _digest(page(None).model_dump_json())
        resumed = self._journal.resumed(key, shape)
        value = resumed.value if resumed is not None else None
        if value is None:
            kept = self._journal.kept(key)
            value = await self._exchange(key, page, read, idle, kept.value if kept else None, scanned)
        self._journal.record(Entry(key, name, value, answer=True, shape=shape))
        return value

    async def _exchange(
        self,
        key: str,
        page: Callable[[Any], AnyPage],
        read: Callable[[Answered], Any],
        idle: Idle,
        kept: Any,
        scanned: str,
    ) -> Any:
        self.current = key
        while True:
            shown = page(kept).model_copy(update={"id": self.page_id(key)})
            if scanned and isinstance(shown, Ask):
                answered = await scanning.ask_or_scan(self, shown, idle, scanned)
            else:
                answered = await self._conversation.exchange(shown, idle, back=self.can_go_back)
            value = read(answered)
            if value is not None:
                return value

    @property
    def can_go_back(self) -> bool:
        """Whether Back is offered: there is an answer before, or it explains why not."""
        return self._journal.can_go_back() or self._conversation.committed is not None

    def kept(self) -> Any:
        """Return what was answered before at the step that is asked now; for the core's own steps."""
        found = self._journal.kept(self.current)
        return found.value if found else None

    def keep(self, value: Any) -> None:
        """Keep what the step that is asked now has so far, for when the resident comes back; None forgets it."""
        self._journal.keep_draft(self.current, value)

    @property
    def conversation(self) -> Conversation:
        """The exchange of pages; for the core's own steps."""
        return self._conversation

    @property
    def journal(self) -> Journal:
        """The journal; for the core's own steps."""
        return self._journal

    @property
    def devices(self) -> Devices:
        """The station's devices; for the core's own steps."""
        return self._devices

    @property
    def screen_draws(self) -> bool:
        """Whether the resident can draw on the screen; for the core's own steps."""
        return self._screen.capabilities.draws

    @property
    def clock(self) -> Clock:
        """The station's clock; for the core's own steps."""
        return self._clock

    def claim(self, device: Device) -> None:
        """Take a device for this visit, which wipes it at the end; for the core's own steps.

        :raises DeviceError: somebody else has it.
        """
        self._alive()
        device.claim(self.id)
        self._claimed.add(device)

    def order_id(self) -> str:
        """Return an id for an order that is placed now, never the same; for the core's own steps."""
        self._orders += 1
        return f"{self.id}-{self._orders}"

    def page_id(self, key: str) -> str:
        """Return the id of the page of a step; for the core's own steps."""
        return f"{key.split(':', maxsplit=1)[0]}-{_digest(key)[:10]}"

    def _alive(self) -> None:
        if self._over:
            raise VisitIsOver

    # ── the life of a visit, for the station ──────────────────────────────────────────────────────────────

    async def run(self, script: Callable[[Visit], Awaitable[None]]) -> Ending:
        """Run the conversation, replaying it on Back, until it ends; return how."""
        while True:
            self._journal.begin()
            self._random = Random(self._seed)
            self._lives = 0
            self._given = 0
            self.person = None
            task = asyncio.ensure_future(script(self))
            signal = self._conversation.signal
            await asyncio.wait({task, signal}, return_when=asyncio.FIRST_COMPLETED)
            if not signal.done():
                return self._finished(task)
            match signal.result():
                case Ended(ending=ending):
                    self.ending = ending
                    await self._conversation.announce(Wait(id="ending", title=_("Deleting your information…")))
                    await self._cancel(task)
                    return ending
                case _ if not await self._cancel(task):  # two runs must not share a visit
                    self.ending = "fault"
                    return "fault"
                case BackPressed(typed=typed):
                    if typed and self.current:
                        self._journal.keep_draft(self.current, dict(typed))
                    self._journal.back()
                case ChangePressed(name=name):
                    if not self._journal.change(name, resume_until=self.current):
                        _log.warning("change link leads nowhere", extra={"visit": self.id})
            self._conversation.renew()

    def _finished(self, task: asyncio.Future[None]) -> Ending:
        error = task.exception() if not task.cancelled() else asyncio.CancelledError()
        if error is None:
            self.ending = "done"
        else:
            self.ending = "fault"
            _log.error("service failed", extra={"visit": self.id}, exc_info=error)
        return self.ending

    async def _cancel(self, task: asyncio.Future[None]) -> bool:
        """Cancel the service; return whether it has stopped."""
        task.cancel()
        done, _pending = await asyncio.wait({task}, timeout=CANCEL_SECONDS)
        if not done:
            self.undead = True
            _log.error("service does not stop", extra={"visit": self.id})
        elif not task.cancelled() and (error := task.exception()) is not None:
            _log.error("service failed while it was ended", extra={"visit": self.id}, exc_info=error)
        return bool(done)

    @property
    def used(self) -> frozenset[Device]:
        """The devices that this visit has used so far."""
        return frozenset(self._claimed)

    def wipe(self) -> None:
        """Forget everything of the resident and give the devices back; who goes on with the visit gets an error."""
        self._over = True
        self._journal.wipe()
        self.person = None
        self.face.forget()
        self.current = ""
        self._conversation.close()
        for name in self._videos:
            self._screen.set_video(name, None)
        self._videos.clear()
        for device in self._claimed:
            device.release(self.id)
        self._claimed.clear()
        self._calls.clear()


def _done(answered: Answered) -> bool:
    return True


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
