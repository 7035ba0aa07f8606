"""The receiver of payment providers' notices: an HTTP application of its own, which stations behind NAT ask.

``POST /notices/{provider}`` takes a notice; ``GET /api/transfers?account=…&memo=…`` tells what has come, as the bank's
switch does. It runs beside one station or on a server for many. What it has said it took is on the disk.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import signal
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from tramkit import Clock, Data, FaceRunner, FileError, LogBudget, SystemClock, find_memo, read_settings
from tramkit_payments.webhooks import MAX_BODY, IrrelevantNoticeError, WebhookError, verify

_log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS notices (
    provider TEXT NOT NULL, id TEXT NOT NULL, account TEXT NOT NULL, amount INTEGER NOT NULL, memo TEXT NOT NULL,
    sub_account TEXT NOT NULL DEFAULT '', PRIMARY KEY (provider, id)) STRICT;
CREATE INDEX IF NOT EXISTS notices_of_account ON notices (account);
"""
LATER_COLUMNS = {"sub_account": "ALTER TABLE notices ADD COLUMN sub_account TEXT NOT NULL DEFAULT ''"}
"""What a file of an earlier version does not have yet. There a transfer to a sub-account stands under that alone."""

MAX_CONNECTIONS = 200
"""It stands behind a proxy that speaks TLS: every connection is the proxy's."""

Secret = Annotated[str, Field(min_length=8)]


class Secrets(Data):
    """The receiver's own settings, in a file with mode 0600.

    :param secrets: of each provider: payOS's checksum key; SePay's secret key (HMAC-SHA256) or API key. A list while
        one is exchanged for another, or for both kinds.
    :param station_key: what stations prove themselves with.
    """

    secrets: dict[Literal["payos", "sepay"], Secret | Annotated[tuple[Secret, ...], Field(min_length=1)]] = Field(
        min_length=1
    )
    station_key: str = Field(min_length=16)


def read_secrets(file: Path) -> Secrets:
    """Read the receiver's settings.

    :raises FileError: it is malformed, or others may read it.
    """
    if file.exists() and file.stat().st_mode & 0o077:
        raise FileError(str(file), [f"others may read it; run: chmod 600 {file}"])
    return read_settings(file, Secrets)


class Receiver:
    """Takes notices and tells of them.

    :param file: its SQLite file.
    :param clock: against which the times of signed notices are held.
    """

    def __init__(self, file: Path, secrets: Secrets, clock: Clock | None = None) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)  # transfers name who paid; the log beside it is made with the same mode
        self._db = sqlite3.connect(file, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {SCHEMA}")
        known = {row[1] for row in self._db.execute("PRAGMA table_info(notices)")}
        for column, statement in LATER_COLUMNS.items():
            if column not in known:
                self._db.execute(statement)
        self._secrets = secrets
        self._clock = clock or SystemClock()
        self._refusals = LogBudget(self._clock)
        self.app = web.Application(client_max_size=MAX_BODY)
        self.app.add_routes([web.post("/notices/{provider}", self._take), web.get("/api/transfers", self._tell)])

    async def _take(self, request: web.Request) -> web.Response:
        provider = request.match_info["provider"]
        secret = self._secrets.secrets.get(provider, "")  # type: ignore[call-overload]
        try:
            notice = verify(provider, request.headers, await request.read(), secret, self._clock.now())
        except IrrelevantNoticeError as told:  # an error would be sent again seven times, and alarm the provider
            _log.info("notice passed over", extra={"provider": provider[:20], "reason": str(told)[:120]})
            return web.json_response({"success": True})
        except WebhookError as problem:
            if (left_out := self._refusals.take()) is not None:
                extra = {"provider": provider[:20], "reason": str(problem)[:120], "left_out": left_out}
                _log.warning("notice refused", extra=extra)
            return web.json_response({"success": False, "error": str(problem)}, status=400)
        row = (notice.provider, notice.id, notice.account, notice.amount, notice.memo, notice.sub_account)
        columns = "provider, id, account, amount, memo, sub_account"
        self._db.execute(f"INSERT OR IGNORE INTO notices ({columns}) VALUES (?, ?, ?, ?, ?, ?)", row)
        return web.json_response({"success": True})

    async def _tell(self, request: web.Request) -> web.Response:
        if not self._knows(request.headers):
            return web.json_response({"error": "UNKNOWN_STATION"}, status=401)
        account, memo = request.query.get("account", ""), request.query.get("memo", "")
        rows = self._db.execute(
            "SELECT provider, id, amount, memo FROM notices WHERE ?1 <> '' AND (account = ?1 OR sub_account = ?1)",
            (account,),
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for provider, id, amount, words in rows:
            if find_memo(memo, words):
                found.setdefault(provider, []).append({"id": f"{provider}:{id}", "amount": amount, "content": words})
        # two providers tell of the same money: who knows of more is right, the sum would double it
        most = max(found.values(), key=lambda each: sum(row["amount"] for row in each), default=[])
        return web.json_response({"account": account, "transfers": most})

    def _knows(self, headers: Mapping[str, str]) -> bool:
        given = headers.get("Authorization", "").encode(errors="surrogateescape")
        return hmac.compare_digest(given, f"Bearer {self._secrets.station_key}".encode())


def serve_receiver(file: Path, secrets: Secrets, host: str, port: int) -> None:
    """Run the receiver until SIGINT or SIGTERM."""

    async def serve() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        runner = FaceRunner(
            Receiver(file, secrets).app, "notices", connections=MAX_CONNECTIONS, each=MAX_CONNECTIONS, seconds=10.0
        )
        await runner.setup()
        site = web.TCPSite(runner, host, port)
        await site.start()
        try:
            print(f"notices: http://{host}:{runner.addresses[0][1]}", flush=True)
            await stopping.wait()
        finally:
            await runner.cleanup()

    asyncio.run(serve())
