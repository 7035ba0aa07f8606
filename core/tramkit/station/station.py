"""The station: attract → menu → visit → wipe, for as long as it runs.

Longer than 400 lines: the loop from attract to wipe, with every ending of a visit beside the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tramkit.asking.idle import Idle
from tramkit.conversation.conversation import Conversation
from tramkit.conversation.speech import Speech
from tramkit.conversation.staff import StaffBell
from tramkit.conversation.station_visit import StationVisit
from tramkit.conversation.system_pages import FACES, goodbye, nobody_here
from tramkit.conversation.timeouts import Timeouts
from tramkit.host.ending import VisitEnding
from tramkit.host.plugin_side import PluginSide
from tramkit.identity.means import IdentityMeans
from tramkit.orders.runner import Runner
from tramkit.station.conditions import Conditions
from tramkit.station.day_tally import DayTally
from tramkit.station.devices import Devices
from tramkit.station.faults import Faults
from tramkit.station.menu import menu
from tramkit.station.offer import OwnService, offers
from tramkit.station.profile import GoesOn, Profile, Progress
from tramkit.station.session import Session
from tramkit.station.station_host import StationHost
from tramkit.station.wipe import wipe
from tramkit.station.wrong_tries import WrongTries
from tramkit_hal.contracts.presence import Presence
from tramkit_hal.device.base import Device
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import Choose, Option, Tell, Tone, View
from tramkit_hal.ui.screen import Screen
from tramkit_hal.words import LANGUAGES, Messages, verbatim

if TYPE_CHECKING:
    from tramkit.papers.server import Uploads

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0
"""How often the menu looks whether a service has become available or closed."""


class Station:
    """One kiosk: a screen, devices and services, and the loop that serves one resident after the other.

    :param sides: the plugins, each wherever it runs.
    :param own: services of the station itself.
    :param seed: makes visits repeatable; None: each visit draws its own.
    :param runner: carries orders out; None: this station takes none.
    :param means: how it learns who somebody is; None: by its devices alone.
    :param uploads: where phones send papers to, started; None: this station takes none that way.
    :param made: a moment before which this version cannot have run; None: whatever the clock says can be right.
    """

    def __init__(
        self,
        profile: Profile,
        devices: Devices,
        sides: Sequence[PluginSide],
        bell: StaffBell,
        clock: Clock,
        timeouts: Timeouts,
        *,
        seed: int | None = None,
        runner: Runner | None = None,
        means: IdentityMeans | None = None,
        uploads: Uploads | None = None,
        own: Sequence[OwnService] = (),
        made: datetime | None = None,
    ) -> None:
        self._runner = runner
        self._uploads = uploads
        self._tries = WrongTries(clock)
        self.means = means or IdentityMeans(devices)
        self.conditions = self.means.conditions = Conditions(clock, runner, made)
        self.profile = profile
        self.devices = devices
        self._sides = tuple(sides)
        self.offers = offers(sides, own)
        self.bell = bell
        self._clock = clock
        self._timeouts = timeouts
        self._seed = seed
        self._language = profile.languages[0]
        self._conversation: Conversation | None = None
        self._touched = asyncio.Event()
        self._wish = ""
        self._headset = False
        self._closed = False
        self.testing = False
        """Closed likewise, by itself, while its devices are tested."""
        self.faults = Faults()
        self._attract_view: View | None = None
        self._progress: Progress | None = None
        self._stopping = asyncio.Event()
        self._opened = asyncio.Event()
        self.visits = 0
        self.endings: Counter[VisitEnding] = Counter()
        """How visits have ended since the station began."""
        self.today = DayTally(clock)
        self.faces: Counter[str] = Counter()
        """How often each face was touched at the end of a visit since the station began; whose it was is not kept."""
        self.last_wipe_certain = True

    @property
    def closed(self) -> bool:
        """Closed for service by the operator: nobody can begin a visit; one under way goes on to its end."""
        return self._closed

    @closed.setter
    def closed(self, closed: bool) -> None:
        if self._closed and not closed:
            self.faults.open_all()
        self._closed = closed

    @property
    def progress(self) -> Progress | None:
        """The visit under way, until everything of it is wiped; None while nobody is here."""
        if self._progress is None:
            return None
        kind = self._conversation.kind if self._conversation is not None else "wait"  # it is being wiped
        return Progress(self._progress.visit, self._progress.service, kind, self._progress.since)

    @property
    def open_to_residents(self) -> bool:
        """Whether somebody who comes can begin a visit."""
        return not (self.closed or self.testing)

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Open the devices and serve residents until :meth:`stop`."""
        await self.devices.open()
        watch = asyncio.create_task(self.conditions.watch(), name="conditions")
        try:
            for side in self._sides:
                await side.start()
            while (screen := await self._screen()) is not None:
                self._opened.set()
                try:
                    await self._serve(screen)
                except DeviceError as error:
                    _log.error("screen lost", extra={"trouble": error.trouble.value})
                    await self._clock.sleep(REFRESH_SECONDS)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            for side in self._sides:
                await side.stop()
            await self.devices.close()

    async def _serve(self, screen: Screen) -> None:
        """Serve residents at a screen until the station stops, the screen fails, or a better one is usable."""
        pumps = [asyncio.create_task(self._pump(screen)), asyncio.create_task(self._watch_presence())]
        pumps += [asyncio.create_task(self._watch_headset(s)) for s in self.devices.of(Role.SPEAKER)]
        try:
            while not self._stopping.is_set() and screen in self.devices.usable(Role.SCREEN, Screen)[:1]:
                await self._attract(screen)
                if self._touched.is_set() and not self._stopping.is_set():
                    await self._visit(screen)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def opened(self) -> None:
        """Wait until the devices are open and the screen is about to show its first page."""
        await self._opened.wait()

    def stop(self) -> None:
        """End the visit under way, wipe, and return from :meth:`run`."""
        self._stopping.set()
        self._touched.set()
        if self._conversation is not None:
            self._conversation.end("shutdown")

    def end_visit(self, id: str) -> bool:
        """End the visit under way, as staff at the station want it; what was ordered stays ordered.

        :param id: the visit that is meant: another one that has begun meanwhile goes on.
        :returns: False: that visit is not under way any more.
        """
        if self._conversation is None or self._progress is None or self._progress.visit != id:
            return False
        self._conversation.end("ended_by_staff")
        return True

    async def _screen(self) -> Screen | None:
        """Return the screen, waiting for one; None: the station is told to stop first."""
        said = False
        while not self._stopping.is_set():
            for screen in self.devices.usable(Role.SCREEN, Screen):
                return screen
            if not said:
                _log.warning("waiting for a screen")
            said = True
            await self._clock.sleep(REFRESH_SECONDS)
        return None

    # ── what comes in ─────────────────────────────────────────────────────────────────────────────────────

    async def _pump(self, screen: Screen) -> None:
        while True:
            try:
                event = await screen.next_event()
                if self._conversation is not None:
                    self._conversation.take(event)
                else:
                    await self._touch(event, screen)
            except DeviceError:
                await self._clock.sleep(REFRESH_SECONDS)
            except Exception:  # the driver's edge: a station that hears nothing more is worse than one event lost
                _log.exception("event lost")
                await self._clock.sleep(REFRESH_SECONDS)

    async def _touch(self, event: Answered | Pressed | Touched, screen: Screen) -> None:
        """Nobody was here: a language button changes the language, anything else begins a visit."""
        view = self._attract_view
        if view is None:
            return
        if isinstance(event, Pressed) and event.button == "language":
            if event.value in self.profile.languages and event.value in LANGUAGES:
                self._language = event.value
                await self._show_attract(screen)
        elif not isinstance(event, Pressed) and self.open_to_residents:
            if isinstance(event, Answered) and event.choice in FACES:
                self.faces[event.choice] += 1
            elif isinstance(event, Answered) and event.choice != "continue":
                self._wish = event.choice
            self._touched.set()

    async def _watch_presence(self) -> None:
        sensors = [device for device in self.devices.of(Role.PRESENCE) if isinstance(device, Presence)]
        await asyncio.gather(*(self._watch(sensor) for sensor in sensors))

    async def _watch(self, sensor: Presence) -> None:
        async with sensor.events() as events:
            async for event in events:
                if event.name in ("arrived", "left") and self._conversation is not None:
                    self._conversation.presence(event.name == "arrived")

    async def _watch_headset(self, speaker: Device) -> None:
        async with speaker.events() as events:
            async for event in events:
                if event.name not in ("headset_in", "headset_out"):
                    continue
                self._headset = event.name == "headset_in"
                if self._conversation is not None:
                    self._conversation.headset(self._headset)
                elif self._headset and self.open_to_residents:
                    self._touched.set()  # who plugs in headphones cannot see where to touch

    # ── nobody is here ────────────────────────────────────────────────────────────────────────────────────

    async def _attract(self, screen: Screen) -> None:
        self._touched.clear()
        self._wish = ""
        self._language = self.profile.languages[0]
        self._attract_view = None
        await self._show_attract(screen)
        while not self._touched.is_set() and not self._stopping.is_set():
            if screen not in self.devices.usable(Role.SCREEN, Screen)[:1]:
                return
            touched = asyncio.create_task(self._touched.wait())
            pause = asyncio.ensure_future(self._clock.sleep(REFRESH_SECONDS))
            try:
                await asyncio.wait({touched, pause}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                touched.cancel()
                pause.cancel()
            if not self._touched.is_set():
                await self._show_attract(screen)

    async def _show_attract(self, screen: Screen) -> None:
        closed = not self.open_to_residents
        page = nobody_here(
            () if closed else self._menu(),
            at=None if self.conditions.clock_trouble else self._clock.now(),
            closed=closed,
        )
        view = View(
            page=page,
            language=self._language,
            languages=self.profile.languages,
            head=verbatim(self.profile.agency),
            site=verbatim(self.profile.site),
        )
        if view != self._attract_view:
            self._attract_view = view
            await screen.show(view)

    # ── a visit ───────────────────────────────────────────────────────────────────────────────────────────

    async def _visit(self, screen: Screen) -> None:
        """Serve one resident, visit after visit while they want to do something else; each is wiped whole."""
        goes_on = await self._one_visit(screen, None)
        while goes_on is not None and not self._stopping.is_set() and not self.closed:
            self._wish = ""
            goes_on = await self._one_visit(screen, goes_on)
        if not self._stopping.is_set():
            await self._farewell(screen, self._language)

    async def _one_visit(self, screen: Screen, goes_on: GoesOn | None) -> GoesOn | None:
        """Lead a resident through one service.

        :param goes_on: what is kept of the visit before, whose resident wanted to do something else.
        :returns: what is kept for the next one; None: the resident is done.
        """
        self.visits += 1
        id = secrets.token_hex(6)
        conversation = Conversation(
            screen,
            self._clock,
            self.bell,
            self._timeouts,
            Speech(self.devices, self._clock),
            visit=id,
            language=self._language,
            languages=self.profile.languages,
            head=verbatim(self.profile.agency),
            site=verbatim(self.profile.site),
            mode=goes_on.mode if goes_on else None,
        )
        if self._headset:
            conversation.headset(True)
        visit = StationVisit(
            id=id, conversation=conversation, screen=screen, devices=self.devices, bell=self.bell, clock=self._clock
        )
        seed = secrets.randbits(63) if self._seed is None else self._seed + self.visits
        host = StationHost(visit, self.means, self._runner, self._uploads, seed, self._tries)
        before = goes_on.person if goes_on else None
        session = Session(host, self.offers, self._menu, self._chose, self._wish, before)
        self._attract_view = None
        self._conversation = conversation
        self._progress = Progress(id, "", "", self._clock.now())
        _log.info("visit begins", extra={"visit": id})
        watch = asyncio.create_task(self._refresh_menu(conversation))
        ending: VisitEnding = "fault"
        kept: GoesOn | None = None
        try:
            ending = await session.run()
            self._count(ending)
            if ending == "done" and visit.another:
                kept = GoesOn(visit.person, conversation.mode)
            if ending == "fault":
                await self._apologise(conversation)
        except Exception:  # the core's own wall: whatever happened, wipe and go on
            _log.exception("visit failed", extra={"visit": id})
        finally:
            watch.cancel()
            self._conversation = None
            self.endings[ending] += 1
            self.today.count(self._progress.service, ending)
            for side in self._sides:
                side.visit_ended(id)
            self.last_wipe_certain = await wipe(host, self.devices, screen, stopped=not session.did_not_stop)
            self._progress = None
            _log.info("visit ends", extra={"visit": id, "ending": ending, "wiped": self.last_wipe_certain})
        self._language = conversation.language
        return kept

    def _menu(self) -> tuple[Option, ...]:
        return menu(self.offers, self.means, self.faults)

    def _count(self, ending: VisitEnding) -> None:
        """Count how a visit to a service ended."""
        service = self._progress.service if self._progress is not None else ""
        if service and ending == "fault":
            self.faults.failed(service)
        elif service and ending == "done":
            self.faults.worked(service)

    def _chose(self, service: str) -> None:
        if self._progress is not None:
            self._progress = Progress(self._progress.visit, service, "", self._progress.since)

    async def _refresh_menu(self, conversation: Conversation) -> None:
        """Keep the menu true while it stands."""
        ids = {offer.service.id for offer in self.offers}
        while True:
            await self._clock.sleep(REFRESH_SECONDS)
            page = conversation.page
            if isinstance(page, Choose) and {option.value for option in page.options} == ids:
                options = self._menu()
                if options != page.options:
                    conversation.replace(page.model_copy(update={"options": options}))

    async def _apologise(self, conversation: Conversation) -> None:
        known = (
            _("What you entered will be deleted from this station. What was sent before the fault stays sent.")
            if conversation.committed is not None
            else _("What you entered will be deleted from this station. Nothing was ordered in your name just now.")
        )
        page = Tell(
            id="fault",
            title=_("We are sorry: this service has a fault"),
            body=(known, _("Please try again later, or ask staff for help.")),
            tone=Tone.ERROR,
            action=_("End the visit"),
        )
        conversation.renew()
        told = asyncio.create_task(conversation.exchange(page, Idle.MENU))
        try:
            await asyncio.wait({told, conversation.signal}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await told

    async def _farewell(self, screen: Screen, language: str) -> None:
        page = goodbye(self.last_wipe_certain)
        self._touched.clear()
        view = View(
            page=page,
            language=language,
            languages=self.profile.languages,
            head=verbatim(self.profile.agency),
            site=verbatim(self.profile.site),
        )
        self._attract_view = view
        await screen.show(view)
        touched = asyncio.create_task(self._touched.wait())
        pause = asyncio.ensure_future(self._clock.sleep(self._timeouts.farewell))
        try:
            await asyncio.wait({touched, pause}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            touched.cancel()
            pause.cancel()
