"""The desk's server: one aiohttp application for kiosks and doctors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mimetypes
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

from aiohttp import web

from tramkit import Clock, FaceRunner
from tramkit_telehealth.desk.accounts import Accounts
from tramkit_telehealth.desk.cases import Cases
from tramkit_telehealth.desk.clients import TrustedProxies
from tramkit_telehealth.desk.doctors import Doctors
from tramkit_telehealth.desk.kiosks import Kiosks
from tramkit_telehealth.desk.lists import load
from tramkit_telehealth.desk.lookup import Lookup
from tramkit_telehealth.desk.passkeys import Passkeys
from tramkit_telehealth.desk.records import Records
from tramkit_telehealth.desk.seal import DeskKeyError
from tramkit_telehealth.desk.settings import DeskConfig
from tramkit_telehealth.desk.sign_in import PAGE, Guard, SignIn, add_headers
from tramkit_telehealth.desk.store import Store, sole_desk
from tramkit_telehealth.desk.switchboard import Switchboard

_log = logging.getLogger(__name__)

LET_GO_SECONDS = 3600.0

MAX_CONNECTIONS = 1000
MAX_CONNECTIONS_EACH = 200
"""Of one address; a hospital's doctors and a building's stations may share one."""

MAX_BODY = 16 * 1024
"""Most bytes of a form."""

TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Desk:
    """A desk that is served.

    :ivar address: where doctors open it.
    """

    def __init__(self, address: str, accounts: Accounts, cases: Cases, board: Switchboard, records: Records) -> None:
        self.address = address
        self.accounts = accounts
        self.cases = cases
        self.board = board
        self.records = records


@contextlib.asynccontextmanager
async def serve(
    config: DeskConfig, folder: Path, clock: Clock, *, host: str, port: int, key: Path | None = None
) -> AsyncGenerator[Desk]:
    """Serve a desk for as long as the block lasts.

    :param folder: of the database; one desk holds it.
    :param port: 0 takes a free one.
    :param key: file of the desk's key; None: beside the folder.
    :raises OSError: the port is taken, the folder cannot be written, or another desk holds it.
    :raises ListError: an imported list cannot be read any more.
    :raises DeskKeyError: the key cannot be used, or a station has a key that everybody knows.
    """
    with sole_desk(folder):
        store = await Store.open(folder, key)
        async with _serve(config, folder, clock, store, (host, port)) as desk:
            yield desk


@contextlib.asynccontextmanager
async def _serve(
    config: DeskConfig, folder: Path, clock: Clock, store: Store, at: tuple[str, int]
) -> AsyncGenerator[Desk]:
    host, port = at
    accounts = Accounts(store, clock)
    if (station := await accounts.known_demo_key()) is not None:
        accounts.close()
        await store.close()
        raise DeskKeyError(
            f'station "{station}" has a key that stood in an example: tramkit desk station add {station}'
        )
    await accounts.offer([each.id for each in config.specialties])
    accounts.require_passkeys = config.desk.require_passkeys
    passkeys = Passkeys(store, clock, config.facility.name.vi)
    records = Records(store, clock)
    cases = Cases(store, clock, config.desk.hold_seconds)
    lists = load(folder)
    board = Switchboard(config, cases, accounts, clock, lists)
    guard = Guard(config.desk.origins)
    app = web.Application(middlewares=[guard.middleware], client_max_size=MAX_BODY)
    app.on_response_prepare.append(add_headers)
    proxies = TrustedProxies(config.desk.trusted_proxies)
    app.add_routes(SignIn(accounts, board, clock, proxies, passkeys, lambda: guard.origins).routes())
    app.add_routes(Lookup(lists, accounts).routes())
    app.add_routes(
        [
            web.get("/kiosk", Kiosks(board, accounts, clock, proxies).connect),
            web.get("/doctor", Doctors(board, accounts).connect),
            web.get("/static/{name}", _static),
        ]
    )
    behind = len(config.desk.trusted_proxies) > 0  # every connection is the proxy's then, which counts clients itself
    runner = FaceRunner(
        app,
        "desk",
        connections=MAX_CONNECTIONS,
        each=MAX_CONNECTIONS if behind else MAX_CONNECTIONS_EACH,
        clock=clock,
        shutdown_timeout=1.0,
    )
    await runner.setup()
    letting_go: asyncio.Task[None] | None = None
    try:
        await web.TCPSite(runner, host, port).start()
        taken = int(runner.addresses[0][1])
        guard.origins |= {f"http://{name}:{taken}" for name in {host, "localhost"} if name != "0.0.0.0"}
        await board.start()
        letting_go = asyncio.create_task(_let_go(records, config, clock), name="desk retention")
        yield Desk(f"http://{host}:{taken}", accounts, cases, board, records)
    finally:
        if letting_go is not None:
            letting_go.cancel()
            await asyncio.gather(letting_go, return_exceptions=True)
        await board.stop()
        await runner.cleanup()
        accounts.close()
        await store.close()


async def _let_go(records: Records, config: DeskConfig, clock: Clock) -> None:
    """Erase once an hour what has been kept for as long as it is to be."""
    closed, abandoned = timedelta(days=config.desk.keep_days), timedelta(hours=config.desk.keep_abandoned_hours)
    while True:
        try:
            if count := await records.let_go(closed, abandoned):
                _log.info("cases erased after their time", extra={"cases": count})
        except Exception:  # the top of a task: the next hour tries again
            _log.exception("retention failed")
        await clock.sleep(LET_GO_SECONDS)


async def _static(request: web.Request) -> web.StreamResponse:
    """Serve one of the page's own files."""
    name = request.match_info["name"]
    file = PAGE / "static" / name
    if Path(name).name != name or file.suffix not in TYPES or not file.is_file():
        raise web.HTTPNotFound(text="There is no such file.")
    kind = TYPES.get(file.suffix) or mimetypes.guess_type(name)[0]
    return web.FileResponse(file, headers={"Content-Type": f"{kind}; charset=utf-8"})
