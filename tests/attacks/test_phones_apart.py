"""What phones speak to is a process of its own: whoever takes it over has nothing, and the station goes on."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
from support import papers

from tramkit.confinement import confine
from tramkit.papers.face_process import FaceProcess
from tramkit.papers.link import Link, LinkEvent
from tramkit.papers.place import Place
from tramkit.papers.server import Uploads
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import bilingual

WHAT = bilingual(vi="Giấy tờ chỗ ở", en="Proof of dwelling")
pytestmark = pytest.mark.skipif(bool(confine.why_not()), reason=f"this machine cannot confine: {confine.why_not()}")


@pytest.fixture
async def uploads() -> AsyncIterator[Uploads]:
    server = Uploads("127.0.0.1", 0, SystemClock(), apart=True)
    await server.start()
    yield server
    await server.stop()


@contextlib.asynccontextmanager
async def phone() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def next_event(link: Link, kind: str) -> LinkEvent:
    async with asyncio.timeout(20):
        while (event := await link.events.get()).kind != kind:
            pass
    return event


def form(*files: bytes) -> aiohttp.FormData:
    data = aiohttp.FormData()
    for number, each in enumerate(files):
        data.add_field("files", io.BytesIO(each), filename=f"{number}.jpg")
    return data


def process_of(uploads: Uploads) -> int:
    """Return the process that serves: the last of those that one has begun."""
    face = uploads._face
    assert isinstance(face, FaceProcess)
    pid = face.pid
    while found := Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        pid = int(found[0])
    return pid


@pytest.mark.shows("ASVS V13", "ASVS V15", "EN 5.6")
async def test_a_phone_sends_through_a_process_of_its_own(uploads: Uploads) -> None:
    with uploads.link(WHAT, 3, "vi") as link:
        async with phone() as mine:
            async with mine.get(link.address) as page:
                assert "Giấy tờ chỗ ở" in await page.text()
            async with mine.post(link.address, data=form(b"no paper")) as answer:
                assert answer.status == 400
            assert (await next_event(link, "refused")).problems[0].value == "unknown"
            async with mine.post(link.address, data=form(papers.photo(), papers.pdf())) as answer:
                assert answer.status == 200
            arrived = await next_event(link, "arrived")
            assert [(each.type, each.pages) for each in arrived.files] == [("image/jpeg", 1), ("application/pdf", 2)]
            assert arrived.files[0].data.startswith(b"\xff\xd8")
            assert (await mine.post(link.address, data=form(papers.photo()))).status == 410


@pytest.mark.shows("ASVS V13", "ASVS V15", "EN 5.6")
async def test_the_process_that_hears_strangers_has_nothing_of_the_stations(uploads: Uploads) -> None:
    with uploads.link(WHAT, 1, "vi") as link:
        async with phone() as mine:
            assert (await mine.get(link.address)).status == 200
        await asyncio.to_thread(has_nothing, process_of(uploads))


def has_nothing(pid: int) -> None:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status
    if os.geteuid():  # not dumpable: who is not root cannot even look
        with pytest.raises(PermissionError):
            Path(f"/proc/{pid}/environ").read_bytes()
        return
    for each in ("net", "pid", "mnt", "ipc"):
        assert os.readlink(f"/proc/{pid}/ns/{each}") != os.readlink(f"/proc/self/ns/{each}"), each
    assert not (Path(f"/proc/{pid}/root") / Path(__file__).relative_to("/")).exists()
    assert not Path(f"/proc/{pid}/root/etc/passwd").exists()
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert {each.partition(b"=")[0] for each in environment if each} <= {b"LANG", b"PWD", b"PATH", b"LC_CTYPE"}


PROBE = """
import json, socket, subprocess, sys
sys.path[:0] = PATH
from tramkit.confinement import confine
listening = socket.socket(fileno=int(sys.argv[1]))
confine.lock_process(accepts=True)
found = {}
def tries(name, what):
    try: what(); found[name] = "done"
    except BaseException as error: found[name] = type(error).__name__
tries("make a socket", lambda: socket.socket())
tries("connect", lambda: listening.connect(("127.0.0.1", 9)))
tries("bind", lambda: listening.bind(("127.0.0.1", 0)))
tries("run a program", lambda: subprocess.run(["/usr/bin/id"]))
tries("write a file", lambda: open("/tmp/x", "w"))
tries("read a file", lambda: open(FILE).read())
listening.settimeout(10)
tries("take a caller", lambda: listening.accept()[0].sendall(b"here"))
print(json.dumps(found))
"""


@pytest.mark.shows("ASVS V13", "EN 5.6")
async def test_in_that_process_nothing_can_be_done_but_taking_callers(tmp_path: Path) -> None:
    secret = tmp_path / "station.key"
    secret.write_text("key", encoding="utf-8")
    program = PROBE.replace("FILE", repr(str(secret))).replace("PATH", repr(confine._paths()))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = listening.fileno()
        words = [*confine.command((), ()), sys.executable, "-I", "-B", "-c", program, str(number)]
        probe = await asyncio.create_subprocess_exec(*words, pass_fds=[number], stdout=asyncio.subprocess.PIPE)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        async with asyncio.timeout(30):
            assert await reader.read(4) == b"here"
            told, _nothing = await probe.communicate()
        writer.close()
    found = json.loads(told)
    assert found.pop("take a caller") == "done"
    assert "done" not in found.values(), found


@pytest.mark.shows("EN 5.9")
async def test_a_process_that_is_killed_begins_anew_and_the_link_stands(uploads: Uploads) -> None:
    with uploads.link(WHAT, 1, "vi") as link:
        async with phone() as mine:
            assert (await mine.get(link.address)).status == 200
            before = process_of(uploads)
            os.kill(before, signal.SIGKILL)
            async with asyncio.timeout(30):
                status = 0
                while status != 200:
                    with contextlib.suppress(aiohttp.ClientError):
                        status = (await mine.get(link.address)).status
            assert process_of(uploads) != before
            assert (await mine.post(f"{link.address}/begin")).status in (200, 403)


def _look(token: str, *sizes: int) -> tuple[dict[str, object], bytes]:
    return {"kind": "look", "token": token, "sizes": list(sizes)}, bytes(max(0, sum(sizes)))


LIES: dict[str, Callable[[str], tuple[dict[str, object], bytes]]] = {
    "something arrived": lambda token: ({"kind": "event", "token": token, "what": "arrived", "problems": []}, b""),
    "of another link": lambda _token: _look("another", 10),
    "more files than asked for": lambda token: _look(token, 1, 1, 1),
    "sizes that are none": lambda token: _look(token, -5, 10),
    "too much": lambda token: _look(token, 11 * 1024 * 1024),
    "no event": lambda token: ({"kind": "event", "token": token, "what": "moved", "problems": []}, b""),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.shows("ASVS V15")
async def test_what_that_process_only_says_is_not_believed(lie: str) -> None:
    face = FaceProcess(SystemClock(), "", 10 * 1024 * 1024, proxied=False)
    face.move(Place("http://127.0.0.1:1"))
    link = Link("", "token", WHAT, 1, 10 * 1024 * 1024, "vi", 1e9)
    face.offer(link)
    told, data = LIES[lie]("token")
    face._take(json.dumps(told).encode() + b"\n" + data)
    await asyncio.sleep(0)
    assert link.events.empty()
    assert not link.spent
    assert face._looking is None
