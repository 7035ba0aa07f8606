"""A step of the station under way, with its own journal, in which the resident can go back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from tramkit.asking.journal import Journal
from tramkit.conversation.station_visit import StationVisit
from tramkit.host.steps import StepDone


class RunningStep:
    """One such step.

    :param scope: stands before the ids of its pages.
    """

    def __init__(self, visit: StationVisit, journal: Journal, scope: str) -> None:
        self._visit = visit
        self._scope = scope
        self._journal = journal
        self._task: asyncio.Task[StepDone] | None = None
        self._again = False
        self.went_back = False

    async def run(self, do: Callable[[], Awaitable[StepDone]]) -> StepDone:
        recorder = self._visit.recorder
        recorder.journal, recorder.scope = self._journal, self._scope
        try:
            while True:
                self._journal.begin()
                self._again = False
                self._task = asyncio.ensure_future(do())
                try:
                    return await self._task
                except asyncio.CancelledError:
                    if not self._again:
                        raise
        finally:
            recorder.journal, recorder.scope = self._visit.first, ""

    def back(self, typed: Mapping[str, str]) -> bool:
        if typed and self._visit.current:
            self._journal.keep_draft(self._visit.current, dict(typed))
        if not self._journal.can_go_back() or self._task is None:
            return False
        self._journal.back()
        self.went_back = self._again = True
        self._task.cancel()
        return True
