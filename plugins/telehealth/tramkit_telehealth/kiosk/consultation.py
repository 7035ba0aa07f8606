"""From the queue to the summary: the case at the desk, and the page that shows where it is.

The desk is authoritative: each page here follows what it says. A phase shows one live page and returns the next phase.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from enum import Enum, auto
from typing import Literal

from tramkit import Call, Clock, Live, NewestFrame, Visit, Wait
from tramkit_telehealth.case_link import CaseLink
from tramkit_telehealth.gateway import DeskGateway
from tramkit_telehealth.kiosk.call_devices import CallDevices
from tramkit_telehealth.kiosk.call_page import CallChoices, call_page
from tramkit_telehealth.kiosk.captions import Captions
from tramkit_telehealth.kiosk.connection_trial import ConnectionTrial
from tramkit_telehealth.kiosk.endings import CallEnding, show_ending
from tramkit_telehealth.kiosk.events import CallEvent, Tick, Typed, events
from tramkit_telehealth.kiosk.handover import hand_over_summary, show_summary
from tramkit_telehealth.kiosk.queue_page import QueuePlace, closing_page, queue_page
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.protocol import (
    CaseRefused,
    CaseState,
    CaseSummary,
    CaseUpdate,
    DoctorCard,
    HangUp,
    KioskMedia,
    LeaveCase,
    RtcAnswer,
    RtcOffer,
    StartLeg,
    Summary,
    SummaryHandedOver,
)

_log = logging.getLogger(__name__)

SPARE_LOOK_SECONDS = 10.0
DEVICE_LOOK_SECONDS = 2.0

GIVE_UP_SECONDS = 300.0
"""How long an interrupted connection is tried before the resident gets a ticket to be called back."""

SUMMARY_SECONDS = 900.0
"""How long the resident waits for the summary before a ticket says where to ask for it."""

NO_SUMMARY_SECONDS = 10.0
"""How long the summary of a case that is closed may still be under way."""


class Next(Enum):
    """The phase that follows."""

    QUEUE = auto()
    CALL = auto()
    CLOSING = auto()
    SUMMARY = auto()


class Consultation:
    """One resident's way through queue, call and summary.

    :ivar settled: the desk needs no word that the resident has gone.
    """

    def __init__(self, visit: Visit, gateway: DeskGateway, case: CaseLink, price: int, clock: Clock) -> None:
        self.settled = False
        self._visit = visit
        self._gateway = gateway
        self._case = case
        self._price = price
        self._clock = clock
        self._devices = CallDevices(visit)
        self._captions = Captions(visit)
        self._trial = ConnectionTrial(gateway, case, clock)
        self._place = QueuePlace()
        self._doctor: DoctorCard | None = None
        self._first_leg: StartLeg | None = None
        self._summary: Summary | None = None
        self._media: CallMedia | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._reported: KioskMedia | None = None
        self._own: NewestFrame | None = None

    async def run(self) -> None:
        """Lead the resident from the queue to the end; the desk is told however it ends."""
        phase: Next | CallEnding = Next.QUEUE
        try:
            while (following := await self._phase(phase)) is not None:
                phase = following
        finally:
            if not self.settled:
                self._case.send(LeaveCase(case=self._case.id, reason=self._reason()))
            await self._end_call()
            await self._stop_background()

    def _reason(self) -> Literal["left", "timed_out", "station_fault"]:
        """Return why the resident has gone, in the desk's words."""
        match self._visit.ending:
            case "left" | "timed_out" as ending:
                return ending
            case "ended_by_staff":
                return "left"
            case _:
                return "station_fault"

    async def _phase(self, phase: Next | CallEnding) -> Next | CallEnding | None:
        match phase:
            case Next.QUEUE:
                return await self._queue()
            case Next.CALL:
                return await self._call()
            case Next.CLOSING:
                return await self._closing()
            case Next.SUMMARY:
                await self._hand_over()
            case CallEnding():
                await self._end(phase)
        return None

    async def _end(self, ending: CallEnding) -> None:
        if (reason := ending.reason) is not None:
            self._case.send(LeaveCase(case=self._case.id, reason=reason))
        self.settled = True
        await self._end_call()
        await show_ending(self._visit, ending, self._case.id, self._gateway.facility)

    # ── the queue ─────────────────────────────────────────────────────────────────────────────────────────

    async def _queue(self) -> Next | CallEnding:
        media = self._begin_media()
        meanwhile = (self._spawn(self._keep_spare(media)), self._spawn(self._trial.run()))
        leaving = False
        down_since = self._clock.monotonic()
        try:
            async with (
                self._visit.live(self._queue_page(leaving)) as live,
                self._events(live) as coming,
            ):
                while True:
                    happened = await coming.get()
                    if self._gateway.connected:
                        down_since = self._clock.monotonic()
                    match happened:
                        case Tick() if self._clock.monotonic() - down_since > GIVE_UP_SECONDS:
                            return CallEnding.LOST_IN_QUEUE if self._place.known else CallEnding.UNREACHED
                        case "leave":
                            leaving = True
                        case "stay":
                            leaving = False
                        case "really_leave":
                            return CallEnding.LEFT
                        case StartLeg():
                            self._doctor, self._first_leg = happened.doctor, happened
                            return Next.CALL
                        case _:
                            if (following := self._follow(happened)) is not None:
                                return following
                    live.update(self._queue_page(leaving))
        finally:
            for task in meanwhile:
                task.cancel()

    def _queue_page(self, leaving: bool) -> Wait:
        return queue_page(
            self._place,
            connected=self._gateway.connected,
            leaving=leaving,
            facility=self._gateway.facility,
            check=self._trial.check,
        )

    def _follow(self, happened: CallEvent) -> Next | CallEnding | None:
        """Note what the desk says; return the phase it leads to where that is another than this one."""
        match happened:
            case CaseUpdate(state=CaseState.CLOSED):
                self._case.put_back([happened])
                return Next.CLOSING
            case CaseUpdate(state=CaseState.CLOSING):
                return Next.CLOSING
            case CaseUpdate(state=CaseState.ABANDONED):
                return CallEnding.ENDED
            case CaseUpdate() as update:
                self._doctor = update.doctor or self._doctor
                was, self._place = self._place, QueuePlace.of(update, self._place)
                if was.doctor and not self._place.doctor:
                    self._spawn(self._devices.close())
                if update.state in (CaseState.CLAIMED, CaseState.RINGING):
                    self._spawn(self._devices.open())  # so that the first picture is there when the doctor is
            case CaseSummary(summary=summary):
                self._summary = summary
                return Next.SUMMARY
            case CaseRefused(code="unknown_specialty" | "too_large" | "closed"):
                return CallEnding.REFUSED
            case _:
                return None
        return None

    # ── the call ──────────────────────────────────────────────────────────────────────────────────────────

    async def _call(self) -> Next | CallEnding:
        media = self._begin_media()
        assert self._first_leg is not None
        media.start_leg(self._first_leg.leg)
        self._visit.set_video("doctor", media.output.picture)
        tasks = [self._spawn(each) for each in (media.run(), self._keep_devices(), self._captions.run())]
        choices = CallChoices()
        following: Next | CallEnding = Next.QUEUE
        try:
            async with (
                self._visit.live(self._call_page(media, choices)) as live,
                self._events(live) as coming,
            ):
                while True:
                    happened = await coming.get()
                    match happened:
                        case "end" if choices.ending:
                            self._case.send(HangUp(case=self._case.id))
                            following = Next.CLOSING
                            break
                        case str():
                            choices.take(happened, media)
                            self._captions.want(choices.captioned)
                        case Typed(text=text):
                            media.written.write(text)
                        case Tick() if media.down_for > GIVE_UP_SECONDS:
                            following = CallEnding.LOST_IN_CALL
                            break
                        case _:
                            if (led := await self._signalling(media, happened)) is not None:
                                following = led
                                break
                    self._report(media)
                    live.update(self._call_page(media, choices))
        finally:
            for task in tasks:
                task.cancel()
            await self._end_call()
        return following

    async def _signalling(self, media: CallMedia, happened: CallEvent) -> Next | CallEnding | None:
        match happened:
            case StartLeg(leg=leg, doctor=doctor):
                self._doctor = doctor
                media.start_leg(leg)
            case RtcAnswer(leg=leg, sdp=sdp):
                self._spawn(media.answer(leg, sdp))
            case HangUp():
                return Next.CLOSING
            case CaseUpdate(state=CaseState.WAITING) as update:
                self._place = QueuePlace.of(update, self._place, returned=True)
                return Next.QUEUE
            case _:
                return self._follow(happened)
        return None

    def _call_page(self, media: CallMedia, choices: CallChoices) -> Call:
        self._show_own(None if media.camera_off else self._devices.picture())
        return call_page(
            media,
            doctor=self._doctor,
            choices=choices,
            captions=self._captions,
            microphone=self._devices.microphone is not None,
            speaker=self._devices.speaker is not None,
            camera=self._devices.camera_works,
            desk=self._gateway.connected,
        )

    def _show_own(self, picture: NewestFrame | None) -> None:
        if picture is not self._own:
            self._own = picture
            self._visit.set_video("self", picture)

    def _report(self, media: CallMedia) -> None:
        """Tell the desk how the media are, whenever that changes."""
        camera = "off" if media.camera_off else "slate" if media.slating else "on"
        report = KioskMedia(
            case=self._case.id,
            leg=max(1, media.leg),
            state=media.connection,
            muted=media.muted or self._devices.microphone is None,
            camera=camera,
        )
        if report != self._reported:
            self._reported = report
            self._case.send(report)

    # ── after the call ────────────────────────────────────────────────────────────────────────────────────

    async def _closing(self) -> Next | CallEnding:
        if self._summary is not None:
            return Next.SUMMARY
        began = self._clock.monotonic()
        closed_at: float | None = None
        async with (
            self._visit.live(self._closing_page()) as live,
            self._events(live) as coming,
        ):
            while True:
                happened = await coming.get()
                match happened:
                    case "ticket":
                        return CallEnding.ASK_LATER
                    case Tick() if self._clock.monotonic() - began > SUMMARY_SECONDS:
                        return CallEnding.ASK_LATER
                    case CaseUpdate(state=CaseState.WAITING) as update:
                        self._place = QueuePlace.of(update, self._place, returned=True)
                        return Next.QUEUE
                    case CaseSummary(summary=summary):
                        self._summary = summary
                        return Next.SUMMARY
                    case CaseUpdate(state=CaseState.ABANDONED):
                        return CallEnding.ENDED
                    case CaseUpdate(state=CaseState.CLOSED):
                        closed_at = self._clock.monotonic()
                    case Tick() if closed_at and self._clock.monotonic() - closed_at > NO_SUMMARY_SECONDS:
                        return CallEnding.ENDED
                    case _:
                        pass
                live.update(self._closing_page())

    def _closing_page(self) -> Wait:
        return closing_page(self._doctor, connected=self._gateway.connected)

    async def _hand_over(self) -> None:
        assert self._summary is not None
        await self._end_call()
        handed = await hand_over_summary(self._visit, self._summary, self._price)
        self._case.send(SummaryHandedOver(case=self._case.id, outcome=handed.outcome))
        self.settled = True
        await show_summary(self._visit, self._summary, handed)

    # ── what the phases share ─────────────────────────────────────────────────────────────────────────────

    def _events(self, live: Live) -> AbstractAsyncContextManager[asyncio.Queue[CallEvent]]:
        return events(self._case, live, self._clock)

    def _begin_media(self) -> CallMedia:
        """Return the media of the next call, made ready while the resident waits."""
        if self._media is None:
            self._media = CallMedia(
                servers=lambda: self._gateway.ice_servers,
                picture=self._devices.picture,
                fan=self._devices.fan,
                output=Output(self._captions.beside(self._devices.play), self._devices.backlog),
                send_offer=lambda leg, sdp: self._case.send(RtcOffer(case=self._case.id, leg=leg, sdp=sdp)),
                reachable=lambda: self._gateway.connected,
                clock=self._clock,
                random=self._visit.random,
                ways=self._gateway.ways,
                engine=self._gateway.engine,
            )
        return self._media

    async def _end_call(self) -> None:
        media, self._media = self._media, None
        if media is not None:
            await media.close()
        await self._devices.close()
        self._reported = None
        self._show_own(None)
        self._visit.set_video("doctor", None)

    async def _keep_spare(self, media: CallMedia) -> None:
        while True:
            if self._gateway.connected:
                await media.prepare()
            await self._clock.sleep(SPARE_LOOK_SECONDS)

    async def _keep_devices(self) -> None:
        while True:
            await self._devices.open()
            await self._clock.sleep(DEVICE_LOOK_SECONDS)

    def _spawn(self, work: object) -> asyncio.Task[None]:
        assert asyncio.iscoroutine(work)
        task = asyncio.create_task(work, name="consultation")
        self._background.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("background work of a consultation failed", exc_info=error)

    async def _stop_background(self) -> None:
        for task in tuple(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
