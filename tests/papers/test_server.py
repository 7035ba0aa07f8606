"""The server for phones over real sockets: one link, one phone, a few minutes; nothing too large, nothing kept."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
import resource
from collections.abc import AsyncGenerator, AsyncIterator
from urllib.parse import urlsplit

import aiohttp
import pytest
from support import papers

from tramkit.papers.content import Problem
from tramkit.papers.link import Happened, Link
from tramkit.papers.server import SENDINGS, STRAYS, Uploads
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.words import bilingual

WHAT = bilingual(vi="Giấy tờ chỗ ở", en="Proof of dwelling")
MAX = 1024 * 1024


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def uploads(clock: ManualClock) -> AsyncIterator[Uploads]:
    server = Uploads("127.0.0.1", 0, clock, agency="UBND phường", most_bytes=MAX, seconds=480)
    await server.start()
    yield server
    await server.stop()


@contextlib.asynccontextmanager
async def phone() -> AsyncGenerator[aiohttp.ClientSession]:
    """A phone with cookies of its own."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


def form(*files: bytes, name: str = "files") -> aiohttp.FormData:
    data = aiohttp.FormData()
    for number, each in enumerate(files):
        data.add_field(name, io.BytesIO(each), filename=f"photo-{number}.jpg", content_type="image/jpeg")
    return data


async def begin(mine: aiohttp.ClientSession, link: Link) -> int:
    """Open the link on a phone and press the button; return the status of what comes."""
    async with mine.get(link.address) as page:
        if page.status != 200 or "/begin" not in await page.text():
            return page.status
    return (await mine.post(f"{link.address}/begin")).status


def told(link: Link) -> list[Happened]:
    """Return what the station has been told since it last looked."""
    found: list[Happened] = []
    while not link.events.empty():
        found.append(link.events.get_nowait())
    return found


def kinds(link: Link) -> list[str]:
    return [each.kind for each in told(link)]


async def test_a_phone_opens_the_link_and_sends_a_photo(uploads: Uploads) -> None:
    with uploads.link(WHAT, 3, "vi") as link:
        async with phone() as mine:
            async with mine.get(link.address) as page:
                text = await page.text()
                assert page.status == 200
                assert "Giấy tờ chỗ ở" in text
                assert "default-src 'none'" in page.headers["Content-Security-Policy"]
                assert page.headers["Cache-Control"] == "no-store"
            async with mine.get(link.address, params={"lang": "en"}) as page:
                assert "Proof of dwelling" in await page.text()
            async with mine.post(link.address, data=form(papers.photo(), papers.pdf())) as answer:
                assert answer.status == 200
            *before, arrived = told(link)
            assert [each.kind for each in before] == ["opened", "sending"]
            assert [(each.type, each.pages) for each in arrived.files] == [("image/jpeg", 1), ("application/pdf", 2)]
            async with mine.post(link.address, data=form(papers.photo())) as answer:
                assert answer.status == 410  # a link is used once


@pytest.mark.shows("ASVS V8")
async def test_a_second_phone_is_refused_and_the_station_is_told(uploads: Uploads) -> None:
    with uploads.link(WHAT, 3, "vi") as link:
        async with phone() as mine, phone() as other:
            assert (await other.get(link.address)).status == 200
            assert await begin(mine, link) == 200
            assert (await other.get(link.address)).status == 403
            assert (await other.post(link.address, data=form(papers.photo()))).status == 403
            assert kinds(link) == ["opened", "stranger", "stranger"]
            assert (await mine.post(link.address, data=form(papers.photo()))).status == 200
            assert kinds(link) == ["sending", "arrived"]


async def test_nothing_is_taken_from_a_phone_that_has_not_opened_the_link(uploads: Uploads) -> None:
    with uploads.link(WHAT, 3, "vi") as link:
        async with phone() as mine:
            assert (await mine.post(link.address, data=form(papers.photo()))).status == 403
            assert (await mine.get(link.address)).status == 200  # the code is not used up by that


async def test_a_browser_that_fetches_ahead_does_not_use_up_the_code(uploads: Uploads) -> None:
    with uploads.link(WHAT, 3, "vi") as link:
        async with phone() as ahead, phone() as mine:
            assert (await ahead.get(link.address, headers={"Sec-Purpose": "prefetch"})).status == 503
            assert (await ahead.head(link.address)).status == 405
            assert (await mine.get(link.address)).status == 200


async def test_an_old_link_is_no_longer_valid(uploads: Uploads, clock: ManualClock) -> None:
    with uploads.link(WHAT, 3, "vi") as link:
        async with phone() as mine:
            assert await begin(mine, link) == 200
            await clock.advance(481)
            assert (await mine.get(link.address)).status == 410
            assert (await mine.post(link.address, data=form(papers.photo()))).status == 410
    with uploads.link(WHAT, 3, "vi") as newer:
        async with phone() as mine:
            assert (await mine.get(link.address)).status == 410
            assert (await mine.get(newer.address)).status == 200
    async with phone() as mine:
        assert (await mine.get(newer.address)).status == 410


@pytest.mark.parametrize(
    ("files", "problems"),
    [
        ((papers.archive(),), (Problem.ARCHIVE,)),
        ((b"MZ a program that calls itself a photo",), (Problem.UNKNOWN,)),
        ((papers.photo()[:5000],), (Problem.BROKEN,)),
        ((papers.packed_pdf(300),), (Problem.PACKED,)),
        ((papers.photo(), b"%PDF-1.4 nothing"), (Problem.BROKEN,)),
        ((b"",), (Problem.EMPTY,)),
        ((bytes(MAX + 1),), (Problem.LARGE,)),
        ((papers.photo(),) * 4, (Problem.MUCH,)),
    ],
)
async def test_what_is_not_taken_is_said_on_the_phone_and_at_the_station_and_can_be_sent_again(
    uploads: Uploads, files: tuple[bytes, ...], problems: tuple[Problem, ...]
) -> None:
    with uploads.link(WHAT, 3, "vi") as link:
        async with phone() as mine:
            await mine.get(link.address)
            async with mine.post(link.address, data=form(*files)) as answer:
                assert answer.status in (400, 413)
                text = await answer.text()
            assert "Trạm chưa nhận được tệp nào:" in text
            refused = told(link)[-1]
            assert (refused.kind, refused.problems, refused.files) == ("refused", problems, ())
            assert (await mine.post(link.address, data=form(papers.photo()))).status == 200
            assert kinds(link)[-1] == "arrived"


@pytest.mark.shows("ASVS V5")
async def test_two_hundred_megabytes_are_cut_off_and_take_no_memory(uploads: Uploads) -> None:
    sent = 0

    async def film() -> AsyncGenerator[bytes]:
        nonlocal sent
        head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
        yield head
        while sent < 200 * 1024 * 1024:
            sent += 1024 * 1024
            yield bytes(1024 * 1024)

    with uploads.link(WHAT, 3, "vi") as link:
        async with phone() as mine:
            await mine.get(link.address)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            headers = {"Content-Type": "multipart/form-data; boundary=x"}
            with contextlib.suppress(aiohttp.ClientError, ConnectionError):
                async with mine.post(link.address, data=film(), headers=headers) as answer:
                    assert answer.status == 413
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            assert [each.problems for each in told(link)][-1] == (Problem.LARGE,)
            assert grown < 30 * 1024, f"{grown} KiB"


async def test_an_announced_length_is_refused_before_anything_is_read(uploads: Uploads) -> None:
    with uploads.link(WHAT, 1, "vi") as link:
        async with phone() as mine:
            await mine.get(link.address)
            cookie = "; ".join(f"{each.key}={each.value}" for each in mine.cookie_jar)
        where = urlsplit(link.address)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(
            f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: {cookie}\r\nContent-Length: 209715200\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode()
        )
        assert b"413" in await reader.readline()
        writer.close()
        assert told(link)[-1].problems == (Problem.LARGE,)


async def test_a_phone_that_leaves_midway_can_come_back(uploads: Uploads) -> None:
    with uploads.link(WHAT, 1, "vi") as link:
        async with phone() as mine:
            await mine.get(link.address)
            cookie = "; ".join(f"{each.key}={each.value}" for each in mine.cookie_jar)
            where = urlsplit(link.address)
            _reader, writer = await asyncio.open_connection(where.hostname, where.port)
            writer.write(
                f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nCookie: {cookie}\r\nContent-Length: 90000\r\n"
                "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
                '--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'.encode()
                + papers.photo()[:4000]
            )
            await writer.drain()
            while (await link.events.get()).kind != "sending":
                pass
            writer.transport.abort()
            async with asyncio.timeout(20):
                refused = await link.events.get()
            assert (refused.kind, refused.problems) == ("refused", (Problem.CUT_OFF,))
            assert (await mine.post(link.address, data=form(papers.photo()))).status == 200


async def test_a_link_whose_visit_has_ended_takes_nothing_that_is_still_on_its_way(uploads: Uploads) -> None:
    async with phone() as mine:
        with uploads.link(WHAT, 1, "vi") as link:
            await begin(mine, link)
            told(link)
            sending = asyncio.create_task(mine.post(link.address, data=form(papers.photo())))
            assert (await link.events.get()).kind == "sending"
        assert (await sending).status == 410
        assert kinds(link) == []


@pytest.mark.parametrize(
    "headers",
    [{"Host": "tram.example.invalid"}, {"Host": "localhost:80"}],
)
async def test_it_answers_to_its_own_address_only(uploads: Uploads, headers: dict[str, str]) -> None:
    with uploads.link(WHAT, 1, "vi") as link:
        async with phone() as mine:
            assert (await mine.get(link.address, headers=headers)).status == 403
        assert kinds(link) == []


async def test_a_form_of_another_site_is_refused(uploads: Uploads) -> None:
    with uploads.link(WHAT, 1, "vi") as link:
        async with phone() as mine:
            await mine.get(link.address)
            headers = {"Origin": "http://example.invalid"}
            assert (await mine.post(link.address, data=form(papers.photo()), headers=headers)).status == 403


async def test_links_cannot_be_tried_out(uploads: Uploads, clock: ManualClock) -> None:
    with uploads.link(WHAT, 1, "vi") as link:
        async with phone() as mine:
            found = [(await mine.get(f"{uploads.address}/{n}")).status for n in range(STRAYS + 2)]
            assert found == [410] * STRAYS + [429] * 2
            assert (await mine.get(link.address)).status == 429
            await clock.advance(61)
            assert (await mine.get(link.address)).status == 200


async def test_there_is_nothing_else_to_be_had(uploads: Uploads) -> None:
    async with phone() as mine:
        with uploads.link(WHAT, 1, "vi"):
            pass  # it listens a little longer than its link
        for path in ("", "/", "/../etc/passwd", "/files/1", "/phone.html"):
            assert (await mine.get(uploads.address + path)).status in (404, 410), path


async def test_one_link_takes_only_so_many_attempts(uploads: Uploads) -> None:
    with uploads.link(WHAT, 1, "vi") as link:
        async with phone() as mine:
            await mine.get(link.address)
            for _attempt in range(SENDINGS):
                assert (await mine.post(link.address, data=form(b"rubbish"))).status == 400
            assert (await mine.post(link.address, data=form(papers.photo()))).status == 429


@pytest.mark.shows("ASVS V16")
async def test_nothing_personal_is_logged(uploads: Uploads, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="tramkit")
    with uploads.link(WHAT, 1, "vi") as link:
        async with phone() as mine:
            await mine.get(link.address)
            await mine.post(link.address, data=form(b"rubbish"))
            await mine.post(link.address, data=form(papers.photo()))
    said = " ".join(str(record.__dict__) for record in caplog.records)
    assert "refused" in said
    for word in (link.token, link.phone, "photo-0", papers.AUTHOR):
        assert word not in said
