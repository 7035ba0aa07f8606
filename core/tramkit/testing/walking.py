"""Residents who do anything the screen lets them do, by a seed: before any service and any screen."""

from __future__ import annotations

import asyncio
import json
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from tramkit.station.devices import Devices
from tramkit.station.station import Station
from tramkit_hal.device.clock import Clock, ManualClock
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated
from tramkit_hal.screens.robot import Act, Walker, has_way_out
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.ui.pages import View
from tramkit_hal.ui.screen import Screen

MAX_ACTS = 60
"""After so many a resident has had enough and leaves."""

SORRY = "We are sorry"


class Watched(Protocol):
    """A running station as a walker needs it."""

    @property
    def station(self) -> Station: ...
    @property
    def screen(self) -> Screen: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def devices(self) -> Devices: ...


class Glass(Protocol):
    """What a walker has before it: any screen of a running station."""

    @property
    def view(self) -> View: ...

    @property
    def over(self) -> bool:
        """Whether nobody is at the station any more."""
        ...

    async def happen(self, view: View) -> None:
        """Let something happen beside the screen, or nothing."""
        ...

    async def do(self, act: Act, view: View) -> None:
        """Do it before that view, and wait for what the station shows instead.

        :raises TimeoutError: nothing came of it.
        """
        ...


TURNS = 40
PATIENCE = 10.0
"""Seconds in which something must come of what a resident does."""
CARD: Mapping[str, object] = {"number": "079152000123", "name": "Trần Thị Sáo", "born": "1952-05-17", "sex": "female"}


class ScriptedGlass:
    """A walker before the scripted screen of a station whose clock is moved by hand.

    Where a card is waited for and the resident waits, one is laid on the reader.

    :param s: anything with ``station``, ``screen``, ``clock`` and ``devices``.
    :param outside: what stands outside answers over the network: time is given to it.
    """

    def __init__(self, s: Watched, *, outside: bool = False) -> None:
        assert isinstance(s.clock, ManualClock)
        assert isinstance(s.screen, ScriptedScreen)
        self.s = s
        self.screen = s.screen
        self.clock = s.clock
        self.outside = outside

    @property
    def view(self) -> View:
        return self.screen.view

    @property
    def over(self) -> bool:
        return self.s.station.progress is None

    async def happen(self, view: View) -> None:
        """Nothing happens beside the screen."""

    async def do(self, act: Act, view: View) -> None:
        if not self.outside and view.page.kind == "capture" and act.do == "wait":
            for reader in self.s.devices.of(Role.ID_READER):
                if isinstance(reader, Simulated):
                    await reader.control("card_data", json.dumps(dict(CARD)))
        event = act.event(view.page)
        if event is not None:
            self.screen.send(event)
        needed = act.do in ("answer", "press")
        async with asyncio.timeout(PATIENCE if needed else None):
            for turn in count() if needed else range(TURNS):
                if self.over or (self.screen.history and self.screen.view is not view):
                    return  # where nothing is shown, the next visit of who has another errand is about to begin
                await self.clock.advance(0.05 if needed else 1)
                # a picture is drawn in a thread, and what stands outside answers over the network
                await asyncio.sleep(0 if turn < TURNS and not self.outside else 0.01)


@dataclass
class Walked:
    """What a visit was like.

    :ivar pages: kind and title of each.
    :ivar placed: orders, by service.
    """

    acts: list[str]
    kinds: set[str]
    pages: set[str]
    placed: dict[str, int] = field(default_factory=dict[str, int])


async def walk(glass: Glass, seed: int, most: int = MAX_ACTS, **nature: float) -> Walked:
    """Make one visit as the resident of a seed, from the menu to its end.

    :param nature: how the resident is, as of :class:`Walker`.
    :raises AssertionError: a dead end, a page without a way out, an apology; the message has the seed and the acts.
    """
    walker, done, kinds, pages = Walker(seed, **nature), list[str](), set[str](), set[str]()
    try:
        while not glass.over:
            view = glass.view
            kinds.add(view.page.kind)
            pages.add(f"{view.page.kind} {view.page.title.id}")
            assert has_way_out(view) or not view.page.answers(), f"no way out of {view.page.kind}"
            assert not view.page.title.id.startswith(SORRY), "the station apologises"
            act = walker.act(view) if len(done) < most else enough(view)
            done.append(f"{view.page.kind} {view.page.title.id[:30]!r}: {act.do} {act.choice} {act.value} {act.values}")
            assert len(done) < most + MAX_ACTS, "the visit does not end"
            await glass.happen(view)
            await glass.do(act, view)
    except (AssertionError, TimeoutError) as error:
        told = "\n  ".join(done[-12:])
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        again = f"TRAMKIT_WALKER={seed} python -m pytest -s '{test}'"
        raise AssertionError(f"{error or 'nothing came of it'}\n  {told}\nagain: {again}") from error
    return Walked(done, kinds, pages)


def enough(view: View) -> Act:
    """Return what a resident does who wants to go: leave, whatever stands there."""
    if "leave" in view.page.answers():
        return Act(choice="leave")
    if view.page.kind in ("help", "settings", "done", "fault"):
        return Act(choice="continue")
    return Act(do="press", choice="start_over")


def seeds(first: int, count: int) -> list[int]:
    """Return the seeds of a row of walkers; only the one of ``TRAMKIT_WALKER`` where that is given, to replay it."""
    if "TRAMKIT_WALKER" in os.environ:
        return [int(os.environ["TRAMKIT_WALKER"])]
    return [random.Random(f"{first}/{number}").randrange(10**9) for number in range(count)]
