"""The panel's server: one page, a JSON API, and a stream that tells what changes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from tramkit import log
from tramkit.operator.health import StationHealth
from tramkit.operator.metrics import CONTENT_TYPE, Metrics
from tramkit.operator.open_orders import OpenOrders
from tramkit.operator.panel import words
from tramkit.operator.panel.actions import ActionRefusedError, Actions
from tramkit.operator.panel.peers import ACTOR, Actor, Peers, open_socket, peer_of
from tramkit.operator.panel.report import ChangesReport, PluginsReport, Reporter, SelfTestReport
from tramkit.operator.panel.watch import Paper, Watch
from tramkit.orders.runner import Runner
from tramkit.station.station import Station
from tramkit_hal.data import Data
from tramkit_hal.device.clock import Clock, SystemClock
from tramkit_hal.device.simulated import Simulated
from tramkit_hal.loopback import Guard, Handler, add_headers, fixed_token, loopback_address
from tramkit_hal.ui.serving import FaceRunner
from tramkit_hal.words import LANGUAGES, Messages, Nfc, render

MAX_CONNECTIONS = 64
_ = Messages("tramkit")
_log = logging.getLogger(__name__)

MAX_BODY = 16 * 1024
"""Most bytes that the panel takes in one request."""

MAX_VIEWERS = 16
"""Streams that may be open at once."""

HEARTBEAT = 5.0
"""Seconds between two signs of life on the stream."""

STATIC: Mapping[str, str] = {
    "panel.css": "text/css",
    "panel.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_HERE = Path(__file__).parent / "static"

M = TypeVar("M", bound=BaseModel)


class ClosedRequest(Data):
    """The body of ``POST /api/station/closed``."""

    closed: bool


class EndVisitRequest(Data):
    """The body of ``POST /api/visit/end``: the visit that the operator sees, so that no other is ended."""

    visit: str = Field(max_length=80)


class ControlRequest(Data):
    """The body of ``POST /api/devices/{role}/{index}/control``."""

    name: str = Field(max_length=80)
    value: Nfc = Field(default="", max_length=4_000)


class Panel:
    """The operator's page of one station, on loopback only.

    :param host: a loopback address.
    :param port: TCP port; 0 takes a free one.
    :param token: a fixed secret that lets a browser in; empty or None: a new one at each start.
    :param plugins_report: tells which plugins are installed, enabled, quarantined, and why.
    :param changes_report: tells which dated values begin or end soon.
    :param self_test_report: tells the last self-test; None: this station makes none by itself.
    :param clock: how often the devices are looked at.
    :param viewer_token: a fixed secret that lets a browser look and do nothing; empty: there is none.
    :param tcp: False: the socket is the only way in.
    :param socket: a Unix socket where users of this machine are known by the kernel's word; None: there is none.
    :param peers: who they are, and what they may do.
    :param runner: whose open orders are shown; None: this station takes none.
    :raises ValueError: ``host`` is not a loopback address, or ``token`` is no good secret.
    """

    def __init__(
        self,
        station: Station,
        *,
        host: str = "127.0.0.1",
        port: int = 8081,
        token: str | None = None,
        plugins_report: PluginsReport | None = None,
        changes_report: ChangesReport | None = None,
        self_test_report: SelfTestReport | None = None,
        clock: Clock | None = None,
        viewer_token: str = "",
        tcp: bool = True,
        socket: Path | None = None,
        peers: Peers | None = None,
        runner: Runner | None = None,
    ) -> None:
        self._station = station
        self._host = loopback_address(host)
        self._port = port
        self._orders = OpenOrders(runner) if runner is not None else None
        self._clock = clock or SystemClock()
        self._watch = Watch(station.devices, self._clock, self._orders)
        self._reporter = Reporter(station, self._watch, plugins_report, changes_report, self_test_report, self._orders)
        self._actions = Actions(station)
        self._health, self._metrics = StationHealth(station), Metrics(station, version("tramkit"), self._orders)
        self._files: dict[str, str] = {}
        self._runner: web.AppRunner | None = None
        self._socket = socket
        self._tcp = tcp
        self._viewer_token = fixed_token(viewer_token) if viewer_token else ""
        self._peers = peers or Peers()
        self.guard = Guard(
            "panel",
            host,
            fixed_token(token) if token else secrets.token_urlsafe(24),
            public=frozenset(f"/{name}" for name in STATIC),
            closed_page=lambda: self._files["closed.html"],
        )

    @property
    def address(self) -> str:
        """Where the operator opens the panel; it holds the secret of this start. Without TCP: the socket."""
        return self.guard.address if self._tcp else f"unix:{self._socket}"

    async def start(self) -> None:
        """Listen.

        :raises OSError: the port is taken.
        """
        names = (*STATIC, "panel.html", "closed.html")
        self._files = await asyncio.to_thread(lambda: {n: (_HERE / n).read_text(encoding="utf-8") for n in names})
        app = web.Application(middlewares=[self._door, self._refusals, self._may], client_max_size=MAX_BODY)
        app.on_response_prepare.append(add_headers)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics_text),
                web.get("/api/words", self._words),
                web.get("/api/state", self._state),
                web.get("/api/stream", self._stream),
                web.get("/api/devices/{role}/{index}/paper", self._paper),
                web.post("/api/devices/{role}/{index}/control", self._control),
                web.post("/api/devices/{role}/{index}/reset", self._reset),
                web.post("/api/station/closed", self._close_station),
                web.post("/api/visit/end", self._end_visit),
                web.get("/api/log", self._log_lines),
                web.post("/api/staff/{id}/acknowledge", self._acknowledge),
                *(web.get(f"/{name}", self._file) for name in STATIC),
            ]
        )
        runner = FaceRunner(
            app, "panel", connections=MAX_CONNECTIONS, each=MAX_CONNECTIONS, seconds=None, shutdown_timeout=2.0
        )
        await runner.setup()
        try:
            if self._tcp:
                await web.TCPSite(runner, self._host, self._port).start()
                self.guard.port = int(runner.addresses[0][1])
            if self._socket is not None:
                await web.SockSite(runner, open_socket(self._socket)).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._watch.start()

    async def stop(self) -> None:
        """Stop listening and end every stream."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await self._watch.stop()
            await runner.cleanup()

    @web.middleware
    async def _door(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Find out who asks: by the kernel's word at the socket, by what their browser holds elsewhere."""
        uid = peer_of(request)
        if uid is not None:
            request[ACTOR] = self._peers.actor(uid)
            return await handler(request)
        shown = request.query.get("token", "") if request.path == "/" else ""
        token = shown or request.cookies.get(self._viewers_cookie, "")
        if self._viewer_token and not self.guard.foreign(request) and _same(token, self._viewer_token):
            request[ACTOR] = Actor("viewer", may_act=False)
            if shown:
                answer = web.Response(status=303, headers={"Location": "/"})
                answer.set_cookie(self._viewers_cookie, token, httponly=True, samesite="Strict", path="/")
                return answer
            return await handler(request)
        request[ACTOR] = Actor("panel", may_act=True)
        return await self.guard.middleware(request, handler)

    @property
    def _viewers_cookie(self) -> str:
        return f"{self.guard.cookie}_viewer"

    @web.middleware
    async def _may(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let viewers look and operators do; what is done stands in the log with who did it."""
        actor: Actor = request.get(ACTOR, Actor("panel", may_act=True))
        if not actor.may_look:
            raise ActionRefusedError(403, _("You may not look at this station: ask who runs it."))
        if request.method not in ("GET", "HEAD"):
            if not actor.may_act:
                raise ActionRefusedError(403, _("You may look at this station, and change nothing."))
            _log.info("operator acts", extra={"operator": actor.name, "path": request.path})
        return await handler(request)

    @web.middleware
    async def _refusals(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer every refusal as JSON with words for a person."""
        try:
            return await handler(request)
        except ActionRefusedError as refused:
            status, text, fields = refused.status, refused.words, refused.fields
        except web.HTTPRequestEntityTooLarge:
            status, text, fields = 413, _("The request is too long: at most {bytes} bytes.", bytes=MAX_BODY), {}
        except web.HTTPException as error:
            if error.status < 400:
                raise
            status, text, fields = error.status, _("The panel has no such address or method."), {}
        _log.info("panel refused", extra={"status": status, "reason": text.id})
        return web.json_response({"error": render(text, _language(request)), **fields}, status=status)

    # ── what a browser gets ───────────────────────────────────────────────────────────────────────────────

    async def _page(self, _request: web.Request) -> web.Response:
        language = self._station.profile.languages[0]
        title = render(words.LABELS["title"], language)
        html = Template(self._files["panel.html"]).substitute(language=language, title=title)
        return web.Response(text=html, content_type="text/html")

    async def _file(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix("/")
        return web.Response(text=self._files[name], content_type=STATIC[name])

    async def _words(self, request: web.Request) -> web.Response:
        language = _language(request)
        return web.json_response({name: render(text, language) for name, text in words.LABELS.items()})

    async def _state(self, request: web.Request) -> web.Response:
        await self._watch.look()
        return web.Response(text=self._json(_language(request)), content_type="application/json")

    def _json(self, language: str) -> str:
        return self._reporter.report(language).model_dump_json()

    async def _healthz(self, request: web.Request) -> web.Response:
        """Answer 200 while nothing hangs; a station that is closed or lacks a device is alive."""
        return self._health_answer(request, well=self._health.live)

    async def _readyz(self, request: web.Request) -> web.Response:
        """Answer 200 while a resident who comes can begin a visit."""
        return self._health_answer(request, well=self._health.ready)

    def _health_answer(self, request: web.Request, *, well: bool) -> web.Response:
        return web.json_response(self._health.report(_language(request)), status=200 if well else 503)

    async def _metrics_text(self, _request: web.Request) -> web.Response:
        if self._orders is not None:
            await self._orders.look(self._clock.now())
        return web.Response(body=self._metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        language = _language(request)
        if self._watch.viewers >= MAX_VIEWERS:
            raise ActionRefusedError(503, _("The panel is open in too many windows. Close one of them."))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        with self._watch.viewer():
            sent, seen, last = b"", -1, 0.0  # a digest: the report may hold what hangs out of the printer
            try:
                while not self._watch.closed:
                    seen, message = self._watch.serial, self._json(language).encode()
                    digest = hashlib.sha256(message).digest()
                    if digest != sent:
                        sent, last = digest, loop.time()
                        await response.write(b"event: state\ndata: " + message + b"\n\n")
                    elif loop.time() - last >= HEARTBEAT:
                        last = loop.time()
                        await response.write(b"event: beat\ndata:\n\n")
                    del message
                    await self._watch.changed(seen)
            except ConnectionError:
                _log.debug("browser has gone")
        return response

    async def _paper(self, request: web.Request) -> web.Response:
        device = self._actions.device(request.match_info["role"], request.match_info["index"])
        paper = device.paper_png() if isinstance(device, Simulated) and isinstance(device, Paper) else None
        if paper is None:
            raise ActionRefusedError(404, _("There is no paper to see."))
        return web.Response(body=paper, content_type="image/png")

    # ── what an operator does ─────────────────────────────────────────────────────────────────────────────

    async def _control(self, request: web.Request) -> web.Response:
        device = self._actions.device(request.match_info["role"], request.match_info["index"])
        asked = await _body(request, ControlRequest)
        await self._actions.control(device, asked.name, asked.value)
        return self._done()

    async def _reset(self, request: web.Request) -> web.Response:
        device = self._actions.device(request.match_info["role"], request.match_info["index"])
        await self._actions.reset(device)
        return self._done()

    async def _close_station(self, request: web.Request) -> web.Response:
        self._actions.close_station((await _body(request, ClosedRequest)).closed)
        return self._done()

    async def _end_visit(self, request: web.Request) -> web.Response:
        self._actions.end_visit((await _body(request, EndVisitRequest)).visit)
        return self._done()

    async def _log_lines(self, request: web.Request) -> web.Response:
        after = request.query.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 12):
            raise ActionRefusedError(400, _("This is malformed: {reason}", reason="after"))
        return web.json_response([{"number": number, "line": line} for number, line in log.newest(int(after))])

    async def _acknowledge(self, request: web.Request) -> web.Response:
        self._actions.acknowledge(request.match_info["id"])
        return self._done()

    def _done(self) -> web.Response:
        self._watch.mark()
        return web.json_response({"done": True})


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())


def _language(request: web.Request) -> str:
    """Return the language asked for with ``?language=``; English where none is, or one nobody speaks here."""
    language = request.query.get("language", "en")
    return language if language in LANGUAGES else "en"


async def _body(request: web.Request, model: type[M]) -> M:
    """Read a JSON body.

    :raises ActionRefusedError: another content type, malformed, unknown or wrong fields.
    """
    if request.content_type != "application/json":
        raise ActionRefusedError(415, _("Send this as application/json."))
    if (request.content_length or 0) > MAX_BODY:
        raise ActionRefusedError(413, _("The request is too long: at most {bytes} bytes.", bytes=MAX_BODY))
    body = await request.read()
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:80]
        reason = f"{field}: {first['msg']}" if field else first["msg"]
        raise ActionRefusedError(400, _("This is malformed: {reason}", reason=reason)) from None
