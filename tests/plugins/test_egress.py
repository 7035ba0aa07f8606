"""The way out that a plugin is granted: declared endpoints only, bounded, with its secrets added outside."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tramkit.host.egress import HttpRequest
from tramkit.host.gateway_error import GatewayError
from tramkit.plugins.egress import PluginEgress, origin_of

SECRET, REFERENCE = "s3cret-of-the-water-works", "{secret:key}"


@asynccontextmanager
async def outside() -> AsyncGenerator[tuple[str, list[str]]]:
    """An outside system; what it was told as its authorization."""
    told: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        told.append(request.headers.get("Authorization", ""))
        if request.path == "/elsewhere":
            raise web.HTTPFound("http://192.0.2.1/")
        return web.Response(body=b"x" * (200_000 if request.path == "/long" else 5))

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("/")), told
    finally:
        await server.close()


def asks(url: str, **more: object) -> HttpRequest:
    return HttpRequest.model_validate(
        {"method": "GET", "url": url, "headers": {"Authorization": f"Bearer {REFERENCE}"}, **more}
    )


@pytest.mark.shows("ASVS V13", "EN 5.4")
async def test_a_secret_goes_to_the_address_beside_it_and_nowhere_else() -> None:
    async with outside() as (home, at_home), outside() as (other, elsewhere):
        granted = frozenset((origin_of(home), origin_of(other)))
        egress = PluginEgress("water", granted, {REFERENCE: SECRET}, frozenset((origin_of(home),)))
        assert (await egress.http(asks(home))).status == 200
        assert (await egress.http(asks(other))).status == 200
    assert at_home == [f"Bearer {SECRET}"]
    assert elsewhere == [f"Bearer {REFERENCE}"]


@pytest.mark.shows("ASVS V8", "ASVS V15")
async def test_what_was_not_granted_is_not_asked_and_the_log_names_the_plugin(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    async with outside() as (home, told):
        egress = PluginEgress("water", frozenset(("https://bills.example.vn:443",)))
        for address in (home, home.replace("127.0.0.1", "localhost"), home.replace("http", "HTTP", 1)):
            with pytest.raises(ValueError, match="may not ask there"):
                await egress.http(asks(address))
    assert told == []
    assert {record.__dict__["plugin"] for record in caplog.records} == {"water"}


@pytest.mark.parametrize(
    "address", ["ftp://bills.example.vn/", "file:///etc/passwd", "unix:/run/x", "//x/", "http:///x"]
)
@pytest.mark.shows("ASVS V15")
async def test_what_is_no_address_of_http_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        await PluginEgress("water", None).http(asks(address))


@pytest.mark.shows("ASVS V12", "EN 5.5")
async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with outside() as (home, told):
        answer = await PluginEgress("water", frozenset((origin_of(home),))).http(asks(f"{home}elsewhere"))
    assert (answer.status, answer.headers["location"], len(told)) == (302, "http://192.0.2.1/", 1)


async def test_an_answer_that_is_too_long_is_none() -> None:
    async with outside() as (home, _told):
        egress = PluginEgress("water", frozenset((origin_of(home),)))
        with pytest.raises(GatewayError):
            await egress.http(asks(f"{home}long", max_bytes=100_000))
        assert len((await egress.http(asks(f"{home}long", max_bytes=200_000))).body) == 200_000
