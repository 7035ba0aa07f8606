"""Whoever knocks at the web screen with anything but an event of the page that stands there is turned away in words."""

from __future__ import annotations

import asyncio
import io
import json
import unicodedata
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import numpy as np
import pytest
from support.golden_pages import golden_pages, view_of
from yarl import URL

from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.ui.events import MAX_EVENT, Answered
from tramkit_hal.video import NewestFrame

PAGE = golden_pages()["ask_text"]


@dataclass
class Door:
    """A screen that shows a page, and a browser that has come in."""

    screen: WebScreen
    http: aiohttp.ClientSession
    origin: str

    async def send(self, body: str | bytes, **headers: str) -> tuple[int, str]:
        """Post an event; return the status and what was said."""
        sent = {"Content-Type": "application/json", "Origin": self.origin} | headers
        data = io.BytesIO(body.encode() if isinstance(body, str) else body)
        async with self.http.post(f"{self.origin}/event", data=data, headers=sent) as response:
            return response.status, await response.text()

    @asynccontextmanager
    async def line(self) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
        """The line of a browser that has been told what stands there."""
        async with self.http.ws_connect(f"{self.origin}/line", headers={"Origin": self.origin}) as line:
            assert (await line.receive_json(timeout=10))["page"] == PAGE.id
            yield line

    def event(self, **changes: Any) -> str:
        """Return a good answer to the page, with changes."""
        good = {"kind": "answered", "page": PAGE.id, "revision": PAGE.revision, "choice": "continue", "values": {}}
        return json.dumps(good | changes)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    screen = WebScreen(WebScreen.Settings(), DeviceContext(Role.SCREEN))
    await screen.open()
    await screen.show(view_of(PAGE))
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        address = URL(screen.addresses["station"])
        async with http.get(address) as response:
            assert response.status == 200
        yield Door(screen, http, str(address.origin()))
    await screen.close()


async def test_a_good_event_is_taken(door: Door) -> None:
    status, _said = await door.send(door.event())
    assert status == 200
    assert isinstance(await door.screen.next_event(), Answered)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "this is not an event"),
        (b"{", 400, "this is not an event"),
        (b"\xff\xfe\x00", 400, "this is not an event"),
        (b"[" * 30_000, 400, "this is not an event"),
        (b'"answered"', 400, "this is not an event"),
        (b"x" * (MAX_EVENT + 1), 413, "at most"),
    ],
)
@pytest.mark.shows("ASVS V2", "ASVS V4", "EN 5.13")
async def test_what_is_no_event_is_refused(door: Door, body: bytes, status: int, says: str) -> None:
    got, said = await door.send(body)
    assert got == status
    assert says in said


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "destroyed"},
        {"surprise": 1},
        {"revision": -1},
        {"revision": "0"},
        {"choice": "nobody_offers_this"},
        {"values": {"complaint": "x" * 4_001}},
        {"values": {str(number): "x" for number in range(17)}},
        {"values": {"complaint": 7}},
        {"kind": "pressed", "button": "self_destruct", "choice": None},
    ],
)
@pytest.mark.shows("ASVS V2", "ASVS V8")
async def test_an_event_that_the_page_does_not_take_is_refused(door: Door, changes: dict[str, Any]) -> None:
    status, said = await door.send(door.event(**changes))
    assert status == 400
    assert json.loads(said)["error"]


async def test_an_event_of_a_page_that_is_gone_is_dropped_and_told_which_page_stands(door: Door) -> None:
    for changes in ({"page": "another"}, {"revision": PAGE.revision + 1}):
        status, said = await door.send(door.event(**changes))
        assert status == 409
        assert json.loads(said)["page"] == PAGE.id


@pytest.mark.shows("ASVS V4", "EN 5.13")
async def test_a_name_of_four_megabytes_is_refused_before_it_is_read(door: Door) -> None:
    status, said = await door.send(door.event(values={"complaint": "A" * 4 * 1024 * 1024}))
    assert status == 413
    assert "AAAA" not in said


async def test_decomposed_vietnamese_comes_in_composed(door: Door) -> None:
    typed = unicodedata.normalize("NFD", "Chóng mặt từ hôm qua")
    status, _said = await door.send(door.event(values={"complaint": typed}))
    assert status == 200
    event = await door.screen.next_event()
    assert event.values["complaint"] == "Chóng mặt từ hôm qua"


@pytest.mark.shows("ASVS V4")
async def test_another_content_type_is_refused(door: Door) -> None:
    status, _said = await door.send(door.event(), **{"Content-Type": "text/plain"})
    assert status == 415


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.shows("ASVS V3", "ASVS V4")
async def test_another_site_is_turned_away(door: Door, headers: dict[str, str]) -> None:
    status, said = await door.send(door.event(), **headers)
    assert status == 403
    assert "Forbidden" in said


@pytest.mark.shows("ASVS V8", "EN 5.6")
async def test_a_browser_without_the_secret_sees_nothing(door: Door) -> None:
    async with aiohttp.ClientSession() as stranger:
        for path in ("/", "/view", "/line", "/?token=wrong"):
            async with stranger.get(f"{door.origin}{path}") as response:
                assert response.status == 403
                assert PAGE.title.id not in await response.text()
        async with stranger.post(f"{door.origin}/event", data=door.event()) as response:
            assert response.status == 403


async def test_the_line_takes_events_and_tells_each_new_view(door: Door) -> None:
    async with door.line() as line:
        await line.send_str(door.event(values={"complaint": "Ho"}))
        assert (await door.screen.next_event()).values == {"complaint": "Ho"}
        await door.screen.show(view_of(golden_pages()["read"]))
        assert (await line.receive_json(timeout=10))["kind"] == "read"


@pytest.mark.parametrize(
    "changes", [{"page": "another"}, {"revision": PAGE.revision + 1}, {"choice": "nobody_offers_this"}, {"surprise": 1}]
)
async def test_who_sends_what_the_page_does_not_take_is_shown_again_what_stands(
    door: Door, changes: dict[str, Any]
) -> None:
    async with door.line() as line:
        await line.send_str(door.event(**changes))
        told = await line.receive_json(timeout=10)
        assert (told["again"], told["page"], "html" in told) == (True, PAGE.id, True)
        await line.send_str(door.event())  # nothing was lost, and nothing of it let in
        assert (await door.screen.next_event()).choice == "continue"


async def test_a_line_that_sends_too_much_is_cut_and_another_is_there_at_once(door: Door) -> None:
    async with door.line() as line:
        await line.send_str("x" * (MAX_EVENT + 1))
        assert (await line.receive(timeout=10)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    async with door.line() as line:
        await line.send_str(door.event())
        assert (await door.screen.next_event()).choice == "continue"


async def test_a_line_ends_with_the_screen(door: Door) -> None:
    async with door.line() as line:
        assert (await door.screen.health("quick")).facts["browsers"] == "1"
        _closed, message = await asyncio.gather(door.screen.close(), line.receive(timeout=10))
        assert message.type is aiohttp.WSMsgType.CLOSE


@pytest.mark.shows("ASVS V3", "ASVS V4")
async def test_a_foreign_socket_gets_no_line(door: Door) -> None:
    for headers in ({"Origin": "https://evil.example"}, {}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await door.http.ws_connect(f"{door.origin}/line", headers=headers)
        assert caught.value.status == 403
    async with aiohttp.ClientSession() as stranger:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await stranger.ws_connect(f"{door.origin}/line", headers={"Origin": door.origin})
        assert caught.value.status == 403
    async with door.http.get(f"{door.origin}/line", headers={"Origin": door.origin}) as response:
        assert response.status == 400


@pytest.mark.shows("ASVS V3", "ASVS V8")
async def test_a_foreign_or_replayed_socket_gets_no_picture(door: Door) -> None:
    slot = NewestFrame()
    slot.put(np.zeros((90, 160, 3), np.uint8), "bgr24", 0.0)
    door.screen.set_video("own", slot)
    for headers in ({"Origin": "https://evil.example"}, {}):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await door.http.ws_connect(f"{door.origin}/video/own", headers=headers)
        assert caught.value.status == 403
    async with aiohttp.ClientSession() as stranger:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await stranger.ws_connect(f"{door.origin}/video/own", headers={"Origin": door.origin})
        assert caught.value.status == 403
    async with door.http.ws_connect(f"{door.origin}/video/own", headers={"Origin": door.origin}) as socket:
        await socket.send_str("160x90")
        async with asyncio.timeout(10):
            assert (await socket.receive()).type is aiohttp.WSMsgType.BINARY
        await socket.send_str("x" * 1000)
        async with asyncio.timeout(10):
            while (message := await socket.receive()).type is aiohttp.WSMsgType.BINARY:
                pass
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_nothing_that_was_refused_is_lost_or_let_in(door: Door) -> None:
    for body in ("{", door.event(choice="no"), door.event(page="another")):
        await door.send(body)
    status, _said = await door.send(door.event(values={"complaint": "Ho"}))
    assert status == 200
    event = await door.screen.next_event()
    assert event.values == {"complaint": "Ho"}
