"""The network comes late and changes, addresses are written in many ways, and links are looked at by machines."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from support import field_papers as field
from support import papers

from tramkit import Messages, Service, Visit, verbatim
from tramkit.papers.link import Link
from tramkit.papers.listening import FOLLOW_SECONDS
from tramkit.papers.server import Uploads
from tramkit.testing.station import station
from tramkit_hal.device.clock import ManualClock, SystemClock
from tramkit_hal.ui.pages import Capture
from tramkit_hal.words import bilingual

_ = Messages("tests")
WHAT = bilingual(vi="Giấy tờ chỗ ở", en="Proof of dwelling")


class Network:
    """A network that comes and goes.

    :ivar at: the machine's address in it; empty: there is none.
    """

    def __init__(self, at: str = "") -> None:
        self.at = at

    def __call__(self) -> str:
        if not self.at:
            raise OSError("unreachable")
        return self.at


@contextlib.asynccontextmanager
async def uploads(network: Network, clock: ManualClock, **more: object) -> AsyncGenerator[Uploads]:
    server = Uploads("auto", 0, clock, find=network, **more)  # type: ignore[arg-type]
    with contextlib.suppress(OSError):
        await server.start()
    try:
        yield server
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def phone() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


def kinds(link: Link) -> list[str]:
    found: list[str] = []
    while not link.events.empty():
        found.append(link.events.get_nowait().kind)
    return found


async def send(mine: aiohttp.ClientSession, address: str) -> int:
    form = aiohttp.FormData()
    form.add_field("files", io.BytesIO(papers.photo(width=300, height=400)), filename="a.jpg")
    async with mine.post(address, data=form) as answer:
        return answer.status


async def at(clock: ManualClock, server: Uploads, address: str) -> None:
    """Let time go by until the server is to be found at an address; empty: at none."""
    async with asyncio.timeout(20):
        while not (server.address.startswith(f"http://{address}:") if address else not server.address):
            await clock.advance(FOLLOW_SECONDS)
            await asyncio.sleep(0)


# ── the network ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_network_that_comes_after_the_station_is_used_without_a_restart() -> None:
    network, clock = Network(), ManualClock()
    async with uploads(network, clock) as server, phone() as mine:
        assert server.address == ""
        assert server.trouble
        network.at = "127.0.0.2"
        await at(clock, server, "127.0.0.2")
        assert server.address.startswith("http://127.0.0.2:")
        assert server.trouble == ""
        with server.link(WHAT, 1, "vi") as link:
            assert (await mine.get(link.address)).status == 200


ALONE = """
ip link set lo up
python=$1
own() { "$python" -c 'from tramkit.papers.place import own_address
try: print(own_address())
except OSError: print("none")'; }
own
ip link add hall type veth peer name phones
ip address add 192.168.7.20/24 dev hall
own
ip link set hall up
ip link set phones up
own
ip address del 192.168.7.20/24 dev hall
ip address add 10.20.30.40/16 dev hall
own
ip route add default via 10.20.0.1
own
ip link set phones down
ip route del default
own
"""


def test_a_network_without_a_way_out_is_a_network(tmp_path: Path) -> None:
    """In a network namespace of its own: nothing, a line that is down, up, another address, a router, unplugged."""
    alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*alone, "ip", "link", "add", "hall", "type", "veth"], check=False).returncode:
        pytest.skip("nobody may make a network here")
    done = subprocess.run(
        [*alone, "sh", "-euc", ALONE, "sh", sys.executable], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == ["none", "none", "192.168.7.20", "10.20.30.40", "10.20.30.40", "none"]


async def test_another_address_by_dhcp_is_followed_and_a_link_that_is_shown_moves_along() -> None:
    network, clock = Network("127.0.0.2"), ManualClock()
    async with uploads(network, clock) as server, phone() as mine:
        with server.link(WHAT, 1, "vi") as link:
            before = link.address
            network.at = "127.0.0.3"
            await at(clock, server, "127.0.0.3")
            assert link.address.startswith("http://127.0.0.3:")
            assert link.address.rsplit("/", 1)[1] == before.rsplit("/", 1)[1]
            assert kinds(link)[-1] == "moved"
            assert (await mine.get(link.address)).status == 200
            with pytest.raises(aiohttp.ClientConnectionError):
                await mine.get(before)


async def test_a_network_that_goes_and_comes_back_is_the_same_again() -> None:
    network, clock = Network("127.0.0.2"), ManualClock()
    async with uploads(network, clock) as server, phone() as mine:
        network.at = ""
        await at(clock, server, "")
        assert server.address == ""
        network.at = "127.0.0.2"
        await at(clock, server, "127.0.0.2")
        with server.link(WHAT, 1, "vi") as link:
            assert (await mine.get(link.address)).status == 200


async def test_a_port_that_is_taken_is_tried_again_until_it_is_free() -> None:
    clock = ManualClock()
    other = await asyncio.start_server(lambda _r, writer: writer.close(), "127.0.0.4", 0)
    port = other.sockets[0].getsockname()[1]
    server = Uploads("127.0.0.4", port, clock)
    with pytest.raises(OSError, match="in use"):
        await server.start()
    assert server.address == ""
    other.close()
    await other.wait_closed()
    await at(clock, server, "127.0.0.4")
    assert server.address == f"http://127.0.0.4:{port}"
    await server.stop()


async def test_an_address_of_ipv6_is_followed_too() -> None:
    network, clock = Network("127.0.0.2"), ManualClock()
    async with uploads(network, clock) as server, phone() as mine:
        network.at = "::1"
        await at(clock, server, "[::1]")
        with server.link(WHAT, 1, "vi") as link:
            assert link.address.startswith("http://[::1]:")
            assert (await mine.get(link.address)).status == 200


async def test_without_a_network_a_browser_on_the_machine_is_served_only_where_that_is_wanted() -> None:
    clock = ManualClock()
    async with uploads(Network(), clock) as server:
        assert server.address == ""
    network = Network()
    async with uploads(network, clock, loopback=True) as server:
        assert server.address.startswith("http://127.0.0.1:")
        network.at = "127.0.0.2"
        await at(clock, server, "127.0.0.2")
        assert server.address.startswith("http://127.0.0.2:")


class Asking(Service):
    """Asks for a paper."""

    id = "test.asking"
    title = _("Asking")

    async def serve(self, visit: Visit) -> None:
        await visit.papers(_("Lease"), name="lease", most=1)
        await visit.done(verbatim("Done"))


async def test_the_code_on_the_screen_becomes_the_one_of_the_new_network() -> None:
    network, clock = Network("127.0.0.2"), ManualClock()
    async with uploads(network, clock) as server, station([Asking()], clock=clock, uploads=server) as site:
        await site.menu()
        site.screen.answer("test.asking")
        await site.page("choose", "Lease")
        site.screen.answer("phone")
        await site.screen.until(lambda page: isinstance(page, Capture) and "127.0.0.2" in "".join(page.codes))
        network.at = ""
        await at(clock, server, "")
        gone = await site.screen.until(lambda page: any("no network" in text.id for text in page.body))
        assert gone.codes == ()  # type: ignore[union-attr]
        network.at = "127.0.0.3"
        await at(clock, server, "127.0.0.3")
        await site.screen.until(lambda page: isinstance(page, Capture) and "127.0.0.3" in "".join(page.codes))


async def test_a_phone_is_not_offered_while_nobody_could_reach_the_station() -> None:
    network, clock = Network(), ManualClock()
    async with uploads(network, clock) as server, station([Asking()], clock=clock, uploads=server) as site:
        await site.menu()
        site.screen.answer("test.asking")
        await site.page("done")


# ── how an address is written ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def port() -> int:
    """A port that is free."""
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    found = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return int(found)


SAME = [
    ("http://tram1.phuong.vn", "tram1.phuong.vn"),
    ("http://tram1.phuong.vn", "tram1.phuong.vn:80"),
    ("http://tram1.phuong.vn:80", "tram1.phuong.vn"),
    ("https://Tram1.Phuong.VN", "tram1.phuong.vn"),
    ("https://tram1.phuong.vn", "TRAM1.phuong.vn:443"),
    ("HTTPS://tram1.phuong.vn:443/", "tram1.phuong.vn"),
    ("http://tram1.phuong.vn", "tram1.phuong.vn."),
    ("http://[2001:DB8:0:0::1]", "[2001:db8::1]"),
    ("http://192.0.2.10:80", "192.0.2.10"),
    ("https://trạm.vn", "trạm.vn".encode("idna").decode()),
]
OTHER = [
    ("http://tram1.phuong.vn", "tram2.phuong.vn"),
    ("http://tram1.phuong.vn", "tram1.phuong.vn:8080"),
    ("http://tram1.phuong.vn", "tram1.phuong.vn:443"),
    ("https://tram1.phuong.vn", "tram1.phuong.vn:80"),
    ("http://tram1.phuong.vn", "tram1.phuong.vn.example.invalid"),
    ("http://tram1.phuong.vn", "x@tram1.phuong.vn"),
    ("http://tram1.phuong.vn", "tram1.phuong.vn:"),
    ("http://tram1.phuong.vn", "tram1.phuong.vn/x"),
]


async def get(port: int, path: str, host: str, *more: str) -> int:
    """Ask over a plain socket, with a Host as it stands here; return the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *more, "", ""]
    writer.write("\r\n".join(lines).encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


@pytest.mark.parametrize(("address", "host"), SAME)
async def test_case_default_port_and_form_of_a_name_do_not_matter(port: int, address: str, host: str) -> None:
    server = Uploads("127.0.0.1", port, SystemClock(), address=address)
    await server.start()
    try:
        with server.link(WHAT, 1, "vi") as link:
            assert await get(port, f"/{link.token}", host) == 200
    finally:
        await server.stop()


@pytest.mark.parametrize(("address", "host"), OTHER)
@pytest.mark.shows("ASVS V3", "ASVS V4")
async def test_another_name_is_another_name(port: int, address: str, host: str) -> None:
    server = Uploads("127.0.0.1", port, SystemClock(), address=address)
    await server.start()
    try:
        with server.link(WHAT, 1, "vi") as link:
            expected = 200 if host == "tram1.phuong.vn:" else 403  # RFC 3986, 6.2.3: an empty port is the default one
            assert await get(port, f"/{link.token}", host) in (expected, 400)
            assert await get(port, f"/{link.token}", "tram1.phuong.vn", "Host: other.example.invalid") in (400, 403)
    finally:
        await server.stop()


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://tram1.phuong.vn", 303),
        ("http://TRAM1.phuong.vn", 303),
        ("http://tram1.phuong.vn:80", 303),
        ("https://tram1.phuong.vn", 403),
        ("http://tram1.phuong.vn:81", 403),
        ("null", 403),
        ("http://tram1.phuong.vn.example.invalid", 403),
    ],
)
@pytest.mark.shows("ASVS V3")
async def test_a_form_is_taken_from_the_own_origin_only_however_it_is_written(
    port: int, origin: str, status: int
) -> None:
    server = Uploads("127.0.0.1", port, SystemClock(), address="http://Tram1.Phuong.vn:80")
    await server.start()
    try:
        with server.link(WHAT, 1, "vi") as link:
            async with phone() as mine:
                headers = {"Host": "tram1.phuong.vn"}
                at = f"http://127.0.0.1:{port}/{link.token}"
                await mine.get(at, headers=headers)
                headers["Origin"] = origin
                async with mine.post(f"{at}/begin", headers=headers, allow_redirects=False) as answer:
                    assert answer.status == status
    finally:
        await server.stop()


# ── who opens a link ──────────────────────────────────────────────────────────────────────────────────────────

PREVIEWS = [
    "TelegramBot (like TwitterBot)",
    "facebookexternalhit/1.1",
    "WhatsApp/2.23.20.0",
    "Mozilla/5.0 (compatible; ZaloPreview/1.0)",
    "Viber/13.3",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15",  # one that says nothing
]


@pytest.mark.parametrize("agent", PREVIEWS)
async def test_whoever_only_looks_takes_the_link_from_nobody(agent: str) -> None:
    clock = ManualClock()
    async with uploads(Network("127.0.0.2"), clock) as server:
        with server.link(WHAT, 1, "vi") as link:
            async with phone() as machine, phone() as mine:
                for _time in range(2):
                    assert (await machine.get(link.address, headers={"User-Agent": agent})).status == 200
                assert kinds(link) == []
                assert (await mine.get(link.address)).status == 200
                assert (await mine.post(f"{link.address}/begin")).status == 200
                assert kinds(link) == ["opened"]
                assert await send(mine, link.address) == 200
                assert kinds(link) == ["sending", "arrived"]


@pytest.mark.shows("ASVS V8")
async def test_who_presses_the_button_first_has_the_link_and_nobody_else() -> None:
    async with uploads(Network("127.0.0.2"), ManualClock()) as server:
        with server.link(WHAT, 1, "vi") as link:
            async with phone() as mine, phone() as other, phone() as third:
                for each in (mine, other):
                    assert (await each.get(link.address)).status == 200
                assert (await mine.post(f"{link.address}/begin")).status == 200
                assert (await other.post(f"{link.address}/begin")).status == 403
                assert await send(other, link.address) == 403
                assert (await third.get(link.address)).status == 403
                assert (await mine.post(f"{link.address}/begin")).status == 200  # pressed twice
                assert kinds(link) == ["opened", "stranger", "stranger", "stranger"]
                assert await send(mine, link.address) == 200


async def test_a_button_pressed_without_having_looked_binds_nothing() -> None:
    async with uploads(Network("127.0.0.2"), ManualClock()) as server:
        with server.link(WHAT, 1, "vi") as link:
            async with phone() as blind, phone() as mine:
                assert (await blind.post(f"{link.address}/begin")).status == 403
                forged = {"Cookie": f"tramkit_phone_{link.token[:8]}=abc.def"}
                assert (await blind.post(f"{link.address}/begin", headers=forged)).status == 403
                await mine.get(link.address)
                assert (await mine.post(f"{link.address}/begin")).status == 200


async def test_the_language_that_was_chosen_goes_along_through_the_button() -> None:
    async with uploads(Network("127.0.0.2"), ManualClock()) as server:
        with server.link(WHAT, 1, "vi") as link:
            async with phone() as mine:
                text = await (await mine.get(link.address, params={"lang": "en"})).text()
                assert "Continue on this phone" in text
                assert f"/{link.token}/begin?lang=en" in text
                async with mine.post(f"{link.address}/begin", params={"lang": "en"}) as answer:
                    assert "Send to the station" in await answer.text()


# ── pages of a PDF are seen ───────────────────────────────────────────────────────────────────────────────────


async def test_whoever_sends_a_pdf_sees_its_pages_before_it_is_used() -> None:
    clock = SystemClock()
    server = Uploads("127.0.0.1", 0, clock)
    await server.start()
    try:
        async with station([Asking()], clock=clock, uploads=server) as site, phone() as mine:
            await site.menu()
            site.screen.answer("test.asking")
            await site.page("choose", "Lease")
            site.screen.answer("phone")
            shown = await site.screen.until(lambda page: isinstance(page, Capture) and bool(page.codes))
            (address,) = shown.codes  # type: ignore[union-attr]
            await mine.get(address)
            form = aiohttp.FormData()
            with field.document(7) as made:
                form.add_field("files", io.BytesIO(field.saved(made)), filename="a.pdf")
            assert (await mine.post(address, data=form)).status == 200
            sheets: list[bytes] = []
            for end in ("-seen-1", "-seen-1-2", "-seen-1-3"):
                page = await site.screen.until(lambda page, end=end: page.id.endswith(end))
                still = site.screen.videos["paper"].frame
                assert still is not None
                assert still.image.std() > 5, "nothing to be seen"
                sheets.append(still.image.tobytes())
                assert ("use" in page.answers()) == (end != "-seen-1-3")
                site.screen.answer()
            assert len(set(sheets)) == 3
            await site.page("done")
    finally:
        await server.stop()
