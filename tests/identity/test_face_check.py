"""Nobody is known by chip and face but whose face was found to be the card's; a few tries, other ways, nothing kept."""

from __future__ import annotations

import base64
import contextlib
import io
import logging
import random
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tramkit import Level, Messages, NotIdentifiedError, Person, Service, Visit, log
from tramkit.identity.face_check import MAX_FAILURES, WORDS
from tramkit.testing.station import Running, station
from tramkit.testing.wipe_search import found_in, found_in_files
from tramkit_hal.card.trust import FolderTrust
from tramkit_hal.contracts.face import FaceFinding
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.errors import Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.chip import portrait
from tramkit_hal.sim.face_matcher import SimFaceMatcher
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.ui.pages import AnyPage

_ = Messages("tests")
AN = PEOPLE[0]
AN_CHIP = Person(level=Level.CHIP, name=AN.name, number=AN.number)
CLOCK = SystemClock()
WAYS = 5


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    written = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    log.configure("debug", stream=written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the certificates by which the station believes a card's chip."""
    return tmp_path_factory.mktemp("country")


@dataclass
class Face:
    """A station with all that the face check needs, its service, and what that learnt."""

    s: Running
    reader: SimIdReader
    camera: SimCamera
    matcher: SimFaceMatcher
    known: list[Person]
    refused: list[NotIdentifiedError]
    visits: list[Visit]

    @property
    def titles(self) -> list[str]:
        return [view.page.title.id for view in self.s.screen.history]

    async def begin(self, person: str = AN.name) -> None:
        """Begin the service, lay the card and say that it is one's own."""
        await self.s.menu()
        self.s.screen.answer("test.face")
        await self.s.page("capture", "place your identity card")
        await self.reader.control("card", person)
        await self.s.page("capture", "Is this you")
        self.s.screen.answer()
        await self.s.page("capture", "Please look")

    async def compare(self, finds: FaceFinding) -> None:
        await self.matcher.control("finds", finds.value)
        await self.s.screen.until(lambda page: page.id.endswith("-look"))
        self.s.screen.answer()
        await self.s.screen.until(lambda page: not page.id.endswith(("-look", "-busy")))


@contextlib.asynccontextmanager
async def face_station(country: Path) -> AsyncGenerator[Face]:
    known: list[Person] = []
    refused: list[NotIdentifiedError] = []
    visits: list[Visit] = []

    class Needs(Service):
        id = "test.face"
        title = _("Needs the face")
        asks_identity = True

        async def serve(self, visit: Visit) -> None:
            visits.append(visit)
            try:
                known.append(await visit.identify(Level.CHIP_FACE))
            except NotIdentifiedError as why:
                refused.append(why)
                raise
            await visit.tell(_("Known"))

    settings = SimIdReader.Settings(publish_country=str(country))
    reader = SimIdReader(settings, DeviceContext(Role.ID_READER, CLOCK))
    camera = SimCamera(SimCamera.Settings(width=320, height=240, fps=60), DeviceContext(Role.CAMERA, CLOCK))
    matcher = SimFaceMatcher(SimFaceMatcher.Settings(), DeviceContext(Role.FACE_MATCHER, CLOCK))
    bound = {Role.ID_READER: [reader], Role.CAMERA: [camera], Role.FACE_MATCHER: [matcher]}
    async with station([Needs()], clock=CLOCK, bound=bound, trust=FolderTrust(country, owners=None)) as s:
        yield Face(s, reader, camera, matcher, known, refused, visits)


async def test_whose_face_is_the_cards_is_known_by_chip_and_face_and_the_end_forgets_it(
    tmp_path: Path, country: Path, lines: io.StringIO
) -> None:
    async with face_station(country) as face:
        await face.begin()
        assert face.s.screen.page.video  # they see themselves
        await face.compare(FaceFinding.SAME)
        await face.s.page("capture", "it is you")
        face.s.screen.answer()
        await face.s.page("tell", "Known")
        (person,) = face.known
        assert (person.level, person.number) == (Level.CHIP_FACE, AN.number)
        (visit,) = face.visits
        assert visit._host.identification.face.portrait(person) is not None
        face.s.screen.answer()
        await face.s.attract()
        assert visit._host.identification.face.portrait(person) is None
        assert not visit._host.identification.face.knows(person)
        assert face.camera.picture.frame is None
        assert not face.matcher.shown()
        shown = [view.model_dump_json() for view in face.s.screen.history]
        picture = portrait(AN)
        canaries = [repr(picture[200:230])[2:-1], base64.b64encode(picture[198:228]).decode(), "JFIF"]
        assert found_in([*shown, lines.getvalue(), repr(person), repr(visit.__dict__)], canaries) == []
        assert "visit ends" in lines.getvalue()
        assert found_in_files(tmp_path, [""]) == []  # there is no file at all


@pytest.mark.parametrize("finds", [each for each in FaceFinding if each is not FaceFinding.SAME])
async def test_whoever_is_not_the_one_on_the_card_is_told_so_and_may_try_again(
    finds: FaceFinding, country: Path
) -> None:
    async with face_station(country) as face:
        await face.begin()
        await face.matcher.control("finds", finds.value)
        face.s.screen.answer()
        page = await face.s.screen.until(lambda page: page.id.endswith("-look") and len(page.body) > 1)
        assert page.body[0] == WORDS[finds]
        assert face.known == []
        await face.matcher.control("finds", FaceFinding.SAME.value)
        face.s.screen.answer()
        await face.s.page("capture", "it is you")


async def test_after_a_few_failures_no_face_is_compared_any_more_and_back_gives_no_try_back(country: Path) -> None:
    async with face_station(country) as face:
        await face.begin()
        await face.matcher.control("finds", FaceFinding.ANOTHER.value)
        for _time in range(MAX_FAILURES - 1):
            await _once_more(face)
        face.s.screen.press("back")
        await face.s.page("capture", "Is this you")
        face.s.screen.answer()
        await face.s.page("capture", "Please look")
        face.s.screen.answer()  # the last try
        page = await face.s.page("tell", "not recognised")
        await face.matcher.control("finds", FaceFinding.SAME.value)
        face.s.screen.press("back")
        await face.s.page("capture", "Is this you")
        face.s.screen.answer()
        page = await face.s.page("tell", "not recognised")
        assert page.answers() == frozenset({"neither"})  # no VNeID at this station
        face.s.screen.answer("neither")
        await face.s.page("tell", "know for sure who you are")
        assert (face.known, len(face.refused)) == ([], 1)


async def test_back_after_a_match_and_on_again_changes_nothing(country: Path) -> None:
    async with face_station(country) as face:
        await face.begin()
        await face.compare(FaceFinding.SAME)
        await face.s.page("capture", "it is you")
        face.s.screen.answer()
        await face.s.page("tell", "Known")
        await face.matcher.control("finds", FaceFinding.ANOTHER.value)
        face.s.screen.press("back")
        await face.s.page("capture", "it is you")
        face.s.screen.answer()
        await face.s.page("tell", "Known")
        assert [person.level for person in face.known] == [Level.CHIP_FACE, Level.CHIP_FACE]


@pytest.mark.parametrize("role", [Role.ID_READER, Role.CAMERA, Role.FACE_MATCHER])
async def test_the_level_is_offered_only_where_chip_camera_and_matcher_work(role: Role, country: Path) -> None:
    async with face_station(country) as face:
        means = face.s.station.means
        assert means.why_not(Level.CHIP_FACE) is None
        (device,) = face.s.devices.of(role)
        await device.control("plugged", "off")  # type: ignore[attr-defined]
        why = means.why_not(Level.CHIP_FACE)
        assert why is not None
        assert ("chip" if role is Role.ID_READER else "face") in why.id
        assert (means.why_not(Level.CHIP) is None) is (role is not Role.ID_READER)
        await face.s.menu()
        face.s.screen.answer("test.face")
        await face.s.page("tell", "know for sure who you are")
        assert face.refused[0].reason == why


@pytest.mark.parametrize("fault", [Trouble.FAULTY, Trouble.MISCONFIGURED, Trouble.UNREADABLE])
async def test_a_matcher_that_fails_is_nobodys_match(fault: Trouble, country: Path) -> None:
    async with face_station(country) as face:
        await face.begin()
        await face.matcher.control("fault", fault.value)
        await _once_more(face)
        assert face.known == []
        assert (
            face.visits[0]._host.identification.face.tries_left(AN_CHIP, face.s.clock.now()) == MAX_FAILURES
        )  # the station's failure is not the resident's


async def test_a_camera_that_goes_is_told_and_one_that_comes_back_is_used(country: Path) -> None:
    async with face_station(country) as face:
        await face.begin()
        await face.camera.control("plugged", "off")
        face.s.screen.answer()
        page = await face.s.screen.until(lambda page: page.id.endswith("-look") and len(page.body) > 1)
        await face.camera.control("plugged", "on")
        if not page.video:  # type: ignore[union-attr]
            face.s.screen.answer()  # "Try again"
            await face.s.screen.until(lambda page: page.id.endswith("-look") and bool(page.video))  # type: ignore[union-attr]
        face.s.screen.answer()
        await face.s.page("capture", "it is you")


@pytest.mark.parametrize("seed", range(WAYS))
async def test_however_somebody_goes_through_it_only_a_match_makes_them_known(seed: int, country: Path) -> None:
    """Touch anything at random: ``CHIP_FACE`` is reached if, and only if, the last comparison found the same person."""
    way = random.Random(seed)
    async with face_station(country) as face:
        await face.begin()
        matched = False
        for _touch in range(12):
            page = face.s.screen.page
            if page.kind != "capture":
                break
            if page.id.endswith("-look"):
                finds = way.choice(list(FaceFinding))
                await face.matcher.control("finds", finds.value)
                before = len(face.s.screen.history)
                if way.random() < 0.3:
                    face.s.screen.press("back")
                else:
                    matched = finds is FaceFinding.SAME
                    face.s.screen.answer()
                await _moved(face, before)
            else:
                before = len(face.s.screen.history)
                face.s.screen.answer("continue")
                await _moved(face, before)
            assert all(matched for _person in face.known), f"seed {seed}"
        assert bool(face.known) <= matched, f"seed {seed}"


async def _once_more(face: Face) -> None:
    """Let it compare, and wait until it asks again with a reason."""
    before = len(face.s.screen.history)
    face.s.screen.answer()
    await _moved(face, before)


async def _moved(face: Face, before: int) -> None:
    """Wait until a page stands that a resident can answer, newer than those before."""
    screen = face.s.screen

    def settled(page: AnyPage) -> bool:
        return len(screen.history) > before and page.kind != "wait" and not page.id.endswith("-busy")

    await screen.until(settled)
