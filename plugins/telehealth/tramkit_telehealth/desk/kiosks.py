"""``/kiosk``: the WebSocket that stations open."""

from __future__ import annotations

import logging

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import ValidationError

from tramkit import Clock, LogBudget
from tramkit_telehealth.desk.accounts import Accounts
from tramkit_telehealth.desk.clients import TrustedProxies
from tramkit_telehealth.desk.lines import KioskLine
from tramkit_telehealth.desk.switchboard import KioskSaid, Switchboard
from tramkit_telehealth.protocol import (
    MAX_MESSAGE,
    PING_SECONDS,
    VERSION,
    CaseRefused,
    DeskEnvelope,
    Hello,
    KioskEnvelope,
    version_of,
)

_log = logging.getLogger(__name__)

MAX_MALFORMED = 5
"""Messages of one connection that cannot be read, after which it is closed."""


class Kiosks:
    """The door for stations: a key lets in, and what they say goes to the switchboard."""

    def __init__(self, board: Switchboard, accounts: Accounts, clock: Clock, proxies: TrustedProxies) -> None:
        self._board = board
        self._accounts = accounts
        self._proxies = proxies
        self._refusals = LogBudget(clock)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection of a kiosk."""
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        station = await self._accounts.station_of(key) if scheme == "Bearer" and key else None
        if station is None or "Origin" in request.headers:  # a browser's page is no kiosk
            if (left_out := self._refusals.take()) is not None:
                client = self._proxies.client_of(request)
                _log.warning(
                    "connection without a station's key refused", extra={"client": client, "left_out": left_out}
                )
            raise web.HTTPUnauthorized(text="A station connects with its key: Authorization: Bearer <key>.")
        socket = web.WebSocketResponse(heartbeat=PING_SECONDS, max_msg_size=MAX_MESSAGE)
        await socket.prepare(request)
        line: KioskLine | None = None
        malformed = 0
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    break
                try:
                    envelope = KioskEnvelope.model_validate_json(frame.data)
                except ValidationError:
                    malformed += 1
                    await self._refuse_malformed(socket, frame.data, station)
                    if malformed >= MAX_MALFORMED:
                        await socket.close(code=WSCloseCode.POLICY_VIOLATION)
                    continue
                if line is None:
                    line = await self._hello(socket, envelope, station)
                    if line is None:
                        break
                else:
                    await self._take(line, envelope)
        finally:
            if line is not None and line.disconnect(socket):
                await self._board.on_kiosk_disconnected(line)
        return socket

    async def _hello(self, socket: web.WebSocketResponse, envelope: KioskEnvelope, station: str) -> KioskLine | None:
        hello = envelope.message
        if not isinstance(hello, Hello):
            await _refuse(socket, CaseRefused(code="malformed", words="a conversation begins with hello"))
            return None
        if hello.version != VERSION:
            await _refuse(socket, CaseRefused(code="version", words=f"this desk speaks version {VERSION}"))
            return None
        if hello.station != station:
            await _refuse(socket, CaseRefused(code="key", words="this key belongs to another station"))
            return None
        found = await self._board.line(station, hello.session)
        if found is None:
            await _refuse(
                socket, CaseRefused(code="taken", words="another machine is connected with this station's key")
            )
            return None
        line, resumed = found
        await line.connect(socket, self._board.welcome(line, resumed), envelope.ack)
        _log.info("kiosk connected", extra={"station": station, "resumed": resumed})
        await self._board.on_kiosk_connected(line, resumed)
        return line

    async def _take(self, line: KioskLine, envelope: KioskEnvelope) -> None:
        if line.is_new(envelope) and envelope.message is not None and not isinstance(envelope.message, Hello):
            message: KioskSaid = envelope.message
            await self._board.from_kiosk(line, message)
        await line.acknowledge(envelope)

    async def _refuse_malformed(self, socket: web.WebSocketResponse, text: str, station: str) -> None:
        _log.warning("malformed message of a kiosk dropped", extra={"station": station})
        other_version = version_of(text) not in (None, VERSION)
        words = f"this desk speaks version {VERSION}" if other_version else "a message could not be read"
        await _say(socket, CaseRefused(code="version" if other_version else "malformed", words=words))
        if other_version:
            await socket.close(code=WSCloseCode.POLICY_VIOLATION)


async def _say(socket: web.WebSocketResponse, refused: CaseRefused) -> None:
    await socket.send_str(DeskEnvelope(seq=0, message=refused).model_dump_json())


async def _refuse(socket: web.WebSocketResponse, refused: CaseRefused) -> None:
    _log.warning("kiosk refused", extra={"code": refused.code})
    await _say(socket, refused)
    await socket.close(code=WSCloseCode.POLICY_VIOLATION)
