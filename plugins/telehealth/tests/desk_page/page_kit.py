"""A desk that serves the doctor's page and does what a test says; it speaks the real contract over a real WebSocket."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from aiohttp import WSMsgType, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.async_api import Locator, Page, expect
from pydantic import BaseModel

from tramkit import Reading, Vital
from tramkit_telehealth.desk import page
from tramkit_telehealth.desk.allergies import allergy_of
from tramkit_telehealth.desk.concerns import concerns
from tramkit_telehealth.desk.lists import load
from tramkit_telehealth.desk.lookup import Lookup
from tramkit_telehealth.desk.page.words import words
from tramkit_telehealth.desk.page_changes import change_of
from tramkit_telehealth.desk.page_protocol import (
    Accept,
    Close,
    Colleague,
    CommandEnvelope,
    DeskState,
    EndCall,
    HandOver,
    HeldCase,
    LegOffer,
    PastCase,
    Release,
    Reply,
    SaveDraft,
    SetAvailable,
    SetShift,
    Trouble,
    Waiting,
)
from tramkit_telehealth.desk.prescribing import blocked
from tramkit_telehealth.desk.views import initials
from tramkit_telehealth.protocol import (
    Answer,
    Bilingual,
    CaseState,
    Consent,
    DoctorCard,
    Facility,
    Intake,
    Patient,
    Summary,
)

CHROMIUM = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
HERE = Path(page.__file__).parent
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
CLINIC = Bilingual(vi="Phòng khám đa khoa Trạm Mẫu", en="Tramkit Demonstration Clinic")
GENERAL = Bilingual(vi="Nội tổng quát", en="General medicine")
DOCTOR = DoctorCard(
    id="lan", name="BS. Trần Thị Ngọc Lan", licence="001234/HCM-CCHN", specialty=GENERAL, facility=CLINIC
)
NAMES = ("Nguyễn Thị Hoa", "Trần Văn Bình", "Lê Hoàng Bảo Châu", "Phạm Đức Minh")
COMPLAINTS = (
    "Chóng mặt và đau đầu từ sáng nay, đo huyết áp ở nhà thấy cao",
    "Ho khan, đau họng hai ngày nay",
    "Bé sốt nhẹ và phát ban",
    "Xin tái khám, hết thuốc huyết áp",
)


def intake(number: int = 0) -> Intake:
    """Return what the resident of that number brings."""
    now = datetime.now(UTC)

    def reading(kind: Vital, unit: str, *values: float, quality: float = 0.95) -> Reading:
        taken = now - timedelta(minutes=6)
        return Reading(kind=kind, values=values, unit=unit, quality=quality, taken_at=taken, device="sim-vitals 0042")

    return Intake(
        case=f"case-{number}",
        station="station-1",
        site="Chung cư Đảo Kim Cương, sảnh B",
        specialty="general",
        language="vi",
        patient=Patient(
            name=NAMES[number], number="079•••••3458", born=date(1958, 3, 12), sex="female", level="CLAIMED"
        ),
        complaint=COMPLAINTS[number],
        answers=(
            Answer(id="since", question="Triệu chứng bắt đầu từ khi nào?", answer="Từ hôm nay"),
            Answer(id="pain", question="Mức độ đau từ 0 đến 10?", answer="4"),
            Answer(id="medicines", question="Ông/bà đang dùng thuốc gì?", answer="Amlodipin 5 mg buổi sáng"),
            Answer(id="allergies", question="Ông/bà dị ứng với thuốc hay thức ăn nào?", answer="Penicillin"),
        ),
        urgency=(1, 2, 2, 3)[number],
        vitals=(
            reading(Vital.BLOOD_PRESSURE, "mmHg", 184, 102),
            reading(Vital.PULSE, "/min", 88),
            reading(Vital.SPO2, "%", 97, quality=0.3),
            reading(Vital.TEMPERATURE, "°C", 36.8),
        ),
        consents=tuple(
            Consent(purpose=purpose, text_version="2026-11-1", language="vi", given=given, at=now)
            for purpose, given in (("telehealth", True), ("health_data", True), ("contact_phone", False))
        ),
        price=150_000,
        opened_at=now - timedelta(minutes=4 + 9 * number),
    )


def waiting(number: int, **changes: object) -> Waiting:
    """Return the resident of that number in the queue."""
    brought = intake(number)
    data = {
        "case": brought.case,
        "site": brought.site,
        "specialty": "general",
        "language": ("vi", "vi", "en", "vi")[number],
        "initials": initials(brought.patient.name),
        "age": (60, 30, 0, None)[number],
        "sign": "measurement",
        "urgency": brought.urgency,
        "waiting_since": brought.opened_at,
        "state": CaseState.WAITING,
    }
    return Waiting.model_validate(data | changes)


def first_state() -> DeskState:
    """Return a desk with its doctor on shift and nobody in the queue."""
    return DeskState(
        doctor=DOCTOR,
        facility=Facility(name=CLINIC, licence="00000/HCM-GPHĐ"),
        specialties={"general": GENERAL},
        on_shift=True,
        available=True,
        queue=(),
        colleagues=(
            Colleague(id="nam", name="BS. Võ Hoài Nam", specialties=("general",), free=True),
            Colleague(id="ha", name="BS. Đỗ Thu Hà", specialties=("general",), free=False),
        ),
        ice_servers=(),
        now=datetime.now(UTC),
    )


LISTS = load()
LOOKUP = Lookup(LISTS, accounts=None)  # type: ignore[arg-type]  # what is found is tested here, the door elsewhere


class PageDesk:
    """The desk: the state it shows, the commands it got, what it refuses next.

    :ivar refuse: by the command's name, the trouble and the field of its next reply.
    """

    def __init__(self) -> None:
        self.state = first_state()
        self.shown: DeskState | None = None
        self.commands: list[CommandEnvelope] = []
        self.refuse: dict[str, tuple[Trouble, str]] = {}
        self.signed_in = True
        self.error = ""
        self.language = "en"
        self.connections = 0
        self.sockets: set[web.WebSocketResponse] = set()
        self.got = asyncio.Condition()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
        )
        self.runner: web.AppRunner | None = None

    async def __aenter__(self) -> PageDesk:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get("/sign-in", self._sign_in)
        app.router.add_post("/language", self._language)
        app.router.add_get("/doctor", self._doctor)
        app.router.add_get("/search", self._search)
        app.router.add_static("/static", HERE / "static")
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Be gone, as a desk is that is started again."""
        for connection in list(self.sockets):
            await connection.close()
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None

    # ── what the test says ────────────────────────────────────────────────────────────────────────────────

    async def change(self, **changes: object) -> None:
        """Change the state and tell every page what has changed, as the desk does."""
        before, self.state = self.state, self.state.model_copy(update={"now": datetime.now(UTC), **changes})
        change = change_of(self.shown or before, self.state)
        self.shown = self.state
        if change is not None:
            await self.tell(change)

    async def hold(self, number: int = 0, **changes: object) -> None:
        """Let the doctor hold the case of that number."""
        brought = intake(number)
        allergy = allergy_of(brought.answers)
        held = HeldCase(intake=brought, state=CaseState.RINGING, claimed_at=datetime.now(UTC), allergy=allergy)
        await self.change(held=held.model_copy(update=changes))

    async def held(self, **changes: object) -> None:
        """Change the case that is held."""
        assert self.state.held is not None
        await self.change(held=self.state.held.model_copy(update=changes))

    async def tell(self, message: BaseModel) -> None:
        for connection in list(self.sockets):
            with suppress(ConnectionError):
                await connection.send_str(message.model_dump_json())

    async def offer(self, leg: int, sdp: str) -> None:
        assert self.state.held is not None
        await self.tell(LegOffer(case=self.state.held.intake.case, leg=leg, sdp=sdp))

    async def until(self, true, seconds: float = 15.0) -> None:
        """Wait until something holds; looked at after every command."""
        async with self.got, asyncio.timeout(seconds):
            await self.got.wait_for(true)

    def all(self, kind: type[BaseModel]) -> list:
        """Return the commands of one kind that came."""
        return [each.command for each in self.commands if isinstance(each.command, kind)]

    async def next(self, kind: type[BaseModel], seconds: float = 15.0):
        """Return the newest command of a kind, and wait for the first."""
        await self.until(lambda: bool(self.all(kind)), seconds)
        return self.all(kind)[-1]

    # ── what the page gets ────────────────────────────────────────────────────────────────────────────────

    def _html(self, template: str, **more: str) -> web.Response:
        context = {"lang": self.language, "words": words(self.language), "seconds": "", **more}
        text = self.templates.get_template(template).render(context)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": CSP})

    async def _page(self, _request: web.Request) -> web.Response:
        if not self.signed_in:
            raise web.HTTPSeeOther("/sign-in")
        return self._html("desk.html")

    async def _sign_in(self, _request: web.Request) -> web.Response:
        return self._html("sign_in.html", error=self.error, name="lan" if self.error else "")

    async def _language(self, request: web.Request) -> web.Response:
        self.language = str((await request.post())["lang"])
        raise web.HTTPSeeOther("/")

    async def _search(self, request: web.Request) -> web.Response:
        find = LOOKUP.conditions if request.query["kind"] == "icd10" else LOOKUP.medicines
        return web.json_response([{"value": each.value, **each.names} for each in find(request.query["q"])])

    async def _doctor(self, request: web.Request) -> web.WebSocketResponse:
        if not self.signed_in:
            raise web.HTTPUnauthorized
        connection = web.WebSocketResponse()
        await connection.prepare(request)
        self.connections += 1
        self.sockets.add(connection)
        try:
            self.shown = self.state
            await connection.send_str(self.state.model_copy(update={"now": datetime.now(UTC)}).model_dump_json())
            async for message in connection:
                if message.type is WSMsgType.TEXT:
                    await self._take(connection, CommandEnvelope.model_validate(json.loads(message.data)))
        finally:
            self.sockets.discard(connection)
        return connection

    async def _take(self, connection: web.WebSocketResponse, envelope: CommandEnvelope) -> None:
        trouble, field = self.refuse.pop(envelope.command.do, (None, ""))
        if trouble is None:
            await self._do(envelope)
        with suppress(ConnectionError):
            await connection.send_str(Reply(n=envelope.n, trouble=trouble, field=field).model_dump_json())
        async with self.got:
            self.commands.append(envelope)
            self.got.notify_all()

    async def _do(self, envelope: CommandEnvelope) -> None:
        match envelope.command:
            case SetShift(on=on):
                await self.change(on_shift=on, available=False)
            case SetAvailable(available=available):
                await self.change(available=available)
            case Accept(case=case):
                taken = {"state": CaseState.RINGING, "doctor": DOCTOR.name}
                queue = [each.model_copy(update=taken) if each.case == case else each for each in self.state.queue]
                self.state = self.state.model_copy(update={"queue": tuple(queue)})
                await self.hold(int(case.removeprefix("case-")))
            case EndCall():
                await self.held(state=CaseState.CLOSING)
            case SaveDraft(draft=draft, version=version):
                assert self.state.held is not None
                assert version == self.state.held.version
                answers = self.state.held.intake.answers
                said = {"warnings": concerns(draft, answers, LISTS), "blocked": blocked(draft, LISTS)}
                await self.held(draft=draft, version=version + 1, **said)
            case Release() | HandOver():
                await self.change(held=None)
            case Close(case=case, draft=draft):
                assert self.state.held is not None
                now = datetime.now(UTC)
                summary = Summary(
                    doctor=DOCTOR, closed_at=now, **draft.model_dump(exclude={"notes", "diagnosis", "reasons"})
                )
                name = self.state.held.intake.patient.name
                past = PastCase(case=case, closed_at=now, name=name, handed_over="", summary=summary)
                queue = tuple(each for each in self.state.queue if each.case != case)
                await self.change(held=None, past=(past, *self.state.past), queue=queue)
            case _:
                pass


class Doctor:
    """The doctor at the page."""

    def __init__(self, page: Page, desk: PageDesk) -> None:
        self.page = page
        self.desk = desk
        self.complaints: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _on_console(self, message) -> None:
        expected = ("WebSocket connection to", "Failed to load resource")  # a desk that is gone
        if message.type in ("error", "warning") and not message.text.startswith(expected):
            self.complaints.append(message.text)

    async def open(self) -> None:
        await self.page.goto(self.desk.address)
        await expect(self.of("line")).to_have_attribute("data-state", "up")

    def of(self, id: str) -> Locator:
        """Return what has that test id."""
        return self.page.get_by_test_id(id)

    async def click(self, name: str, **more) -> None:
        await self.page.get_by_role("button", name=name, exact=True, **more).click()

    async def stats(self) -> dict:
        return await self.page.evaluate("tramkitDesk.stats()")
