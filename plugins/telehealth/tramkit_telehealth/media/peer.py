"""A peer connection whose media go through the station's own senders and receivers.

Beside them it says in its offer what they can do, and reads from the answer what the other side can: arrival feedback
for congestion control, in-band FEC and DTX for Opus (RFC 7587 §6.1), redundant sound (RFC 2198).
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters

from tramkit_telehealth.media.line import Line
from tramkit_telehealth.media.opus import MAX_BITRATE
from tramkit_telehealth.media.picture_receiver import PictureReceiver
from tramkit_telehealth.media.picture_sender import PictureSender
from tramkit_telehealth.media.reception import ArrivalFeedback
from tramkit_telehealth.media.sender import SoundSender
from tramkit_telehealth.media.sound_receiver import SoundReceiver

RED_TYPE = 110
ARRIVALS_ID = 5
OPUS = f"minptime=20;useinbandfec=1;usedtx=1;stereo=0;sprop-stereo=0;maxaveragebitrate={MAX_BITRATE}"


class StationPeerConnection(RTCPeerConnection):
    """aiortc's peer connection with other engines for sound and picture.

    :param random: spreads reports and begins counters.
    """

    def __init__(self, configuration: RTCConfiguration, random: Random | None = None) -> None:
        self.line = Line(random or Random())
        self.sound_receiver: SoundReceiver | None = None
        self.picture_receiver: PictureReceiver | None = None
        self.sound_sender: SoundSender | None = None
        self.picture_sender: PictureSender | None = None
        super().__init__(configuration)

    def _RTCPeerConnection__createTransceiver(self, direction: str, kind: str, sender_track: Any = None) -> Any:
        """Replace what aiortc makes; a canary test watches these names."""
        make: Any = super()._RTCPeerConnection__createTransceiver  # type: ignore[misc]
        transceiver = make(direction, kind, sender_track)
        transport = transceiver.receiver.transport
        stream = transceiver.sender._stream_id
        if kind == "audio":
            sender: Any = SoundSender(sender_track or kind, transport, self.line)
            receiver: Any = SoundReceiver(kind, transport, self.line)
            self.sound_sender, self.sound_receiver = sender, receiver
        else:
            sender = PictureSender(sender_track or kind, transport, self.line)
            receiver = PictureReceiver(kind, transport, self.line)
            self.picture_sender, self.picture_receiver = sender, receiver
        sender._stream_id = stream
        receiver._set_rtcp_ssrc(sender._ssrc)
        transceiver._RTCRtpTransceiver__sender = sender
        transceiver._RTCRtpTransceiver__receiver = receiver
        return transceiver

    async def createOffer(self) -> RTCSessionDescription:
        """Return the offer, with what the station's own engines can do."""
        description = await super().createOffer()
        return RTCSessionDescription(sdp=enriched(description.sdp), type=description.type)

    async def createAnswer(self) -> RTCSessionDescription:
        """Return the answer, with what both sides' engines can do."""
        description = await super().createAnswer()
        offer = self.remoteDescription.sdp
        sdp = enriched(description.sdp, red=_red_type(offer), arrivals=_arrivals_id(offer))
        return RTCSessionDescription(sdp=sdp, type=description.type)

    async def setRemoteDescription(self, sessionDescription: RTCSessionDescription) -> None:
        """Take the other side's description, and what its engines can do."""
        self.line.red_payload_type = _red_type(sessionDescription.sdp)
        await super().setRemoteDescription(sessionDescription)
        extension = _arrivals_id(sessionDescription.sdp)
        if extension is not None and self.picture_receiver is not None:
            parameters = RTCRtpParameters(
                headerExtensions=[RTCRtpHeaderExtensionParameters(id=extension, uri=ArrivalFeedback.URI)]
            )
            self.picture_receiver.transport._rtp_header_extensions_map.configure(parameters)


def enriched(sdp: str, *, red: int | None = RED_TYPE, arrivals: int | None = ARRIVALS_ID) -> str:
    """Return a description that says what the station's engines can do.

    :param red: payload type of redundant sound; None: not offered.
    :param arrivals: id of the header extension for arrival feedback; None: not offered.
    """
    head, *sections = re.split(r"(?m)^(?=m=)", sdp)
    return head + "".join(_section(section, red, arrivals) for section in sections)


def _section(section: str, red: int | None, arrivals: int | None) -> str:
    opus = re.search(r"(?m)^a=rtpmap:(\d+) opus/48000/2\r\n", section)
    if section.startswith("m=audio") and opus is not None:
        payload_type = opus[1]
        section = re.sub(rf"(?m)^a=fmtp:{payload_type} .*\r\n", "", section)
        added = f"a=fmtp:{payload_type} {OPUS}\r\n"
        if red is not None:
            section = re.sub(r"^(m=.*)\r\n", rf"\1 {red}\r\n", section, count=1)
            added += f"a=rtpmap:{red} red/48000/2\r\na=fmtp:{red} {payload_type}/{payload_type}\r\n"
        section = section.replace(opus[0], opus[0] + added)
    vp8 = re.search(r"(?m)^a=rtpmap:(\d+) VP8/90000\r\n", section)
    if section.startswith("m=video") and vp8 is not None and arrivals is not None:
        section = section.replace(vp8[0], f"{vp8[0]}a=rtcp-fb:{vp8[1]} transport-cc\r\n")
        section += f"a=extmap:{arrivals} {ArrivalFeedback.URI}\r\n"
    return section


def _red_type(sdp: str) -> int | None:
    found = re.search(r"(?m)^a=rtpmap:(\d+) red/48000/2\r?$", sdp)
    return int(found[1]) if found else None


def _arrivals_id(sdp: str) -> int | None:
    for section in re.split(r"(?m)^(?=m=)", sdp)[1:]:
        found = re.search(rf"(?m)^a=extmap:(\d+)(?:/\w+)? {re.escape(ArrivalFeedback.URI)}", section)
        if section.startswith("m=video") and found:
            return int(found[1])
    return None
