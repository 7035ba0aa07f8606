"""A visit asks for papers and a signature: every way there is, what goes wrong on the way, Back and Change."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

import aiohttp
import pytest
from PIL import Image
from support import papers
from support.golden_pages import SIGNATURE
from support.station import Running, station

from tramkit import Attachment, Fact, Messages, Person, Service, Visit, verbatim
from tramkit.host.person import Level
from tramkit.papers.content import Problem, make
from tramkit.papers.server import Uploads
from tramkit.papers.words import PROBLEMS
from tramkit.station.attended import AttendedHost
from tramkit.station.station_host import StationHost
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import ManualClock, SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.ui.pages import AnyPage, Ask, Capture, Check
from tramkit_hal.ui.screen import ScreenCapabilities
from tramkit_hal.words import render

_ = Messages("tests")


def at_the_station(visit: Visit) -> StationHost:
    """Return the station's side of a visit that is served inline."""
    host = visit._host  # pyright: ignore[reportPrivateUsage]
    if isinstance(host, AttendedHost):
        host = host._host  # pyright: ignore[reportPrivateUsage]
    assert isinstance(host, StationHost)
    return host


def whole(visit: Visit, handle: Attachment) -> Attachment:
    """Return what the station keeps of a file, which the service has without its data."""
    assert handle.data == b""
    return at_the_station(visit).file(handle)


@dataclass
class Asking(Service):
    """Asks for a paper and shows what was given."""

    id = "test.asking"
    title = _("Asking")
    most: int = 3
    given: list[tuple[Attachment, ...]] = field(default_factory=list)

    async def serve(self, visit: Visit) -> None:
        files = await visit.papers(_("Lease"), name="lease", most=self.most)
        fact = Fact(label=_("Paper"), value=verbatim(str(len(files))), change="lease")
        await visit.check(_("Right?"), (fact,), action=_("Send"))
        self.given.append(tuple(whole(visit, each) for each in files))
        await visit.done(_("Done"))


@dataclass
class Signing(Service):
    """Asks for a signature."""

    id = "test.signing"
    title = _("Signing")
    person: str = ""
    signed: list[Attachment] = field(default_factory=list)

    async def serve(self, visit: Visit) -> None:
        if self.person:
            at_the_station(visit).visit.person = Person(level=Level.CLAIMED, name=self.person, number="079054001234")
        signature = await visit.sign(_("Please sign"))
        await visit.read(_("Signed"))
        self.signed.append(whole(visit, signature))
        await visit.done(_("Done"))


@pytest.fixture
async def uploads() -> AsyncIterator[Uploads]:
    server = Uploads("127.0.0.1", 0, SystemClock())
    await server.start()
    yield server
    await server.stop()


@contextlib.asynccontextmanager
async def running(
    service: Service,
    uploads: Uploads | None = None,
    *,
    cameras: Sequence[Role] = (),
    screen: Callable[..., ScriptedScreen] = ScriptedScreen,
) -> AsyncGenerator[tuple[Running, dict[Role, SimCamera]]]:
    """Run a station with cameras, one visit begun."""
    clock = SystemClock()
    found = {role: SimCamera(SimCamera.Settings(), DeviceContext(role, clock)) for role in cameras}
    bound = {role: [camera] for role, camera in found.items()}
    async with station([service], clock=clock, bound=bound, uploads=uploads, screen=screen) as site:
        await site.menu()
        site.screen.answer(service.id)
        yield site, found


async def page(site: Running, where: str) -> AnyPage:
    """Wait for a page whose id ends so, or whose kind it is."""
    return await site.screen.until(lambda page: where in page.id or page.kind == where)


async def finish(site: Running) -> None:
    await site.page("check")
    site.screen.answer()
    await site.page("done")


async def test_without_a_camera_or_a_network_nothing_is_asked(uploads: Uploads) -> None:
    service = Asking()
    async with running(service) as (site, _cameras):
        await finish(site)
    assert service.given == [()]


async def test_a_paper_may_always_be_brought_to_the_counter(uploads: Uploads) -> None:
    service = Asking()
    async with running(service, uploads, cameras=[Role.CAMERA]) as (site, _cameras):
        chosen = await site.page("choose", "Lease")
        assert [option.value for option in chosen.options] == ["camera", "phone", "later"]  # type: ignore[union-attr]
        site.screen.answer("phone")
        await page(site, "-phone")
        site.screen.answer("later")
        await finish(site)
    assert service.given == [()]


async def test_several_pages_are_photographed_one_of_them_again() -> None:
    service = Asking(most=2)
    async with running(service, cameras=[Role.DOCUMENT_CAMERA, Role.CAMERA]) as (site, cameras):
        await site.page("choose", "Lease")
        site.screen.answer("camera")
        taking = await page(site, "-take-1")
        assert isinstance(taking, Capture)
        assert (taking.source, taking.video) == ("paper", "paper")
        assert site.screen.videos["paper"] is cameras[Role.DOCUMENT_CAMERA].picture
        site.screen.answer()
        await page(site, "-seen-1")
        still = site.screen.videos["paper"].frame
        assert still is not None
        assert still.image.std() > 5, "the sheet shows nothing"
        site.screen.answer("again")
        await page(site, "-take-1")
        site.screen.answer()
        await page(site, "-seen-1")
        site.screen.answer("more")
        await page(site, "-take-2")
        site.screen.answer()
        seen = await page(site, "-seen-2")
        assert "more" not in seen.answers()  # two are all that are taken
        site.screen.answer()
        await finish(site)
        assert "paper" not in site.screen.videos
    ((first, second),) = service.given
    assert (first.name, second.name, first.type) == ("lease-1", "lease-2", "image/jpeg")
    assert Image.open(io.BytesIO(first.data)).size == (1280, 720)


async def test_back_and_change_lose_no_picture() -> None:
    service = Asking()
    async with running(service, cameras=[Role.CAMERA]) as (site, _cameras):
        await site.page("choose", "Lease")
        site.screen.answer("camera")
        await page(site, "-take-1")
        site.screen.answer()
        await page(site, "-seen-1")
        site.screen.press("back")
        again = await site.page("choose", "Lease")
        assert again.selected == "camera"  # type: ignore[union-attr]
        site.screen.answer("camera")
        await page(site, "-seen-1")
        site.screen.answer()
        await site.page("check")
        site.screen.press("change", "lease")
        await page(site, "-seen-1")
        site.screen.answer("more")
        await page(site, "-take-2")
        site.screen.answer()
        await page(site, "-seen-2")
        site.screen.answer()
        shown = await site.page("check")
        assert isinstance(shown, Check)
        assert render(shown.facts[0].value, "en") == "2"
        await finish(site)
    assert [len(each) for each in service.given] == [2]


async def test_a_camera_that_is_pulled_is_told_of_and_tried_again() -> None:
    service = Asking()
    async with running(service, cameras=[Role.CAMERA]) as (site, cameras):
        await site.page("choose", "Lease")
        site.screen.answer("camera")
        await page(site, "-take-1")
        await cameras[Role.CAMERA].control("plugged", "off")
        site.screen.answer()
        pulled = await site.screen.until(lambda page: any("no picture" in text.id for text in page.body))
        assert "later" in pulled.answers()
        await cameras[Role.CAMERA].control("plugged", "on")
        async with asyncio.timeout(30):
            while not (isinstance(site.screen.page, Capture) and "-seen-" in site.screen.page.id):
                site.screen.answer()
                await asyncio.sleep(0.05)
        site.screen.answer()
        await finish(site)
    assert [len(each) for each in service.given] == [1]


@contextlib.asynccontextmanager
async def phone() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def send(phone: aiohttp.ClientSession, address: str, *files: bytes) -> int:
    form = aiohttp.FormData()
    for each in files:
        form.add_field("files", io.BytesIO(each), filename="a.jpg")
    async with phone.post(address, data=form) as answer:
        return answer.status


async def begin(phone: aiohttp.ClientSession, address: str) -> None:
    """Open a link and press its button."""
    assert (await phone.get(address)).status == 200
    assert (await phone.post(f"{address}/begin")).status == 200


async def code(site: Running) -> str:
    """Wait for a code and return what it says."""
    shown = await site.screen.until(lambda page: isinstance(page, Capture) and bool(page.codes))
    return shown.codes[0]  # type: ignore[union-attr]


async def test_what_a_phone_sends_is_looked_over_and_taken(uploads: Uploads) -> None:
    service = Asking()
    async with running(service, uploads) as (site, _cameras), phone() as mine:
        await site.page("choose", "Lease")
        site.screen.answer("phone")
        address = await code(site)
        await begin(mine, address)
        opened = await site.screen.until(lambda page: any("opened the page" in text.id for text in page.body))
        assert opened.codes == ()  # type: ignore[union-attr]
        assert await send(mine, address, papers.archive()) == 400
        words = PROBLEMS[Problem.ARCHIVE].id
        await site.screen.until(lambda page: any(text.id == words for text in page.body))
        assert await send(mine, address, papers.photo(), papers.pdf()) == 200
        seen = await page(site, "-seen-2")
        assert [fact.value.id for fact in seen.result] == ["Picture", "PDF, pages: {count}"]  # type: ignore[union-attr]
        site.screen.answer()
        await finish(site)
    ((picture, document),) = service.given
    assert picture.data == make(papers.photo()).data
    assert (document.name, document.type) == ("lease-2", "application/pdf")


async def test_a_stranger_is_told_of_and_a_new_code_shuts_everybody_else_out(uploads: Uploads) -> None:
    service = Asking()
    async with running(service, uploads) as (site, _cameras), phone() as stranger, phone() as mine:
        await site.page("choose", "Lease")
        site.screen.answer("phone")
        first = await code(site)
        await begin(stranger, first)
        assert (await mine.get(first)).status == 403
        await site.screen.until(lambda page: any("second phone" in text.id for text in page.body))
        site.screen.answer("new")
        await site.screen.until(lambda page: isinstance(page, Capture) and page.codes not in ((), (first,)))
        second = await code(site)
        assert await send(stranger, first, papers.photo()) == 410
        assert (await mine.get(second)).status == 200
        assert await send(mine, second, papers.photo()) == 200
        await page(site, "-seen-1")
        site.screen.answer("again")  # not this one: another code, another phone or the same
        third = await code(site)
        assert third not in (first, second)
        site.screen.answer("later")
        await finish(site)
    assert service.given == [()]


async def test_a_link_dies_with_the_visit(uploads: Uploads) -> None:
    async with running(Asking(), uploads) as (site, _cameras), phone() as mine:
        await site.page("choose", "Lease")
        site.screen.answer("phone")
        address = await code(site)
        await mine.get(address)
        site.screen.press("start_over")  # type: ignore[arg-type]
        await site.page("leave")
        site.screen.answer("leave")
        await site.attract()
        assert (await mine.get(address)).status == 410
        assert await send(mine, address, papers.photo()) == 410


async def test_an_old_code_is_said_to_be_old() -> None:
    clock = ManualClock()
    server = Uploads("127.0.0.1", 0, clock, seconds=120)
    await server.start()
    service = Asking()
    try:
        async with station([service], clock=clock, uploads=server) as site:
            await site.menu()
            site.screen.answer(service.id)
            await site.page("choose", "Lease")
            site.screen.answer("phone")
            address = await code(site)
            await clock.advance(121)
            old = await site.screen.until(lambda page: any("no longer valid" in text.id for text in page.body))
            assert old.codes == ()  # type: ignore[union-attr]
            site.screen.answer("new")
            assert await code(site) != address
    finally:
        await server.stop()


# ── signature ─────────────────────────────────────────────────────────────────────────────────────────────────


def wrong(page: AnyPage) -> str:
    """Return what an Ask page says is wrong."""
    return " ".join(each.error.id for each in page.errors if each.error) if isinstance(page, Ask) else ""


async def test_a_drawn_signature_is_a_picture_and_back_keeps_it() -> None:
    service = Signing()
    async with running(service) as (site, _cameras):
        await site.page("ask")
        for drawn, said in (("", "Please sign"), ("0a0a", "too little"), ("?", "could not be read")):
            site.screen.answer(signature=drawn)
            await site.screen.until(
                lambda page, said=said: (
                    isinstance(page, Ask) and any(said in f.error.id for f in page.fields if f.error)
                )
            )
        site.screen.answer(signature=SIGNATURE)
        await site.page("read")
        site.screen.press("back")
        again = await site.page("ask")
        assert again.fields[0].value == SIGNATURE  # type: ignore[union-attr]
        site.screen.answer(signature=SIGNATURE)
        await site.page("read")
        site.screen.answer()
        await site.page("done")
    (signature,) = service.signed
    image = Image.open(io.BytesIO(signature.data))
    assert (signature.name, signature.type, image.format, image.size) == ("signature", "image/png", "PNG", (750, 300))
    assert 500 < sum(value < 128 for value in image.convert("L").tobytes()) < 40_000
    assert len(signature.data) < 16 * 1024


async def test_whoever_cannot_draw_types_their_own_name() -> None:
    service = Signing(person="Lê Văn Tám")
    async with running(service) as (site, _cameras):
        await site.page("ask")
        site.screen.answer("type")
        await site.screen.until(lambda page: page.id.endswith("-typed"))
        site.screen.answer(name="Trần Thị Chín")
        await site.screen.until(lambda page: "as it stands on your card" in wrong(page))
        site.screen.answer(name="le van tam")
        await site.page("read")
        site.screen.answer()
        await site.page("done")
    (signature,) = service.signed
    assert (signature.type, signature.data.decode()) == ("text/plain", "le van tam")


async def test_a_screen_that_cannot_be_drawn_on_asks_for_the_name_at_once() -> None:
    class Keys(ScriptedScreen):
        @property
        def capabilities(self) -> ScreenCapabilities:
            return ScreenCapabilities(draws=False)

    service = Signing()
    async with running(service, screen=Keys) as (site, _cameras):
        typing = await site.page("ask")
        assert typing.answers() == {"continue"}
        site.screen.answer(name="Lê Văn Tám")
        await site.page("read")
        site.screen.answer()
        await site.page("done")
    assert service.signed[0].type == "text/plain"
