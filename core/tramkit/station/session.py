"""One visit at the station: from the menu through a service to the end, and back where the resident goes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from tramkit.host.ending import BackPressed, ChangePressed, Ended, Followed, Signal, VisitEnding
from tramkit.host.person import Level, NotIdentifiedError, Person
from tramkit.host.plugin_side import ServiceDescriptor
from tramkit.station.offer import Offer
from tramkit.station.station_host import StationHost
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import Availability, Fact, Option, Stage, Tone, Wait
from tramkit_hal.words import Messages, Text, verbatim

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

CANCEL_SECONDS = 5.0
"""How long the station's own part of a visit may take to put its things away."""


ANY_SERVICE = (Stage.CHOOSE, Stage.QUESTIONS, Stage.REVIEW, Stage.RECEIPT)
"""The path while no service is chosen yet."""


def path_of(service: ServiceDescriptor) -> tuple[Stage, ...]:
    """Return the whole path of a service: the choice, the identity that the station asks for, its own steps."""
    asked = service.identity is not Level.NONE and not service.asks_identity and Stage.IDENTITY not in service.path
    return (Stage.CHOOSE, *((Stage.IDENTITY,) if asked else ()), *service.path)


class Session:
    """Leads one visit.

    :param options: the menu as things stand now.
    :param chosen: is told which service was chosen.
    :param before: who did something else in the visit before this one and goes on, perhaps; None: nobody is known.
    :param wish: the service whose tile was touched while nobody was here; empty: the menu is shown first.
    :ivar did_not_stop: a service did not stop when it was told to: what it holds is not known.
    """

    def __init__(
        self,
        host: StationHost,
        offers: Sequence[Offer],
        options: Callable[[], tuple[Option, ...]],
        chosen: Callable[[str], None],
        wish: str = "",
        before: Person | None = None,
    ) -> None:
        self.did_not_stop = False
        self._host = host
        self._visit = host.visit
        self._conversation = host.visit.conversation
        self._offers = {offer.service.id: offer for offer in offers}
        self._options = options
        self._chosen = chosen
        self._offer: Offer | None = None
        self._serves = False
        self._wish = wish
        self._before = before

    async def run(self) -> VisitEnding:
        """Run the conversation, again on Back, until it ends; return how."""
        if any(option.value == self._wish and option.state is not Availability.CLOSED for option in self._options()):
            self._visit.first.foresee("choose:menu#1", "menu", self._wish)
        while True:
            self._visit.first.begin()
            self._conversation.walk(ANY_SERVICE, stands=True)
            self._visit.person = None
            self._offer = None
            task = asyncio.create_task(self._script(), name="visit")
            ending = await self._follow(task)
            if ending is not None:
                return ending

    async def _script(self) -> None:
        if self._before is not None:
            await self._same_person(self._before)
        chosen = await self._visit.choose(_("What would you like to do?"), self._options(), name="menu")
        offer = self._offers[chosen]
        self._chosen(chosen)
        service = offer.service
        self._conversation.walk(path_of(service))
        try:
            if service.identity is not Level.NONE and not service.asks_identity:
                await self._host.identification.identify(service.identity, exactly=service.identity_exactly)
            self._offer, self._serves = offer, True
            try:
                await offer.serve(self._host)
            finally:
                self._serves = False
        except NotIdentifiedError as unknown:
            await self._refer(service.title, unknown.reason)

    async def _same_person(self, before: Person) -> None:
        """Ask whether the same resident goes on, so that nobody acts under the name of the one before."""
        answer = await self._visit.choose(
            _("Who goes on now?"),
            [
                Option(value="same", label=_("Still me: {name}", name=verbatim(before.name)), icon=Icon.PERSON),
                Option(value="other", label=_("Somebody else"), icon=Icon.FAMILY),
            ],
            name="same person",
        )
        if answer == "same":
            self._visit.person = before

    async def _refer(self, title: Text, reason: Text) -> None:
        """Say why the service ends here, and where else it can be had."""
        await self._visit.tell(
            _("This service must know for sure who you are"),
            reason,
            _("Staff at a counter can do it with your card."),
            tone=Tone.WARNING,
            facts=(Fact(label=_("Service"), value=title),),
            action=_("End the visit"),
        )

    async def _follow(self, task: asyncio.Task[None]) -> VisitEnding | None:
        """Follow what the resident does to a run of the conversation; return how it ended, None: it is run again."""
        while True:
            signal = self._conversation.signal
            await asyncio.wait({task, signal}, return_when=asyncio.FIRST_COMPLETED)
            if not signal.done():
                return self._finished(task)
            followed = await self._signalled(signal.result())
            if isinstance(told := signal.result(), Ended):
                self.did_not_stop = not await self._cancel(task) or followed == "did_not_stop"
                return told.ending
            if followed == "killed":
                await self._cancel(task)
                return "fault"
            if followed == "did_not_stop":  # two runs must not share a visit
                self.did_not_stop = True
                task.cancel()
                return "fault"
            goes_on = followed == "taken" and (self._serves or self._host.in_step)
            if not goes_on:
                if not await self._cancel(task):
                    self.did_not_stop = True
                    return "fault"
                if followed == "exhausted":
                    self._take_back(told)
            self._conversation.renew()
            if not goes_on:
                return None

    async def _signalled(self, signal: Signal) -> Followed:
        match signal:
            case Ended():
                await self._conversation.announce(Wait(id="ending", title=_("Deleting your information…")))
            case BackPressed(typed=typed):
                if self._host.in_step:
                    if self._host.back(typed):
                        return "taken"
                    signal = BackPressed()
            case ChangePressed():
                pass
        if self._offer is None:
            return "exhausted"
        return await self._offer.follow(self._visit.id, signal)

    def _take_back(self, signal: Signal) -> None:
        """Take back what the station itself asked, where the service has nothing left to take back."""
        first, current = self._visit.first, self._visit.current
        match signal:
            case ChangePressed(name=name):
                if not first.change(name, resume_until=""):
                    _log.warning("change link leads nowhere", extra={"visit": self._visit.id})
            case BackPressed(typed=typed):
                if typed and current:
                    first.keep_draft(current, dict(typed))
                first.back()
            case Ended():
                pass

    def _finished(self, task: asyncio.Task[None]) -> VisitEnding:
        error = task.exception() if not task.cancelled() else asyncio.CancelledError()
        if error is None:
            return "done"
        _log.error("service failed", extra={"visit": self._visit.id}, exc_info=error)
        return "fault"

    async def _cancel(self, task: asyncio.Task[None]) -> bool:
        """Cancel the run; return whether it has stopped."""
        task.cancel()
        done, _pending = await asyncio.wait({task}, timeout=CANCEL_SECONDS)
        if not done:
            _log.error("service does not stop", extra={"visit": self._visit.id})
        elif not task.cancelled() and (error := task.exception()) is not None:
            _log.error("service failed while it was ended", extra={"visit": self._visit.id}, exc_info=error)
        return bool(done)
