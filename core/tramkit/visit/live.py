"""A page that changes while it stands, as a service holds it."""

from __future__ import annotations

import asyncio

from tramkit.host.host import Host
from tramkit_hal.ui.pages import Call, Pay, Wait


class Live:
    """A page that changes while it stands; see :meth:`Visit.live`."""

    def __init__(self, host: Host, number: int, page: Wait | Call | Pay) -> None:
        self._host = host
        self._number = number
        self._page = page
        self._newest: Wait | Call | Pay | None = None
        self._some = asyncio.Event()

    def update(self, page: Wait | Call | Pay) -> None:
        """Show another state of the page; nothing happens where it is the same."""
        if page != self._page:
            self._page = self._newest = page
            self._some.set()

    async def answer(self) -> str:
        """Return the next choice that the resident presses, waiting for it."""
        return await self._host.live_answer(self._number)

    async def typed(self) -> str:
        """Return what the resident writes in a call, as it is typed, waiting for something else than before."""
        return await self._host.live_typed(self._number)

    async def send(self) -> None:
        """Pass states on to the station, the newest one only where they come faster."""
        while True:
            await self._some.wait()
            self._some.clear()
            if (page := self._newest) is not None:
                self._newest = None
                await self._host.live_update(self._number, page)
