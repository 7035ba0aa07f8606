"""The routes of the web screen."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import WSMsgType, web
from pydantic import TypeAdapter, ValidationError

from tramkit_hal.loopback import Guard, add_headers
from tramkit_hal.screens.web.rendering import HERE, LIVE_KINDS, Renderer
from tramkit_hal.screens.web.settings import EMBLEM_TYPES, WebSettings
from tramkit_hal.screens.web.video import feed
from tramkit_hal.ui.events import MAX_EVENT, Answered, Key, Pressed, Touched, event_adapter
from tramkit_hal.ui.keyboard.typing import press
from tramkit_hal.ui.serving import FaceRunner
from tramkit_hal.ui.stage import EventRefusedError, ShownView, StaleEventError
from tramkit_hal.video import NewestFrame

MAX_CONNECTIONS = 64
"""The screen's own browser needs six."""
HEARTBEAT = 3.0
"""Seconds between two signs of life on the line."""

T = TypeVar("T")

_log = logging.getLogger(__name__)
_keys = TypeAdapter(Key)
_STATIC: Mapping[str, str] = {
    "palettes.css": "text/css",
    "screen.css": "text/css",
    "landscape.css": "text/css",
    "screen.js": "text/javascript",
    "line.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


class Server:
    """Serves one stage to the station's browser.

    :param token: the secret that lets a browser in.
    :param videos: the moving pictures by name; looked up at each frame.
    """

    def __init__(self, settings: WebSettings, token: str, stage: ShownView, videos: Mapping[str, NewestFrame]) -> None:
        self._settings = settings
        self._stage = stage
        self._videos = videos
        self._renderer = Renderer(
            secrets.token_hex(8), settings.ghost_tap_ms, settings.orientation, emblem=settings.emblem is not None
        )
        public = frozenset({"/sizes.css", "/emblem", *(f"/{name}" for name in _STATIC)})
        self.guard = Guard("screen", settings.host, token, public=public, closed_page=self._renderer.closed)
        self._runner: web.AppRunner | None = None
        self._alive = asyncio.get_running_loop().time()
        self._sockets: set[web.WebSocketResponse] = set()
        self.viewers = 0

    async def start(self, port: int) -> int:
        """Listen; return the port.

        :param port: 0 takes a free one.
        :raises OSError: the port is taken.
        """
        app = web.Application(middlewares=[self.guard.middleware], client_max_size=MAX_EVENT)
        app.on_response_prepare.append(add_headers)
        app.on_response_prepare.append(_isolate)
        app.router.add_get("/", self._page)
        app.router.add_get("/view", self._view)
        app.router.add_get("/line", self._line)
        app.router.add_post("/event", self._event)
        app.router.add_post("/key", self._key)
        app.router.add_get("/video/{name}", self._video)
        app.router.add_get("/sizes.css", self._sizes)
        app.router.add_get("/emblem", self._emblem)
        for name in _STATIC:
            app.router.add_get(f"/{name}", self._file)
        self._runner = FaceRunner(
            app, "screen", connections=MAX_CONNECTIONS, each=MAX_CONNECTIONS, seconds=None, shutdown_timeout=2.0
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, port)
        await site.start()
        self.guard.port = int(self._runner.addresses[0][1])
        return self.guard.port

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        for socket in tuple(self._sockets):
            await socket.close(code=1001)
        await runner.cleanup()

    # ── what a browser gets ───────────────────────────────────────────────────────────────────────────────

    async def _page(self, _request: web.Request) -> web.Response:
        stage = self._stage
        html = self._renderer.document(stage.view, stage.serial, stage.drafts, stage.typing)
        return web.Response(text=html, content_type="text/html")

    async def _view(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._message(), content_type="application/json")

    async def _sizes(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._settings.sizes_css(), content_type="text/css")

    async def _emblem(self, _request: web.Request) -> web.Response:
        emblem = self._settings.emblem
        if emblem is None:
            raise web.HTTPNotFound
        body = await asyncio.to_thread(emblem.read_bytes)
        return web.Response(body=body, content_type=EMBLEM_TYPES[emblem.suffix.lower()])

    async def _file(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix("/")
        text = await asyncio.to_thread(Path(HERE / "static" / name).read_text, encoding="utf-8")
        return web.Response(text=text, content_type=_STATIC[name])

    def _message(self, **more: object) -> str:
        stage = self._stage
        state = self._renderer.state(stage.view, stage.serial)
        html = self._renderer.fragment(stage.view, stage.drafts)
        return json.dumps(state | {"html": html} | more, ensure_ascii=False)

    async def _line(self, request: web.Request) -> web.WebSocketResponse:
        """Send each view and a sign of life where there is none; take events."""
        socket = await self._socket(request, max_msg_size=MAX_EVENT)
        self.viewers += 1
        self._note_life()
        try:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(self._tell(socket))
                async for message in socket:
                    self._note_life()
                    if message.type is WSMsgType.TEXT and message.data and not self._hear(message.data):
                        await socket.send_str(self._message(again=True))
                telling.cancel()
        except* ConnectionError:
            _log.debug("browser has gone")
        finally:
            self.viewers -= 1
            self._sockets.discard(socket)
        return socket

    def _note_life(self) -> None:
        self._alive = asyncio.get_running_loop().time()

    @property
    def silent(self) -> float:
        """For how many seconds no page has given a sign of life."""
        return asyncio.get_running_loop().time() - self._alive

    async def _tell(self, socket: web.WebSocketResponse) -> None:
        stage, seen = self._stage, -1
        while not stage.closed:
            fresh, seen = seen != stage.serial, stage.serial
            await socket.send_str(self._message() if fresh else "")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await stage.changed(seen)

    async def _socket(self, request: web.Request, **settings: Any) -> web.WebSocketResponse:
        """Open a WebSocket that :meth:`stop` closes."""
        socket = web.WebSocketResponse(compress=False, **settings)
        if not socket.can_prepare(request).ok:
            raise web.HTTPBadRequest(text="400 Bad Request: a WebSocket is expected here.\n")
        await socket.prepare(request)
        self._sockets.add(socket)
        return socket

    async def _video(self, request: web.Request) -> web.WebSocketResponse:
        name = request.match_info["name"]
        socket = await self._socket(request, max_msg_size=64, heartbeat=10.0)
        try:
            await feed(socket, lambda: self._videos.get(name))
        finally:
            self._sockets.discard(socket)
        return socket

    # ── what a browser sends ──────────────────────────────────────────────────────────────────────────────

    def _hear(self, text: str) -> bool:
        """Take an event of the line; False: it is not taken, and the browser is told what stands."""
        try:
            self._take(event_adapter.validate_json(text))
        except StaleEventError:
            return False
        except (EventRefusedError, ValidationError) as error:
            _log.warning("event refused", extra={"reason": _reason(error)})
            return False
        return True

    def _take(self, event: Answered | Pressed | Touched) -> None:
        """Take an event for the core, as :meth:`ShownView.accept` does."""
        page = self._stage.view.page
        if page.kind in LIVE_KINDS and event.page == page.id:  # only figures have moved since the press
            event = event.model_copy(update={"revision": page.revision})
        self._stage.accept(event)

    async def _event(self, request: web.Request) -> web.Response:
        """Take an event of a page that goes: its line goes with it."""
        event = await _read(request, event_adapter)
        if isinstance(event, web.Response):
            return event
        try:
            self._take(event)
        except StaleEventError:
            page = self._stage.view.page
            message = {"error": "the page has changed", "page": page.id, "revision": page.revision}
            return web.json_response(message, status=409)
        except EventRefusedError as error:
            return _refuse(400, _reason(error))
        return web.json_response({"taken": True})

    async def _key(self, request: web.Request) -> web.Response:
        key = await _read(request, _keys)
        if isinstance(key, web.Response):
            return key
        self._stage.typing = key.typing
        before = self._stage.typed if self._stage.typed == key.text else key.text
        text, caret = before, key.caret
        if key.key:
            text, caret = press(before, key.caret, key.key, key.typing, name=key.name)
        self._stage.typed = text
        return web.json_response({"text": text, "caret": caret})


async def _isolate(_request: web.Request, response: web.StreamResponse) -> None:
    """Let the page share memory with its worker (HTML, cross-origin isolation): it embeds nothing from elsewhere."""
    response.headers["Cross-Origin-Embedder-Policy"] = "require-corp"


async def _read(request: web.Request, adapter: TypeAdapter[T]) -> T | web.Response:
    """Return what a browser sent, or the answer that refuses it."""
    if request.content_type != "application/json":
        return _refuse(415, "an event is sent as application/json")
    if (request.content_length or 0) > MAX_EVENT:
        return _refuse(413, f"an event has at most {MAX_EVENT} bytes")
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return _refuse(413, f"an event has at most {MAX_EVENT} bytes")
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        return _refuse(400, _reason(error))


def _reason(error: EventRefusedError | ValidationError) -> str:
    """Say why something is not taken; nothing of what was sent is repeated."""
    if isinstance(error, EventRefusedError):
        return str(error)
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return f"this is not an event: {problems[0]['type']}"


def _refuse(status: int, message: str) -> web.Response:
    """Answer with a clear message; it repeats nothing of what was sent."""
    _log.warning("event refused", extra={"status": status, "reason": message})
    return web.json_response({"error": message}, status=status)
