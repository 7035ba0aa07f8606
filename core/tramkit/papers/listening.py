"""Where the server for phones listens: it follows the station's network."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from typing import Protocol

from tramkit.papers.place import PORTS, Place, own_address
from tramkit_hal import TramkitError
from tramkit_hal.device.clock import Clock

AUTO = "auto"
FOLLOW_SECONDS = 3.0
"""How often it is looked whether the network has come, gone, or given the station another address."""
LATE_SECONDS = 60.0
"""How long a phone that comes after its link's end is still told so, before nothing listens any more."""
BACKLOG = 64
_log = logging.getLogger(__name__)


class PhoneServer(Protocol):
    """Who serves what comes to a socket that listens."""

    async def start(self) -> None:
        """Get ready."""

    async def serve(self, listening: socket.socket) -> None:
        """Take what comes to a socket."""

    async def unserve(self) -> None:
        """Take nothing more, and close the socket."""

    async def stop(self) -> None:
        """End."""

    def move(self, place: Place) -> None:
        """Be told where it is reached."""


class Listening:
    """Serves an application on an address of this machine, and on another one when the network changes.

    :param host: address to listen on; ``auto``: the machine's own in its network, whatever that is at the time.
    :param port: 0: a free one.
    :param server: serves what comes there.
    :param given: what is opened instead of host and port; empty: those.
    :param loopback: while there is no network, a browser on this machine may be served.
    :param moved: is told when the address has become another one.
    :param find: tells the machine's own address; raises ``OSError`` while it has none.
    """

    def __init__(
        self,
        host: str,
        port: int,
        clock: Clock,
        server: PhoneServer,
        *,
        given: str = "",
        loopback: bool = False,
        moved: Callable[[], None] = lambda: None,
        find: Callable[[], str] = own_address,
    ) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._server = server
        self._given = given
        self._loopback = loopback
        self._moved = moved
        self._find = find
        self._served = False
        self._wanted = False
        self._opening: asyncio.Task[bool] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._bound: str = ""
        self._one = asyncio.Lock()
        """Is held by whoever opens or closes: the network may change while it is being listened."""
        self._following: asyncio.Task[None] | None = None
        self.place = Place()
        """Where phones reach it."""
        self.trouble = ""
        """Why it cannot be reached now, for the operator; empty: it can."""

    async def start(self) -> None:
        """Listen, and go on following the network.

        :raises OSError: it cannot listen now; it goes on trying until :meth:`stop`.
        """
        await self._server.start()
        self._following = asyncio.create_task(self._follow())
        await self._look()

    def want(self, wanted: bool) -> None:
        """Say whether phones are waited for now; they are a little longer, so that a late one is told why not."""
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        self._wanted = True
        if not wanted:
            self._closing = asyncio.create_task(self._close_later())
        elif not self._served and self._bound and (self._opening is None or self._opening.done()):
            listening = self._at_once()
            self._opening = asyncio.create_task(self._open(listening, self._bound))
            if listening is not None:
                self._opening.add_done_callback(
                    lambda done: None if not done.cancelled() and done.result() else listening.close()
                )

    def _at_once(self) -> socket.socket | None:
        """Listen before the address is shown: who comes at once waits until it is served."""
        try:
            return _listen(self._bound, self._port)
        except OSError:
            return None

    async def _open(self, listening: socket.socket | None, host: str) -> bool:
        """Serve what listens already, unless the station has another address by now; tell whether it is served."""
        if listening is None:
            with contextlib.suppress(OSError):
                await self._look()
            return False
        async with self._one:
            if self._following is None or self._served or host != self._bound:
                return False
            await self._server.serve(listening)
            self._served = True
            return True

    async def _close_later(self) -> None:
        await self._clock.sleep(LATE_SECONDS)
        async with self._one:
            self._wanted, self._closing = False, None
            await self._unserve()

    async def _unserve(self) -> None:
        if self._served:
            self._served = False
            await self._server.unserve()

    async def stop(self) -> None:
        """Stop listening."""
        for task in (self._opening, self._closing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
        await self._unserve()
        await self._server.stop()

    # ── following ─────────────────────────────────────────────────────────────────────────────────────────

    async def _follow(self) -> None:
        while True:
            await self._clock.sleep(FOLLOW_SECONDS)
            with contextlib.suppress(OSError):
                await self._look()

    async def _look(self) -> None:
        """Listen where the station is now.

        :raises OSError: it cannot.
        """
        async with self._one:
            try:
                host = self._where()
                if host != self._bound or (self._wanted and not self._served):
                    await self._listen_at(host)
            except OSError as error:
                self._tell(error.strerror or "it cannot listen")
                if isinstance(error, NoNetworkError):
                    await self._unlisten()
                raise
            self._tell("")

    def _where(self) -> str:
        if self._host != AUTO:
            return self._host
        try:
            return self._find()
        except OSError:
            if self._loopback:
                return "127.0.0.1"
            raise NoNetworkError from None

    async def _listen_at(self, host: str) -> None:
        if host != self._bound:
            await self._unlisten()
        listening = _listen(host, self._port)
        self._bound = host
        port = self._port = int(listening.getsockname()[1])
        name = f"[{host}]" if ":" in host else host
        self._put(self._given or (f"http://{name}" if port == PORTS["http"] else f"http://{name}:{port}"))
        if self._wanted:
            await self._server.serve(listening)
            self._served = True
        else:  # it was seen that it can be listened there
            listening.close()

    async def _unlisten(self) -> None:
        self._bound = ""
        await self._unserve()
        self._put("")

    def _put(self, address: str) -> None:
        if address != self.place.address:
            self.place = Place(address)
            self._server.move(self.place)
            self._moved()

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            if trouble:
                _log.warning("phones cannot reach the station", extra={"why": trouble})
            else:
                _log.info("phones can reach the station")


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    :raises OSError: it cannot be listened there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


class NoNetworkError(TramkitError, OSError):
    """The machine has no address in any network."""

    def __init__(self) -> None:
        super().__init__(0, "this machine has no network")
