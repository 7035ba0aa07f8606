"""An answer of the browser without a picture, or without anything that can be used, costs the picture at most."""

from __future__ import annotations

import re

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from tramkit_telehealth.media.answers import sound_alone


def port_zero(sdp: str) -> str:
    return re.sub(r"m=video \d+", "m=video 0", sdp)


def unknown_codec(sdp: str) -> str:
    head, video = sdp.split("m=video", 1)
    return head + "m=video" + re.sub(r"(VP8|H264|rtx)/90000", "AV9/90000", video)


def refused_and_bare(sdp: str) -> str:
    head, _video = sdp.split("m=video", 1)
    mid = re.findall(r"a=mid:(\S+)", sdp)
    return head.replace(f"BUNDLE {mid[0]} {mid[1]}", f"BUNDLE {mid[0]}") + (
        f"m=video 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\na=mid:{mid[1]}\r\n"
    )


@pytest.mark.parametrize("spoil", [port_zero, unknown_codec, refused_and_bare], ids=lambda each: each.__name__)
async def test_the_sound_goes_on_where_the_answer_takes_no_picture(spoil: object) -> None:
    kiosk, browser = RTCPeerConnection(), RTCPeerConnection()
    try:
        kiosk.addTrack(AudioStreamTrack())
        kiosk.addTrack(VideoStreamTrack())
        await kiosk.setLocalDescription(await kiosk.createOffer())
        await browser.setRemoteDescription(kiosk.localDescription)
        await browser.setLocalDescription(await browser.createAnswer())
        sdp, picture = sound_alone(spoil(browser.localDescription.sdp))  # type: ignore[operator]
        assert not picture
        await kiosk.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        directions = {each.kind: each.currentDirection for each in kiosk.getTransceivers()}
        assert directions["audio"] is not None
        assert directions["video"] == "inactive"
    finally:
        await kiosk.close()
        await browser.close()


async def test_an_ordinary_answer_is_left_as_it_is() -> None:
    kiosk, browser = RTCPeerConnection(), RTCPeerConnection()
    try:
        kiosk.addTrack(AudioStreamTrack())
        kiosk.addTrack(VideoStreamTrack())
        await kiosk.setLocalDescription(await kiosk.createOffer())
        await browser.setRemoteDescription(kiosk.localDescription)
        await browser.setLocalDescription(await browser.createAnswer())
        sdp = browser.localDescription.sdp
        assert sound_alone(sdp) == (sdp, True)
    finally:
        await kiosk.close()
        await browser.close()
