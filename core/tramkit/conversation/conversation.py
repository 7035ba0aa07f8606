"""The conversation with the resident: shows pages, takes answers, and does on every page what is the core's.

Language, larger text, help, leave, Back and time-outs are handled here, so that a service knows nothing of them.

Longer than 400 lines: one page and its answer: what comes in while it stands is decided in one place.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from tramkit.asking.idle import Idle
from tramkit.conversation import system_pages
from tramkit.conversation.speech import Speech
from tramkit.conversation.staff import StaffBell, StaffCall
from tramkit.conversation.timeouts import Timeouts
from tramkit.host.ending import BackPressed, ChangePressed, Ended, Signal, VisitEnding, VisitIsOverError
from tramkit_hal.device.clock import Clock
from tramkit_hal.device.errors import DeviceError
from tramkit_hal.ui.events import Answered, Pressed, Touched
from tramkit_hal.ui.pages import (
    MAX_REPLY,
    AnyPage,
    Ask,
    Availability,
    Bar,
    Call,
    Choose,
    Contrast,
    Leave,
    Mode,
    Option,
    Stage,
    Tell,
    Tone,
    View,
)
from tramkit_hal.ui.path import stage_of
from tramkit_hal.ui.screen import Screen
from tramkit_hal.words import LANGUAGES, Messages, Text, verbatim

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

MAX_PRESSES = 200
"""Things done at the screen that may wait to be looked at; more come only from a machine and are dropped."""

NOBODY_SECONDS = 3.0
"""A page that is shown again sooner is so without anything that a resident did: nobody lays a card so fast."""


OVER = frozenset({"timeout", "help", "settings", "leave"})
"""Pages of the core that stand over another page: they do not move on the path."""


@dataclass(frozen=True)
class _Alarm:
    number: int


@dataclass(frozen=True)
class _Gone:
    """The presence sensor has seen nobody for a while."""


@dataclass(frozen=True)
class _Replace:
    page: AnyPage


_Item = Answered | Pressed | Touched | _Alarm | _Gone | _Replace


class Conversation:
    """One visit's exchange of pages and answers over a screen.

    :param visit: names the visit to the screen.
    :param head: the agency.
    :param site: the place.
    :param mode: how the resident wanted to see in the visit before; None: as everybody does.
    """

    def __init__(
        self,
        screen: Screen,
        clock: Clock,
        bell: StaffBell,
        timeouts: Timeouts,
        speech: Speech | None = None,
        *,
        visit: str,
        language: str,
        languages: tuple[str, ...],
        head: Text,
        site: Text,
        mode: Mode | None = None,
    ) -> None:
        self._screen = screen
        self._clock = clock
        self._bell = bell
        self._timeouts = timeouts
        self._speech = speech if speech is not None and speech.available else None
        self._sound = speech
        """Of the countdown, which needs no voice."""
        self._view = View(
            page=Leave(title=verbatim("")),
            visit=visit,
            language=language,
            languages=languages,
            mode=mode or Mode(),
            head=head,
            site=site,
            bar=tuple(each for each in Bar if each is not Bar.LISTEN or self._speech is not None),
        )
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue(MAX_PRESSES)
        self._revision = 0
        self._alarm = 0
        self._asked = ("", 0.0)
        self._uncovered = asyncio.Event()
        self._uncovered.set()
        self._alarm_task: asyncio.Task[None] | None = None
        self._gone_task: asyncio.Task[None] | None = None
        self._note: Text | None = None
        self._stands = False
        self._help: StaffCall | None = None
        self._next_own: Bar | None = None
        self.committed: Text | None = None
        self.stays: Text | None = None
        """What goes on when the resident leaves, for who asks to leave."""
        """Why Back is no longer possible; None while it is."""
        self._ended: Ended | None = None
        self._closed = False
        self.signal: asyncio.Future[Signal] = asyncio.get_running_loop().create_future()

    @property
    def language(self) -> str:
        """The language the resident reads now."""
        return self._view.language

    @property
    def letterhead(self) -> tuple[Text, ...]:
        """The agency and the place."""
        return tuple(text for text in (self._view.head, self._view.site) if text.id)

    @property
    def mode(self) -> Mode:
        """How the resident wants to see."""
        return self._view.mode

    @property
    def kind(self) -> str:
        """The kind of page shown now, for the operator."""
        return self._view.page.kind

    @property
    def page(self) -> AnyPage:
        """The page shown now."""
        return self._view.page

    # ── what comes in ─────────────────────────────────────────────────────────────────────────────────────

    def take(self, event: Answered | Pressed | Touched) -> None:
        """Take an event of the screen; whatever it is, nothing is said over it."""
        if self._speech is not None and not (isinstance(event, Pressed) and event.button is Bar.LISTEN):
            self._speech.hush()
            if isinstance(event, Touched) and event.at and self._view.listening:
                self._speech.say_where(self._view, event.at)
        self._put(event)

    def presence(self, present: bool) -> None:
        """Take what the presence sensor saw: somebody left, or is back."""
        if self._gone_task is not None:
            self._gone_task.cancel()
            self._gone_task = None
        if not present:
            self._gone_task = asyncio.create_task(self._after(self._timeouts.presence, _Gone()))

    def headset(self, plugged: bool) -> None:
        """Take that headphones were plugged in, which begins to read aloud, or pulled, which ends it."""
        if self._speech is None or self._closed:
            return
        self._speech.private = plugged
        self._view = self._view.model_copy(update={"listening": plugged})
        if plugged and self._revision:
            self._speech.say(self._view.page, self._view.language)
        elif not plugged:
            self._speech.hush()

    def end(self, ending: VisitEnding) -> None:
        """End the visit."""
        self._tell(Ended(ending=ending))

    def walk(self, path: tuple[Stage, ...], *, stands: bool = False) -> None:
        """Begin the path of a service, or begin it anew after the resident has gone back; empty: none.

        :param stands: whatever is shown belongs to the first step: what is walked is not chosen yet.
        """
        self._stands = stands
        self._view = self._view.model_copy(update={"path": path, "stage": None})

    def walk_again(self) -> None:
        """Begin the same path anew: the resident has gone back."""
        self.walk(self._view.path, stands=self._stands)

    def close(self) -> None:
        """Stop every timer, forget what was shown and said, and take nothing more."""
        self._closed = True
        if self._sound is not None:
            self._sound.hush()
        self._view = self._view.model_copy(update={"page": Leave(title=verbatim("")), "note": None})
        self._note = self.stays = None
        while not self._inbox.empty():
            self._inbox.get_nowait()
        for task in (self._alarm_task, self._gone_task):
            if task is not None:
                task.cancel()

    def _put(self, item: _Item) -> None:
        if self._closed:
            return
        try:
            self._inbox.put_nowait(item)
        except asyncio.QueueFull:
            _log.warning("events dropped, too many at once")

    async def _after(self, seconds: float, item: _Item) -> None:
        await self._clock.sleep(seconds)
        self._put(item)

    def _arm(self, seconds: float | None) -> None:
        if self._alarm_task is not None:
            self._alarm_task.cancel()
            self._alarm_task = None
        self._alarm += 1
        if seconds is not None:
            self._alarm_task = asyncio.create_task(self._after(seconds, _Alarm(self._alarm)))

    def _tell(self, signal: Signal) -> None:
        if isinstance(signal, Ended):
            self._ended = self._ended or signal
        if not self.signal.done():
            self.signal.set_result(signal)

    def renew(self) -> None:
        """Make ready for the next signal, once the one before was followed; an end that came meanwhile is not lost."""
        self.signal = asyncio.get_running_loop().create_future()
        if self._ended is not None:
            self.signal.set_result(self._ended)

    # ── a page and its answer ─────────────────────────────────────────────────────────────────────────────

    async def exchange(
        self,
        page: AnyPage,
        idle: Idle,
        *,
        back: bool = False,
        note: Text | None = None,
        typed: Callable[[AnyPage], None] | None = None,
    ) -> Answered:
        """Show a page and return its answer.

        :param typed: is told the page whenever something else has been typed into it.

        Never returns where the resident leaves or goes back, or the screen fails: then :attr:`signal` is set and the
        caller is cancelled.
        """
        try:
            return await self._exchange(page, idle, back, note, typed or _nobody)
        except DeviceError as error:  # the screen's: it is no fault of a device that the caller waits for
            _log.error("screen lost in a visit", extra={"trouble": error.trouble.value})
            self._tell(Ended(ending="fault"))
            await self._forever()
            raise

    async def _exchange(
        self, page: AnyPage, idle: Idle, back: bool, note: Text | None, typed: Callable[[AnyPage], None]
    ) -> Answered:
        self._note = note
        await self._show(page, back=back)
        now, (asked, at) = self._clock.monotonic(), self._asked
        self._asked = (page.id, now)
        # Shown again so soon it is a device that failed, not a resident who did something: the time goes on.
        if asked != page.id or now - at >= NOBODY_SECONDS or self._alarm_task is None:
            self._arm(self._seconds(idle))
        while True:
            item = await self._inbox.get()
            match item:
                case _Replace():
                    if item.page.id == page.id:  # else it was of a page that has been answered meanwhile
                        page = item.page
                        await self._show(page, back=back)
                    continue
                case _Alarm(number=number) if number != self._alarm:
                    continue
                case _Alarm() | _Gone():
                    if await self._gone_away():
                        await self._forever()
                    await self._show(page, back=back)
                case Touched():
                    page = self._with_typed(page, item)
                    typed(page)
                case Pressed():
                    if self._stale(item):
                        continue
                    page = self._with_typed(page, item)
                    typed(page)
                    if not await self._press(item, back):
                        await self._forever()
                    await self._show(page, back=back)
                case Answered():
                    if self._stale(item) or item.choice not in page.answers():
                        _log.debug("answer dropped")
                        continue
                    typed(self._with_typed(page, item))
                    closed = _closed_option(page, item.choice)
                    if closed is None:
                        self._arm(None)
                        self._asked = ("", 0.0)
                        return item
                    self._note = closed.reason
                    await self._show(page, back=back)
                case _:
                    continue
            self._arm(self._seconds(idle))

    async def uncovered(self) -> None:
        """Wait until no page of the core stands over the service's: nothing but the resident takes those away."""
        await self._uncovered.wait()

    def replace(self, page: AnyPage) -> None:
        """Show another state of the page that stands now (a live page)."""
        self._put(_Replace(page))

    async def announce(self, page: AnyPage) -> None:
        """Show a page that takes no answer; leaving and help work on the next one."""
        await self._show(page, back=False)

    async def _show(self, page: AnyPage, *, back: bool) -> None:
        if self._closed:
            raise VisitIsOverError
        was = self._view.page
        same = was.id == page.id and was.kind == page.kind and was.answers() == page.answers()
        if not same or isinstance(page, Ask):
            self._revision += 1
        shown = page.model_copy(update={"revision": self._revision})
        path = self._view.path[:1] if self._stands else self._view.path
        stage = self._view.stage if page.kind in OVER else stage_of(page, path, self._view.stage)
        self._view = self._view.model_copy(update={"page": shown, "back": back, "note": self._note, "stage": stage})
        self._note = None
        if isinstance(page, Tell) and page.tone is Tone.EMERGENCY:
            self._bell.escalate()
        await self._screen.show(self._view)
        if self._view.listening and not (same and was.title == page.title) and self._speech is not None:
            self._speech.say(page, self._view.language)

    def _stale(self, event: Answered | Pressed) -> bool:
        page = self._view.page
        return event.page != page.id or event.revision != page.revision

    def _with_typed(self, page: AnyPage, event: Answered | Pressed | Touched) -> AnyPage:
        """Keep what is typed, so that a change of language or a warning loses nothing."""
        if not event.values or event.page != page.id:
            return page
        if isinstance(page, Call) and page.reply is not None:
            reply = event.values.get("reply", page.reply)[:MAX_REPLY]
            return page.model_copy(update={"reply": reply})
        if not isinstance(page, Ask):
            return page
        fields = tuple(f.model_copy(update={"value": event.values.get(f.name, f.value)}) for f in page.fields)
        return page.model_copy(update={"fields": fields})

    def _seconds(self, idle: Idle) -> float | None:
        if idle is Idle.NONE:
            return None
        seconds = float(getattr(self._timeouts, idle.value))
        mode = self._view.mode
        if mode.more_time:
            return max(seconds, self._timeouts.longer)
        if mode.text_scale != 1 or mode.contrast is not Contrast.NORMAL or mode.lowered or self._view.listening:
            return max(seconds, self._timeouts.accessibility)
        return seconds

    async def _forever(self) -> None:
        self._arm(None)
        await asyncio.get_running_loop().create_future()

    # ── what every page can do ────────────────────────────────────────────────────────────────────────────

    async def _press(self, press: Pressed, back: bool) -> bool:
        """Do what a button of the frame says; False: the conversation leaves this page."""
        match press.button:
            case "back":
                if self.committed is not None:
                    self._note = self.committed
                    return True
                if not back:
                    return True
                self._tell(BackPressed(typed=press.values if isinstance(self._view.page, Ask) else {}))
                return False
            case "change":
                self._tell(ChangePressed(name=press.value))
                return False
            case "language":
                self._speak(press.value)
            case Bar.LOWER:
                self._set_mode(lowered=not self._view.mode.lowered)
            case Bar.LISTEN:
                self._listen()
            case Bar.SETTINGS | Bar.HELP | Bar.START_OVER:
                return not await self._own_pages(press.button)
            case _:
                _log.debug("button not offered")
        return True

    async def _own_pages(self, button: Bar | None) -> bool:
        """Show the core's own pages, one after the other as their buttons are pressed; True: the visit ends."""
        while button is not None:
            self._next_own = None
            match button:
                case Bar.SETTINGS:
                    await self._settings()
                case Bar.HELP:
                    await self._ask_help()
                case _:
                    if await self._over(system_pages.really_leave(self.stays), self._timeouts.menu) in ("leave", None):
                        self._tell(Ended(ending="left"))
                        return True
            button = self._next_own
        return False

    async def _gone_away(self) -> bool:
        """Warn that the visit ends without a sign of the resident; True: there was none."""
        countdown = self._timeouts.countdown
        if self._sound is not None and not self._view.listening:  # who listens is told in words
            self._sound.count_down(countdown)
        try:
            choice = await self._over(system_pages.still_here(int(countdown)), countdown)
        finally:
            if self._sound is not None and not self._view.listening:
                self._sound.hush()
        if choice in ("leave", None):
            self._tell(Ended(ending="timed_out"))
            return True
        return await self._own_pages(self._next_own)

    def _speak(self, language: str) -> None:
        if language in self._view.languages and language in LANGUAGES:
            self._view = self._view.model_copy(update={"language": language})

    def _listen(self) -> None:
        """Read the page aloud, once more if it was read; stop where it is being read."""
        if self._speech is None:
            return
        on = not self._speech.speaking
        self._view = self._view.model_copy(update={"listening": on})
        if on:
            self._speech.say(self._view.page, self._view.language)
        else:
            self._speech.hush()

    def _set_mode(self, **changes: object) -> None:
        mode = Mode.model_validate({**self._view.mode.model_dump(), **changes})
        self._view = self._view.model_copy(update={"mode": mode})

    async def _over(self, page: AnyPage, seconds: float) -> str | None:
        """Show a page of the core over the service's; return the choice, None when time is up.

        A button of another own page ends this one with ``other``; what happens to the page below is kept until the
        resident comes back to it.
        """
        self._next_own = None
        self._uncovered.clear()
        below: _Replace | None = None
        gone: _Gone | None = None
        try:
            await self._show(page, back=False)
            self._arm(seconds)
            while True:
                item = await self._inbox.get()
                match item:
                    case _Alarm(number=number) if number == self._alarm:
                        return None
                    case _Gone() if page.kind != "timeout":  # nobody reads this page: warn, or leave as was asked
                        gone = item
                        return None
                    case _Replace() if item.page.id == page.id:
                        page = item.page
                        await self._show(page, back=False)
                    case _Replace():
                        below = item
                    case Answered() if not self._stale(item) and item.choice in page.answers():
                        return item.choice
                    case Touched() if page.kind == "timeout":
                        return "stay"
                    case Pressed() if not self._stale(item):
                        if self._press_over(item, page):
                            return "stay" if page.kind == "timeout" else "other"
                        await self._show(page, back=False)
                        self._arm(seconds)
                    case Touched() | Pressed():
                        self._arm(seconds)
                    case _:
                        continue
        finally:
            self._uncovered.set()
            for each in (below, gone):
                if each is not None:
                    self._put(each)

    def _press_over(self, press: Pressed, page: AnyPage) -> bool:
        """Do what a button of the frame says while an own page stands; True: that page is done with."""
        match press.button:
            case "language":
                self._speak(press.value)
                return False
            case Bar.LOWER:
                self._set_mode(lowered=not self._view.mode.lowered)
            case Bar.LISTEN:
                self._listen()
            case Bar.SETTINGS | Bar.HELP | Bar.START_OVER if system_pages.OWN[press.button] != page.kind:
                self._next_own = press.button
                return True
            case _:
                pass
        return page.kind == "timeout"  # whoever presses a button is still there

    async def _ask_help(self) -> None:
        if self._help is None:
            self._help = self._bell.ring(_("A resident asks for help"))
        call = self._help

        async def watch() -> None:
            await call.acknowledged()
            self.replace(system_pages.help_asked(call))

        watcher = asyncio.create_task(watch())
        try:
            await self._over(system_pages.help_asked(call), self._timeouts.reading)
        finally:
            watcher.cancel()
        if call.acknowledged_at is not None:
            self._help = None

    async def _settings(self) -> None:
        while True:
            choice = await self._over(system_pages.how_to_see(self._view.mode), self._timeouts.accessibility)
            match (choice or "").split(":"):
                case ["text", scale]:
                    self._set_mode(text_scale=float(scale))
                case ["contrast", contrast]:
                    self._set_mode(contrast=contrast)
                case ["time", time]:
                    self._set_mode(more_time=time == "more")
                case _:
                    return


def _nobody(_page: AnyPage) -> None:
    """Care for nothing that is typed."""


def _closed_option(page: AnyPage, choice: str) -> Option | None:
    if not isinstance(page, Choose):
        return None
    return next(
        (o for o in page.options if o.value == choice and o.state is Availability.CLOSED),
        None,
    )
