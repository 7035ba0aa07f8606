"""The ways out of a station: which there are, and that everything moves when one falls silent."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from random import Random

import pytest
from aiohttp import web
from media_kit import Browser, NumberCamera, until

from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import render
from tramkit_telehealth import uplinks
from tramkit_telehealth.gateway import DeskGateway
from tramkit_telehealth.kiosk.queue_page import QueuePlace, queue_page
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.media.tracks import SoundFan
from tramkit_telehealth.protocol import ConnectionCheck
from tramkit_telehealth.uplinks import Uplink, WaysOut, find_uplinks

ROUTE = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wwan0\t00000000\t0101A8C0\t0003\t0\t0\t700\t00000000\t0\t0\t0
lo\t00000000\t00000000\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth9\t0000A8C0\t00000000\t0001\t0\t0\t100\t0000FFFF\t0\t0\t0
"""
ROUTE6 = """\
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 lo
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo
"""  # noqa: E501


def test_a_way_out_is_an_interface_with_a_default_route_and_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only interface with an address that every machine has is the loopback: here it plays a network card."""
    for name, text in (("ROUTES", ROUTE), ("ROUTES6", ROUTE6)):
        file = tmp_path / name
        file.write_text(text)
        monkeypatch.setattr(uplinks, name, file)
    found = find_uplinks()
    assert [each.name for each in found] == ["lo"]  # wwan0 has no address here, eth9 leads to one network only
    assert "127.0.0.1" in found[0].addresses


def test_where_routes_cannot_be_read_there_is_nothing_to_choose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uplinks, "ROUTES", tmp_path / "none")
    monkeypatch.setattr(uplinks, "ROUTES6", tmp_path / "none")
    ways = WaysOut()
    assert find_uplinks() == []
    assert (ways.current(), ways.other_than("eth0"), ways.uplink()) == ("", None, None)


def two() -> list[Uplink]:
    """Return two networks whose interfaces are not there: sockets then go as the kernel has it, over the same machine.

    That sockets leave over the interface they are bound to is shown in ``tests/lab``, with two networks.
    """
    addresses = tuple(own_addresses())
    return [Uplink("cable", addresses), Uplink("mobile", addresses)]


def own_addresses() -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("192.0.2.1", 9))  # sends nothing: asks the kernel which address it would take
        return [sock.getsockname()[0]]


def test_ways_out_go_round_and_back_to_the_kernels_choice() -> None:
    ways, told = WaysOut(two), []
    ways.moved = lambda: told.append(ways.chosen)
    assert ways.current() == "cable"
    assert ways.other_than("cable") == two()[1]
    ways.choose("mobile")
    ways.choose("mobile")
    assert (ways.current(), ways.uplink(), told) == ("mobile", two()[1], ["mobile"])
    ways.rotate()
    assert ways.chosen == "cable"
    ways.choose("")
    assert told == ["mobile", ""]


async def test_a_leg_that_falls_silent_is_followed_by_one_over_the_other_network_while_it_is_kept() -> None:
    offers: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    camera, ways = NumberCamera(), WaysOut(two)
    media = CallMedia(
        servers=lambda: (),
        picture=lambda: camera.picture,
        fan=SoundFan(),
        output=Output(lambda _sound: None),
        send_offer=lambda leg, sdp: offers.put_nowait((leg, sdp)),
        reachable=lambda: True,
        clock=SystemClock(),
        random=Random(1),
        ways=ways,
    )
    tasks = [asyncio.create_task(media.run()), asyncio.create_task(camera.run())]
    browsers: list[Browser] = []

    async def meet() -> None:
        async with asyncio.timeout(10):
            leg, sdp = await offers.get()
        browsers.append(Browser(leg))
        await media.answer(leg, await browsers[-1].answer(sdp))

    try:
        media.start_leg(1)
        await meet()
        await until(lambda: media.connection == "live")
        assert ways.chosen == ""
        gone = asyncio.get_running_loop().time()
        await browsers[0].pc.getTransceivers()[0].receiver.transport.transport._connection.close()  # no word, no end
        await meet()
        assert asyncio.get_running_loop().time() - gone < 3.5  # and not after four seconds
        assert ways.chosen == "mobile"
        await until(lambda: media.leg == 2 and media.connection == "live")
    finally:
        await media.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for browser in browsers:
            await browser.close()


async def test_the_conversation_with_the_desk_moves_to_the_uplink_that_a_call_has_moved_to() -> None:
    came: list[web.WebSocketResponse] = []

    async def kiosk(request: web.Request) -> web.WebSocketResponse:
        came_now = web.WebSocketResponse()
        await came_now.prepare(request)
        came.append(came_now)
        async for _ in came_now:
            await came_now.send_str(WELCOME)
        return came_now

    app = web.Application()
    app.router.add_get("/kiosk", kiosk)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ways = WaysOut(two)
    gateway = DeskGateway(f"http://127.0.0.1:{runner.addresses[0][1]}", "key", "a", SystemClock(), ways=ways)
    await gateway.start()
    try:
        await until(lambda: gateway.connected)
        ways.choose("mobile")
        assert not gateway.connected  # an offer is not sent into a network that has gone
        await until(lambda: len(came) == 2 and gateway.connected, 3)
    finally:
        await gateway.stop()
        await runner.cleanup()


WELCOME = (
    '{"v":1,"seq":0,"message":{"type":"welcome","resumed":false,"ice_servers":[],'
    '"facility":{"name":{"vi":"Phòng khám","en":"Clinic"},"licence":"0"}}}'
)


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (ConnectionCheck(udp=True, relay="udp", round_trip_ms=40, lost=0.0), "Good"),
        (ConnectionCheck(udp=True, relay="udp", round_trip_ms=40, lost=0.2), "Weak: the picture may stop at times"),
        (ConnectionCheck(udp=False, relay="none"), "Not good enough now: the call may not come about"),
        (None, ""),
    ],
)
def test_the_resident_reads_in_the_queue_how_the_connection_is(check: ConnectionCheck | None, said: str) -> None:
    page = queue_page(QueuePlace(known=True, position=1), connected=True, leaving=False, facility=None, check=check)
    values = [render(fact.value, "en") for fact in page.facts if render(fact.label, "en") == "Connection for the call"]
    assert values == ([said] if said else [])
