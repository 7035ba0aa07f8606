"""Strangers at the servers that anybody reaches: they hold connections, dribble headers, send no text, fill the log."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from desk.kit import Clinic

from tramkit.papers.listening import LATE_SECONDS
from tramkit.papers.server import Uploads
from tramkit_hal.device.clock import ManualClock, SystemClock
from tramkit_hal.ui import serving
from tramkit_hal.words import verbatim
from tramkit_payments.receiver import MAX_CONNECTIONS, Receiver, Secrets

Serve = Callable[[Path], "AsyncIterator[int]"]


@asynccontextmanager
async def uploads(_folder: Path) -> AsyncIterator[tuple[int, str]]:
    served = Uploads("127.0.0.1", 0, SystemClock())
    await served.start()
    try:
        with served.link(verbatim("paper"), 1, "en") as link:
            await until(lambda: _reached(port_of(link.address)))
            yield port_of(link.address), f"/{link.token}"
    finally:
        await served.stop()


@asynccontextmanager
async def uploads_apart(_folder: Path) -> AsyncIterator[tuple[int, str]]:
    served = Uploads("127.0.0.1", 0, SystemClock(), apart=True)
    await served.start()
    try:
        with served.link(verbatim("paper"), 1, "en") as link:
            async with aiohttp.ClientSession() as http, http.get(link.address) as page:  # it has begun
                assert page.status == 200
            yield port_of(link.address), f"/{link.token}"
    finally:
        await served.stop()


@asynccontextmanager
async def notices(folder: Path) -> AsyncIterator[tuple[int, str]]:
    secrets = Secrets(secrets={"sepay": "a" * 16}, station_key="k" * 20)
    app = Receiver(folder / "notices.sqlite", secrets).app
    runner = serving.FaceRunner(app, "notices", connections=MAX_CONNECTIONS, each=MAX_CONNECTIONS, seconds=10.0)
    await runner.setup()
    from aiohttp import web

    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1], "/notices/sepay"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def the_desk(folder: Path) -> AsyncIterator[tuple[int, str]]:
    async with Clinic(folder / "desk") as clinic:
        yield port_of(clinic.address), "/sign-in"


FACES = {"uploads": uploads, "uploads apart": uploads_apart, "notices": notices, "desk": the_desk}
IN_THIS_PROCESS = [each for each in FACES if each != "uploads apart"]


def port_of(address: str) -> int:
    return int(address.split("/")[2].rpartition(":")[2])


async def _reached(port: int) -> bool:
    try:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await true():
            await asyncio.sleep(0.02)


async def closed(reader: asyncio.StreamReader, seconds: float) -> bool:
    """Whether the other side ends a connection in time, whatever it says before."""
    try:
        async with asyncio.timeout(seconds):
            while await reader.read(4096):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("face", FACES)
@pytest.mark.shows("ASVS V13", "EN 5.6")
async def test_silent_connections_are_so_many_and_no_more(face: str, tmp_path: Path) -> None:
    async with FACES[face](tmp_path) as (port, _path), AsyncExitStack() as stack:
        held: list[asyncio.StreamReader] = []
        for _ in range(300):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            held.append(reader)
        ended = await asyncio.gather(*(closed(reader, 1.0) for reader in held))
        assert 300 - sum(ended) <= 200


@pytest.mark.parametrize("face", IN_THIS_PROCESS)
@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "], ids=["silent", "half a header"])
@pytest.mark.shows("ASVS V4", "EN 5.9")
async def test_a_header_that_does_not_come_ends_the_connection_in_ten_seconds(
    face: str, head: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert serving.HEADER_SECONDS == 10
    monkeypatch.setattr(serving, "HEADER_SECONDS", 1.0)  # the same rule, ten times as fast
    async with FACES[face](tmp_path) as (port, _path):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        started = time.monotonic()

        async def dribble() -> None:
            writer.write(head)
            while True:
                await asyncio.sleep(0.1)
                if head:
                    writer.write(b"x")

        task = asyncio.create_task(dribble())
        assert await closed(reader, 5.0)
        task.cancel()
        writer.close()
        assert time.monotonic() - started < 4


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize(
    "request_",
    [
        b"GET /\xff\xfe HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET PATH HTTP/1.1\r\nHost: HOST\r\nCookie: tramkit_desk=\xff\xfe; a=\xed\xa0\x80\r\n\r\n",
        b"GET PATH HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer \xff\r\n\r\n",
        b"GET PATH?lang=%ED%A0%80 HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"POST PATH HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nContent-Length: 6\r\n"
        b"Content-Type: application/x-www-form-urlencoded; charset=no-such\r\n\r\nname=a",
        b"POST PATH HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nContent-Length: 9\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nname=\xff\xfe\xed\xa0",
    ],
    ids=["path", "cookie", "authorization", "query", "charset", "form"],
)
@pytest.mark.shows("ASVS V1", "ASVS V4", "EN 5.13")
async def test_bytes_that_are_no_text_are_the_senders_mistake(face: str, request_: bytes, tmp_path: Path) -> None:
    async with FACES[face](tmp_path) as (port, path):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        host = f"127.0.0.1:{port}".encode()
        writer.write(request_.replace(b"HOST", host).replace(b"PATH", path.encode()))
        async with asyncio.timeout(10):
            line = await reader.readline()
        writer.close()
        assert 200 <= int(line.split()[1]) < 500, line


@pytest.mark.shows("ASVS V16")
async def test_bad_requests_write_few_lines(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with uploads(tmp_path) as (port, _path):
            for n in range(200):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"\x16\x03\x01 no http at all\r\n\r\n" if n % 2 else b"GET / HTTP/9.9\r\n\r\n")
                await closed(reader, 5.0)
                writer.close()
    said = sum(len(record.getMessage()) + 200 for record in caplog.records if record.levelno >= logging.INFO)
    print(f"200 bad requests: {said} bytes of log")
    assert len([record for record in caplog.records if record.levelno >= logging.INFO]) < 60


@pytest.mark.shows("EN 5.6")
async def test_uploads_listen_only_while_a_link_is_open_and_a_little_longer(tmp_path: Path) -> None:
    clock = ManualClock()
    served = Uploads("127.0.0.1", 0, clock)
    await served.start()
    port = port_of(served.address + "/")
    try:
        assert not await _reached(port)
        with served.link(verbatim("paper"), 1, "en") as link:
            assert port_of(link.address) == port
            await until(lambda: _reached(port))
        assert await _reached(port)
        async with asyncio.timeout(20):
            while await _reached(port):
                await clock.advance(LATE_SECONDS / 4)
                await asyncio.sleep(0.01)
        with served.link(verbatim("paper"), 1, "en"):
            await until(lambda: _reached(port))
    finally:
        await served.stop()


@pytest.mark.shows("ASVS V5")
async def test_endless_empty_parts_are_cut_off(tmp_path: Path) -> None:
    async with uploads(tmp_path) as (port, path), aiohttp.ClientSession() as http:
        base = f"http://127.0.0.1:{port}"
        async with http.get(base + path) as page:
            assert page.status == 200
            cookies = {name: morsel.value for name, morsel in page.cookies.items()}
        sent = 0

        async def parts() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(20_000):
                sent += 1
                yield b'--B\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n\r\n'
            yield b"--B--\r\n"

        started = time.monotonic()
        headers = {"Content-Type": "multipart/form-data; boundary=B", "Origin": base}
        try:
            async with http.post(base + path, data=parts(), headers=headers, cookies=cookies) as answer:
                assert answer.status in (400, 413)
        except aiohttp.ClientError:
            pass  # it was cut off before all was sent
        took = time.monotonic() - started
        print(f"{sent} empty parts: {took:.2f} s")
        assert took < 10
