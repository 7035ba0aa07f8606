"""The station's own send path: takes the place of aiortc's ``RTCRtpSender`` behind the same interface."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiortc import RTCRtpSender
from aiortc.codecs import is_rtx
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpSendParameters
from aiortc.rtcrtpsender import random_sequence_number
from aiortc.rtp import (
    HeaderExtensionsMap,
    RtcpByePacket,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    RtpPacket,
)
from aiortc.stats import RTCOutboundRtpStreamStats, RTCStatsReport
from aiortc.utils import random32
from numpy.typing import NDArray

from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE
from tramkit_telehealth.media import opus, red
from tramkit_telehealth.media.line import Line
from tramkit_telehealth.media.reception import ntp_time

_log = logging.getLogger(__name__)

REPORT_SECONDS = 0.5
"""Between two sender reports: each of them measures the round trip."""

RED_FROM = 0.04
"""Share of lost packets from which sound is sent twice where there is room."""

RED_ROOM = 250_000
"""Bits a second of pictures from which there is room for sound twice."""

MIN_LEVEL = -127


@dataclass(slots=True)
class _Sent:
    packets: int = 0
    octets: int = 0
    last: tuple[int, float] = (0, 0.0)
    """RTP time stamp of the last packet, and when it left."""
    reports: dict[int, float] = field(default_factory=dict[int, float])
    """Middle 32 bits of the NTP time of a report, and when it left."""


class Sender(RTCRtpSender):
    """What sending sound and sending pictures share.

    :param line: what both directions of the connection know of each other.
    """

    clock_rate = SAMPLE_RATE

    def __init__(self, track_or_kind: Any, transport: Any, line: Line) -> None:
        super().__init__(track_or_kind, transport)
        self._line = line
        self._cname: str | None = None
        self._mid: str | None = None
        self._extensions = HeaderExtensionsMap()
        self._sequence = random_sequence_number()
        self._origin = random32()
        self._sent = _Sent()
        self._tasks: list[asyncio.Task[None]] = []
        self._codec: RTCRtpCodecParameters | None = None
        self._rtx_payload_type: int | None = None

    # ── aiortc's interface ────────────────────────────────────────────────────────────────────────────────

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """Begin; called by the peer connection once it is connected."""
        if self._tasks:
            return
        self._cname, self._mid = parameters.rtcp.cname, parameters.muxId
        self.transport._register_rtp_sender(self, parameters)
        self._extensions.configure(parameters)
        self._codec = parameters.codecs[0]
        for codec in parameters.codecs:
            if is_rtx(codec) and codec.parameters["apt"] == self._codec.payloadType:
                self._rtx_payload_type = codec.payloadType
        self._tasks = [asyncio.create_task(self._walled(work), name=f"{self.kind} sender") for work in self._works()]

    async def stop(self) -> None:
        """End for good."""
        if not self._tasks:
            return
        self.transport._unregister_rtp_sender(self)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._send(bytes(RtcpByePacket(sources=[self._ssrc])))
        if self.track is not None:
            self.track.stop()

    async def getStats(self) -> RTCStatsReport:
        """Return how much was sent."""
        report = RTCStatsReport()
        report.add(
            RTCOutboundRtpStreamStats(
                timestamp=self._line.wall_clock(),
                type="outbound-rtp",
                id=f"outbound-rtp_{id(self)}",
                ssrc=self._ssrc,
                kind=self.kind,
                transportId=self.transport._stats_id,
                packetsSent=self._sent.packets,
                bytesSent=self._sent.octets,
                trackId=str(id(self.track)),
            )
        )
        report.update(self.transport._get_stats())
        return report

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        if not isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            return
        now = time.monotonic()
        self._line.got(now)
        for report in packet.reports:
            if report.ssrc != self._ssrc:
                continue
            sent_at = self._sent.reports.get(report.lsr)
            if sent_at is not None and report.dlsr:
                self._line.measured(max(0.0005, now - sent_at - report.dlsr / 65_536), now)
                self._line.rate.round_trip(self._line.newest_round_trip, self._line.least_round_trip)
            self._line.rate.sending = self._line.sent_rate
            self._line.rate.reported(self.kind, report.highest_sequence, report.packets_lost, now)

    # ── what sound and pictures share ─────────────────────────────────────────────────────────────────────

    def _works(self) -> list[Any]:
        return [self._run(), self._report()]

    async def _run(self) -> None:
        raise NotImplementedError

    async def _walled(self, work: Any) -> None:
        try:
            await work
        except (ConnectionError, MediaStreamError):
            return
        except Exception:  # the top of a task: one stream that fails must not end the others
            _log.exception("sender failed", extra={"kind": self.kind})

    def _packet(self, payload: bytes, pts: int, *, marker: bool) -> RtpPacket:
        assert self._codec is not None
        packet = RtpPacket(
            payload_type=int(self._codec.payloadType or 0),
            sequence_number=self._sequence,
            timestamp=(self._origin + pts) & 0xFFFFFFFF,
            marker=int(marker),
            ssrc=self._ssrc,
            payload=payload,
        )
        packet.extensions.mid = self._mid
        self._sequence = (self._sequence + 1) & 0xFFFF
        return packet

    async def _emit(self, packet: RtpPacket) -> int:
        """Send a packet now; return its bytes."""
        now = time.monotonic()
        packet.extensions.abs_send_time = (ntp_time(now) >> 14) & 0xFFFFFF
        data = packet.serialize(self._extensions)
        await self._send(data)
        self._line.sent(len(data), now)
        self._sent.packets += 1
        self._sent.octets += len(packet.payload)
        if packet.ssrc == self._ssrc:
            self._sent.last = (packet.timestamp, now)
        return len(data)

    async def _send(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            await self.transport._send_rtp(data)

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT_SECONDS * (0.5 + self._line.random.random()))
            if not self._sent.packets:
                continue
            now = time.monotonic()
            ntp = ntp_time(now)
            info = RtcpSenderInfo(
                ntp_timestamp=ntp,
                rtp_timestamp=self._timestamp_at(now),
                packet_count=self._sent.packets & 0xFFFFFFFF,
                octet_count=self._sent.octets & 0xFFFFFFFF,
            )
            middle = (ntp >> 16) & 0xFFFFFFFF
            self._sent.reports = {key: at for key, at in self._sent.reports.items() if at > now - 30} | {middle: now}
            data = bytes(RtcpSrPacket(ssrc=self._ssrc, sender_info=info))
            if self._cname is not None:
                source = RtcpSourceInfo(ssrc=self._ssrc, items=[(1, self._cname.encode())])
                data += bytes(RtcpSdesPacket(chunks=[source]))
            await self._send(data)

    def _timestamp_at(self, now: float) -> int:
        """Return the time stamp of what is captured now, so that the other side can put sound and picture together."""
        epoch = getattr(self.track, "epoch", None)
        if epoch is not None:
            return (self._origin + round((now - epoch) * self.clock_rate)) & 0xFFFFFFFF
        timestamp, at = self._sent.last
        return (timestamp + round((now - at) * self.clock_rate)) & 0xFFFFFFFF


class SoundSender(Sender):
    """Sends Opus: speech at 16–32 kb/s, with a copy of what went before, next to nothing in a pause."""

    def __init__(self, track_or_kind: Any, transport: Any, line: Line) -> None:
        super().__init__(track_or_kind, transport, line)
        self._encoder = opus.Encoder()
        self._before: tuple[int, bytes] | None = None
        self._silent = False

    async def _run(self) -> None:
        while True:
            if self.track is None:
                await asyncio.sleep(0.02)
                continue
            frame: Any = await self.track.recv()
            if self._enabled:
                await self._encode(frame.to_ndarray().reshape(-1)[:PIECE], frame.pts)

    async def _encode(self, samples: NDArray[np.int16], pts: int) -> None:
        rate = self._line.rate
        self._encoder.bitrate, self._encoder.loss = rate.sound_bitrate, rate.sound_loss
        payload = self._encoder.encode(samples)
        silent = len(payload) <= opus.DTX_BYTES
        if silent and self._silent:
            self._before = None
            return
        begins, self._silent = self._silent, silent
        packet = self._packet(payload, pts, marker=begins)
        if self._before is not None and self._redundant:
            self._double(packet, payload, pts)
        packet.extensions.audio_level = (not silent, -_level(samples))
        self._before = (pts, payload)
        await self._emit(packet)

    @property
    def _redundant(self) -> bool:
        rate = self._line.rate
        return self._line.red_payload_type is not None and rate.loss > RED_FROM and rate.bitrate > RED_ROOM

    def _double(self, packet: RtpPacket, payload: bytes, pts: int) -> None:
        assert self._before is not None
        assert self._line.red_payload_type is not None
        before, older = self._before
        opus_type = packet.payload_type
        packet.payload = red.pack([red.Block(opus_type, pts - before, older), red.Block(opus_type, 0, payload)])
        packet.payload_type = self._line.red_payload_type


def _level(samples: NDArray[np.int16]) -> int:
    """Return the level in dBov (RFC 6464 §3)."""
    root = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) / 32767
    return max(MIN_LEVEL, round(20 * np.log10(root))) if root > 0 else MIN_LEVEL
