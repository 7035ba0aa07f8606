"""The station's own receive path: takes the place of aiortc's ``RTCRtpReceiver`` behind the same interface.

aiortc counts its buffers in packets, asks once for what is lost, never for a key frame that would help, and plays a
gap as a gap. Here sound and picture each have a buffer counted in time; timers ask again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCRtpReceiver
from aiortc.codecs import is_rtx
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RTCRtpSynchronizationSource
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpSrPacket,
    RtpPacket,
    unwrap_rtx,
)
from aiortc.stats import RTCInboundRtpStreamStats, RTCStatsReport

from tramkit_telehealth.media.line import Line
from tramkit_telehealth.media.reception import Reception
from tramkit_telehealth.media.unwrap import Unwrapper

_log = logging.getLogger(__name__)

REPORT_SECONDS = 0.5
"""Between two receiver reports; the sender's loss control is only as fast as they are."""

MAX_WAITING = 3
"""Frames that wait for whoever takes them; then the oldest goes, so that nothing grows old."""


@dataclass(slots=True)
class _Streams:
    by_ssrc: dict[int, Reception] = field(default_factory=dict[int, Reception])
    rtx_of: dict[int, int] = field(default_factory=dict[int, int])
    codecs: dict[int, RTCRtpCodecParameters] = field(default_factory=dict[int, RTCRtpCodecParameters])


class Receiver(RTCRtpReceiver):
    """What receiving sound and receiving pictures share.

    :param line: what both directions of the connection know of each other.
    """

    def __init__(self, kind: str, transport: Any, line: Line) -> None:
        super().__init__(kind, transport)
        self._kind = kind
        self._line = line
        self._rtcp_ssrc: int | None = None
        self._media_ssrc: int | None = None
        self._streams = _Streams()
        self._sequences, self._timestamps = Unwrapper(16), Unwrapper(32)
        self._tasks: list[asyncio.Task[None]] = []
        self._running = False

    # ── aiortc's interface ────────────────────────────────────────────────────────────────────────────────

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Begin; called by the peer connection once it is connected."""
        if self._running:
            return
        self._running = True
        for codec in parameters.codecs:
            self._streams.codecs[int(codec.payloadType or 0)] = codec
        for encoding in parameters.encodings:
            if encoding.rtx:
                self._streams.rtx_of[encoding.rtx.ssrc] = encoding.ssrc
        self.transport._register_rtp_receiver(self, parameters)
        self._tasks = [asyncio.create_task(work, name=f"{self._kind} receiver") for work in self._works()]

    async def stop(self) -> None:
        """End for good."""
        if self._running:
            self._running = False
            self.transport._unregister_rtp_receiver(self)
            self._handle_disconnect()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _handle_disconnect(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._track is not None:
            self._track._queue.put_nowait(None)

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        self._rtcp_ssrc = ssrc

    def getSynchronizationSources(self) -> list[RTCRtpSynchronizationSource]:
        """Return the stream that comes, once something has come."""
        if self._media_ssrc is None:
            return []
        return [RTCRtpSynchronizationSource(timestamp=self._line.wall_clock(), source=self._media_ssrc)]

    async def _send_rtcp_pli(self, media_ssrc: int) -> None:
        """Ask for a key frame now (RFC 4585 §6.3.1)."""
        if self._rtcp_ssrc is not None:
            await self._send(bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=self._rtcp_ssrc, media_ssrc=media_ssrc)))

    async def getStats(self) -> RTCStatsReport:
        """Return how many packets came and were lost."""
        report = RTCStatsReport()
        for ssrc, reception in self._streams.by_ssrc.items():
            report.add(
                RTCInboundRtpStreamStats(
                    timestamp=self._line.wall_clock(),
                    type="inbound-rtp",
                    id=f"inbound-rtp_{id(self)}_{ssrc}",
                    ssrc=ssrc,
                    kind=self._kind,
                    transportId=self.transport._stats_id,
                    packetsReceived=reception.received,
                    packetsLost=reception.lost,
                    jitter=round(reception.jitter * 1000),
                )
            )
        report.update(self.transport._get_stats())
        return report

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        now = time.monotonic()
        if isinstance(packet, RtcpSrPacket):
            if packet.ssrc in self._streams.by_ssrc:
                self._streams.by_ssrc[packet.ssrc].sender_reported(packet.sender_info.ntp_timestamp, now)
            if packet.ssrc == self._media_ssrc:
                self._line.sync.reported(
                    self._kind,
                    packet.sender_info.ntp_timestamp,
                    self._near(packet.sender_info.rtp_timestamp),
                )
        elif isinstance(packet, RtcpByePacket):
            self._handle_disconnect()

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        if not self._enabled:
            return
        now = time.monotonic()
        sequence = packet.extensions.transport_sequence_number
        if sequence is not None:
            self._line.arrivals.add(sequence, now)
        codec = self._streams.codecs.get(packet.payload_type)
        if codec is None:
            return
        reception = self._streams.by_ssrc.get(packet.ssrc)
        if reception is None:
            reception = self._streams.by_ssrc[packet.ssrc] = Reception(codec.clockRate)
        reception.add(packet.sequence_number, packet.timestamp, now)
        self._line.received(self._kind, len(packet.payload), now)
        repaired = is_rtx(codec)
        if repaired:
            original = self._streams.rtx_of.get(packet.ssrc)
            apt = codec.parameters.get("apt")
            if original is None or len(packet.payload) < 2 or apt not in self._streams.codecs:
                return  # padding that probes the line
            packet = unwrap_rtx(packet, payload_type=apt, ssrc=original)
            codec = self._streams.codecs[apt]
        if packet.payload:
            self._media_ssrc = packet.ssrc
            self._take(packet, codec, now, repaired)

    # ── what sound and pictures do ────────────────────────────────────────────────────────────────────────

    def _works(self) -> list[Any]:
        return [self._report()]

    def _take(self, packet: RtpPacket, codec: RTCRtpCodecParameters, now: float, repaired: bool) -> None:
        raise NotImplementedError

    def _near(self, timestamp: int) -> int:
        """Return an RTP time stamp unwrapped, without moving the unwrapper."""
        last = self._timestamps._last
        if last is None:
            return timestamp + (1 << 32)
        return last + (timestamp - last + (1 << 31)) % (1 << 32) - (1 << 31)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS * (0.75 + self._line.random.random() / 2))
            now = time.monotonic()
            reports = [reception.report(ssrc, now) for ssrc, reception in self._streams.by_ssrc.items()]
            if reports and self._rtcp_ssrc is not None:
                await self._send(bytes(RtcpRrPacket(ssrc=self._rtcp_ssrc, reports=reports)))

    async def _send(self, rtcp: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            await self.transport._send_rtp(rtcp)

    def _give(self, frame: Any) -> None:
        """Give a frame to whoever reads the track; who is slow misses the oldest."""
        assert self._track is not None
        waiting = self._track._queue
        while waiting.qsize() >= MAX_WAITING:
            waiting.get_nowait()
        waiting.put_nowait(frame)
