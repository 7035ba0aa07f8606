"""Requests that are two, paths that climb, JSON that lies deep, words that are markup: none comes to anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from support.golden_pages import golden_pages, view_of
from yarl import URL

from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.ui.pages import Fact, Option, Tell
from tramkit_hal.words import verbatim

MARKUP = "<script>document.title='taken'</script><img src=x onerror=alert(1)>\"'&"


@dataclass
class Shown:
    """A screen, and the browser that it lets in."""

    screen: WebScreen
    address: URL
    cookie: str

    async def ask(self, text: str) -> bytes:
        """Say something over a plain socket; return all that is answered until the other side has nothing to say."""
        reader, writer = await asyncio.open_connection(self.address.host, self.address.port)
        host = f"{self.address.host}:{self.address.port}"
        writer.write(text.replace("HOST", host).replace("COOKIE", self.cookie).encode())
        said = b""
        try:
            async with asyncio.timeout(20):
                while more := await reader.read(65536):
                    said += more
        except (TimeoutError, ConnectionError):
            pass
        writer.close()
        return said


@pytest.fixture
async def shown() -> AsyncIterator[Shown]:
    screen = WebScreen(WebScreen.Settings(port=0), DeviceContext(Role.SCREEN))
    await screen.open()
    await screen.show(view_of(golden_pages()["ask_text"]))
    address = URL(screen.addresses["station"])
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http, http.get(address) as answer:
        assert answer.status == 200
        cookie = "; ".join(f"{each.key}={each.value}" for each in http.cookie_jar)
    yield Shown(screen, address, cookie)
    await screen.close()


SECOND = "GET / HTTP/1.1\r\nHost: HOST\r\nCookie: COOKIE\r\n\r\n"
HEAD = (
    "POST /event HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nCookie: COOKIE\r\nContent-Type: application/json\r\n"
)
TWO = {
    "both lengths": HEAD + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
    "two lengths": HEAD + f"Content-Length: 0\r\nContent-Length: {len(SECOND)}\r\n\r\n" + SECOND,
    "a length that is none": HEAD + "Content-Length: +4\r\n\r\n{}{}" + SECOND,
    "a chunk that is none": HEAD + "Transfer-Encoding: chunked\r\n\r\n-1\r\n" + SECOND,
    "an unknown coding": HEAD + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SECOND,
    "a folded header": HEAD + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SECOND,
    "a space before the colon": HEAD + "Content-Length : 4\r\n\r\n{}{}" + SECOND,
    "a line that ends in CR alone": HEAD + "X: a\rContent-Length: 4\r\n\r\n{}{}" + SECOND,
}


@pytest.mark.parametrize("kind", TWO)
@pytest.mark.shows("ASVS V4", "EN 5.13")
async def test_one_request_is_one_request(kind: str, shown: Shown) -> None:
    said = await shown.ask(TWO[kind])
    assert b"HTTP/1.1 200" not in said.split(b"\r\n\r\n", 1)[0], said[:200]
    assert said.count(b"<main") == 0, "what hides in the first request was answered"


PATHS = [
    "/../../../../etc/passwd",
    "/static/../../../../etc/passwd",
    "/static/..%2f..%2f..%2f..%2fetc/passwd",
    "/static/%2e%2e/%2e%2e/screen.py",
    "/static/....//....//etc/passwd",
    "/static//etc/passwd",
    "/static/%5c..%5c..%5cetc%5cpasswd",
    "/static/screen.css%00.py",
    "/static/",
    "/templates/view.html",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.shows("ASVS V5", "ASVS V8")
async def test_no_path_leads_out(path: str, shown: Shown) -> None:
    said = await shown.ask(f"GET {path} HTTP/1.1\r\nHost: HOST\r\nCookie: COOKIE\r\nConnection: close\r\n\r\n")
    assert said.split(b" ", 2)[1] in (b"400", b"403", b"404"), said[:200]
    assert b"root:" not in said
    assert b"import " not in said


@pytest.mark.parametrize("depth", [1_000, 20_000, 200_000])
@pytest.mark.shows("ASVS V2", "EN 5.9", "EN 5.13")
async def test_json_that_lies_deep_is_the_senders_mistake(depth: int, shown: Shown) -> None:
    body = "[" * depth + "]" * depth
    said = await shown.ask(HEAD + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n" + body)
    assert said.split(b" ", 2)[1] in (b"400", b"413"), said[:200]
    assert b"200 OK" in await shown.ask("GET / HTTP/1.1\r\nHost: HOST\r\nCookie: COOKIE\r\nConnection: close\r\n\r\n")


@pytest.mark.shows("ASVS V1", "ASVS V3")
async def test_what_a_service_says_is_never_markup_on_the_screen(shown: Shown) -> None:
    words = verbatim(MARKUP)
    page = Tell(
        id="told",
        title=words,
        body=(words,),
        facts=(Fact(label=words, value=words),),
        options=(Option(value="a", label=words, hint=words),),
        action=words,
    )
    await shown.screen.show(view_of(page))
    said = await shown.ask("GET / HTTP/1.1\r\nHost: HOST\r\nCookie: COOKIE\r\nConnection: close\r\n\r\n")
    assert b"&lt;script&gt;document" in said
    assert b"<script>document" not in said
    assert b"<img src=x" not in said
