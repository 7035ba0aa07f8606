"""The station's side of one resident's visit: what its own steps use, and what is forgotten at the end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from tramkit.asking.idle import Idle
from tramkit.asking.journal import Entry, Journal
from tramkit.asking.meanwhile import meanwhile
from tramkit.asking.questions import Questions
from tramkit.asking.recorder import Recorder, page_id
from tramkit.conversation.codes import MAX_LETTERS, OR_SCAN, PRINTED, scan, scanner_works
from tramkit.conversation.conversation import Conversation
from tramkit.conversation.live_page import LivePage
from tramkit.conversation.staff import StaffBell, StaffCall
from tramkit.host.ending import VisitIsOverError
from tramkit.host.person import Person
from tramkit.station.devices import Devices
from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.scanner import CodeScanner
from tramkit_hal.device.base import Device
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.errors import DeviceError, Mend, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import AnyPage, Ask, Call, Done, Pay, Wait
from tramkit_hal.ui.screen import Screen
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import Text, nfc

_log = logging.getLogger(__name__)

D = TypeVar("D", bound=Device)
T = TypeVar("T")

LOOK_SECONDS = 1.0
"""How often to look whether a device that has gone is back."""

FAILURE_SECONDS = 1.0
"""Between two failures of a role that a resident is told of."""


class StationVisit(Questions):
    """A visit as the station's own steps see it.

    :ivar id: names the visit in logs; new each time.
    :ivar first: the journal of what the station asks before a service begins: the menu, and who the resident is.
    :ivar person: who the resident is, once known.
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
    ) -> None:
        self.first = Journal()
        super().__init__(Recorder(self.first, self.exchange))
        self.id = id
        self.person: Person | None = None
        self.another = False
        """The resident wants to do something else after this."""
        self.conversation = conversation
        self.devices = devices
        self.clock = clock
        self._screen = screen
        self._bell = bell
        self._calls: dict[str, StaffCall] = {}
        self._claimed: set[Device] = set()
        self._videos: set[str] = set()
        self._failed_at: dict[Role, float] = {}
        self._lives = 0
        self._orders = 0
        self._over = False

    # ── pages ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def language(self) -> str:
        """The language the resident reads now; it can change at any page."""
        return self.conversation.language

    @property
    def letterhead(self) -> tuple[Text, ...]:
        """The agency and the place, as they stand on paper."""
        return self.conversation.letterhead

    @property
    def staff_phone(self) -> str:
        """The number under which staff are reached; empty: there is none."""
        return self._bell.phone

    @property
    def screen_draws(self) -> bool:
        """Whether the resident can draw on the screen."""
        return self._screen.capabilities.draws

    @property
    def can_go_back(self) -> bool:
        """Whether Back is offered: there is an answer before, or it explains why not."""
        return self.first.can_go_back() or self.journal.can_go_back() or self.conversation.committed is not None

    async def exchange(self, page: AnyPage, idle: Idle, *, back: bool = False, scanned: str = "") -> Answered:
        """Show a page and return its answer.

        :param back: somebody else has an answer that can be taken back.
        :param scanned: the field of an Ask page that a code before the scanner answers too.
        """
        self.alive()
        if scanned and isinstance(page, Ask):
            return await self._ask_or_scan(page, idle, scanned)
        if isinstance(page, Done):
            return await self._last_page(page, idle, back or self.can_go_back)
        return await self.conversation.exchange(page, idle, back=back or self.can_go_back)

    async def _last_page(self, page: Done, idle: Idle, back: bool) -> Answered:
        """Show the page that ends a service, which also leads to another one; for the service it is over either way.

        :param back: there is an answer before; where it cannot be taken back any more, Back is not offered here.
        """
        page = page.model_copy(update={"another": True})
        answered = await self.conversation.exchange(page, idle, back=back and self.conversation.committed is None)
        self.another = answered.choice == "another"
        return answered.model_copy(update={"choice": "continue"})

    async def _ask_or_scan(self, page: Ask, idle: Idle, field: str) -> Answered:
        """Show a page with one question until it is answered, or its code is held before the scanner."""
        if scanner_works(self.devices):
            page = page.model_copy(update={"body": (*page.body, OR_SCAN)})
        while True:
            read = partial(scan, kinds=PRINTED)
            source = partial(self.while_there, Role.CODE_SCANNER, CodeScanner, read)
            try:
                found = await self.page_or_device(page, [source], idle)
            except DeviceError:  # unreadable: it is held before the scanner again, or typed
                continue
            if isinstance(found, Answered):
                return found
            return Answered(page=page.id, revision=page.revision, values={field: nfc(found)[:MAX_LETTERS]})

    async def meanwhile(self, work: Awaitable[T], title: Text) -> T:
        """Wait for work, telling the resident so where it takes longer than a moment."""

        async def tell() -> None:
            await self.conversation.exchange(Wait(id=page_id("wait"), title=title), Idle.WAITING)

        return await meanwhile(work, self.clock.sleep, tell)

    def commit(self, because: Text) -> None:
        """From here on the outside world knows: Back explains with these words instead of going back."""
        self.conversation.committed = because

    def open_live(self, page: Wait | Call | Pay) -> LivePage:
        """Show a page that changes while it stands (a queue, a call); only after :meth:`commit`."""
        self.alive()
        if self.conversation.committed is None:
            raise RuntimeError("visit.live() comes after visit.commit(): a live page cannot be replayed by Back")
        self._lives += 1
        page = page.model_copy(update={"id": f"live{self._lives}"})
        return LivePage(self.conversation, page, Idle.NONE if isinstance(page, Call) else Idle.WAITING)

    @contextlib.asynccontextmanager
    async def live(self, page: Wait | Call | Pay) -> AsyncGenerator[LivePage]:
        """Show a page that changes while it stands, until the block ends."""
        live = self.open_live(page)
        try:
            yield live
        finally:
            await live.close()

    def call_staff(self, reason: Text) -> StaffCall:
        """Call staff to the station; the same reason calls once in a visit."""
        self.alive()
        if reason.id not in self._calls:
            self._calls[reason.id] = self._bell.ring(reason)
        return self._calls[reason.id]

    def staff_call(self, id: int) -> StaffCall:
        """Return a call that was made in this visit.

        :raises KeyError: there was none.
        """
        return next(call for call in self._calls.values() if call.id == id)

    # ── the journal of the station's steps ────────────────────────────────────────────────────────────────

    @property
    def journal(self) -> Journal:
        """The journal of the step that runs now."""
        return self._recorder.journal

    @property
    def recorder(self) -> Recorder:
        """Where the steps are recorded."""
        return self._recorder

    @property
    def current(self) -> str:
        """Key of what is asked now."""
        return self._recorder.current

    @current.setter
    def current(self, key: str) -> None:
        self._recorder.current = key

    async def one_step(self, base: str, name: str, run: Callable[[], Awaitable[Any]]) -> Any:
        """Run several pages as one entry of the journal.

        :param base: names them within the step.
        :param name: what a Change link calls the answer.
        :param run: shows the pages and returns the value.
        """
        key = self.journal.key(base)
        entry = self.journal.replay(key)
        if entry is not None:
            return entry.value
        resumed = self.journal.resumed(key, base)
        self.current = key
        value = resumed.value if resumed is not None else await run()
        self.journal.record(Entry(key, name, value, answer=value is not None, shape=base))
        return value

    def page_id(self, key: str) -> str:
        """Return the id of the page of a step."""
        return self._recorder.page_id(key)

    def kept(self) -> Any:
        """Return what was answered before at the step that is asked now."""
        found = self.journal.kept(self.current)
        return found.value if found else None

    def keep(self, value: Any) -> None:
        """Keep what the step that is asked now has so far, for when the resident comes back; None forgets it."""
        self.journal.keep_draft(self.current, value)

    # ── devices ───────────────────────────────────────────────────────────────────────────────────────────

    def device(self, role: Role, contract: type[D]) -> D:
        """Return the first usable device of a role, claimed for this visit.

        :raises DeviceError: there is none now.
        """
        for device in self.devices.usable(role, contract):
            with contextlib.suppress(DeviceError):
                self.claim(device)
                return device
        raise DeviceError(Trouble.UNPLUGGED, role.value)

    async def while_there(self, role: Role, contract: type[D], read: Callable[[D], Awaitable[T]]) -> T:
        """Read from the first usable device of a role, whenever there is one: it may go away and come back.

        :raises DeviceError: ``unreadable``, ``access_refused``: the resident's try has failed.
        """
        while True:
            try:
                return await read(self.device(role, contract))
            except DeviceError as error:
                if error.trouble.mend is Mend.RESIDENT:
                    await self._pace(role)
                    raise
                _log.info("cannot read now", extra={"role": role.value, "trouble": error.trouble.value})
                while True:
                    await self.clock.sleep(LOOK_SECONDS)
                    if self.devices.usable(role, contract):
                        break

    async def _pace(self, role: Role) -> None:
        """Wait where a role has just failed before: a device that refuses everything at once is not asked all the time.

        It is the machine that is spared, so the machine's time counts, not the station's clock.
        """
        now = asyncio.get_running_loop().time()
        wait = self._failed_at.get(role, now - FAILURE_SECONDS) + FAILURE_SECONDS - now
        self._failed_at[role] = now + max(0.0, wait)
        await asyncio.sleep(max(0.0, wait))

    async def page_or_device(
        self, page: AnyPage, sources: Sequence[Callable[[], Awaitable[T]]], idle: Idle = Idle.QUESTION
    ) -> Answered | T:
        """Show a page until it is answered or one of the devices delivers or fails, whichever comes first.

        :param idle: ``NONE`` while a device works on the resident, who must sit still: it has a deadline of its own.
        """
        shown = asyncio.create_task(self.exchange(page, idle))
        readers = [asyncio.ensure_future(source()) for source in sources]
        try:
            done, _waiting = await asyncio.wait({shown, *readers}, return_when=asyncio.FIRST_COMPLETED)
            if shown in done:
                return shown.result()
            reader = next(reader for reader in readers if reader in done)
            if reader.exception() is not None:  # what failed does not take away help, or the warning that time is up
                uncovered = asyncio.create_task(self.conversation.uncovered())
                await asyncio.wait({shown, uncovered}, return_when=asyncio.FIRST_COMPLETED)
                uncovered.cancel()
                if shown.done():
                    return shown.result()
            return reader.result()
        finally:
            for task in (shown, *readers):
                task.cancel()
            await asyncio.gather(shown, *readers, return_exceptions=True)

    def replace(self, page: AnyPage) -> None:
        """Show another state of the page that stands now; nothing happens where another one stands there meanwhile."""
        self.conversation.replace(page)

    async def start_camera(self, *roles: Role, size: tuple[int, int, int] = (1280, 720, 30)) -> Camera | None:
        """Start the first camera that works; None: none does.

        :param roles: in the order in which they are tried.
        :param size: width and height in pixels, pictures a second.
        """
        for role in roles:
            try:
                camera = self.device(role, Camera)
                await camera.start(*size)
            except DeviceError:
                continue
            return camera
        return None

    def claim(self, device: Device) -> None:
        """Take a device for this visit, which wipes it at the end.

        :raises DeviceError: somebody else has it.
        """
        self.alive()
        device.claim(self.id)
        self._claimed.add(device)

    def set_video(self, name: str, picture: NewestFrame | None) -> None:
        """Give a name to a moving picture for Capture and Call pages; None takes it away."""
        self.alive()
        self._screen.set_video(name, picture)
        self._videos.add(name)

    def order_id(self) -> str:
        """Return an id for an order that is placed now, never the same."""
        self._orders += 1
        return f"{self.id}-{self._orders}"

    def alive(self) -> None:
        """Raise where the visit is over.

        :raises VisitIsOverError: it is.
        """
        if self._over:
            raise VisitIsOverError

    # ── the end ───────────────────────────────────────────────────────────────────────────────────────────

    @property
    def used(self) -> frozenset[Device]:
        """The devices that this visit has used so far."""
        return frozenset(self._claimed)

    def forget(self) -> None:
        """Forget everything of the resident and give the devices back; who goes on with the visit gets an error."""
        self._over = True
        self.first.wipe()
        self.journal.wipe()
        self.person = None
        self.current = ""
        self.conversation.close()
        for name in self._videos:
            self._screen.set_video(name, None)
        self._videos.clear()
        for device in self._claimed:
            device.release(self.id)
        self._claimed.clear()
        self._calls.clear()
