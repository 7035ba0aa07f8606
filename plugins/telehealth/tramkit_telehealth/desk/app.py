"""The desk's server: one aiohttp application for kiosks and doctors."""

from __future__ import annotations

import contextlib
import mimetypes
from collections.abc import AsyncGenerator
from pathlib import Path

from aiohttp import web

from tramkit import Clock
from tramkit_telehealth.desk.accounts import Accounts
from tramkit_telehealth.desk.cases import Cases
from tramkit_telehealth.desk.doctors import Doctors
from tramkit_telehealth.desk.kiosks import Kiosks
from tramkit_telehealth.desk.lists import load
from tramkit_telehealth.desk.lookup import Lookup
from tramkit_telehealth.desk.settings import DeskConfig
from tramkit_telehealth.desk.sign_in import PAGE, Guard, SignIn, add_headers
from tramkit_telehealth.desk.store import Store
from tramkit_telehealth.desk.switchboard import Switchboard

MAX_BODY = 16 * 1024
"""Most bytes of a form."""

TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


class Desk:
    """A desk that is served.

    :ivar address: where doctors open it.
    """

    def __init__(self, address: str, accounts: Accounts, cases: Cases, board: Switchboard) -> None:
        self.address = address
        self.accounts = accounts
        self.cases = cases
        self.board = board


@contextlib.asynccontextmanager
async def serve(config: DeskConfig, folder: Path, clock: Clock, *, host: str, port: int) -> AsyncGenerator[Desk]:
    """Serve a desk for as long as the block lasts.

    :param folder: of the database.
    :param port: 0 takes a free one.
    :raises OSError: the port is taken, or the folder cannot be written.
    :raises ListError: an imported list cannot be read any more.
    """
    store = await Store.open(folder)
    accounts = Accounts(store, clock)
    cases = Cases(store, clock, config.desk.hold_seconds)
    lists = load(folder)
    board = Switchboard(config, cases, accounts, clock, lists)
    guard = Guard(config.desk.origins)
    app = web.Application(middlewares=[guard.middleware], client_max_size=MAX_BODY)
    app.on_response_prepare.append(add_headers)
    app.add_routes(SignIn(accounts, board, clock).routes())
    app.add_routes(Lookup(lists, accounts).routes())
    app.add_routes(
        [
            web.get("/kiosk", Kiosks(board, accounts).connect),
            web.get("/doctor", Doctors(board, accounts).connect),
            web.get("/static/{name}", _static),
        ]
    )
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        taken = int(runner.addresses[0][1])
        guard.origins |= {f"http://{name}:{taken}" for name in {host, "localhost"} if name != "0.0.0.0"}
        await board.start()
        yield Desk(f"http://{host}:{taken}", accounts, cases, board)
    finally:
        await board.stop()
        await runner.cleanup()
        await store.close()


async def _static(request: web.Request) -> web.StreamResponse:
    """Serve one of the page's own files."""
    name = request.match_info["name"]
    file = PAGE / "static" / name
    if Path(name).name != name or file.suffix not in TYPES or not file.is_file():
        raise web.HTTPNotFound(text="There is no such file.")
    kind = TYPES.get(file.suffix) or mimetypes.guess_type(name)[0]
    return web.FileResponse(file, headers={"Content-Type": f"{kind}; charset=utf-8"})
