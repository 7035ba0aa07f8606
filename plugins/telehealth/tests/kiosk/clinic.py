"""A whole station with simulated devices and a robot resident, facing a desk that the test plays."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

from media_kit import Browser, number_in, until
from support.cards import believing
from support.scripted_desk import DOCTOR, KEY, ScriptedDesk

from tramkit import PluginContext
from tramkit.conversation.timeouts import Timeouts
from tramkit.testing.station import Running, station
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import Clock, SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.device.simulated import Simulated
from tramkit_hal.drivers.qr_receipt import QrReceipt
from tramkit_hal.sim.audio import SimMicrophone, SimSpeaker
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.speech_recogniser import SimSpeechRecogniser
from tramkit_hal.sim.vital_sensor import SimVitalSensor
from tramkit_hal.ui.pages import AnyPage, Ask, Bar, Capture
from tramkit_telehealth.gateway import DeskGateway
from tramkit_telehealth.protocol import (
    CaseState,
    CaseSummary,
    CaseUpdate,
    DoctorCard,
    KioskMedia,
    LeaveCase,
    Medicine,
    OpenCase,
    RtcAnswer,
    RtcOffer,
    StartLeg,
    Summary,
)
from tramkit_telehealth.service import SeeDoctor
from tramkit_telehealth.settings import EngineName

SERVICE = "telehealth.doctor"
NAME = "Trần Thị Thu Hà"
COMPLAINT = "chóng mặt khi đứng dậy"
CONCLUSION = "Huyết áp thấp khi đứng dậy"
SETTINGS: dict[Role, tuple[type[Device], dict[str, object]]] = {
    Role.ID_READER: (SimIdReader, {}),
    Role.CAMERA: (SimCamera, {"width": 320, "height": 240, "fps": 15}),
    Role.MICROPHONE: (SimMicrophone, {"sound": "tone"}),
    Role.SPEAKER: (SimSpeaker, {}),
    Role.VITAL_SENSOR: (SimVitalSensor, {"seconds": 0}),
    Role.RECEIPT_PRINTER: (SimReceiptPrinter, {}),
}
RECOGNISER: dict[Role, tuple[type[Device], dict[str, object]]] = {
    Role.SPEECH_RECOGNISER: (SimSpeechRecogniser, {"words_per_second": 10}),
}


class Clinic:
    """The resident at the station and the doctor at the desk, in the words of a test."""

    def __init__(self, desk: ScriptedDesk, running: Running, gateway: DeskGateway) -> None:
        self.desk = desk
        self.station = running
        self.gateway = gateway
        self.screen = running.screen
        self.browsers: list[Browser] = []

    # ── the resident ──────────────────────────────────────────────────────────────────────────────────────

    async def page(self, kind: str, title: str = "", words: str = "") -> AnyPage:
        """Wait for a page of a kind, with words of its title and words anywhere on it (English)."""
        return await self.screen.until(
            lambda page: page.kind == kind and title in page.title.id and words in page.model_dump_json(), 15
        )

    async def step(self, kind: str, title: str, choice: str = "continue", /, **values: str) -> AnyPage:
        """Wait for a page and answer it."""
        page = await self.page(kind, title)
        self.screen.answer(choice, **values)
        return page

    def shows(self, *words: str) -> bool:
        """Whether the page shown now has all these words."""
        return all(each in self.screen.page.model_dump_json() for each in words)

    async def to_identity(self) -> None:
        """Go from the attract page to the card."""
        await self.station.menu()
        self.screen.answer(SERVICE)
        await self.step("choose", "Do you have any of these", "none")
        await self.page("capture", "identity card")

    async def known_by_card(self, name: str = NAME) -> None:
        """Lay the card on the reader and confirm what was read."""
        await self.control(Role.ID_READER, "card", name)
        await self.step("capture", "Is this you?")
        await self.control(Role.ID_READER, "card", "none")

    async def consent(self, **given: str) -> None:
        """Read what is explained and answer the consents."""
        await self.step("read", "Before you see a doctor")
        await self.page("ask", "Do you agree?")
        self.screen.answer(**({"telehealth": "yes", "health_data": "yes", "contact_phone": ""} | given))

    async def to_measurements(self, complaint: str = COMPLAINT) -> None:
        """Choose doctor and language, agree to the price, say what is the matter."""
        await self.step("choose", "Which doctor", "general")
        await self.step("choose", "In which language", "vi")
        await self.step("tell", "What it costs")
        await self.page("ask", "What brings you")
        self.screen.answer(complaint=complaint, since="today", pain="3", fever="no")
        await self.page("ask", "What the doctor should know")
        self.screen.answer(medicines="", allergies="", conditions="")

    async def to_measurements_again(self) -> None:
        """Go on from the language with everything as it was filled in."""
        await self.step("choose", "In which language", "vi")
        await self.step("tell", "What it costs")
        for title in ("What brings you", "What the doctor should know"):
            page = await self.page("ask", title)
            assert isinstance(page, Ask)
            self.screen.answer(**{field.name: field.value for field in page.fields})

    async def to_queue(self, name: str = NAME, complaint: str = COMPLAINT) -> OpenCase:
        """Go from the attract page into the queue without measurements; return the case as the desk got it."""
        await self.to_identity()
        await self.known_by_card(name)
        await self.consent()
        await self.to_measurements(complaint)
        await self.step("choose", "Would you like to take measurements", "skip")
        await self.finish_intake()
        return await self.desk.heard(OpenCase)

    async def finish_intake(self) -> None:
        """Try the camera, check the answers, join the queue."""
        await self.step("capture", "Can the doctor see")
        await self.step("check", "Is everything right?")
        await self.page("wait")

    async def measured(self) -> None:
        """Have the blood pressure measured, skip the rest."""
        await self.step("capture", "Measure your blood pressure")
        await self.screen.until(lambda page: isinstance(page, Capture) and bool(page.result))
        self.screen.answer()
        for what in ("pulse", "oxygen", "temperature", "weight", "height"):
            await self.page("capture", f"Measure your {what}" if what != "oxygen" else "Measure the oxygen")
            self.screen.answer("skip")

    async def leave(self) -> None:
        """Press Leave in the bar and mean it."""
        self.screen.press(Bar.START_OVER)
        await self.step("leave", "end the visit", "leave")

    async def gone(self) -> None:
        """Wait until the station has wiped and nobody is there."""
        await self.station.attract()
        assert self.station.station.last_wipe_certain

    # ── the doctor ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def case(self) -> str:
        """The id of the newest case."""
        return next(said.intake.case for said in reversed(self.desk.said) if isinstance(said, OpenCase))

    async def says(self, state: CaseState, position: int = 0, estimate: int | None = None) -> None:
        """Say where the case is."""
        doctor = None if state is CaseState.WAITING else DOCTOR
        update = CaseUpdate(case=self.case, state=state, position=position, estimate=estimate, doctor=doctor)
        await self.desk.say(update)

    async def call(self, number: int = 77, leg: int = 1, doctor: DoctorCard = DOCTOR) -> Browser:
        """Accept the case and talk until the resident sees the doctor's number."""
        await self.says(CaseState.RINGING)
        await self.desk.say(StartLeg(case=self.case, leg=leg, doctor=doctor))
        browser = await self.answer(leg, number)
        await self.says(CaseState.LIVE)
        await self.sees(number)
        return browser

    async def answer(self, leg: int, number: int) -> Browser:
        """Answer the kiosk's offer for a leg."""
        offer = await self.desk.heard(RtcOffer, lambda offer: offer.leg == leg, 15)
        browser = Browser(number)
        self.browsers.append(browser)
        await self.desk.say(RtcAnswer(case=self.case, leg=leg, sdp=await browser.answer(offer.sdp)))
        return browser

    async def sees(self, number: int) -> None:
        """Wait until the resident sees the doctor's number."""
        await until(lambda: self.number_shown == number, 20)

    @property
    def number_shown(self) -> int | None:
        """The number in the doctor's picture on the resident's screen."""
        slot = self.screen.videos.get("doctor")
        frame = slot.frame if slot is not None else None
        return number_in(frame.image) if frame is not None else None

    async def close_case(self, summary: Summary) -> None:
        """Close the case as the desk does: the summary first, then the state."""
        await self.desk.say(CaseSummary(case=self.case, summary=summary))
        await self.says(CaseState.CLOSED)

    async def told_left(self, reason: str) -> None:
        """Wait until the desk knows that the resident has gone."""
        await self.desk.heard(LeaveCase, lambda left: left.reason == reason)

    async def told_media(self, **like: object) -> KioskMedia:
        """Wait until the kiosk has reported its media like this."""
        return await self.desk.heard(
            KioskMedia, lambda media: all(getattr(media, name) == value for name, value in like.items()), 20
        )

    # ── the devices ───────────────────────────────────────────────────────────────────────────────────────

    def device(self, role: Role) -> Device:
        """Return the first device of a role."""
        return self.station.devices.of(role)[0]

    async def control(self, role: Role, name: str, value: str) -> None:
        """Use a simulator's control."""
        device = self.device(role)
        assert isinstance(device, Simulated)
        await device.control(name, value)

    @property
    def paper(self) -> str:
        """What hangs out of the printer."""
        printer = self.device(Role.RECEIPT_PRINTER)
        assert isinstance(printer, Simulated)
        return printer.shown()


def summary_of(desk: ScriptedDesk, conclusion: str = CONCLUSION) -> Summary:
    """Return what the doctor wrote."""
    opened = next(said for said in reversed(desk.said) if isinstance(said, OpenCase))
    return Summary(
        doctor=DOCTOR,
        conclusion=conclusion,
        advice="Đứng dậy từ từ, uống đủ nước",
        prescription=(
            Medicine(name="Paracetamol", strength="500 mg", amount="10 viên", directions="Uống khi đau đầu"),
        ),
        prescription_code="79001a1b2c3d-c",
        follow_up="Sau 2 tuần tại Trung tâm Y tế",
        closed_at=opened.intake.opened_at,
    )


@contextlib.asynccontextmanager
async def clinic(
    *,
    without: tuple[Role, ...] = (),
    clock: Clock | None = None,
    timeouts: Timeouts | None = None,
    desk: ScriptedDesk | None = None,
    up: bool = True,
    captions: bool = False,
    engine: EngineName = "aiortc",
) -> AsyncGenerator[Clinic]:
    """Run station and desk until the block ends.

    :param without: devices that the station does not have; without a printer it shows codes.
    :param clock: of the station; the gateway always lives in real time, as its sockets do.
    :param up: whether the desk can be reached.
    :param captions: it has a recogniser of speech.
    :param engine: what makes its calls.
    """
    clock = clock or SystemClock()
    desk = desk or ScriptedDesk()
    await desk.start()
    gateway = DeskGateway(desk.url, KEY, "test-1", SystemClock(), seed=1, engine=engine)
    if not up:
        await desk.stop()
    bound: dict[Role, list[Device]] = {
        role: [driver(driver.Settings.model_validate(settings), DeviceContext(role, clock, seed=1))]
        for role, (driver, settings) in (SETTINGS | (RECOGNISER if captions else {})).items()
        if role not in without
    }
    context = DeviceContext(Role.RECEIPT_PRINTER, clock)
    bound.setdefault(Role.RECEIPT_PRINTER, []).append(QrReceipt(QrReceipt.Settings(), context))
    service = SeeDoctor(gateway, PluginContext(clock=clock, station="test-1", site="Đảo Kim Cương"))
    try:
        async with contextlib.AsyncExitStack() as stack:
            country = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            trust = believing(bound.get(Role.ID_READER, ()), country)
            running = await stack.enter_async_context(
                station([service], clock=clock, bound=bound, timeouts=timeouts, trust=trust)
            )
            here = Clinic(desk, running, gateway)
            try:
                if up:
                    await until(lambda: gateway.offer is not None)
                yield here
            finally:
                for browser in here.browsers:
                    await browser.close()
    finally:
        await desk.stop()
