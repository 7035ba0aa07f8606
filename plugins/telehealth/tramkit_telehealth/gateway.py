"""The kiosk's client of the desk: one WebSocket that the kiosk opens, and the cases that go through it.

What is sent is kept until the desk has acknowledged it and is sent again after a lost connection; what is received
twice counts once. A case outlives a lost connection, a restart of the desk and a visit that has ended.

Longer than 400 lines: one connection, whose state every part of it changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections import deque
from collections.abc import AsyncIterator, Iterator
from random import Random
from typing import Literal

import aiohttp
from pydantic import ValidationError
from yarl import URL

from tramkit import Clock, Data
from tramkit_telehealth.case_link import CaseLink, CaseMessage
from tramkit_telehealth.not_reached import reason_of
from tramkit_telehealth.outbox import KioskMessage, Outbox
from tramkit_telehealth.protocol import (
    MAX_MESSAGE,
    PING_SECONDS,
    VERSION,
    CaseRefused,
    CaseSummary,
    DeskEnvelope,
    Facility,
    Hello,
    IceServer,
    Intake,
    KioskEnvelope,
    Offered,
    OpenCase,
    Specialty,
    SummaryHandedOver,
    Welcome,
    version_of,
)
from tramkit_telehealth.settings import EngineName
from tramkit_telehealth.uplinks import WaysOut, tcp_socket

_log = logging.getLogger(__name__)

MAX_LEFT = 100
"""Ids kept of cases whose residents went without a summary."""

FIRST_PAUSE, LAST_PAUSE = 0.5, 5.0
"""Seconds between attempts to connect: doubled from the first to the last, then a random half more."""

CASE_PAUSE = 1.0
"""The longest pause while a resident waits or talks."""

REFUSED_PAUSE = 30.0
"""Seconds until the next attempt at a desk that refuses the key or the version: a person must mend it."""

WELCOME_SECONDS = 5.0

CASE_CONNECT_SECONDS = 1.5
"""How long an attempt to connect may take while a resident waits or talks: after a cut TCP itself would try again only
seconds after the network is back (RFC 6298 §5.5), a new attempt comes at once.
"""

CLOSE_SECONDS = 0.1
"""How long the other side may take to say goodbye on a connection that is given up."""

Link = Literal["connecting", "connected", "down", "refused"]


class Offer(Data):
    """What can be had at the desk now."""

    facility: Facility
    specialties: tuple[Specialty, ...]


class DeskGateway:
    """The kiosk's end of the conversation with the desk.

    :param url: ``https://…`` of the desk.
    :param key: the station's key at the desk.
    :param station: the station's id.
    :param seed: spreads the attempts of many kiosks after a power cut.
    :param ways: the ways out of the station, shared with its calls.
    :param engine: which engine makes its calls.
    """

    def __init__(
        self,
        url: str,
        key: str,
        station: str,
        clock: Clock,
        seed: int = 0,
        ways: WaysOut | None = None,
        engine: EngineName = "aiortc",
    ) -> None:
        self.engine: EngineName = engine
        self._url = URL(url) / "kiosk"
        self._key = key
        self._station = station
        self._clock = clock
        self._random = Random(f"{seed}:{station}")
        self._session = uuid.uuid4().hex
        self._outbox = Outbox()
        self._received = 0
        self._cases: dict[str, CaseLink] = {}
        self._left: deque[str] = deque(maxlen=MAX_LEFT)
        self._changed = asyncio.Event()
        self._to_send = asyncio.Event()
        self._hurry = asyncio.Event()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._task: asyncio.Task[None] | None = None
        self._facility: Facility | None = None
        self._specialties: tuple[Specialty, ...] | None = None
        self.ice_servers: tuple[IceServer, ...] = ()
        self._reason = ""
        self.link: Link = "connecting"
        self.ways = ways or WaysOut()
        self.ways.moved = self._moved
        self._moving = False
        self._closing: set[asyncio.Task[bool]] = set()

    # ── what the service sees ─────────────────────────────────────────────────────────────────────────────

    @property
    def connected(self) -> bool:
        """Whether the desk has welcomed us on the connection that stands."""
        return self.link == "connected"

    @property
    def offer(self) -> Offer | None:
        """What can be had now; None while the desk cannot be reached."""
        if not self.connected or self._facility is None or self._specialties is None:
            return None
        return Offer(facility=self._facility, specialties=self._specialties)

    @property
    def facility(self) -> Facility | None:
        """The facility as the desk last said it; also while the desk cannot be reached."""
        return self._facility

    async def look(self, patience: float = 3.0) -> Offer | None:
        """Return what can be had; a connection that is down is tried at once, since somebody waits for it.

        :param patience: seconds.
        """
        deadline = self._clock.monotonic() + patience
        self._hurry.set()
        while self.offer is None and self.link != "refused" and self._clock.monotonic() < deadline:
            await self._clock.sleep(0.1)
        return self.offer

    async def changed(self) -> None:
        """Wait until the connection or the offer changes."""
        await self._changed.wait()

    @contextlib.contextmanager
    def case(self, intake: Intake) -> Iterator[CaseLink]:
        """Open a case at the desk and follow it; when the block ends nothing of the resident is kept here."""
        link = CaseLink(intake, self.send)
        self._cases[link.id] = link
        self.send(OpenCase(intake=intake))
        try:
            yield link
        finally:
            link.close()
            del self._cases[link.id]
            self._outbox.forget(link.id)
            if not link.handed_over:
                self._left.append(link.id)
            if not self._cases:
                self.ways.choose("")  # a second network is for calls: it may cost by the byte

    def send(self, message: KioskMessage) -> None:
        """Send a message once, now or when the desk can be reached again."""
        if isinstance(message, SummaryHandedOver) and message.case in self._cases:
            self._cases[message.case].handed_over = True
        self._outbox.put(message)
        self._to_send.set()

    # ── the connection ────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Begin to connect, and to connect again whenever the connection is lost."""
        self._task = asyncio.create_task(self._run(), name="desk gateway")

    async def stop(self) -> None:
        """Close the connection for good, once the last word has gone out or half a second has passed."""
        if self.connected:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while any(envelope.message for envelope in self._outbox):
                        await self.changed()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._become("down")

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            if self.link == "refused":
                self._become("connecting")
            try:
                welcomed = await self._converse()
            except Exception:  # the top of a task: whatever the wire brings, the kiosk connects again
                _log.exception("connection to the desk failed")
                welcomed = False
            if welcomed:
                pause = FIRST_PAUSE
            if self.link == "refused":
                await self._clock.sleep(REFUSED_PAUSE)
                continue
            self._become("down")
            if self._moving:
                self._moving = False
                continue
            if not welcomed and self._cases:
                self.ways.rotate()
            await self._rest(pause * (1 + self._random.random() / 2))
            pause = min(CASE_PAUSE if self._cases else LAST_PAUSE, pause * 2)

    def _moved(self) -> None:
        """Give the connection up for one over another uplink."""
        socket = self._socket
        if socket is None:
            self._hurry.set()
            return
        self._moving = True
        self._become("down")
        task = asyncio.create_task(socket.close(), name="desk gateway moves")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _rest(self, seconds: float) -> None:
        """Wait until it is time for the next attempt, or somebody wants one now."""
        self._hurry.clear()
        waits = (asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(self._hurry.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _converse(self) -> bool:
        """Hold one connection as long as it lives; return whether the desk welcomed us."""
        seconds = CASE_CONNECT_SECONDS if self._cases else WELCOME_SECONDS
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=seconds)
        connector = aiohttp.TCPConnector(socket_factory=lambda address: tcp_socket(address, self.ways.chosen))
        close = aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS)  # pyright: ignore[reportCallIssue]
        headers = {"Authorization": f"Bearer {self._key}"}
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as http,
                http.ws_connect(
                    self._url, headers=headers, heartbeat=PING_SECONDS, max_msg_size=MAX_MESSAGE, timeout=close
                ) as socket,
            ):
                return await self._over(socket)
        except aiohttp.WSServerHandshakeError as error:
            if error.status in (401, 403):
                self._refuse("key")
            else:
                self._not_reached(f"it answered {error.status} where a desk opens a WebSocket")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._not_reached(reason_of(error))
        return False

    async def _over(self, socket: aiohttp.ClientWebSocketResponse) -> bool:
        hello = KioskEnvelope(seq=0, ack=self._received, message=Hello(station=self._station, session=self._session))
        await socket.send_str(hello.model_dump_json())
        try:
            async with asyncio.timeout(WELCOME_SECONDS):
                welcome = await self._welcome(socket)
        except TimeoutError:
            self._not_reached("it did not welcome the station in time")
            return False
        if welcome is None:
            return False
        self._welcomed(welcome)
        self._socket = socket
        sender = asyncio.create_task(self._send_all(socket))
        try:
            async for envelope in self._envelopes(socket):
                self._take(envelope)
        finally:
            self._socket = None
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return True

    async def _welcome(self, socket: aiohttp.ClientWebSocketResponse) -> Welcome | None:
        async for envelope in self._envelopes(socket):
            match envelope.message:
                case Welcome() as welcome:
                    if not welcome.resumed:
                        self._received = 0
                    self._received = max(self._received, envelope.seq)
                    self._acknowledged(envelope.ack if welcome.resumed else 0)
                    return welcome
                case CaseRefused(code=code):
                    self._refuse(code)
                    return None
                case _:
                    _log.warning("the desk spoke before its welcome")
        return None

    def _welcomed(self, welcome: Welcome) -> None:
        self._facility = welcome.facility
        self.ice_servers = welcome.ice_servers
        if not welcome.resumed:
            self._outbox.begin_again([OpenCase(intake=case.intake) for case in self._cases.values() if case.intake])
        self._reason = ""
        self._become("connected")
        _log.info("desk connected", extra={"resumed": welcome.resumed})

    async def _send_all(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Send what is not acknowledged, then whatever comes, in order; and acknowledge what was received."""
        at = 0
        acknowledged = self._received
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            while True:
                self._to_send.clear()
                for envelope in [each for each in self._outbox if each.seq > at]:
                    at = envelope.seq
                    acknowledged = self._received
                    await socket.send_str(envelope.model_copy(update={"ack": acknowledged}).model_dump_json())
                if acknowledged < self._received:
                    acknowledged = self._received
                    await socket.send_str(KioskEnvelope(seq=0, ack=acknowledged).model_dump_json())
                await self._to_send.wait()

    async def _envelopes(self, socket: aiohttp.ClientWebSocketResponse) -> AsyncIterator[DeskEnvelope]:
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                continue
            try:
                envelope = DeskEnvelope.model_validate_json(frame.data)
            except ValidationError:
                if version_of(frame.data) not in (None, VERSION):
                    self._refuse("version")
                    return
                _log.warning("malformed message of the desk dropped")
                continue
            if envelope.seq > 0 and envelope.seq <= self._received and not isinstance(envelope.message, Welcome):
                self._acknowledged(envelope.ack)
                self._to_send.set()  # say again what was received: the acknowledgement may have been lost
                continue
            yield envelope

    def _take(self, envelope: DeskEnvelope) -> None:
        self._acknowledged(envelope.ack)
        if envelope.seq:
            self._received = envelope.seq
            self._to_send.set()
        match envelope.message:
            case Offered(specialties=specialties):
                self._specialties = specialties
                self._tell()
            case Welcome() as welcome:
                self._facility, self.ice_servers = welcome.facility, welcome.ice_servers
            case CaseRefused(code=code):
                _log.warning("the desk refused a message", extra={"code": code})
                if code in ("unknown_specialty", "too_large", "closed", "consent", "quota"):
                    self._pass_to_all(envelope.message)
            case None:
                return
            case message:
                self._pass(message)

    def _pass(self, message: CaseMessage) -> None:
        case = self._cases.get(message.case) if not isinstance(message, CaseRefused) else None
        if isinstance(message, CaseSummary) and message.case in self._left:
            self._left.remove(message.case)  # the doctor must know that nobody was here to take it
            self.send(SummaryHandedOver(case=message.case, outcome="failed"))
        elif case is None:
            _log.debug("message for a case that is over dropped")
        else:
            case.put(message)

    def _pass_to_all(self, message: CaseRefused) -> None:
        """A refusal names no case; a kiosk has one resident at a time."""
        for case in self._cases.values():
            case.put(message)

    def _acknowledged(self, ack: int) -> None:
        self._outbox.acknowledged(ack)
        self._tell()

    def _refuse(self, code: str) -> None:
        if self._changed_reason(f"refused: {code}"):
            _log.error("the desk refuses this kiosk", extra={"code": code, "version": VERSION})
        self._become("refused")

    def _not_reached(self, reason: str) -> None:
        """Say why, once each time it is another reason: a station tries every few seconds for as long as it takes."""
        if self._changed_reason(reason):
            _log.warning("desk not reached", extra={"reason": reason})

    def _changed_reason(self, reason: str) -> bool:
        before, self._reason = self._reason, reason
        return before != reason

    def _become(self, link: Link) -> None:
        if link != self.link:
            if link == "down" and self.link == "connected":
                _log.warning("desk lost")
            self.link = link
        if link != "connected":
            self._specialties = None
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
