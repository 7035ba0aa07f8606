"""The station's own connectivity checks: without them no call comes up across a NAT."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from aioice import stun
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
from media_kit import Browser, NumberCamera

from tramkit_hal.device.clock import SystemClock
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.media.leg import Leg
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.media.remote_candidates import in_every_section, split_hidden
from tramkit_telehealth.media.tracks import CameraTrack, MicrophoneTrack, SoundFan


class SilentAddress(asyncio.DatagramProtocol):
    """An address in the doctor's answer that only listens, as one behind a NAT that waits to be called."""

    def __init__(self) -> None:
        self.checks: list[stun.Message] = []

    def datagram_received(self, data: bytes, _addr: object) -> None:
        message = stun.parse_message(data)
        if message.message_method is stun.Method.BINDING:
            self.checks.append(message)


@pytest.fixture
async def silent():
    transport, listener = await asyncio.get_running_loop().create_datagram_endpoint(
        SilentAddress, local_addr=("127.0.0.1", 0)
    )
    listener.port = transport.get_extra_info("sockname")[1]
    yield listener
    transport.close()


async def answer_of_a_browser(offer: str, port: int) -> str:
    """Return an answer as Chromium writes it: candidates in the first section of the bundle, none in the others."""
    browser = Browser(1)
    try:
        lines = (await browser.answer(offer)).splitlines()
    finally:
        await browser.close()
    told = f"a=candidate:1 1 udp 2113937151 127.0.0.1 {port} typ host"
    kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    first = next(at for at, line in enumerate(kept) if line.startswith("a=ice-ufrag"))
    return "\r\n".join([*kept[:first], told, *kept[first:]]) + "\r\n"


async def test_the_station_calls_the_address_that_the_browser_named_in_its_first_section(silent) -> None:
    offers: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    media = CallMedia(
        servers=lambda: (),
        picture=lambda: NumberCamera().picture,
        fan=SoundFan(),
        output=Output(lambda _sound: None),
        send_offer=lambda leg, sdp: offers.put_nowait((leg, sdp)),
        reachable=lambda: True,
        clock=SystemClock(),
        random=Random(1),
    )
    try:
        media.start_leg(1)
        async with asyncio.timeout(20):
            leg, offer = await offers.get()
            await media.answer(leg, await answer_of_a_browser(offer, silent.port))
            while not silent.checks:
                await asyncio.sleep(0.02)
    finally:
        await media.close()
    assert "ICE-CONTROLLING" in silent.checks[0].attributes  # who offers decides which pair is used (RFC 8445 §6.1.1)


async def test_canary_aiortc_still_forgets_candidates_that_are_not_in_the_last_section(silent) -> None:
    """Fails when aiortc keeps them itself: then ``media/remote_candidates.py`` has nothing left to do."""
    station = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
    try:
        station.addTransceiver("audio")
        station.addTransceiver("video")
        station.createDataChannel("beat")
        await station.setLocalDescription(await station.createOffer())
        answer = await answer_of_a_browser(station.localDescription.sdp, silent.port)
        await station.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        transport = station.getTransceivers()[0].receiver.transport.transport
        assert transport.getRemoteCandidates() == []
    finally:
        await station.close()


def test_sections_that_have_candidates_of_their_own_keep_them() -> None:
    sdp = "v=0\r\nm=audio 9\r\na=candidate:1 A\r\nm=video 9\r\na=candidate:2 B\r\nm=application 9\r\na=mid:2\r\n"
    assert in_every_section(sdp) == sdp + "a=candidate:1 A\r\n"


def test_a_description_without_candidates_stays_as_it_is() -> None:
    sdp = "v=0\r\ns=-\r\nm=audio 9\r\na=mid:0\r\nm=application 9\r\na=mid:1\r\n"
    assert in_every_section(sdp) == sdp


def test_addresses_behind_names_are_taken_out_so_that_the_others_need_not_wait() -> None:
    name = "a=candidate:1 1 udp 2113937151 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 5000 typ host"
    address = "a=candidate:2 1 udp 1677729535 192.0.2.7 5000 typ srflx"
    sdp = f"v=0\r\nm=audio 9\r\n{name}\r\n{address}\r\na=end-of-candidates\r\nm=video 9\r\n{name}\r\n"
    assert split_hidden(sdp) == (f"v=0\r\nm=audio 9\r\n{address}\r\nm=video 9\r\n", [name])
    parsed = candidate_from_sdp(name.partition(":")[2])
    assert (parsed.ip.endswith(".local"), parsed.port, parsed.type) == (True, 5000, "host")


async def test_an_answer_that_ends_its_candidates_leaves_the_station_open_for_who_calls_it(silent) -> None:
    """Firefox ends them in its answer; a leg must not fail before the doctor's own checks have come."""
    fan, output = SoundFan(), Output(lambda _sound: None)
    camera, microphone = CameraTrack(lambda: None, lambda: False, 0.0), MicrophoneTrack(fan, lambda: False, 0.0)
    leg = Leg((), camera, microphone, output, SystemClock(), lambda: None)
    try:
        answer = await answer_of_a_browser(await leg.offer(), silent.port)
        await leg.answer(answer.replace("m=video", "a=end-of-candidates\r\nm=video"))
        transport = leg._connection.pc.getTransceivers()[0].receiver.transport.transport
        assert len(transport.getRemoteCandidates()) == 1
        assert not transport.iceGatherer._remote_candidates_end
    finally:
        await leg.close()
