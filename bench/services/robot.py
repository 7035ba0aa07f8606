"""A robot resident who goes through each service as the journeys do, counting pages and taps."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))  # the station and its outside world, as tests do

from support.journeys import ROUNDS, go_round
from support.services import whole_site

from tramkit.testing.drivers import ScriptedDriver

__all__ = ["ROUNDS", "measured"]


class Counting(ScriptedDriver):
    """A robot's hands that count what they do.

    :ivar taps: choices, answers, continued pages and fields that were filled in.
    """

    taps = 0

    async def choose(self, value: str) -> None:
        self.taps += 1
        await super().choose(value)

    async def pick(self, name: str, value: str = "yes") -> None:
        self.taps += 1
        await super().pick(name, value)

    async def go_on(self) -> None:
        self.taps += 1
        await super().go_on()


async def measured(name: str, folder: Path) -> tuple[int, int, float]:
    """Go through a service to its last page; return pages, taps and seconds of the processor."""
    async with whole_site(folder, "scripted", None) as site:
        assert isinstance(site.glass, ScriptedDriver)
        robot = Counting(site.glass.screen)
        site.glass = robot
        before = len(robot.screen.history)
        began = time.process_time()
        await go_round(site, name)
        seconds = time.process_time() - began
        pages = len({view.page.id for view in list(robot.screen.history)[before:]})
        return pages, robot.taps, seconds
