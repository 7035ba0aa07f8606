"""A visit at a station with a PC/SC reader: the printed code, or the number, opens the chip; real pcscd in between."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.hostile_words import told
from support.pcscd import Pcscd
from support.station import Running, station

from tramkit import Level, Messages, NotIdentifiedError, Person, Service, Visit
from tramkit.identity import card_key
from tramkit.identity.means import IdentityMeans
from tramkit.station.devices import Devices
from tramkit_hal.card.apdu import Transport
from tramkit_hal.card.groups import CardData
from tramkit_hal.card.trust import FolderTrust
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.pcsc import PcscReader
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.chip import Country
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.face_matcher import SimFaceMatcher
from tramkit_hal.sim.hostile_cards import HOSTILE, Changed, OddCard
from tramkit_hal.sim.issued_card import issue
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.sim.vpcd import VirtualSlot
from tramkit_hal.words import Text, render

pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make pyscard", exc_type=ImportError)

_ = Messages("tests")
AN = PEOPLE[0]
CLOCK = SystemClock()
QR = "079090123458||Nguyễn Văn An|17051990|Nam|Tháp A|20062021"
SECONDS = 30.0

pytestmark = pytest.mark.slow


@dataclass
class Desk:
    """A station whose one service asks for the chip, the card reader beside it, and what came of it."""

    s: Running
    slot: VirtualSlot
    country: Country
    known: list[Person] = field(default_factory=list[Person])
    refused: list[Text] = field(default_factory=list[Text])

    async def begin(self) -> None:
        await self.s.menu()
        self.s.screen.answer("test.desk")
        await self.s.page("capture", "in front of the scanner")

    async def scan(self, text: str = QR) -> None:
        (scanner,) = self.s.devices.of(Role.CODE_SCANNER)
        assert isinstance(scanner, SimCodeScanner)
        await scanner.control("code", text)

    async def lay(self, card: Transport) -> None:
        await asyncio.to_thread(self.slot.lay, card)

    async def take(self) -> None:
        await asyncio.to_thread(self.slot.take)

    async def says(self, words: str) -> None:
        async with asyncio.timeout(SECONDS):
            await self.s.screen.until(lambda page: any(words in render(text, "en") for text in page.body))


class Outside:
    def __init__(self, country: Path) -> None:
        self._country = country

    def joins(self, devices: Devices) -> dict[str, object]:
        return {"means": IdentityMeans(devices, (), FolderTrust(self._country, owners=None))}


@contextlib.asynccontextmanager
async def desk(pcscd: Pcscd, folder: Path, level: Level = Level.CHIP) -> AsyncGenerator[Desk]:
    country = Country(datetime.now(UTC))
    (folder / "csca.pem").write_bytes(country.pem())
    here: list[Desk] = []

    class AtDesk(Service):
        id = "test.desk"
        title = _("At the desk")
        asks_identity = True

        async def serve(self, visit: Visit) -> None:
            try:
                here[0].known.append(await visit.identify(level))
            except NotIdentifiedError as why:
                here[0].refused.append(why.reason)
            await visit.tell(_("It is over"))

    def make(driver: type[Device], role: Role, **given: object) -> list[Device]:
        return [driver(driver.Settings.model_validate(given), DeviceContext(role, CLOCK))]

    bound = {
        Role.ID_READER: make(PcscReader, Role.ID_READER, place="right"),
        Role.CODE_SCANNER: make(SimCodeScanner, Role.CODE_SCANNER),
        Role.CAMERA: make(SimCamera, Role.CAMERA),
        Role.FACE_MATCHER: make(SimFaceMatcher, Role.FACE_MATCHER),
    }
    slot = VirtualSlot(pcscd.ports[0])
    async with station([AtDesk()], clock=CLOCK, bound=bound, city=Outside(folder)) as s:  # type: ignore[arg-type]
        here.append(Desk(s, slot, country))
        try:
            yield here[0]
        finally:
            await here[0].take()


async def test_the_printed_code_opens_the_chip_and_the_person_says_what_held(pcscd: Pcscd, tmp_path: Path) -> None:
    async with desk(pcscd, tmp_path) as d:
        await d.begin()
        await d.scan()
        await d.s.page("capture", "place your identity card")
        await d.says("The card reader is to the right of the screen.")
        await d.lay(issue(AN, d.country).chip())
        await d.s.page("capture", "Is this you")
        d.s.screen.answer()
        await d.s.page("tell", "It is over")
        (person,) = d.known
        assert (person.level, person.number) == (Level.CHIP, AN.number)
        assert person.chip_proof == "chip_authentication"


async def test_the_typed_number_opens_it_too(pcscd: Pcscd, tmp_path: Path) -> None:
    async with desk(pcscd, tmp_path) as d:
        await d.begin()
        d.s.screen.answer("number")
        await d.s.page("ask", "number of your identity card")
        d.s.screen.answer(number="079090")
        await d.s.screen.until(lambda page: page.kind == "ask" and bool(getattr(page, "errors", ())))
        d.s.screen.answer(number=AN.number)
        await d.s.page("capture", "place your identity card")
        await d.lay(issue(AN, d.country).chip())
        await d.s.page("capture", "Is this you")
        d.s.screen.answer()
        await d.s.page("tell", "It is over")
        assert [person.chip_proof for person in d.known] == ["chip_authentication"]


@pytest.mark.parametrize("odd", HOSTILE, ids=lambda odd: odd.name)
async def test_each_hostile_card_is_told_what_is_wrong_and_nobody_is_known(
    odd: OddCard, pcscd: Pcscd, tmp_path: Path
) -> None:
    # The portrait is read for the face check only.
    level = Level.CHIP_FACE if odd.name.startswith("DG2") else Level.CHIP
    async with desk(pcscd, tmp_path, level) as d:
        await d.begin()
        await d.scan()
        await d.s.page("capture", "place your identity card")
        await d.lay(odd.make(AN, d.country))
        await d.says(render(told(odd), "en"))
        assert d.known == []


async def test_while_the_chip_is_read_the_screen_says_so_and_not_before(pcscd: Pcscd, tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait(count: int, _command: bytes, answer: bytes) -> bytes:
        begun.set()
        if count == 5:
            go_on.wait(SECONDS)
        return answer

    async with desk(pcscd, tmp_path) as d:
        card = Changed(issue(AN, d.country).chip(), wait)
        await d.lay(card)  # it lies there before anybody has done anything
        await d.begin()
        await d.says("The card is read only after that.")
        assert not begun.is_set()
        await d.scan()
        await d.s.page("capture", "is being read")
        await d.says("The card reader is to the right of the screen.")
        await d.says("Leave the card there until we say so.")
        assert begun.is_set()
        go_on.set()
        await d.s.page("capture", "Is this you")


async def test_chip_and_code_of_two_people_are_told_apart(pcscd: Pcscd, tmp_path: Path) -> None:
    other: CardData = AN.model_copy(update={"number": "001" + AN.number[3:], "name": "Trần Văn Khác"})
    async with desk(pcscd, tmp_path) as d:
        await d.begin()
        await d.scan()
        await d.s.page("capture", "place your identity card")
        await d.lay(issue(other, d.country).chip())  # the same last six digits: it opens
        await d.says(render(card_key.TWO_CARDS, "en"))
        assert d.known == []
        await d.s.page("capture", "in front of the scanner")
