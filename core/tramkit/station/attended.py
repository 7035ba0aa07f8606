"""A visit's host that sees to it that the service goes on: between two calls it may take a moment, and not for ever."""

from __future__ import annotations

import asyncio
import inspect
import logging
from types import TracebackType
from typing import Any, Self

from tramkit.asking.idle import Idle
from tramkit.station.station_host import StationHost
from tramkit_hal.ui.pages import Wait
from tramkit_hal.words import Messages

_ = Messages("tramkit")
_log = logging.getLogger(__name__)

QUIET_SECONDS = 2.0
"""After so long the resident is told that it takes a moment; they can leave from there."""
HUNG_SECONDS = 60.0
"""After so long the visit ends as with any fault of the service."""


class AttendedHost:
    """The host of a visit while one service serves.

    A call under way, or a page that changes while it stands, is the station's to bound; what is between them is the
    service's own time, reckoned by the machine's clock.
    """

    def __init__(self, host: StationHost, quiet: float = QUIET_SECONDS, hung: float = HUNG_SECONDS) -> None:
        self._host = host
        self._quiet = quiet
        self._hung = hung
        self._under_way = 0
        self._lives = 0
        self._watching: asyncio.Task[None] | None = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._host, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._begin()
            try:
                done = await found(*args, **kwargs)
                self._lives += {"live_open": 1, "live_close": -1}.get(name, 0)
                return done
            finally:
                self._end()

        return call

    async def __aenter__(self) -> Self:
        self._watch()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop_watching()

    async def _begin(self) -> None:
        self._under_way += 1
        await self._stop_watching()

    def _end(self) -> None:
        self._under_way -= 1
        if not self._under_way and not self._lives:
            self._watch()

    def _watch(self) -> None:
        if self._watching is None:
            self._watching = asyncio.create_task(self._see_to_it(), name="the service's own time")

    async def _stop_watching(self) -> None:
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _see_to_it(self) -> None:
        await asyncio.sleep(self._quiet)
        visit = self._host.visit
        page = Wait(id="quiet", title=_("One moment, please"))
        told = asyncio.create_task(visit.conversation.exchange(page, Idle.WAITING))
        try:
            await asyncio.sleep(self._hung - self._quiet)
            _log.error("service does not go on", extra={"visit": visit.id, "service": self._host.service})
            visit.conversation.end("fault")
        finally:
            told.cancel()
            await asyncio.gather(told, return_exceptions=True)
