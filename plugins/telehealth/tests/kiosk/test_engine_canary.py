"""Fails when aiortc changes what the station's own senders and receivers take the place of, or lean on."""

from __future__ import annotations

import hashlib
import inspect
import sys
from importlib.metadata import version

import pytest
from aiortc import RTCRtpReceiver, RTCRtpSender, RTCRtpTransceiver, rtcdtlstransport, rtcpeerconnection, rtp
from aiortc.codecs import vpx

from tramkit_telehealth.media.engines import EngineMissingError, engine_of
from tramkit_telehealth.media.peer import StationPeerConnection
from tramkit_telehealth.media.picture_receiver import PictureReceiver
from tramkit_telehealth.media.picture_sender import PictureSender
from tramkit_telehealth.media.sender import SoundSender
from tramkit_telehealth.media.sound_receiver import SoundReceiver

WATCHED = {
    "how a transceiver is made": (
        rtcpeerconnection.RTCPeerConnection._RTCPeerConnection__createTransceiver,
        "00201d6e03cc",
    ),
    "when sending and receiving begin": (
        rtcpeerconnection.RTCPeerConnection._RTCPeerConnection__connect,
        "9199a73a7cde",
    ),
    "what a receiver is told": (rtcpeerconnection.RTCPeerConnection._RTCPeerConnection__remoteRtp, "1dc79068e0ca"),
    "what a sender is told": (rtcpeerconnection.RTCPeerConnection._RTCPeerConnection__localRtp, "d6a10a3f40c4"),
    "how packets find their receiver": (rtcdtlstransport.RtpRouter, "75abd1c0faf2"),
    "how packets are handed over": (rtcdtlstransport.RTCDtlsTransport._handle_rtp_data, "5def9061cc3d"),
    "how reports are handed over": (rtcdtlstransport.RTCDtlsTransport._handle_rtcp_data, "5469e786d77b"),
    "how packets leave": (rtcdtlstransport.RTCDtlsTransport._send_rtp, "763b02bceb0b"),
    "what a transceiver holds": (RTCRtpTransceiver.__init__, "60c6da8f7de3"),
    "header extensions": (rtp.HeaderExtensionsMap, "b2094056d6bc"),
    "the payload descriptor of VP8": (vpx.VpxPayloadDescriptor, "2cc184cd310b"),
}
"""What is watched, and the fingerprint of its source in aiortc 1.16.0."""


def fingerprint(thing: object) -> str:
    return hashlib.sha256(inspect.getsource(thing).encode()).hexdigest()[:12]


@pytest.mark.parametrize("what", WATCHED)
def test_aiortc_is_inside_as_it_was_when_its_engines_were_replaced(what: str) -> None:
    thing, known = WATCHED[what]
    assert fingerprint(thing) == known, (
        f"aiortc {version('aiortc')} has changed {what}: read it beside media/peer.py, sender.py and receiver.py, "
        "measure again (python -m tests.lab profiles), then write the new fingerprint here"
    )


@pytest.mark.parametrize(("ours", "theirs"), [(SoundSender, RTCRtpSender), (PictureSender, RTCRtpSender)])
def test_a_sender_replaces_every_coroutine_of_aiortcs(ours: type, theirs: type) -> None:
    replaced_or_unused = {"_next_encoded_frame", "_retransmit", "_run_rtp", "_run_rtcp", "_send_rtcp"}
    for name, method in vars(theirs).items():
        if inspect.iscoroutinefunction(method) and name not in replaced_or_unused:
            assert getattr(ours, name) is not method, f"aiortc has a coroutine {name} that ours does not replace"


@pytest.mark.parametrize("ours", [SoundReceiver, PictureReceiver])
def test_a_receiver_replaces_every_coroutine_of_aiortcs(ours: type) -> None:
    unused = {"_run_rtcp", "_send_rtcp", "_send_rtcp_nack"}
    for name, method in vars(RTCRtpReceiver).items():
        if inspect.iscoroutinefunction(method) and name not in unused:
            assert getattr(ours, name) is not method, f"aiortc has a coroutine {name} that ours does not replace"


async def test_the_peer_connection_really_uses_the_stations_engines() -> None:
    from aiortc import RTCConfiguration

    pc = StationPeerConnection(RTCConfiguration(iceServers=[]))
    for kind, sender, receiver in (("audio", SoundSender, SoundReceiver), ("video", PictureSender, PictureReceiver)):
        transceiver = pc.addTransceiver(kind)
        assert type(transceiver.sender) is sender
        assert type(transceiver.receiver) is receiver
    await pc.close()


def test_an_engine_that_is_not_installed_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "webrtc.aiortc", None)
    monkeypatch.delitem(sys.modules, "tramkit_telehealth.media.wrtc_connection", raising=False)
    with pytest.raises(EngineMissingError, match=r"tramkit-telehealth\[wrtc\]"):
        engine_of("wrtc")
    assert engine_of("aiortc").abilities.needs_package == ""
