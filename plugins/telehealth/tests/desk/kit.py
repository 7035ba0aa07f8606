"""A running desk with stations and doctors at its two doors: real sockets, a real database, a clock moved by hand."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from pydantic import BaseModel
from yarl import URL

from tramkit import Reading, Vital
from tramkit_hal.device.clock import ManualClock
from tramkit_telehealth.desk.app import Desk, serve
from tramkit_telehealth.desk.page_changes import DeskChange, to_page
from tramkit_telehealth.desk.page_protocol import (
    DeskState,
    Draft,
    LegOffer,
    Reply,
)
from tramkit_telehealth.desk.settings import DeskConfig
from tramkit_telehealth.desk.sign_in import COOKIE
from tramkit_telehealth.desk.store import FILE
from tramkit_telehealth.desk.switchboard import SWEEP_SECONDS
from tramkit_telehealth.desk.tables import CaseRow
from tramkit_telehealth.protocol import (
    CaseState,
    CaseUpdate,
    Consent,
    DeskEnvelope,
    Hello,
    Intake,
    KioskEnvelope,
    KioskMedia,
    Medicine,
    OpenCase,
    Patient,
    RtcAnswer,
    RtcOffer,
    StartLeg,
    Welcome,
)

PATIENCE = 20.0
"""Seconds in which whatever a test waits for must come."""

SLEEPERS = 2
"""Of a desk: its sweep, and what lets go of old cases."""

PASSWORD = "một mật khẩu dài"
NAME = "Nguyễn Thị Hoa Mai"
COMPLAINT = "chóng mặt và đau đầu từ sáng nay"
ANSWER = Draft(
    notes="huyết áp cao lâu năm",
    diagnosis="I10",
    conclusion="Tăng huyết áp",
    advice="Nghỉ ngơi, ăn nhạt",
    prescription=(Medicine(name="Amlodipine", strength="5 mg", amount="30 viên", directions="Sáng 1 viên"),),
    follow_up="Tái khám sau 1 tháng",
)

T = TypeVar("T", bound=BaseModel)


def config(**desk: Any) -> DeskConfig:
    """Return a facility that does not exist, with ``[desk]`` changed."""
    return DeskConfig.model_validate(
        {
            "facility": {"name": {"vi": "Phòng khám Mẫu", "en": "Sample Clinic"}, "licence": "00000", "code": "79001"},
            "specialties": [
                {"id": "general", "title": {"vi": "Nội tổng quát", "en": "General medicine"}, "price": 150_000},
                {"id": "heart", "title": {"vi": "Tim mạch", "en": "Heart and vessels"}, "price": 250_000},
            ],
            "desk": {"minutes": 10, "hold_seconds": 60, "cases_per_station": 50, "cases_per_hour": 500} | desk,
        }
    )


def intake(case: str = "case-1", station: str = "lobby-1", **changes: Any) -> Intake:
    """Return what a resident brings."""
    at = datetime(2026, 11, 23, 2, 55, tzinfo=UTC)
    pressure = Reading(
        kind=Vital.BLOOD_PRESSURE, values=(184, 102), unit="mmHg", quality=0.9, taken_at=at, device="cuff 0042"
    )
    consents = tuple(
        Consent(purpose=purpose, text_version="2026-11-1", language="vi", given=True, at=at)
        for purpose in ("telehealth", "health_data")
    )
    data: dict[str, Any] = {
        "case": case,
        "station": station,
        "site": "Sảnh B",
        "specialty": "general",
        "language": "vi",
        "patient": Patient(name=NAME, number="079158003458", born=date(1958, 3, 12), sex="female", level="CHIP"),
        "complaint": COMPLAINT,
        "urgency": 3,
        "vitals": (pressure,),
        "consents": consents,
        "price": 150_000,
        "opened_at": at,
    }
    return Intake.model_validate(data | changes)


async def until(true: Callable[[], bool]) -> None:
    """Wait for what nobody tells us of."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


class Heard:
    """What has come over a socket, and somebody who waits for it."""

    def __init__(self) -> None:
        self.messages: list[BaseModel] = []
        self.close_code: int | None = None
        self._news = asyncio.Condition()
        self._heard: dict[type[BaseModel], int] = {}

    async def add(self, message: BaseModel) -> None:
        async with self._news:
            self.messages.append(message)
            self._news.notify_all()

    async def end(self, code: int | None) -> None:
        async with self._news:
            self.close_code = code if code is not None else 1006
            self._news.notify_all()

    def all(self, kind: type[T]) -> list[T]:
        """Return everything of a kind that has come."""
        return [message for message in self.messages if isinstance(message, kind)]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until something holds of what has come."""
        async with asyncio.timeout(PATIENCE), self._news:
            await self._news.wait_for(true)

    async def next(self, kind: type[T], where: Callable[[T], object] = lambda _: True) -> T:
        """Return the next of a kind for which something holds, after the one that was returned before."""

        def find() -> tuple[int, T] | None:
            for number, message in enumerate(self.messages[self._heard.get(kind, 0) :], self._heard.get(kind, 0)):
                if isinstance(message, kind) and where(message):
                    return number, message
            return None

        await self.until(lambda: find() is not None)
        found = find()
        assert found is not None
        self._heard[kind] = found[0] + 1
        return found[1]


class Kiosk:
    """A station at the desk's door: speaks the protocol and knows nothing else.

    :ivar seq: number of its last message.
    :ivar received: number of the desk's last message.
    :ivar acked: the highest number that the desk has acknowledged.
    """

    def __init__(self, clinic: Clinic, station: str = "lobby-1", session: str = "session-1") -> None:
        self.clinic = clinic
        self.station = station
        self.session = session
        self.seq = 0
        self.received = 0
        self.acked = 0
        self.again: list[int] = []
        self.heard = Heard()
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.listening: asyncio.Task[None] | None = None

    async def dial(self, key: str | None = None, **headers: str) -> Kiosk:
        """Open the connection and say nothing."""
        key = self.clinic.key(self.station) if key is None else key
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self.heard.close_code = None
        self.socket = await self.clinic.http.ws_connect(f"{self.clinic.address}/kiosk", headers=headers, max_msg_size=0)
        self.listening = asyncio.create_task(self._listen(self.socket))
        return self

    async def connect(self) -> Welcome:
        """Open the connection, say hello and be welcomed."""
        await self.dial()
        await self.write(Hello(station=self.station, session=self.session))
        return await self.heard.next(Welcome)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            envelope: DeskEnvelope = DeskEnvelope.model_validate_json(frame.data)
            self.acked = max(self.acked, envelope.ack)
            if envelope.seq and envelope.seq <= self.received:
                self.again.append(envelope.seq)
                continue
            assert envelope.seq in (0, self.received + 1)
            self.received = max(self.received, envelope.seq)
            await self.heard.add(envelope.message or envelope)
        await self.heard.end(socket.close_code)

    async def write(self, message: BaseModel | None = None, *, seq: int = 0, ack: int | None = None) -> None:
        """Write an envelope of that number."""
        ack = self.received if ack is None else ack
        envelope = KioskEnvelope.model_validate({"seq": seq, "ack": ack, "message": message})
        await self.write_text(envelope.model_dump_json())

    async def write_text(self, text: str) -> None:
        assert self.socket is not None
        await self.socket.send_str(text)

    async def say(self, message: BaseModel) -> None:
        """Say something and wait until the desk has it on its disk."""
        self.seq += 1
        seq = self.seq
        await self.write(message, seq=seq)
        await self.heard.until(lambda: self.acked >= seq)

    async def open(self, case: str = "case-1", **changes: Any) -> Intake:
        """Put a resident into the queue."""
        brought = intake(case, self.station, **changes)
        await self.say(OpenCase(intake=brought))
        return brought

    async def offer(self, leg: StartLeg) -> None:
        """Answer the wish for a leg with an offer."""
        await self.say(RtcOffer(case=leg.case, leg=leg.leg, sdp=f"offer {leg.leg}"))

    async def live(self, leg: StartLeg) -> None:
        """Report the doctor's picture."""
        await self.say(KioskMedia(case=leg.case, leg=leg.leg, state="live"))

    async def update(self, where: Callable[[CaseUpdate], object] = lambda _: True) -> CaseUpdate:
        """Return the next news of a case."""
        return await self.heard.next(CaseUpdate, where)

    async def hang_up(self) -> None:
        """Lose the connection."""
        assert self.socket is not None
        assert self.listening is not None
        await self.socket.close()
        with suppress(asyncio.CancelledError):
            await self.listening

    def fall_silent(self) -> None:
        """Be gone without a word: the connection stands and nobody reads or answers any more."""
        assert self.listening is not None
        self.listening.cancel()


class Doctor:
    """A doctor at a browser: signs in, opens the page's connection, commands.

    :ivar state: what the page shows.
    """

    def __init__(self, clinic: Clinic, id: str) -> None:
        self.clinic = clinic
        self.id = id
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.heard = Heard()
        self.n = 0
        self.changes: list[DeskChange] = []
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self.listening: asyncio.Task[None] | None = None

    @property
    def state(self) -> DeskState:
        return self.heard.all(DeskState)[-1]

    async def post(self, path: str, *, origin: str | None = None, **form: str) -> aiohttp.ClientResponse:
        """Send a form as a browser does."""
        headers = {"Origin": self.clinic.address if origin is None else origin}
        url = self.clinic.address + path
        async with self.http.post(url, data=form, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            return answer

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        """Open a page as a browser does."""
        async with self.http.get(self.clinic.address + path, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            return answer

    async def sign_in(self, password: str = PASSWORD) -> aiohttp.ClientResponse:
        """Send the form of the sign-in page."""
        return await self.post("/sign-in", name=self.id, password=password)

    async def open_page(self, origin: str | None = None, **headers: str) -> DeskState:
        """Open the page's connection and return what it shows first."""
        url = f"{self.clinic.address}/doctor"
        before = len(self.heard.all(DeskState))
        origin = self.clinic.address if origin is None else origin
        self.heard.close_code = None
        self.socket = await self.http.ws_connect(url, origin=origin or None, headers=headers)
        self.listening = asyncio.create_task(self._listen(self.socket))
        await self.heard.until(lambda: len(self.heard.all(DeskState)) > before)
        return self.heard.all(DeskState)[before]

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for frame in socket:
            message: Reply | LegOffer | DeskState | DeskChange = to_page.validate_json(frame.data)
            if isinstance(message, DeskChange):
                self.changes.append(message)
                message = message.applied(self.state)
            await self.heard.add(message)
        await self.heard.end(socket.close_code)

    async def do(self, do: str, **fields: Any) -> Reply:
        """Send a command and return the desk's reply."""
        n = await self.send(do, **fields)
        return await self.heard.next(Reply, lambda reply: reply.n == n)

    async def send(self, do: str, **fields: Any) -> int:
        """Send a command without waiting; return its number."""
        self.n += 1
        plain = {key: value.model_dump() if isinstance(value, BaseModel) else value for key, value in fields.items()}
        await self.write_text(json.dumps({"n": self.n, "command": {"do": do, **plain}}))
        return self.n

    async def write_text(self, text: str) -> None:
        assert self.socket is not None
        await self.socket.send_str(text)

    async def must(self, do: str, **fields: Any) -> None:
        """Send a command that is done."""
        reply = await self.do(do, **fields)
        assert reply.trouble is None, reply

    async def beat(self) -> None:
        await self.must("beat")

    async def sees(self, true: Callable[[DeskState], object]) -> DeskState:
        """Return what the page shows as soon as something holds of it."""
        await self.heard.until(lambda: self.heard.all(DeskState) and true(self.state))
        return self.state

    async def accept(self, case: str = "case-1") -> None:
        await self.must("accept", case=case)

    async def close_page(self) -> None:
        """Close the page; the session goes on."""
        assert self.socket is not None
        assert self.listening is not None
        await self.socket.close()
        await self.listening

    async def leave(self) -> None:
        if self.socket is not None and not self.socket.closed:
            await self.close_page()
        await self.http.close()


class Clinic:
    """A desk that is served, and everybody at it.

    :ivar clock: stands until :meth:`pass_time`.
    """

    def __init__(self, folder: Path, **desk: Any) -> None:
        self.folder = folder
        self.config = config(**desk)
        self.clock = ManualClock()
        self.desk: Desk | None = None
        self.http = aiohttp.ClientSession()
        self.kiosks: list[Kiosk] = []
        self.doctors: dict[str, Doctor] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Clinic:
        await self.start()
        await self.put_station("lobby-1")
        return self

    async def __aexit__(self, *_error: object) -> None:
        for doctor in self.doctors.values():
            await doctor.leave()
        for kiosk in self.kiosks:
            if kiosk.socket is not None and not kiosk.socket.closed:
                await kiosk.hang_up()
        await self.stop()
        await self.http.close()

    @property
    def address(self) -> str:
        assert self.desk is not None
        return self.desk.address

    async def start(self) -> None:
        running = serve(self.config, self.folder, self.clock, host="127.0.0.1", port=0)
        self.desk = await self._stack.enter_async_context(running)

    async def stop(self) -> None:
        await self._stack.aclose()
        self.desk = None

    async def restart(self) -> None:
        """Stop the desk and start it on the same folder."""
        await self.stop()
        await self.start()

    def key(self, station: str) -> str:
        return f"key-of-{station}"

    async def put_station(self, station: str) -> None:
        assert self.desk is not None
        await self.desk.accounts.put_station(station, self.key(station))

    def station(self, station: str = "lobby-1", session: str = "session-1") -> Kiosk:
        """Return a kiosk that is not connected."""
        kiosk = Kiosk(self, station, session)
        self.kiosks.append(kiosk)
        return kiosk

    async def kiosk(self, station: str = "lobby-1", session: str = "session-1") -> Kiosk:
        """Return a kiosk that is connected."""
        await self.put_station(station)
        kiosk = self.station(station, session)
        await kiosk.connect()
        return kiosk

    async def put_doctor(self, id: str, *specialties: str, languages: Sequence[str] = ("vi",)) -> Doctor:
        """Return a doctor who has not signed in."""
        assert self.desk is not None
        await self.desk.accounts.put_doctor(
            id,
            name=f"BS. {id}",
            licence=f"licence of {id}",
            specialties=list(specialties or ("general",)),
            languages=list(languages),
            password=PASSWORD,
        )
        self.doctors[id] = Doctor(self, id)
        return self.doctors[id]

    async def doctor(self, id: str = "lan", *specialties: str, languages: Sequence[str] = ("vi",)) -> Doctor:
        """Return a doctor who is signed in and on shift."""
        doctor = await self.put_doctor(id, *specialties, languages=languages)
        assert (await doctor.sign_in()).status == 303
        await doctor.open_page()
        await doctor.must("set_shift", on=True)
        return doctor

    async def another_page(self, doctor: Doctor) -> Doctor:
        """Return the same doctor with the page open in a second window of the same browser."""
        second = Doctor(self, doctor.id)
        for cookie in doctor.http.cookie_jar:
            second.http.cookie_jar.update_cookies({cookie.key: cookie.value}, URL(self.address))
        self.doctors[f"{doctor.id} again"] = second
        await second.open_page()
        return second

    async def crowd(self, count: int) -> list[Doctor]:
        """Return many doctors who are signed in and on shift; their passwords are not hashed, which takes long."""
        for number in range(count):
            id, token = f"doctor-{number}", secrets.token_urlsafe()
            self.doctors[id] = Doctor(self, id)
            self.doctors[id].http.cookie_jar.update_cookies({COOKIE: token}, URL(self.address))
            self.write(
                "INSERT INTO doctors (id, name, licence, specialties, languages, password_hash, language, must_change,"
                " available) VALUES (?, ?, '', '[\"general\"]', '[\"vi\"]', '', 'vi', 0, 0)",
                (id, f"BS. {id}"),
            )
            digest, now = hashlib.sha256(token.encode()).hexdigest(), f"{self.clock.now():%Y-%m-%d %H:%M:%S.%f}"
            self.write("INSERT INTO sessions VALUES (?, ?, ?, ?)", (digest, id, now, now))
        doctors = list(self.doctors.values())
        for doctor in doctors:
            await doctor.open_page()
            await doctor.must("set_shift", on=True)
        return doctors

    def write(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        """Change the database behind the desk's back."""
        with closing(sqlite3.connect(self.folder / FILE)) as database, database:
            database.execute(statement, values)

    def read(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Read from the database as it is on the disk."""
        with closing(sqlite3.connect(self.folder / FILE)) as database:
            return database.execute(statement, values).fetchall()

    async def wait_for(self, question: str) -> None:
        """Wait until the database answers a question with something true."""
        await until(lambda: bool(self.read(question)[0][0]))

    async def case(self, id: str = "case-1") -> CaseRow:
        """Return a case as the database has it."""
        assert self.desk is not None
        found = await self.desk.cases.get(id)
        assert found is not None
        return found

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and the desk look at its leases at the end of it."""
        for step in (seconds - SWEEP_SECONDS, SWEEP_SECONDS):
            await until(lambda: self.clock.sleepers == SLEEPERS)
            await self.clock.advance(step)
        await until(lambda: self.clock.sleepers == SLEEPERS)


async def call(kiosk: Kiosk, doctor: Doctor, case: str = "case-1") -> StartLeg:
    """Bring a waiting case to a call that is live; return its leg."""
    await doctor.accept(case)
    leg = await connect_leg(kiosk, doctor, case)
    await kiosk.live(leg)
    await doctor.sees(lambda state: state.held and state.held.state is CaseState.LIVE)
    await kiosk.update(lambda update: update.case == case and update.state is CaseState.LIVE)
    return leg


async def connect_leg(kiosk: Kiosk, doctor: Doctor, case: str = "case-1") -> StartLeg:
    """Offer and answer the leg that the desk asks for."""
    leg = await kiosk.heard.next(StartLeg, lambda start: start.case == case)
    await kiosk.offer(leg)
    offer = await doctor.heard.next(LegOffer, lambda offer: offer.leg == leg.leg)
    assert offer.sdp == f"offer {leg.leg}"
    await doctor.must("answer_leg", case=case, leg=leg.leg, sdp=f"answer {leg.leg}")
    answer = await kiosk.heard.next(RtcAnswer, lambda answer: answer.leg == leg.leg)
    assert answer.sdp == f"answer {leg.leg}"
    return leg
