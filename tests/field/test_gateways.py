"""A gateway that answers too much, too deep, or nonsense costs its own service one answer and nothing else."""

from __future__ import annotations

import asyncio
import gzip
import json
import resource
import zlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from tramkit import Gateway, GatewayError
from tramkit.bounded_json import MAX_BYTES, MAX_DEPTH, loads
from tramkit_identity.provider import Provider, ProviderError


class Outside:
    """An outside system that answers what it is told to."""

    def __init__(self) -> None:
        self.body = b"{}"
        self.coding = ""
        self.address = ""

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _answer(self, _request: web.Request) -> web.Response:
        headers = {"Content-Type": "application/json"} | ({"Content-Encoding": self.coding} if self.coding else {})
        return web.Response(body=self.body, headers=headers)


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    found = Outside()
    await found.start()
    yield found
    await found.stop()


def bomb(megabytes: int) -> bytes:
    """Return a gzip that unpacks to a JSON text of so much."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    parts = [packer.compress(b'{"a": "')]
    parts += [packer.compress(b" " * 1024 * 1024) for _each in range(megabytes)]
    return b"".join([*parts, packer.compress(b'"}'), packer.flush()])


def deep(depth: int) -> bytes:
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize("coding", ["", "gzip", "deflate", "identity"])
async def test_an_ordinary_answer_is_read_however_it_is_packed(outside: Outside, coding: str) -> None:
    body = json.dumps({"status": "ACCEPTED", "name": "Điện lực" * 1000}).encode()
    outside.body = {"gzip": gzip.compress, "deflate": zlib.compress}.get(coding, bytes)(body)
    outside.coding = coding
    status, told = await Gateway(outside.address, "the biller").ask("GET", "/")
    assert (status, told["status"]) == (200, "ACCEPTED")


@pytest.mark.shows("ASVS V2", "EN 5.9")
async def test_a_small_answer_that_unpacks_to_400_megabytes_costs_neither_memory_nor_time(outside: Outside) -> None:
    outside.body, outside.coding = bomb(400), "gzip"
    assert len(outside.body) < 500_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    late = 0.0
    loop = asyncio.get_running_loop()

    async def watch() -> None:
        nonlocal late
        while True:
            began = loop.time()
            await asyncio.sleep(0.01)
            late = max(late, loop.time() - began)

    watching = asyncio.create_task(watch())
    try:
        with pytest.raises(GatewayError):
            await Gateway(outside.address, "the biller").ask("GET", "/")
    finally:
        watching.cancel()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 40 * 1024, f"{grown} KiB"
    assert late < 2, f"the loop stood still for {late:.1f} s"


TOO_MUCH: dict[str, tuple[bytes, str]] = {
    "a long text": (b'{"a": "' + b"x" * (MAX_BYTES + 1) + b'"}', ""),
    "100,000 deep": (deep(100_000), ""),
    "100,000 lists": (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", ""),
    "deep and packed": (gzip.compress(deep(100_000)), "gzip"),
    "deep and cut off": (b"[" * 100_000, ""),
    "a little too deep": (deep(MAX_DEPTH + 1), ""),
    "packed twice": (gzip.compress(gzip.compress(b"{}")), "gzip"),
    "packed as nobody asked": (b"{}", "br"),
    "two codings": (gzip.compress(b"{}"), "gzip, gzip"),
    "not packed though it says so": (b"{}", "gzip"),
    "packed and cut off": (gzip.compress(b'{"a": 1}' + b" " * 5000)[:20], "gzip"),
    "deep, in another form of Unicode": (
        ('{"a": "\u0122", "b": ' + "[" * 100_000 + "]" * 100_000 + "}").encode("utf-16-le"),
        "",
    ),
    "half of a character": (b'{"a": "\\ud83d"}', ""),
    "half of a character as a name": (b'{"\\uDE00": 1}', ""),
    "no number": (b'{"a": NaN}', ""),
    "an infinity": (b'{"a": -Infinity}', ""),
    "a number without end": (b'{"a": 1e999}', ""),
    "no object": (b"[]", ""),
    "no JSON": (b"<html>", ""),
    "nothing": (b"", ""),
    "no UTF-8": (b'{"a": "\xff"}', ""),
    "a number of 10,000 digits": (b'{"a": ' + b"9" * 10_000 + b"}", ""),
}


@pytest.mark.parametrize("case", list(TOO_MUCH))
@pytest.mark.shows("ASVS V1", "EN 5.13")
async def test_an_answer_that_is_too_much_or_none_is_a_trouble_of_the_gateway(outside: Outside, case: str) -> None:
    outside.body, outside.coding = TOO_MUCH[case]
    with pytest.raises(GatewayError):
        await Gateway(outside.address, "the biller").ask("GET", "/")
    with pytest.raises(ProviderError):
        await Provider(outside.address, "client").discover()


def test_depth_is_counted_outside_of_texts_only() -> None:
    assert loads(b'{"a": "[[[[\\"[[[' + b"[" * 500 + b'"}') == {"a": '[[[["[[[' + "[" * 500}
    assert loads(deep(MAX_DEPTH))
    assert loads(b'\xef\xbb\xbf{"a": "\\ud83d\\ude00", "b": -1.5e3}') == {"a": "😀", "b": -1500.0}
    assert loads(b"[" + b"[]," * 5000 + b"[]]") == [[]] * 5001
