"""A jitter buffer that gives a picture as soon as it is whole.

aiortc's own waits for the first packet of the next picture, which at 30 pictures a second is 33 ms of delay for
nothing: the last packet of a picture bears the marker bit (RFC 7741 §4.1 for VP8, RFC 6184 §5.1 for H.264).
"""

from __future__ import annotations

from aiortc import rtcrtpreceiver
from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket


class PromptJitterBuffer(JitterBuffer):
    """For video it does not wait for the next picture; for sound it is aiortc's."""

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        if self._is_video and self._origin is not None:
            whole = self._whole_frame(self._origin)
            if whole is not None:
                self.remove(len(whole))
                data = b"".join(packet._data for packet in whole)  # type: ignore[attr-defined]  # set by the depayloader
                return JitterFrame(data=data, timestamp=whole[0].timestamp)
        return super()._remove_frame(sequence_number)

    def _whole_frame(self, origin: int) -> list[RtpPacket] | None:
        """Return the packets of the first picture if all of them are here; None: some are not."""
        packets: list[RtpPacket] = []
        for count in range(self._capacity):
            packet = self._packets[(origin + count) % self._capacity]
            if packet is None or (packets and packet.timestamp != packets[0].timestamp):
                return None
            packets.append(packet)
            if packet.marker:
                return packets
        return None


def install() -> None:
    """Let every receiver made from now on use it; may be called again."""
    rtcrtpreceiver.JitterBuffer = PromptJitterBuffer  # pyright: ignore[reportPrivateImportUsage]
