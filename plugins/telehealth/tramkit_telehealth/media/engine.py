"""How aiortc is set up: codecs, no servers of its own, quiet logs."""

from __future__ import annotations

import logging

from aiortc import RTCBundlePolicy, RTCConfiguration, RTCRtpSender, RTCRtpTransceiver

from tramkit_telehealth.media.peer import StationPeerConnection

VIDEO_CODECS = ("video/VP8", "video/rtx")
"""H.264 in software costs twice as much as VP8 (x264's preset "medium" is built into aiortc)."""

AUDIO_CODECS = ("audio/opus",)


def set_up() -> None:
    """Keep aiortc from logging SDP, addresses, media; may be called again."""
    for name in ("aiortc", "aioice"):
        logging.getLogger(name).setLevel(logging.WARNING)


def peer_connection() -> StationPeerConnection:
    """Make a peer connection that asks no server by itself (aiortc's own default is a public STUN server)."""
    set_up()
    return StationPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))


def prefer(transceiver: RTCRtpTransceiver, mime_types: tuple[str, ...]) -> None:
    """Offer only these codecs."""
    offered = RTCRtpSender.getCapabilities(transceiver.kind).codecs
    transceiver.setCodecPreferences([codec for codec in offered if codec.mimeType in mime_types])
