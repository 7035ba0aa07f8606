"""The far ends of the desk's conversations: a kiosk's line, which outlives its connections, and a doctor's page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque

from aiohttp import WSCloseCode, web

from tramkit_hal.device.clock import Clock
from tramkit_telehealth.desk.admission import MessageBudget
from tramkit_telehealth.desk.page_changes import DeskChange, change_of
from tramkit_telehealth.desk.page_protocol import DeskState, LegOffer, Reply
from tramkit_telehealth.protocol import (
    CaseSummary,
    CaseUpdate,
    DeskEnvelope,
    HangUp,
    IceServer,
    KioskEnvelope,
    Offered,
    Refused,
    RtcAnswer,
    StartLeg,
    Welcome,
)

_log = logging.getLogger(__name__)

DeskMessage = Welcome | Offered | CaseUpdate | StartLeg | RtcAnswer | HangUp | CaseSummary | Refused

ANSWER_SECONDS = 3.0
"""In which a kiosk that is there has acknowledged a message."""

MAX_UNACKNOWLEDGED = 500
"""Messages kept for a kiosk that is away; the oldest go first, and the kiosk opens its case again."""


class KioskLine:
    """The conversation with one kiosk since it started, over however many connections.

    :param station: whose key it came with.
    :param session: the kiosk's name for the conversation.
    """

    def __init__(self, station: str, session: str) -> None:
        self.station = station
        self.session = session
        self.offered: Offered | None = None
        self.ice_servers: tuple[IceServer, ...] = ()
        """What the kiosk was told last of STUN and TURN servers."""
        self._socket: web.WebSocketResponse | None = None
        self._outbox: deque[DeskEnvelope] = deque(maxlen=MAX_UNACKNOWLEDGED)
        self._sent = 0
        self._received = 0
        self._acked = 0
        self._heard = asyncio.Event()
        self._budget: MessageBudget | None = None

    def budget_of(self, clock: Clock) -> MessageBudget:
        """Return how much this kiosk may still say."""
        if self._budget is None:
            self._budget = MessageBudget(clock)
        return self._budget

    @property
    def connected(self) -> bool:
        """Whether the kiosk can be reached now."""
        return self._socket is not None

    async def connect(self, socket: web.WebSocketResponse, welcome: Welcome, ack: int) -> None:
        """Go on over a new connection, and say again what the kiosk has not acknowledged."""
        old, self._socket = self._socket, socket
        if old is not None and old is not socket:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await old.close(code=WSCloseCode.POLICY_VIOLATION, message=b"another connection took over")
        self._acknowledged(ack)
        await self._put(DeskEnvelope(seq=0, message=welcome))
        for envelope in tuple(self._outbox):
            await self._put(envelope)

    async def answers(self, message: DeskMessage) -> bool:
        """Say something and return whether the kiosk takes it in soon: whether somebody is at the other end."""
        if not self.connected:
            return False
        await self.say(message)
        sent = self._sent
        self._heard.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                while self._acked < sent and self.connected:
                    await self._heard.wait()
                    self._heard.clear()
        return self._acked >= sent and self.connected

    async def renew(self, welcome: Welcome) -> None:
        """Say the welcome again while the kiosk is there; one that is away gets a newer one when it is back."""
        await self._put(DeskEnvelope(seq=0, message=welcome))

    async def close(self) -> None:
        """Close the connection for good: the kiosk has begun another conversation."""
        old, self._socket = self._socket, None
        if old is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await old.close(code=WSCloseCode.POLICY_VIOLATION, message=b"another conversation has begun")

    def disconnect(self, socket: web.WebSocketResponse) -> bool:
        """Note that a connection has ended; return whether it was the one in use."""
        if self._socket is not socket:
            return False
        self._socket = None
        self._heard.set()
        return True

    async def say(self, message: DeskMessage) -> None:
        """Say something once, now or when the kiosk is back."""
        self._sent += 1
        envelope = DeskEnvelope(seq=self._sent, message=message)
        self._outbox.append(envelope)
        await self._put(envelope)

    def is_new(self, envelope: KioskEnvelope) -> bool:
        """Take in a message's numbers; return False for one that was here before."""
        self._acknowledged(envelope.ack)
        return envelope.seq > self._received

    async def acknowledge(self, envelope: KioskEnvelope) -> None:
        """Tell the kiosk that a message has been dealt with and is on the disk."""
        self._received = max(self._received, envelope.seq)
        if envelope.seq:
            await self._put(DeskEnvelope(seq=0))

    async def _put(self, envelope: DeskEnvelope) -> None:
        if self._socket is None or self._socket.closed:
            return
        with contextlib.suppress(ConnectionError, RuntimeError):  # it is in the outbox
            await self._socket.send_str(envelope.model_copy(update={"ack": self._received}).model_dump_json())

    def _acknowledged(self, ack: int) -> None:
        self._acked = max(self._acked, ack)
        self._heard.set()
        while self._outbox and self._outbox[0].seq <= ack:
            self._outbox.popleft()


class DoctorPage:
    """A doctor's page that is open: one for each doctor, the newest.

    :param token: of the session it was opened in.
    """

    def __init__(self, doctor: str, token: str, socket: web.WebSocketResponse) -> None:
        self.doctor = doctor
        self.token = token
        self._socket = socket
        self._shown: DeskState | None = None

    async def show(self, state: DeskState) -> None:
        """Show a state of the desk: whole at first, then what has changed of it."""
        before, self._shown = self._shown, state
        if before is None:
            await self.tell(state)
        elif (change := change_of(before, state)) is not None:
            await self.tell(change)
        else:
            self._shown = before

    async def tell(self, message: Reply | LegOffer | DeskState | DeskChange) -> None:
        """Tell the page something; one that has gone asks again when it is back."""
        if not self._socket.closed:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await self._socket.send_str(message.model_dump_json())

    async def close(self) -> None:
        """Close the page's connection."""
        with contextlib.suppress(ConnectionError, RuntimeError):
            await self._socket.close()
