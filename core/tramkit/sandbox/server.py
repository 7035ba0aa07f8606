"""What every sandbox is made of: a real HTTP server with a ledger of its own, and faults that can be scripted.

A sandbox stands in for an outside system that cannot be reached from here. Its ledger is what tests believe.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import random
import secrets
import signal
import sqlite3
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast, get_args

from aiohttp import web
from pydantic import Field, ValidationError

from tramkit_hal.data import Data

Fault = Literal["down", "lost_before", "lost_after", "garbage", "slow"]
"""``down``: 503, nothing done. ``lost_before``: the line breaks before anything is done; ``lost_after``: after it was
done. ``garbage``: done, but the answer cannot be read. ``slow``: done after a while."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FaultOrder(Data):
    """The body of ``POST /_faults``.

    :param faults: one for each of the next requests, in order.
    :param share: besides, this share of all requests has one.
    :param path: only requests whose path begins so.
    :param after: so many of them go well first.
    """

    faults: tuple[Fault, ...] = ()
    after: int = Field(default=0, ge=0)
    share: float = Field(default=0.0, ge=0, le=1)
    path: str = "/"
    seed: int = 0
    slow_seconds: float = Field(default=1.0, ge=0, le=60)


class Sandbox:
    """A server with a ledger.

    :param file: its SQLite file.
    :param schema: SQL that makes its tables.
    """

    def __init__(self, file: Path, schema: str) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.executescript(schema)
        self.app = web.Application(middlewares=[self._faulty], client_max_size=256 * 1024)
        self.app.add_routes([web.post("/_faults", self._order_faults)])
        self._order = FaultOrder()
        self._next: deque[Fault | None] = deque()
        self._random = random.Random(0)
        self.requests = 0
        """How many requests have come, those that failed too."""
        self._runner: web.AppRunner | None = None
        self.address = ""

    async def start(self, port: int = 0) -> None:
        """Listen on this machine only.

        :raises OSError: the port is taken.
        """
        self._runner = web.AppRunner(self.app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening; the ledger stays."""
        if self._runner is not None:
            await self._runner.cleanup()
        self.db.close()

    @contextlib.asynccontextmanager
    async def running(self, port: int = 0) -> AsyncGenerator[str]:
        """Run for as long as the context lasts; the value is its address."""
        await self.start(port)
        try:
            yield self.address
        finally:
            await self.stop()

    def order_faults(self, order: FaultOrder) -> None:
        """Have the next requests fail, or a share of all."""
        self._order = order
        self._next = deque([*(None,) * order.after, *order.faults])
        self._random = random.Random(order.seed)

    async def _order_faults(self, request: web.Request) -> web.Response:
        try:
            self.order_faults(FaultOrder.model_validate_json(await request.read()))
        except ValidationError as error:
            return web.json_response({"error": error.errors(include_url=False, include_input=False)}, status=400)
        return web.json_response({"done": True})

    def _fault_of(self, request: web.Request) -> Fault | None:
        if request.path.startswith("/_"):
            return None
        self.requests += 1
        if not request.path.startswith(self._order.path):
            return None
        if self._next:
            return self._next.popleft()
        if self._random.random() < self._order.share:
            return self._random.choice(get_args(Fault))
        return None

    @web.middleware
    async def _faulty(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        match self._fault_of(request):
            case "down":
                return web.json_response({"error": "down"}, status=503)
            case "lost_before":
                return _hang_up(request)
            case "lost_after":
                await handler(request)
                return _hang_up(request)
            case "garbage":
                await handler(request)
                return web.Response(text="<html>504 Gateway Time-out", content_type="text/html")
            case "slow":
                response = await handler(request)
                await asyncio.sleep(self._order.slow_seconds)
                return response
            case None:
                return await handler(request)


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


APPLICATIONS = """
CREATE TABLE IF NOT EXISTS applications (
    key TEXT PRIMARY KEY, body TEXT NOT NULL, status TEXT NOT NULL, reference TEXT NOT NULL, reason TEXT NOT NULL,
    more TEXT NOT NULL)
    STRICT;
CREATE TABLE IF NOT EXISTS files (id TEXT PRIMARY KEY, type TEXT NOT NULL, sha256 TEXT NOT NULL, data BLOB NOT NULL)
    STRICT;
"""
MAX_OF_FILE = 32 * 1024 * 1024


class Decision(NamedTuple):
    """What an outside system decides on an application.

    :param status: ``ACCEPTED``, ``REFUSED`` or ``PENDING``.
    :param reason: Vietnamese and English, for the applicant.
    :param more: what else the answer holds.
    """

    status: Literal["ACCEPTED", "REFUSED", "PENDING"]
    reference: str = ""
    reason: tuple[str, str] | None = None
    more: Mapping[str, Any] = {}


class ApplicationSandbox(Sandbox):
    """A sandbox that takes applications: ``POST /applications`` once per key, ``GET /applications/{key}``.

    The files of an application come first: ``PUT /files/{id}``, checked against their digest; ``GET /files/{id}``.

    :param schema: SQL that makes its further tables.
    """

    def __init__(self, file: Path, schema: str = "") -> None:
        super().__init__(file, APPLICATIONS + schema)
        self.app.add_routes(
            [
                web.post("/applications", self._take),
                web.get("/applications/{key}", self._tell_application),
                web.put("/files/{id}", self._take_file),
                web.get("/files/{id}", self._tell_file),
            ]
        )

    def decide(self, body: dict[str, Any]) -> Decision:
        """Decide on an application that comes for the first time, and do what it asks for."""
        return Decision("ACCEPTED", f"R{secrets.token_hex(5).upper()}")

    def taken(self) -> list[dict[str, Any]]:
        """Return the applications that were taken, as they came."""
        return [json.loads(row[0]) for row in self.db.execute("SELECT body FROM applications ORDER BY rowid")]

    async def _take(self, request: web.Request) -> web.Response:
        body = await json_object(request)
        key = body.pop("key", None)
        if not isinstance(key, str) or not 0 < len(key) <= 120:
            return web.json_response({"error": "MALFORMED"}, status=400)
        if not self._has_files(body.get("files", [])):
            return web.json_response({"error": "FILE_MISSING"}, status=400)
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        known = self.db.execute("SELECT body FROM applications WHERE key = ?", (key,)).fetchone()
        if known is not None:
            return self._answer(key) if known[0] == text else web.json_response({"error": "KEY_REUSED"}, status=409)
        self.db.execute("BEGIN IMMEDIATE")
        try:
            decision = self.decide(body)
            reason = json.dumps(decision.reason, ensure_ascii=False)
            more = json.dumps(dict(decision.more), ensure_ascii=False)
            row = (key, text, decision.status, decision.reference, reason, more)
            self.db.execute("INSERT INTO applications VALUES (?, ?, ?, ?, ?, ?)", row)
        except (KeyError, TypeError, ValueError):
            self.db.execute("ROLLBACK")
            return web.json_response({"error": "MALFORMED"}, status=400)
        self.db.execute("COMMIT")
        return self._answer(key)

    async def _tell_application(self, request: web.Request) -> web.Response:
        return self._answer(request.match_info["key"])

    def file(self, id: str) -> tuple[str, bytes] | None:
        """Return a file's type and content; None: there is none."""
        return self.db.execute("SELECT type, data FROM files WHERE id = ?", (id,)).fetchone()

    def _has_files(self, files: Any) -> bool:
        """Tell whether every file that an application names has come, and is the one that it means."""
        try:
            wanted = [(each["id"], each["sha256"]) for each in files]
        except (KeyError, TypeError):
            return False
        return all(self._sha256(id) == sha256 for id, sha256 in wanted)

    def _sha256(self, id: str) -> str:
        found = self.db.execute("SELECT sha256 FROM files WHERE id = ?", (id,)).fetchone()
        return found[0] if found else ""

    async def _take_file(self, request: web.Request) -> web.Response:
        id = request.match_info["id"]
        data = bytearray()
        async for chunk in request.content.iter_chunked(64 * 1024):
            data += chunk
            if len(data) > MAX_OF_FILE:
                return web.json_response({"error": "TOO_LARGE"}, status=413)
        digest = hashlib.sha256(data).digest()
        if request.headers.get("Content-Digest") != f"sha-256=:{base64.b64encode(digest).decode()}:":
            return web.json_response({"error": "OTHER_DIGEST"}, status=422)
        known = self._sha256(id)
        if known and known != digest.hex():
            return web.json_response({"error": "ID_REUSED"}, status=409)
        if not known:
            row = (id, request.content_type, digest.hex(), bytes(data))
            self.db.execute("INSERT INTO files VALUES (?, ?, ?, ?)", row)
        return web.json_response({"sha256": digest.hex()}, status=200 if known else 201)

    async def _tell_file(self, request: web.Request) -> web.Response:
        known = self._sha256(request.match_info["id"])
        if not known:
            return web.json_response({"error": "NO_SUCH_FILE"}, status=404)
        return web.json_response({"sha256": known})

    def _answer(self, key: str) -> web.Response:
        row = self.db.execute(
            "SELECT status, reference, reason, more FROM applications WHERE key = ?", (key,)
        ).fetchone()
        if row is None:
            return web.json_response({"error": "NO_SUCH_KEY"}, status=404)
        reason = json.loads(row[2])
        told = {"status": row[0], "reference": row[1], **json.loads(row[3])}
        return web.json_response(told | ({"reason": {"vi": reason[0], "en": reason[1]}} if reason else {}))


async def json_object(request: web.Request) -> dict[str, Any]:
    """Return the JSON object that a request carries; anything else is answered with 400."""
    try:
        asked: Any = await request.json()
    except ValueError:
        raise web.HTTPBadRequest(text="not JSON") from None
    if not isinstance(asked, dict):
        raise web.HTTPBadRequest(text="not an object")
    return cast("dict[str, Any]", asked)


def serve_sandbox(make: Callable[[], Sandbox], port: int, name: str) -> None:
    """Run a sandbox until SIGINT or SIGTERM, and say where it is."""

    async def serve() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        async with make().running(port) as address:
            print(f"{name}: {address}", flush=True)
            await stopping.wait()

    asyncio.run(serve())
