"""``/doctor``: the WebSocket of a doctor's page."""

from __future__ import annotations

import logging
import re

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import ValidationError

from tramkit_telehealth.desk.accounts import Accounts
from tramkit_telehealth.desk.lines import DoctorPage
from tramkit_telehealth.desk.page_protocol import CommandEnvelope, Reply, Trouble
from tramkit_telehealth.desk.sign_in import COOKIE
from tramkit_telehealth.desk.switchboard import Switchboard
from tramkit_telehealth.protocol import MAX_MESSAGE, PING_SECONDS

_log = logging.getLogger(__name__)

MAX_MALFORMED = 20

_NUMBER = re.compile(r'"n"\s*:\s*(\d{1,9})')


class Doctors:
    """The door for doctors' pages: a session lets in, and what they command goes to the switchboard."""

    def __init__(self, board: Switchboard, accounts: Accounts) -> None:
        self._board = board
        self._accounts = accounts

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one page's connection; the guard has checked its origin."""
        token = request.cookies.get(COOKIE, "")
        doctor = await self._accounts.doctor_of(token)
        if doctor is None or await self._accounts.kept_out(doctor):
            raise web.HTTPUnauthorized(text="Sign in first.")
        socket = web.WebSocketResponse(heartbeat=PING_SECONDS, max_msg_size=MAX_MESSAGE)
        await socket.prepare(request)
        page = DoctorPage(doctor.id, token, socket)
        malformed = 0
        try:
            await self._board.page_came(page)
            async for frame in socket:
                if frame.type is not WSMsgType.TEXT:
                    break
                try:
                    envelope = CommandEnvelope.model_validate_json(frame.data)
                except ValidationError as error:
                    malformed += 1
                    _log.warning("malformed command of a page refused")
                    await page.tell(_malformed(frame.data, error))
                    if malformed >= MAX_MALFORMED:
                        await socket.close(code=WSCloseCode.POLICY_VIOLATION)
                    continue
                await page.tell(await self._board.from_page(page, envelope.n, envelope.command))
        finally:
            await self._board.on_page_closed(page)
        return socket


def _malformed(text: str, error: ValidationError) -> Reply:
    """Return a reply that names the field, so that the page can point at it."""
    number = _NUMBER.search(text[:1000])
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    parts = [str(part) for part in first["loc"]]
    if first["type"].startswith("union_tag"):
        parts = ["do"]
    elif parts[:1] == ["command"]:
        parts = parts[2:] or parts  # the second is the name of the command
    return Reply(n=int(number[1]) if number else 0, trouble=Trouble.MALFORMED, field=".".join(parts)[:200])
