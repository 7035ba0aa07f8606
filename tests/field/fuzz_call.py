"""Fuzz target of what a browser answers in a call: session descriptions (RFC 8866)."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from functools import lru_cache

from aiortc import RTCPeerConnection, RTCSessionDescription

from tramkit_hal.device.clock import SystemClock
from tramkit_telehealth.media.answers import sound_alone
from tramkit_telehealth.media.leg import BadAnswerError, Leg, LegState
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.media.remote_candidates import in_every_section, split_hidden
from tramkit_telehealth.media.tracks import CameraTrack, MicrophoneTrack, SoundFan

ANSWER_SECONDS = 60.0
"""No answer may hang a leg for longer, however slow the machine is."""
WHOLE_LEGS = 0.02
"""Share of the inputs that a whole leg takes: it opens sockets, reading alone does not."""

_ODD = (
    "m=video 0 UDP/TLS/RTP/SAVPF 0",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "m=audio 9 RTP/AVP 0",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "m=text 0 TCP x",
    "m=",
    "a=mid:0",
    "a=group:BUNDLE 0 1 2",
    "a=group:LS",
    "a=rtpmap:96 AV9/90000",
    "a=rtpmap:111 opus/48000/2",
    "a=rtpmap:x",
    "a=fmtp:96 x",
    "a=rtcp-fb:* nack",
    "a=rtcp-fb:",
    "a=candidate:1 1 udp 2130706431 a1b2c3.local 5000 typ host",
    "a=candidate:1 1 tcp 1 ::1 9 typ host tcptype active",
    "a=candidate:",
    "a=fingerprint:md5 00",
    "a=setup:holdconn",
    "a=extmap:999 urn:x",
    "a=ssrc:4294967296 cname:x",
    "a=inactive",
    "c=IN IP6 ::",
    "a=simulcast:send 1",
    "a=sctp-port:-1",
    "",
    "x",
)


def _leg() -> Leg:
    return Leg(
        (),
        CameraTrack(lambda: None, lambda: True, 0.0),
        MicrophoneTrack(SoundFan(), lambda: True, 0.0),
        Output(),
        SystemClock(),
        lambda: None,
    )


@lru_cache(1)
def _answer() -> str:
    """Return a right answer to a leg's offer."""

    async def ask() -> str:
        leg, browser = _leg(), RTCPeerConnection()
        try:
            await browser.setRemoteDescription(RTCSessionDescription(sdp=await leg.offer(), type="offer"))
            await browser.setLocalDescription(await browser.createAnswer())
            return browser.localDescription.sdp
        finally:
            await leg.close()
            await browser.close()

    return asyncio.run(ask())


def _damaged_lines(rng: random.Random, sdp: str) -> str:
    lines = sdp.splitlines()
    for _time in range(rng.choice((1, 1, 3, 10))):
        at = rng.randrange(len(lines) + 1)
        match rng.randrange(5):
            case 0 if at < len(lines):
                del lines[at]
            case 1:
                lines.insert(at, rng.choice(_ODD))
            case 2 if at < len(lines):
                lines[at] = rng.choice(_ODD)
            case 3 if at < len(lines):
                lines.insert(at, rng.choice(lines))
            case _:
                rng.shuffle(lines[at : at + 4])
                lines = lines[: rng.randrange(at, len(lines) + 1)] if rng.random() < 0.2 else lines
    return "".join(f"{line}\r\n" for line in lines)


def session_description(rng: random.Random, text: Callable[[random.Random, str], str]) -> None:
    """An answer is read, or ``ValueError``; a whole leg takes it, or ``BadAnswerError``, and does not hang."""
    logging.getLogger("tramkit_telehealth").setLevel(logging.ERROR)
    sdp = _damaged_lines(rng, _answer()) if rng.random() < 0.7 else text(rng, _answer())
    known, hidden = split_hidden(sdp)
    assert all(each not in known for each in hidden)
    if rng.random() < WHOLE_LEGS:
        asyncio.run(_by_a_leg(sdp))
    try:
        heard, _picture = sound_alone(known)
    except ValueError:
        return
    in_every_section(heard)


async def _by_a_leg(sdp: str) -> None:
    leg = _leg()
    try:
        await leg.offer()
        async with asyncio.timeout(ANSWER_SECONDS):
            await leg.answer(sdp)
    except BadAnswerError:
        return
    finally:
        await leg.close()
        assert leg.state is LegState.CLOSED
