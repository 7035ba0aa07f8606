"""A desk that a test plays by hand: a real WebSocket server that speaks the protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from aiohttp import WSMsgType, web

from tramkit_telehealth.protocol import (
    Bilingual,
    CaseRefused,
    DeskEnvelope,
    DoctorCard,
    Facility,
    Hello,
    KioskEnvelope,
    Offered,
    Specialty,
    Welcome,
)

FACILITY = Facility(
    name=Bilingual(vi="Trung tâm Y tế Thủ Đức", en="Thu Duc Medical Centre"),
    licence="HCM-01234/GPHĐ",
    address="Số 2 Trịnh Hoài Đức, TP. Hồ Chí Minh",
    phone="028 3722 1234",
)
GENERAL = Specialty(
    id="general",
    title=Bilingual(vi="Nội tổng quát", en="General medicine"),
    price=150_000,
    languages=("vi", "en"),
    doctors=1,
    waiting=1,
    estimate=8,
)
SKIN = Specialty(
    id="skin", title=Bilingual(vi="Da liễu", en="Dermatology"), price=200_000, languages=("vi",), doctors=0, waiting=0
)
DOCTOR = DoctorCard(
    id="d1",
    name="BS. Lê Thị Mai",
    licence="004512/HCM-CCHN",
    specialty=GENERAL.title,
    facility=FACILITY.name,
)
T = TypeVar("T")
KEY = "key-of-the-station"


class ScriptedDesk:
    """Remembers what the kiosk says; says what the test tells it to."""

    def __init__(self) -> None:
        self.port = 0
        self.said: list[object] = []
        self.envelopes: list[KioskEnvelope] = []
        self.hellos: list[Hello] = []
        self.knows_session = True
        self.acknowledges = True
        self.specialties: tuple[Specialty, ...] = (GENERAL, SKIN)
        self.first_words: str | None = None
        """Sent instead of a welcome."""
        self._seq = 0
        self._received = 0
        self._sockets: set[web.WebSocketResponse] = set()
        self._runner: web.AppRunner | None = None
        self._something = asyncio.Event()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/kiosk", self._kiosk)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Go down like a desk whose process is killed."""
        await self.cut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def forget(self) -> None:
        """Go down and forget the session."""
        await self.stop()
        self._seq = self._received = 0
        self.knows_session = False

    async def cut(self) -> None:
        """Cut the connections."""
        for socket in tuple(self._sockets):
            await socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def say(self, message: object) -> None:
        """Say a message to the kiosk."""
        self._seq += 1
        await self.send(DeskEnvelope(seq=self._seq, ack=self._received, message=message))

    async def send(self, envelope: DeskEnvelope | str) -> None:
        text = envelope if isinstance(envelope, str) else envelope.model_dump_json()
        for socket in tuple(self._sockets):
            await socket.send_str(text)

    async def heard(self, kind: type[T], true: Callable[[T], bool] = lambda _: True, seconds: float = 10) -> T:
        """Wait until the kiosk has said a message of a kind; return the last one."""
        async with asyncio.timeout(seconds):
            while True:
                found = [message for message in self.said if isinstance(message, kind) and true(message)]
                if found:
                    return found[-1]
                self._something.clear()
                await self._something.wait()

    def count(self, kind: type) -> int:
        return sum(isinstance(message, kind) for message in self.said)

    async def _kiosk(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            raise web.HTTPUnauthorized
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                break
            await self._hear(socket, KioskEnvelope.model_validate_json(frame.data))
        self._sockets.discard(socket)
        return socket

    async def _hear(self, socket: web.WebSocketResponse, envelope: KioskEnvelope) -> None:
        self.envelopes.append(envelope)
        if isinstance(envelope.message, Hello):
            await self._welcome(socket, envelope.message)
        elif envelope.seq > self._received:
            self._received = envelope.seq
            if envelope.message is not None:
                self.said.append(envelope.message)
            if self.acknowledges:
                await socket.send_str(DeskEnvelope(seq=0, ack=self._received).model_dump_json())
        self._something.set()

    async def _welcome(self, socket: web.WebSocketResponse, hello: Hello) -> None:
        resumed = self.knows_session and hello.session in {known.session for known in self.hellos}
        self.knows_session = True
        self.hellos.append(hello)
        if self.first_words is not None:
            await socket.send_str(self.first_words)
            return
        if not resumed:
            self._seq = self._received = 0
        welcome = Welcome(resumed=resumed, facility=FACILITY, ice_servers=())
        await socket.send_str(DeskEnvelope(seq=0, ack=self._received, message=welcome).model_dump_json())
        self._sockets.add(socket)
        await self.say(Offered(specialties=self.specialties))


REFUSED_VERSION = DeskEnvelope(seq=0, message=CaseRefused(code="version", words="speak version 2")).model_dump_json()
