"""The browser's answer where it takes no picture: the sound goes on, and the picture is known to be missing."""

from __future__ import annotations

from aiortc.codecs import CODECS
from aiortc.rtcpeerconnection import find_common_codecs
from aiortc.sdp import SessionDescription


def sound_alone(sdp: str) -> tuple[str, bool]:
    """Return an answer that this side can take, and whether it takes a picture.

    A picture that is refused (port 0, RFC 9429 section 5.3.1) or shares no codec with the offer is put to rest on the
    transport of the sound, since the media library would refuse the whole answer.

    :raises ValueError: it is no session description.
    """
    try:
        told = SessionDescription.parse(sdp)
    except Exception as error:  # the media library's edge: it asserts and unpacks what another side wrote
        raise ValueError(type(error).__name__) from None
    sound = next((each for each in told.media if each.kind == "audio" and each.port), None)
    wrong = [
        each
        for each in told.media
        if each.kind == "video" and (not each.port or not find_common_codecs(CODECS["video"], each.rtp.codecs))
    ]
    if not wrong or sound is None:
        return sdp, not wrong
    for each in wrong:
        each.port, each.direction, each.ice, each.dtls = 9, "inactive", sound.ice, sound.dtls
        each.rtcp_port, each.rtcp_host, each.rtcp_mux = 9, "0.0.0.0", True
        each.rtp.codecs = [codec for codec in CODECS["video"] if codec.name == "VP8"]
        each.fmt = [codec.payloadType for codec in each.rtp.codecs]
        for group in told.group:
            if group.semantic == "BUNDLE" and each.rtp.muxId not in group.items:
                group.items.append(each.rtp.muxId)
    return str(told), False
