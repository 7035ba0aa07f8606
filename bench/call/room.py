"""Where the two sides of a call meet: the bench's own signalling, the same for every variant.

A side (a page in Chromium or the station's process) opens a WebSocket at ``/side/NAME`` and does what it is told::

    bench → side   {"id": 3, "do": "answer", "sdp": "…"}
    side  → bench  {"id": 3, "sdp": "…"}
    side  → bench  {"event": "first", "at": 1234.567}

Every time in it is ``time.monotonic()`` of this machine. A page learns it over ``/clock``, which answers each message
with the time now.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from bench.call.scene import Scene

HERE = Path(__file__).parent
FRAMECODE = Path(__file__).parents[2] / "core" / "tramkit" / "testing" / "framecode.js"
MAX_MESSAGE = 16 * 1024 * 1024


class Side:
    """One side of a call, as the bench drives it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._socket: asyncio.Future[web.WebSocketResponse] = asyncio.get_running_loop().create_future()
        self.first: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        """What the side has said unasked, beside its first picture."""

    async def ready(self, deadline: float = 120.0) -> None:
        """Wait until the side is there.

        :param deadline: seconds.
        """
        async with asyncio.timeout(deadline):
            await asyncio.shield(self._socket)

    def expect_first(self) -> None:
        """Be ready for the first picture of a new call."""
        self.first = asyncio.get_running_loop().create_future()

    async def ask(self, do: str, deadline: float = 30.0, **words: Any) -> dict[str, Any]:
        """Tell the side to do something and return its answer.

        :param deadline: seconds.
        :raises RuntimeError: the side answers with what went wrong, or not at all.
        """
        id = next(self._ids)
        answer = self._answers[id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(deadline):
                socket = await asyncio.shield(self._socket)
                await socket.send_json({"id": id, "do": do, **words})
                said = await answer
        except TimeoutError:
            raise RuntimeError(f"{self.name} did not answer to {do}") from None
        finally:
            del self._answers[id]
        if "error" in said:
            raise RuntimeError(f"{self.name} could not {do}: {said['error']}")
        return said

    async def serve(self, socket: web.WebSocketResponse) -> None:
        """Take what the side says until it goes."""
        if not self._socket.done():
            self._socket.set_result(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            said = message.json()
            if said.get("event") == "first":
                if not self.first.done():
                    self.first.set_result(float(said["at"]))
            elif "event" in said:
                self.events.put_nowait(said)
            elif (answer := self._answers.get(said["id"])) and not answer.done():
                answer.set_result(said)


class Room:
    """The bench's server.

    :param scene: the pictures that every camera shows.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._sides: dict[str, Side] = {}
        self.address = ""

    def side(self, name: str) -> Side:
        """Return the side of that name, which may come later."""
        return self._sides.setdefault(name, Side(name))

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Listen on loopback until the block ends."""
        async with self.served() as runner:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.address = f"127.0.0.1:{runner.addresses[0][1]}"
            yield

    @contextlib.asynccontextmanager
    async def served(self, pages: Path | None = None) -> AsyncGenerator[web.AppRunner]:
        """Be a server to which the block adds the sockets it listens on.

        :param pages: folder of more pages, at ``/pages``.
        """
        app = web.Application()
        app.on_response_prepare.append(_isolate)
        app.router.add_get("/clock", self._clock)
        app.router.add_get("/side/{name}", self._serve)
        app.router.add_get("/scene", self._picture)
        app.router.add_get("/framecode.js", _framecode)
        if pages is not None:
            app.router.add_static("/pages", pages)
        app.router.add_static("/", HERE / "static")
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            yield runner
        finally:
            await runner.cleanup()

    async def _clock(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            await socket.send_str(repr(time.monotonic()))
        return socket

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=MAX_MESSAGE)
        await socket.prepare(request)
        await self.side(request.match_info["name"]).serve(socket)
        return socket

    async def _picture(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._scene.planes(), content_type="application/octet-stream")


async def _framecode(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(FRAMECODE)


async def _isolate(_request: web.Request, response: web.StreamResponse) -> None:
    """Let the pages read time to 5 µs (cross-origin isolation) instead of 100 µs."""
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Embedder-Policy"] = "require-corp"
