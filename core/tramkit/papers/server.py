"""The server that residents' phones send papers to, on the station's own network address.

Nothing can be had from it but by a link that the station shows as a QR code: for one request, one phone, a few
minutes. It listens only while there is one, and shortly after, so that a phone that comes late is told so. Whatever
strangers send is read in a process of its own (:mod:`tramkit.papers.face`); what arrives stays in memory.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Callable, Generator

from aiohttp import web

from tramkit.papers import words
from tramkit.papers.face_process import FaceProcess
from tramkit.papers.link import Link, LinkEvent
from tramkit.papers.listening import Listening
from tramkit.papers.phone_app import SENDINGS, STRAYS, PhoneApp
from tramkit.papers.place import Place, own_address
from tramkit.papers.sending import MAX_TOGETHER, examined
from tramkit_hal.device.clock import Clock
from tramkit_hal.ui.serving import FaceRunner
from tramkit_hal.words import Text

__all__ = ["SENDINGS", "STRAYS", "Uploads"]


class _Here:
    """Serves phones in the station's own process: what tests and benches speak to."""

    def __init__(self, app: PhoneApp, *, proxied: bool) -> None:
        self._app = app
        self._runner: FaceRunner = app.runner(proxied=proxied)
        self._site: web.SockSite | None = None

    async def start(self) -> None:
        await self._runner.setup()

    async def serve(self, listening: socket.socket) -> None:
        self._site = web.SockSite(self._runner, listening)
        await self._site.start()

    async def unserve(self) -> None:
        site, self._site = self._site, None
        if site is not None:
            await site.stop()

    async def stop(self) -> None:
        await self._runner.cleanup()

    def move(self, place: Place) -> None:
        self._app.place = place

    def offer(self, link: Link | None) -> None:
        self._app.link = link


class Uploads:
    """Takes papers from residents' phones.

    :param host: address to listen on; ``auto``: the machine's own, followed when the network changes.
    :param port: 0: a free one.
    :param address: what phones open where that is another, e.g. a proxy that speaks TLS; empty: host and port.
    :param most_bytes: of one file.
    :param seconds: so long a link is valid.
    :param loopback: with ``auto``, while there is no network, a browser on this machine may open the links.
    :param apart: strangers are heard in a process of its own.
    :param find: tells the machine's own address; raises ``OSError`` while it has none.
    """

    def __init__(
        self,
        host: str,
        port: int,
        clock: Clock,
        *,
        agency: str = "",
        address: str = "",
        most_bytes: int = 10 * 1024 * 1024,
        seconds: float = 480.0,
        loopback: bool = False,
        apart: bool = False,
        find: Callable[[], str] = own_address,
    ) -> None:
        self._clock = clock
        self.seconds = seconds
        given = address.rstrip("/")
        self._face = (
            FaceProcess(clock, agency, most_bytes, proxied=bool(given))
            if apart
            else _Here(PhoneApp(clock, agency, most_bytes, examined), proxied=bool(given))
        )
        self._listening = Listening(
            host, port, clock, self._face, given=given, loopback=loopback, moved=self._move, find=find
        )
        self._link: Link | None = None

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Listen.

        :raises OSError: there is no network, the address is not this machine's, or the port is taken; it goes on
            trying until :meth:`stop`.
        """
        await self._listening.start()

    async def stop(self) -> None:
        """Stop listening and forget."""
        self._link = None
        self._face.offer(None)
        await self._listening.stop()

    @property
    def address(self) -> str:
        """What phones open; empty while they cannot reach the station."""
        return self._listening.place.address

    @property
    def trouble(self) -> str:
        """Why phones cannot reach the station now, for the operator; empty: they can."""
        return self._listening.trouble

    def _move(self) -> None:
        """Put a link that is shown on the address that the station has now."""
        link = self._link
        if link is not None:
            link.address = f"{self.address}/{link.token}" if self.address else ""
            link.tell(LinkEvent("moved"))

    @contextlib.contextmanager
    def link(
        self, what: Text, most: int, language: str, *, room: int = MAX_TOGETHER, kind: words.What = "paper"
    ) -> Generator[Link]:
        """Offer a link for as long as the block lasts; the one before is no longer valid.

        :param what: the paper, in the resident's words.
        :param most: files that it takes.
        :param room: bytes that they may have together, beside the server's own limit.
        :param kind: a paper, or a photo of something.
        """
        token = secrets.token_urlsafe(16)
        expires = self._clock.monotonic() + self.seconds
        address = f"{self.address}/{token}" if self.address else ""
        link = Link(address, token, what, most, min(room, MAX_TOGETHER), language, expires, kind)
        self._link = link
        self._face.offer(link)
        self._listening.want(True)
        try:
            yield link
        finally:
            link.spent = True
            if self._link is link:
                self._link = None
                self._face.offer(None)
                self._listening.want(False)
