"""No level of identity without its proof: whatever is laid, read, compared or signed, and whoever is believed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from tramkit import IdentityMethod, Level, Messages, NotIdentifiedError, Person, Service, SignIn, Visit
from tramkit.host.sign_in import NotSignedInError
from tramkit.identity import chip
from tramkit.identity.means import IdentityMeans
from tramkit.station.devices import Devices
from tramkit.testing.station import Running, station
from tramkit_hal.card.trust import FolderTrust
from tramkit_hal.contracts.face import FaceFinding
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.chip import ChipFault, Country
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.face_matcher import SimFaceMatcher
from tramkit_hal.sim.id_reader import BAD_CARD, NO_CARD, SimIdReader
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.ui.pages import AnyPage
from tramkit_hal.words import render, verbatim

_ = Messages("tests")
CLOCK = SystemClock()
AN, HA = PEOPLE[0], PEOPLE[1]
OLD = AN.model_copy(update={"expires": date(2020, 5, 17)})
EXAMPLES = int(os.environ.get("TRAMKIT_EXAMPLES", "60"))
"""How many worlds the property is tried in; more of them by ``TRAMKIT_EXAMPLES=2000``."""

DOUBTS = {
    ChipFault.FORGED: chip.NOT_GENUINE,
    ChipFault.BROKEN_SOD: chip.NOT_GENUINE,
    ChipFault.COPY: chip.COPY,
    ChipFault.UNKNOWN_COUNTRY: chip.UNKNOWN,
    ChipFault.EXPIRED_SIGNER: chip.UNKNOWN,
}
"""What a resident is told of each chip that can be read and is not believed."""


@dataclass(frozen=True)
class World:
    """What a station has, and what its residents bring.

    :ivar trusts: whose certificate lies in the station's folder: ``own`` of the cards, ``other`` country, ``nothing``;
        ``no folder`` is named.
    :ivar chip: what is wrong with the card's chip.
    :ivar expired: the card is out of date.
    :ivar face: what the matcher finds; None: there is no matcher.
    :ivar vneid: whether the sign-in is approved; None: there is none.
    """

    asked: Level = Level.CHIP
    exactly: bool = False
    reader: bool = True
    trusts: str = "own"
    chip: ChipFault = ChipFault.NONE
    expired: bool = False
    camera: bool = True
    face: FaceFinding | None = FaceFinding.SAME
    vneid: bool | None = None

    @property
    def proved(self) -> bool:
        """Whether a card laid here proves itself."""
        return self.reader and self.trusts == "own" and self.chip is ChipFault.NONE and not self.expired

    def has_proof_of(self, level: Level) -> bool:
        """Tell whether somebody may be known so surely here."""
        match level:
            case Level.CHIP:
                return self.proved
            case Level.CHIP_FACE:
                return self.proved and self.camera and self.face is FaceFinding.SAME
            case Level.VNEID:
                return self.vneid is True
            case _:
                return True


class Account(IdentityMethod):
    """An account of An's whose owner approves, or does not."""

    id = "test.account"
    title = verbatim("VNeID")

    def __init__(self, approves: bool) -> None:
        self._approves = approves

    async def begin(self) -> SignIn:
        return SignIn(code="x", seconds=60, handle="x")

    async def wait(self, sign_in: SignIn) -> Person:
        if not self._approves:
            raise NotSignedInError(_("You did not approve."))
        return Person(level=Level.VNEID, name=AN.name, number=AN.number, born=AN.born, sex=AN.sex)


@dataclass
class Outside:
    """A world with nothing but an account and a country."""

    vneid: bool | None
    country: Path | None

    def joins(self, devices: Devices) -> dict[str, object]:
        methods = [] if self.vneid is None else [Account(self.vneid)]
        return {"means": IdentityMeans(devices, methods, FolderTrust(self.country, owners=None))}


@dataclass
class Desk:
    """A station whose one service asks for a level, and what it learnt."""

    s: Running
    world: World
    known: list[Person] = field(default_factory=list[Person])
    refused: list[NotIdentifiedError] = field(default_factory=list[NotIdentifiedError])

    @property
    def over(self) -> bool:
        return bool(self.known or self.refused)

    @property
    def reader(self) -> SimIdReader:
        (reader,) = self.s.devices.of(Role.ID_READER)
        assert isinstance(reader, SimIdReader)
        return reader

    @property
    def body(self) -> list[str]:
        return [render(text, "en") for text in self.s.screen.page.body]

    async def begin(self) -> None:
        await self.s.menu()
        self.s.screen.answer("test.desk")
        await self.s.screen.until(lambda page: page.kind in ("capture", "tell"))

    async def lay(self) -> None:
        """Lay the card that residents of this world have."""
        card = OLD if self.world.expired else AN
        await self.reader.control("chip", self.world.chip.value)
        await self.reader.control("card_data", card.model_dump_json())

    async def told(self, words: str) -> None:
        await self.s.screen.until(lambda page: any(words in render(text, "en") for text in page.body))


@contextlib.asynccontextmanager
async def desk(world: World) -> AsyncGenerator[Desk]:
    """A station of a world."""
    here: list[Desk] = []

    class AtDesk(Service):
        id = "test.desk"
        title = _("At the desk")
        asks_identity = True

        async def serve(self, visit: Visit) -> None:
            try:
                here[0].known.append(await visit.identify(world.asked, exactly=world.exactly))
            except NotIdentifiedError as why:
                here[0].refused.append(why)
            await visit.tell(_("It is over"))

    def make(driver: type[Device], role: Role, **given: object) -> list[Device]:
        return [driver(driver.Settings.model_validate(given), DeviceContext(role, CLOCK))]

    with tempfile.TemporaryDirectory() as folder:
        country = Path(folder) / "country"
        country.mkdir()
        if world.trusts == "other":
            (country / "other.pem").write_bytes(Country(CLOCK.now()).pem())
        own = str(country) if world.trusts == "own" else ""
        bound = {Role.CODE_SCANNER: make(SimCodeScanner, Role.CODE_SCANNER)}
        if world.reader:
            bound[Role.ID_READER] = make(SimIdReader, Role.ID_READER, publish_country=own)
        if world.camera:
            bound[Role.CAMERA] = make(SimCamera, Role.CAMERA, width=160, height=120, fps=60)
        if world.face is not None:
            bound[Role.FACE_MATCHER] = make(SimFaceMatcher, Role.FACE_MATCHER, finds=world.face.value)
        outside = Outside(world.vneid, None if world.trusts == "no folder" else country)
        async with station([AtDesk()], clock=CLOCK, bound=bound, world=outside) as s:  # type: ignore[arg-type]
            here.append(Desk(s, world))
            yield here[0]


# ── a card that is not believed ──


@pytest.mark.parametrize("fault", DOUBTS)
async def test_a_card_that_is_not_believed_is_told_so_and_another_one_may_be_used(fault: ChipFault) -> None:
    async with desk(World(chip=fault)) as d:
        await d.begin()
        await d.lay()
        await d.told(DOUBTS[fault].id)
        assert d.body[:2] == [DOUBTS[fault].id, chip.ANOTHER_CARD.id]
        assert d.known == []
        await d.reader.control("chip", ChipFault.NONE.value)
        await d.reader.control("card", HA.name)
        await d.s.page("capture", "Is this you")
        assert chip.ANOTHER_CARD.id not in d.body
        d.s.screen.answer()
        await d.s.page("tell", "It is over")
        assert [(person.level, person.number) for person in d.known] == [(Level.CHIP, HA.number)]


@pytest.mark.parametrize("fault", DOUBTS)
async def test_for_filling_in_an_unbelieved_card_is_as_good_as_its_printed_code_and_says_so(fault: ChipFault) -> None:
    async with desk(World(asked=Level.CLAIMED, chip=fault)) as d:
        await d.begin()
        await d.lay()
        await d.s.page("capture", "Is this you")
        assert d.body[1:] == [DOUBTS[fault].id, "What it says is used only for filling in."]
        d.s.screen.press("language", "vi")
        d.s.screen.answer()
        await d.s.page("tell", "It is over")
        assert [person.level for person in d.known] == [Level.CLAIMED]
        d.s.screen.press("back")
        await d.s.page("capture", "Is this you")
        assert DOUBTS[fault].id in d.body  # after Back too


async def test_a_card_that_has_expired_is_told_so() -> None:
    async with desk(World(expired=True)) as d:
        await d.begin()
        await d.lay()
        await d.told(chip.EXPIRED.id)


async def test_where_no_country_is_named_a_card_fills_in_without_a_word_of_doubt() -> None:
    async with desk(World(asked=Level.CLAIMED, trusts="no folder")) as d:
        await d.begin()
        await d.lay()
        await d.s.page("capture", "Is this you")
        assert d.body == ["You can take your card back now."]
        d.s.screen.answer()
        await d.s.page("tell", "It is over")
        assert [person.level for person in d.known] == [Level.CLAIMED]


@pytest.mark.parametrize("trusts", ["nothing", "no folder"])
async def test_without_a_countrys_certificate_the_chip_is_not_offered_and_it_is_said(trusts: str) -> None:
    async with desk(World(trusts=trusts)) as d:
        await d.begin()
        await d.s.page("tell", "It is over")
        assert [why.reason for why in d.refused] == [chip.NOT_NOW]


async def test_a_certificate_that_the_operator_adds_counts_from_then_on(tmp_path: Path) -> None:
    async with desk(World(trusts="nothing")) as d:
        means = d.s.station.means
        assert means.why_not(Level.CHIP) == chip.NOT_NOW
        means.trust = FolderTrust(tmp_path, owners=None)
        assert means.why_not(Level.CHIP) == chip.NOT_NOW
        (tmp_path / "csca.pem").write_bytes(d.reader.country.pem())
        assert means.why_not(Level.CHIP) is None
        await d.begin()
        (tmp_path / "csca.pem").unlink()  # and one that is taken away counts no more, even in the midst of a visit
        await d.lay()
        await d.told(chip.NOT_NOW.id)


async def test_a_simulated_reader_publishes_its_country_only_where_it_is_told_to_and_takes_it_back(
    tmp_path: Path,
) -> None:
    async with desk(World(trusts="nothing")) as d:
        assert d.s.station.means.trust.unavailable() is not None
    folder = tmp_path / "deep" / "country"
    reader = SimIdReader(SimIdReader.Settings(publish_country=str(folder)), DeviceContext(Role.ID_READER, CLOCK))
    await reader.open()
    assert FolderTrust(folder, owners=None).unavailable() is None
    await reader.close()
    assert list(folder.iterdir()) == []


# ── the card on the reader ──


@pytest.mark.parametrize("what", [BAD_CARD, ChipFault.NO_ANSWER.value, ChipFault.FORGED.value])
async def test_a_card_that_failed_is_read_again_only_once_it_has_been_lifted(what: str) -> None:
    async with desk(World()) as d:
        await d.begin()
        async with d.reader.events() as events:
            if what == BAD_CARD:
                await d.reader.control("card", BAD_CARD)
            else:
                await d.reader.control("chip", what)
                await d.reader.control("card", AN.name)
            await d.told("lift it")
            d.s.screen.press("language", "en")  # the station goes on living meanwhile
            await d.s.screen.changed()
            await d.reader.control("card", NO_CARD)
            await d.reader.control("chip", ChipFault.NONE.value)
            await d.reader.control("card", AN.name)
            await d.s.page("capture", "Is this you")
            laid = reads = 0
            async for happened in events:
                laid += happened.name == "card_in"
                reads += (happened.name, happened.value) == ("progress", "0")
                if laid == 2 and (happened.name, happened.value) == ("progress", "100"):
                    break
        assert reads == 2


async def test_a_card_pulled_away_during_reading_can_be_laid_again() -> None:
    async with desk(World(chip=ChipFault.PULLED)) as d:
        await d.begin()
        await d.lay()
        await d.told("lift it and place it again")
        await d.reader.control("chip", ChipFault.NONE.value)
        await d.reader.control("card", AN.name)
        await d.s.page("capture", "Is this you")


async def test_whoever_says_that_it_is_not_them_puts_that_card_away_first() -> None:
    async with desk(World()) as d:
        await d.begin()
        await d.lay()
        await d.s.page("capture", "Is this you")
        d.s.screen.answer("again")
        await d.told("put that card away")
        await d.reader.control("card", HA.name)
        page = await d.s.page("capture", "Is this you")
        assert HA.name in page.model_dump_json()
        d.s.screen.answer("again")
        await d.told("put that card away")
        await d.reader.control("card", NO_CARD)
        await d.reader.control("card", HA.name)  # it was them after all
        await d.s.page("capture", "Is this you")


async def test_a_card_changed_while_the_other_ones_name_stands_there_is_read_at_once() -> None:
    async with desk(World()) as d:
        await d.begin()
        await d.lay()
        await d.s.page("capture", "Is this you")
        await d.reader.control("card", HA.name)
        d.s.screen.answer("again")
        page = await d.s.screen.until(lambda page: HA.name in page.model_dump_json())
        assert page.title.id == "Is this you?"


# ── each proof is needed ──

GOOD = World(vneid=True)
WITHOUT: dict[str, dict[str, object]] = {
    "reader": {"reader": False},
    "folder": {"trusts": "no folder"},
    "certificate": {"trusts": "nothing"},
    "country": {"trusts": "other"},
    "date": {"expired": True},
    **{fault.value: {"chip": fault} for fault in ChipFault if fault is not ChipFault.NONE},
    "camera": {"camera": False},
    "matcher": {"face": None},
    **{f"face {each.value}": {"face": each} for each in FaceFinding if each is not FaceFinding.SAME},
    "approval": {"vneid": False},
    "account": {"vneid": None},
}
"""What can be missing of a proof, and the world in which it is."""
OF_FACE = {"camera", "matcher", *(name for name in WITHOUT if name.startswith("face "))}
OF_ACCOUNT = {"approval", "account"}


@pytest.mark.parametrize("lacks", WITHOUT)
def test_a_world_without_one_proof_has_no_level_that_needs_it(lacks: str) -> None:
    """The oracle of the property below, as a table."""
    world = replace(GOOD, **WITHOUT[lacks])  # type: ignore[arg-type]
    assert world.has_proof_of(Level.CHIP) is (lacks in OF_FACE | OF_ACCOUNT)
    assert world.has_proof_of(Level.CHIP_FACE) is (lacks in OF_ACCOUNT)
    assert world.has_proof_of(Level.VNEID) is (lacks not in OF_ACCOUNT)


@pytest.mark.parametrize("level", [Level.CHIP, Level.CHIP_FACE, Level.VNEID])
async def test_whoever_has_every_proof_reaches_each_level(level: Level) -> None:
    person = await _goes_through(replace(GOOD, asked=level, exactly=True), [0] * STEPS)
    assert person is not None
    assert (person.level, person.number) == (level, AN.number)


STEPS = 14


@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, print_blob=True, phases=[Phase.generate])
@given(
    asked=st.sampled_from([Level.CHIP_FACE, Level.CHIP, Level.VNEID, Level.CLAIMED]),
    exactly=st.booleans(),
    lacks=st.lists(st.sampled_from(list(WITHOUT)), max_size=2),
    touches=st.lists(st.sampled_from([0] * 15 + [1, 2, 3, 4, 5]), min_size=STEPS, max_size=STEPS),
)
def test_no_level_without_its_proof(asked: Level, exactly: bool, lacks: list[str], touches: list[int]) -> None:
    """Touch anything at random in any world: whoever is known so surely has proved it, and no less than was asked."""
    world = replace(GOOD, asked=asked, exactly=exactly)
    for each in lacks:
        world = replace(world, **WITHOUT[each])  # type: ignore[arg-type]
    person = asyncio.run(_goes_through(world, touches))
    event(f"reached {person.level.value if person else 'nothing'}")
    if person is not None:
        assert world.has_proof_of(person.level)
        assert person.reaches(world.asked, exactly=world.exactly)
        assert person.level is Level.CLAIMED or person.number == AN.number


async def _goes_through(world: World, touches: list[int]) -> Person | None:
    """Touch by lot, 0 being what a willing resident does; return who the service knows in the end."""
    async with desk(world) as d:
        await d.begin()
        for touch in touches:
            if d.over:
                break
            await _touch(d, touch)
        return d.known[0] if d.known else None


async def _touch(d: Desk, touch: int) -> None:
    """Do one thing at the page that stands, and wait for what follows."""
    screen, page = d.s.screen, d.s.screen.page
    before = len(screen.history)
    if page.kind == "ask":
        screen.answer(name="nguyễn văn an", number=AN.number, born="17051990", sex="male")
    elif touch == 0 and page.kind == "capture" and not page.result and page.source == "card" and d.world.reader:
        await d.reader.control("card", NO_CARD)
        await d.lay()
    elif touch == 5:
        if not screen.view.back:
            return
        screen.press("back")
    else:
        answers = sorted(page.answers(), key=lambda answer: (answer != "continue", answer))
        if not answers:
            return  # the account answers by itself
        screen.answer(answers[touch % len(answers)])

    def settled(page: AnyPage) -> bool:
        return d.over or (len(screen.history) > before and page.kind != "wait" and not page.id.endswith("-busy"))

    await screen.until(settled)
