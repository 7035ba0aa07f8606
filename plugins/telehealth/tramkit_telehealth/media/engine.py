"""How aiortc is set up: bit rates, codecs, quiet logs. Holds for aiortc 1.16; a canary test watches these names."""

from __future__ import annotations

import logging

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCRtpTransceiver
from aiortc.codecs import vpx

from tramkit_telehealth.media import prompt_frames

START_BITRATE = 1_200_000
"""Bits a second of VP8 before the other side has said what it can take (aiortc: 500 kb/s, blocky at 720p)."""

MAX_BITRATE = 2_000_000
"""Most bits a second of VP8 (aiortc: 1.5 Mb/s); 720p30 of a face gains nothing above."""

VIDEO_CODECS = ("video/VP8", "video/rtx")
"""H.264 in software costs twice as much as VP8 (x264's preset "medium" is built into aiortc)."""

AUDIO_CODECS = ("audio/opus",)


def set_up() -> None:
    """Set aiortc's constants and video buffer, and keep it from logging SDP, addresses, media; may be called again."""
    prompt_frames.install()
    vpx.DEFAULT_BITRATE = START_BITRATE
    vpx.MAX_BITRATE = MAX_BITRATE
    for name in ("aiortc", "aioice"):
        logging.getLogger(name).setLevel(logging.WARNING)


def peer_connection() -> RTCPeerConnection:
    """Make a peer connection that asks no server by itself (aiortc's own default is a public STUN server)."""
    set_up()
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def prefer(transceiver: RTCRtpTransceiver, mime_types: tuple[str, ...]) -> None:
    """Offer only these codecs."""
    offered = RTCRtpSender.getCapabilities(transceiver.kind).codecs
    transceiver.setCodecPreferences([codec for codec in offered if codec.mimeType in mime_types])
