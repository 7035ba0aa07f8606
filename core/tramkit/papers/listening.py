"""Where the server for phones listens: it follows the station's network, and knows its own address however written."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import ipaddress
import logging
import socket
import sys
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from aiohttp import web

from tramkit_hal import TramkitError
from tramkit_hal.device.clock import Clock
from tramkit_hal.ui.serving import FaceRunner

AUTO = "auto"
FOLLOW_SECONDS = 3.0
"""How often it is looked whether the network has come, gone, or given the station another address."""
MAX_CONNECTIONS = 64
MAX_CONNECTIONS_EACH = 12
"""Of one address; a browser opens six."""
LATE_SECONDS = 60.0
"""How long a phone that comes after its link's end is still told so, before nothing listens any more."""
LINGER_SECONDS = 3.0
"""How long the rest of something too large is read and thrown away, so that the phone hears why."""
_PORTS = {"http": 80, "https": 443}
_SOMEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of documentation (RFC 5737, RFC 3849): lead nowhere, but tell by which address one would leave."""
_SIOCGIFFLAGS, _SIOCGIFADDR = 0x8913, 0x8915
_LOOPBACK, _UP_AND_RUNNING = 0x8, 0x41
"""Of linux/sockios.h and linux/if.h."""
_log = logging.getLogger(__name__)


class Listening:
    """Serves an application on an address of this machine, and on another one when the network changes.

    :param host: address to listen on; ``auto``: the machine's own in its network, whatever that is at the time.
    :param port: 0: a free one.
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
        *,
        given: str = "",
        loopback: bool = False,
        moved: Callable[[], None] = lambda: None,
        find: Callable[[], str] | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._given = given
        self._loopback = loopback
        self._moved = moved
        self._find = find or own_address
        self._runner: web.AppRunner | None = None
        self._site: web.BaseSite | None = None
        self._wanted = False
        self._opening: asyncio.Task[bool] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._bound = ""
        self._one = asyncio.Lock()
        """Is held by whoever opens or closes: the network may change while it is being listened."""
        self._following: asyncio.Task[None] | None = None
        self.address = ""
        """What phones open; empty while it cannot be reached."""
        self.trouble = ""
        """Why it cannot be reached now, for the operator; empty: it can."""

    async def start(self, app: web.Application) -> None:
        """Listen, and go on following the network.

        :raises OSError: it cannot listen now; it goes on trying until :meth:`stop`.
        """
        each = MAX_CONNECTIONS if self._given else MAX_CONNECTIONS_EACH  # a proxy's are all from its own address
        self._runner = FaceRunner(
            app,
            "uploads",
            connections=MAX_CONNECTIONS,
            each=each,
            seconds=None,
            clock=self._clock,
            shutdown_timeout=1.0,
            lingering_time=LINGER_SECONDS,
        )
        await self._runner.setup()
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
        elif self._site is None and self._bound and (self._opening is None or self._opening.done()):
            listening = self._at_once()
            self._opening = asyncio.create_task(self._open(listening, self._bound))
            if listening is not None:
                self._opening.add_done_callback(
                    lambda done: None if not done.cancelled() and done.result() else listening.close()
                )

    def _at_once(self) -> socket.socket | None:
        """Listen before the address is shown: who comes at once waits until it is served."""
        family = socket.AF_INET6 if ":" in self._bound else socket.AF_INET
        try:
            return socket.create_server((self._bound, self._port), family=family, backlog=MAX_CONNECTIONS)
        except OSError:
            return None

    async def _open(self, listening: socket.socket | None, host: str) -> bool:
        """Serve what listens already, unless the station has another address by now; tell whether it is served."""
        if listening is None:
            with contextlib.suppress(OSError):
                await self._look()
            return False
        async with self._one:
            if self._runner is None or self._site is not None or host != self._bound:
                return False
            site = web.SockSite(self._runner, listening)
            await site.start()
            self._site = site
            return True

    async def _close_later(self) -> None:
        await self._clock.sleep(LATE_SECONDS)
        async with self._one:
            self._wanted, self._closing = False, None
            site, self._site = self._site, None
            if site is not None:
                await site.stop()

    async def stop(self) -> None:
        """Stop listening."""
        for task in (self._opening, self._closing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._following is not None:
            self._following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._following
            self._following = None
        runner, self._runner, self._site = self._runner, None, None
        if runner is not None:
            await runner.cleanup()

    def is_own(self, written: str) -> bool:
        """Tell whether a ``Host`` names this server (RFC 9110 section 7.2; RFC 3986 sections 3.2 and 6.2)."""
        own = urlsplit(self.address)
        return bool(own.netloc) and authority(own.scheme, written) == authority(own.scheme, own.netloc)

    def is_own_origin(self, written: str) -> bool:
        """Tell whether an ``Origin`` is this server (RFC 6454 section 7)."""
        own, told = urlsplit(self.address), _split(written)
        return told is not None and told.scheme == own.scheme and not told.path and self.is_own(told.netloc)

    @property
    def secure(self) -> bool:
        """Whether phones reach it by TLS."""
        return urlsplit(self.address).scheme == "https"

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
                if host != self._bound or (self._wanted and self._site is None):
                    await self._listen(host)
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

    async def _listen(self, host: str) -> None:
        assert self._runner is not None
        if host != self._bound:
            await self._unlisten()
        site = web.TCPSite(self._runner, host, self._port)
        try:
            await site.start()
        except OSError:
            with contextlib.suppress(RuntimeError, ValueError, OSError):
                await site.stop()
            raise
        self._site, self._bound = site, host
        port = self._port = int(self._runner.addresses[0][1])
        name = f"[{host}]" if ":" in host else host
        self._put(self._given or (f"http://{name}" if port == _PORTS["http"] else f"http://{name}:{port}"))
        if not self._wanted:  # it was seen that it can be listened there
            self._site = None
            await site.stop()

    async def _unlisten(self) -> None:
        site, self._site, self._bound = self._site, None, ""
        if site is not None:
            await site.stop()
        self._put("")

    def _put(self, address: str) -> None:
        if address != self.address:
            self.address = address
            self._moved()

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            self.trouble = trouble
            if trouble:
                _log.warning("phones cannot reach the station", extra={"why": trouble})
            else:
                _log.info("phones can reach the station")


class NoNetworkError(TramkitError, OSError):
    """The machine has no address in any network."""

    def __init__(self) -> None:
        super().__init__(0, "this machine has no network")


def own_address() -> str:
    """Return this machine's address in its network, by asking which one it would send from; nothing is sent.

    A network of its own without a way out, the Wi-Fi of the hall and no router behind it, has no such answer: there it
    is the address of the first interface that is up.

    :raises OSError: it has none.
    """
    last = OSError("no network")
    for family, somewhere in _SOMEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as line:
                line.connect((somewhere, 9))
                return str(line.getsockname()[0])
        except OSError as error:
            last = error
    for _number, name in socket.if_nameindex():
        if found := _of_interface(name):
            return found
    raise last


def _of_interface(name: str) -> str:
    """Return the IPv4 address of an interface that is up and has a line (netdevice(7)); empty: it has none."""
    request = name.encode()[:15].ljust(32, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            flags = int.from_bytes(fcntl.ioctl(line.fileno(), _SIOCGIFFLAGS, request)[16:18], sys.byteorder)
            if flags & _LOOPBACK or flags & _UP_AND_RUNNING != _UP_AND_RUNNING:
                return ""
            return socket.inet_ntoa(fcntl.ioctl(line.fileno(), _SIOCGIFADDR, request)[20:24])
        except OSError:
            return ""


def authority(scheme: str, written: str) -> tuple[str, int] | None:
    """Return host and port of an authority in one form, case and default port not mattering; None: it is none.

    :param scheme: whose default port is meant where none is written.
    :param written: ``host``, ``host:port`` or ``[IPv6]:port``.
    """
    found = _split(f"{scheme}://{written}")
    try:
        if found is None or found.hostname is None or "@" in written or found.path or found.query or found.fragment:
            return None
        port = found.port if found.port is not None else _PORTS.get(found.scheme, 0)
    except ValueError:
        return None
    return _name(found.hostname), port


def _split(written: str) -> SplitResult | None:
    try:
        return urlsplit(written.strip())
    except ValueError:
        return None


def _name(host: str) -> str:
    """Return a host in small letters, an IP address in its shortest form, other scripts as DNS writes them."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).compressed
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    return host.lower().removesuffix(".")
