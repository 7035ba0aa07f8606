"""Papers from the resident's phone and by the station's camera, before a robot's screen and in Chromium."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser
from support import papers
from support.hands import Hands
from support.other_hands import AnyHands
from support.phone import Phone, read_code
from support.rounds import TAM, by_chip, photograph
from support.services import ServiceSite, service_site
from support.site import start
from support.slow import quick_and_slow

from tramkit.papers.content import make
from tramkit.sandbox import FaultOrder
from tramkit_procedures.sandbox import Authorities

from .steps import until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

Open = Callable[..., AbstractAsyncContextManager[ServiceSite]]
SETTINGS = """
[settings.procedures]
gateway_url = "{authorities}"
[uploads]
host = "127.0.0.1"
port = 0
[[roles.document_camera]]
driver = "sim_camera"
"""


def first_at(screen: str) -> pytest.MarkDecorator:
    """Open the site before each screen, and at once before this one."""
    return pytest.mark.parametrize(
        "open_site", quick_and_slow([screen], ["scripted", "terminal", "web"]), indirect=True
    )


@pytest.fixture
def open_site(request: pytest.FixtureRequest, tmp_path: Path, browser: Browser) -> Open:
    """Return what opens a site before the screen of the test's parameter."""
    screen = request.param
    at = browser if screen == "web" else None
    return lambda **sandboxes: service_site(tmp_path, screen, at, SETTINGS, **sandboxes)


def slice_of(data: bytes) -> bytes:
    """Return bytes from the midst of a file, by which it is found anywhere."""
    return data[len(data) // 2 :][:48]


def found_on_disk(folder: Path, *files: bytes) -> list[str]:
    """Return the station's files in which a piece of one of these is found in the clear."""
    pieces = [slice_of(each) for each in files]
    outside = ("authorities", "switch")
    station = [each for each in folder.rglob("*") if each.is_file() and not each.name.startswith(outside)]
    return [each.name for each in station if any(piece in each.read_bytes() for piece in pieces)]


async def typed_identity(resident: AnyHands) -> None:
    """Type who one is, without the card."""
    await resident.choose("typed")
    await resident.at("ask")
    await resident.type("name", "lê văn tám")
    await resident.type("number", "079054001234")
    await resident.type("born", "02091954")
    await resident.pick("sex", "male")
    await resident.go_on()


async def finish(resident: AnyHands) -> None:
    """Take the receipt and go."""
    await resident.at("done")
    await resident.go_on()
    await resident.at("attract")


async def answer_questions(resident: AnyHands) -> None:
    """Answer what permanent residence asks for."""
    await resident.type("new_address", "12 trần não")
    await resident.type("phone", "0901234567")
    await resident.pick("relation", "self")
    await resident.go_on()
    await resident.choose("0")
    await resident.choose("yes")


async def to_the_papers(resident: AnyHands) -> None:
    """Fill in a dossier of permanent residence up to the question for its paper."""
    await resident.begin()
    await resident.choose("procedures.file")
    await typed_identity(resident)
    await resident.choose("residence")
    await resident.choose("1.004222")
    await resident.at("read")
    await resident.go_on()
    await resident.at("ask")
    await answer_questions(resident)
    await resident.at("choose", "chỗ ở hợp pháp")


@first_at("web")
async def test_a_paper_comes_from_the_phone(open_site: Open, browser: Browser, tmp_path: Path) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    sent = papers.photo()
    made = make(sent).data
    async with open_site(authorities=authorities) as site:
        resident = site.glass
        await to_the_papers(resident)
        await resident.choose("phone")
        address = await read_code(resident)
        mine, other = await Phone.of(browser), await Phone.of(browser)
        await mine.open(address)
        await mine.says("chỗ ở hợp pháp")
        await resident.says("đã mở trang")
        await other.open(address)
        await other.says("đã được mở trên điện thoại khác")
        await resident.says("điện thoại thứ hai")
        await mine.send(("giấy tờ.jpg", papers.archive()))
        await mine.says("tệp nén")
        await resident.says("tệp nén")
        await mine.send(("giấy tờ.jpg", sent))
        await mine.says("nhìn lên màn hình")
        await resident.at("capture", "đọc được")
        assert found_on_disk(tmp_path, sent, made) == []
        await resident.go_on()
        await resident.at("check")
        await resident.says("Đã gửi kèm")
        await resident.go_on()
        await resident.choose("payments.vietqr")
        await site.pay()
        await resident.at("done")
        (taken,) = authorities.taken()
        assert taken["documents"] == [{"id": "dwelling", "how": "electronic", "files": ["paper-dwelling-1"]}]
        (code,) = authorities.db.execute("SELECT code FROM dossiers").fetchone()
        ((name, file),) = authorities.papers(code)
        assert (name, authorities.file(file)) == ("paper-dwelling-1", ("image/jpeg", made))
        await officer_sees(authorities, file, made)
        assert "Mang theo" not in site.paper()
        await finish(resident)
        assert found_on_disk(tmp_path, sent, made) == []
        assert [*mine.problems, *other.problems] == []
        if isinstance(resident, Hands):
            assert resident.problems == []


async def officer_sees(authorities: Authorities, file: str, content: bytes) -> None:
    """Open a paper on the officer's page."""
    async with aiohttp.ClientSession() as officer:
        async with officer.get(authorities.address) as page:
            assert f"/officer/files/{file}" in await page.text()
        async with officer.get(f"{authorities.address}/officer/files/{file}") as paper:
            assert await paper.read() == content


@first_at("terminal")
async def test_papers_are_photographed_and_missing_ones_added_later(open_site: Open, tmp_path: Path) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    async with open_site(authorities=authorities) as site:
        resident = site.glass
        await to_the_papers(resident)
        await photograph(resident)
        await resident.at("check")
        await resident.go_on()
        await resident.choose("payments.vietqr")
        await site.pay()
        await finish(resident)
        (code,) = authorities.db.execute("SELECT code FROM dossiers").fetchone()
        assert [name for name, _file in authorities.papers(code)] == ["paper-dwelling-1"]
        authorities.move(code, 5, "Thiếu hợp đồng thuê nhà")
        await resident.begin()
        await resident.choose("procedures.track")
        await resident.choose("code")
        await resident.at("ask")
        await resident.type("code", code.lower())
        await resident.go_on()
        await resident.at("tell")
        await resident.choose("mine")
        (number,) = authorities.db.execute("SELECT number FROM dossiers").fetchone()
        await by_chip(site, replace(TAM, number=number))
        await resident.choose("supplement")
        await resident.at("ask")
        await resident.type("words", "hợp đồng đây")
        await resident.go_on()
        await resident.at("choose", "bổ sung")
        await photograph(resident)
        await finish(resident)
        names = [name for name, _file in authorities.papers(code)]
        assert names == ["paper-dwelling-1", "supplement-1"]
        assert authorities.db.execute("SELECT state FROM dossiers").fetchone() == (4,)


@first_at("scripted")
async def test_a_report_carries_photos(open_site: Open, tmp_path: Path) -> None:
    authorities = Authorities(tmp_path / "authorities.sqlite")
    async with open_site(authorities=authorities) as site:
        resident = site.glass
        await resident.begin()
        await resident.choose("procedures.report")
        await resident.choose("no")
        await resident.choose("noise")
        await resident.at("ask")
        await resident.type("what", "hát to")
        await resident.type("where", "tầng ba")
        await resident.pick("when", "now")
        await resident.go_on()
        await resident.at("choose", "ảnh")
        await photograph(resident)
        await resident.choose("anonymous")
        await resident.at("check")
        await resident.go_on()
        await finish(resident)
        (taken,) = authorities.taken()
        assert [each["name"] for each in taken["files"]] == ["photo-1"]
        assert taken["who"] == {}


@pytest.mark.timeout(300)
async def test_a_power_cut_after_the_order_keeps_its_papers(browser: Browser, tmp_path: Path) -> None:
    """The authority is away; the station is killed; both come back, and the paper arrives as it was."""
    authorities = Authorities(tmp_path / "authorities.sqlite")
    async with authorities.running() as address:
        authorities.order_faults(FaultOrder(share=1.0, seed=1))
        config = tmp_path / "station.toml"
        config.write_text(
            '[station]\nid = "demo-1"\nsite = "A"\nagency = "B"\n[panel]\nenabled = false\n'
            '[plugins]\nenabled = ["procedures"]\n[orders]\ndata = "orders"\nkey = "key/station.key"\n'
            '[[roles.screen]]\ndriver = "web"\nport = 0\n[[roles.receipt_printer]]\ndriver = "sim_receipt_printer"\n'
            + SETTINGS.format(authorities=address),
            encoding="utf-8",
        )
        station = await start(["run", "--config", str(config)], tmp_path)
        try:
            resident = Hands(await (await browser.new_context()).new_page())
            await resident.open(await station.address("station"))
            await resident.begin()
            await resident.choose("procedures.report")
            await resident.choose("no")
            await resident.choose("noise")
            await resident.at("ask")
            await resident.type("what", "hat to")
            await resident.type("where", "tang ba")
            await resident.pick("when", "now")
            await resident.go_on()
            await resident.choose("phone")
            phone = await Phone.of(browser)
            await phone.open(await read_code(resident))
            await phone.send(("a.jpg", papers.photo()))
            await resident.at("capture", "đọc được")
            await resident.go_on()
            await resident.choose("anonymous")
            await resident.at("check")
            await resident.go_on()
            await resident.at("wait")
            assert authorities.taken() == []
        finally:
            await station.stop(signal.SIGKILL)
        made = make(papers.photo()).data
        assert found_on_disk(tmp_path, papers.photo(), made) == []
        authorities.order_faults(FaultOrder())
        again = await start(["run", "--config", str(config)], tmp_path)
        try:
            (taken,) = await until(_taken(authorities), bool, 60)
            (file,) = taken["files"]
            assert authorities.file(file["id"]) == ("image/jpeg", made)
        finally:
            await again.stop()


def _taken(authorities: Authorities) -> Callable[[], Awaitable[list[dict[str, Any]]]]:
    async def look() -> list[dict[str, Any]]:
        return authorities.taken()

    return look
