"""HTTP servers with budgets: how many connections, how long a header may take, how much strangers can make them log.

What can be reached by somebody who is not known (uploads, payment notices, the desk's sign-in, the screen's own port)
is served by a :class:`FaceRunner` in the place of aiohttp's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from tramkit_hal.device.clock import Clock, SystemClock

HEADER_SECONDS = 10.0
"""In which the header of a request has come whole, and an idle connection is closed (RFC 9112 §9.5)."""

LINES_AT_ONCE = 20
LINES_PER_SECOND = 0.2
"""What strangers can make the log write: a burst, then a line in five seconds, each with how many were left out."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_log = logging.getLogger(__name__)


class LogBudget:
    """Lets so many lines of a kind into the log that nobody can fill the disk with them."""

    def __init__(self, clock: Clock, *, burst: float = LINES_AT_ONCE, rate: float = LINES_PER_SECOND) -> None:
        self._clock = clock
        self._burst, self._rate = burst, rate
        self._tokens, self._at = burst, clock.monotonic()
        self._left_out = 0

    def take(self) -> int | None:
        """Return how many lines were left out before this one; None: leave this one out too."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            self._left_out += 1
            return None
        self._tokens -= 1
        left_out, self._left_out = self._left_out, 0
        return left_out


class _Rationed(logging.Filter):
    def __init__(self, budget: LogBudget) -> None:
        super().__init__()
        self._budget = budget

    def filter(self, record: logging.LogRecord) -> bool:
        left_out = self._budget.take()
        if left_out:
            record.__dict__["left_out"] = left_out
        return left_out is not None


class FaceRunner(web.AppRunner):
    """Serves an application within budgets.

    A request that is no text (bytes that are not UTF-8, an unknown charset) is answered with 400, and its trouble is
    not logged: it is the sender's.

    :param name: of the face, in the log.
    :param connections: at the same moment; more are closed at once.
    :param each: of them from one address.
    :param seconds: in which a request is answered; WebSockets excepted. None: the application sees to it itself.
    """

    def __init__(
        self,
        app: web.Application,
        name: str,
        *,
        connections: int,
        each: int,
        seconds: float | None = 30.0,
        clock: Clock | None = None,
        **more: Any,
    ) -> None:
        self.name = name
        self._connections, self._each = connections, each
        self._seconds = seconds
        self._open: Counter[str] = Counter()
        self._refusals = LogBudget(clock or SystemClock())
        errors = logging.getLogger(f"{__name__}.{name}")
        for old in errors.filters[:]:
            errors.removeFilter(old)
        errors.addFilter(_Rationed(LogBudget(clock or SystemClock())))
        app.middlewares.insert(0, self._guard)
        super().__init__(
            app, access_log=None, handle_signals=False, keepalive_timeout=HEADER_SECONDS, logger=errors, **more
        )

    @property
    def server(self) -> Any:
        """Return what makes the protocol of a new connection."""
        return None if self._server is None else self._protocol

    def _protocol(self) -> RequestHandler:
        server = self._server
        assert server is not None
        more: dict[str, Any] = server._kwargs  # pyright: ignore[reportPrivateUsage]  # as Server.__call__ does
        return _Connection(self, server, loop=asyncio.get_running_loop(), **more)

    def admit(self, client: str) -> bool:
        """Count a new connection; False: it is one too many."""
        if self._open.total() >= self._connections or self._open[client] >= self._each:
            if (left_out := self._refusals.take()) is not None:
                extra = {"face": self.name, "client": client, "open": self._open.total(), "left_out": left_out}
                _log.warning("too many connections", extra=extra)
            return False
        self._open[client] += 1
        return True

    def leave(self, client: str) -> None:
        """Count a connection that has ended."""
        self._open[client] -= 1
        if self._open[client] <= 0:
            del self._open[client]

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_text(request):
            return _malformed()
        try:
            if self._seconds is None or request.headers.get("Upgrade"):
                return await handler(request)
            async with asyncio.timeout(self._seconds):
                return await handler(request)
        except (UnicodeError, LookupError) as error:
            if isinstance(error, KeyError | IndexError):
                raise
            return _malformed()
        except TimeoutError:
            response = web.Response(status=408, text="408: this took too long.\n")
            response.force_close()
            return response


class _Connection(RequestHandler):
    """A connection of a face, counted."""

    __slots__ = ("_admitted", "_client", "_face")

    def __init__(self, face: FaceRunner, manager: Any, **more: Any) -> None:
        super().__init__(manager, **more)
        self._face = face
        self._client = ""
        self._admitted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = cast("tuple[object, ...] | str | None", transport.get_extra_info("peername"))
        self._client = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        self._admitted = self._face.admit(self._client)
        if not self._admitted:
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._admitted:
            self._admitted = False
            self._face.leave(self._client)
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._admitted:
            super().data_received(data)

    def eof_received(self) -> None:
        if self._admitted:
            super().eof_received()


def _is_text(request: web.Request) -> bool:
    """Tell whether a request's line and header are text: bytes that are not UTF-8 come as lone surrogates."""
    texts = [request.path_qs, request.path, *request.query.keys(), *request.query.values()]
    for name, value in request.headers.items():
        texts += [name, value]
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def _malformed() -> web.Response:
    return web.Response(status=400, text="400 Bad Request: this is no text.\n")
