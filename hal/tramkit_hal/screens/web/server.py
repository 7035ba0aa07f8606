"""The routes of the web screen."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from tramkit_hal.events import MAX_EVENT, Key, event_adapter
from tramkit_hal.keyboard.typing import press
from tramkit_hal.loopback import Guard, add_headers
from tramkit_hal.screens.web.rendering import HERE, Renderer
from tramkit_hal.screens.web.settings import WebSettings
from tramkit_hal.screens.web.video import feed
from tramkit_hal.stage import Refused, Stage, Stale
from tramkit_hal.video import NewestFrame

HEARTBEAT = 5.0
"""Seconds between two signs of life on the stream."""

T = TypeVar("T")

_log = logging.getLogger(__name__)
_keys = TypeAdapter(Key)
_STATIC: Mapping[str, str] = {
    "palettes.css": "text/css",
    "screen.css": "text/css",
    "landscape.css": "text/css",
    "screen.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


class Server:
    """Serves one stage to the station's browser.

    :param token: the secret that lets a browser in.
    :param videos: the moving pictures by name; looked up at each frame.
    """

    def __init__(self, settings: WebSettings, token: str, stage: Stage, videos: Mapping[str, NewestFrame]) -> None:
        self._settings = settings
        self._stage = stage
        self._videos = videos
        self._renderer = Renderer(secrets.token_hex(8), settings.ghost_tap_ms, settings.orientation)
        public = frozenset({"/sizes.css", *(f"/{name}" for name in _STATIC)})
        self.guard = Guard("screen", settings.host, token, public=public, closed_page=self._renderer.closed)
        self._runner: web.AppRunner | None = None
        self._sockets: set[web.WebSocketResponse] = set()
        self.viewers = 0

    async def start(self, port: int) -> int:
        """Listen; return the port.

        :param port: 0 takes a free one.
        :raises OSError: the port is taken.
        """
        app = web.Application(middlewares=[self.guard.middleware], client_max_size=MAX_EVENT)
        app.on_response_prepare.append(add_headers)
        app.router.add_get("/", self._page)
        app.router.add_get("/view", self._view)
        app.router.add_get("/stream", self._stream)
        app.router.add_post("/event", self._event)
        app.router.add_post("/key", self._key)
        app.router.add_get("/video/{name}", self._video)
        app.router.add_get("/sizes.css", self._sizes)
        for name in _STATIC:
            app.router.add_get(f"/{name}", self._file)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=2.0)
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

    async def _file(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix("/")
        text = await asyncio.to_thread(Path(HERE / "static" / name).read_text, encoding="utf-8")
        return web.Response(text=text, content_type=_STATIC[name])

    def _message(self) -> str:
        stage = self._stage
        state = self._renderer.state(stage.view, stage.serial)
        return json.dumps(state | {"html": self._renderer.fragment(stage.view, stage.drafts)}, ensure_ascii=False)

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        stage, seen = self._stage, -1
        self.viewers += 1
        try:
            while not stage.closed:
                if seen != stage.serial:
                    seen = stage.serial
                    await response.write(f"data: {self._message()}\n\n".encode())
                else:
                    await response.write(b"event: beat\ndata:\n\n")
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await stage.changed(seen)
                except TimeoutError:
                    continue
        except ConnectionError:
            _log.debug("browser has gone")
        finally:
            self.viewers -= 1
        return response

    async def _video(self, request: web.Request) -> web.WebSocketResponse:
        name = request.match_info["name"]
        socket = web.WebSocketResponse(max_msg_size=64, heartbeat=10.0, compress=False)
        if not socket.can_prepare(request).ok:
            raise web.HTTPBadRequest(text="400 Bad Request: a WebSocket is expected here.\n")
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            await feed(socket, lambda: self._videos.get(name))
        finally:
            self._sockets.discard(socket)
        return socket

    # ── what a browser sends ──────────────────────────────────────────────────────────────────────────────

    async def _event(self, request: web.Request) -> web.Response:
        event = await _read(request, event_adapter)
        if isinstance(event, web.Response):
            return event
        stage = self._stage
        try:
            stage.accept(event)
        except Stale:
            page = stage.view.page
            message = {"error": "the page has changed", "page": page.id, "revision": page.revision}
            return web.json_response(message, status=409)
        except Refused as error:
            return _refuse(400, str(error))
        return web.json_response({"taken": True})

    async def _key(self, request: web.Request) -> web.Response:
        key = await _read(request, _keys)
        if isinstance(key, web.Response):
            return key
        self._stage.typing = key.typing
        text, caret = press(key.text, key.caret, key.key, key.typing) if key.key else (key.text, key.caret)
        return web.json_response({"text": text, "caret": caret})


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
        problems = error.errors(include_input=False, include_url=False, include_context=False)
        return _refuse(400, f"this is not an event: {problems[0]['type']}")


def _refuse(status: int, message: str) -> web.Response:
    """Answer with a clear message; it repeats nothing of what was sent."""
    _log.warning("event refused", extra={"status": status, "reason": message})
    return web.json_response({"error": message}, status=status)
