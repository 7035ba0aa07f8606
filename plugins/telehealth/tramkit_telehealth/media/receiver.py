"""The station's own receive path: takes the place of aiortc's ``RTCRtpReceiver`` behind the same interface.

aiortc counts its buffers in packets, asks once for what is lost, never for a key frame that would help, and plays a
gap as a gap. Here sound and picture each have a buffer counted in time; timers ask again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc import RTCRtpReceiver
from aiortc.codecs import depayload, is_rtx
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RTCRtpSynchronizationSource
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    RtpPacket,
    unwrap_rtx,
)
from aiortc.stats import RTCInboundRtpStreamStats, RTCStatsReport
from av import AudioFrame
from av.error import FFmpegError
from numpy.typing import NDArray

from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE
from tramkit_telehealth.media import opus, red
from tramkit_telehealth.media.line import Line
from tramkit_telehealth.media.picture_buffer import Part, Picture, PictureBuffer
from tramkit_telehealth.media.reception import Reception
from tramkit_telehealth.media.sound_buffer import PIECE_SECONDS, Origin, SoundBuffer
from tramkit_telehealth.media.unwrap import Unwrapper

_log = logging.getLogger(__name__)

REPORT_SECONDS = 0.5
"""Between two receiver reports; the sender's loss control is only as fast as they are."""

TICK_SECONDS = 0.01
"""How often it is looked at what to ask for again."""

MAX_WAITING = 3
"""Frames that wait for whoever takes them; then the oldest goes, so that nothing grows old."""

QUIET_LEVEL = 0.006
"""Root mean square, of full scale, below which 20 ms may be left out unheard."""

SKIP_BACKLOG = 0.06
"""Seconds of sound waiting at the speaker above which a piece is left out: its clock is slower than ours."""

VIDEO_CLOCK = 90_000
MAX_HOLD = 0.25
"""Most seconds that a picture is held back for its sound."""


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


class SoundReceiver(Receiver):
    """Receives Opus, and gives a piece of sound every 20 ms whatever comes."""

    def __init__(self, kind: str, transport: Any, line: Line) -> None:
        super().__init__(kind, transport, line)
        self.buffer = SoundBuffer()
        self._decoder = opus.Decoder()
        self._level = 0.0

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Begin, with redundant sound where the other side may send it: aiortc knows nothing of that."""
        if self._line.red_payload_type is not None:
            doubled = RTCRtpCodecParameters("audio/red", SAMPLE_RATE, 2, self._line.red_payload_type)
            parameters.codecs = [*parameters.codecs, doubled]
        await super().receive(parameters)

    def _works(self) -> list[Any]:
        return [self._report(), self._play()]

    def _take(self, packet: RtpPacket, codec: RTCRtpCodecParameters, now: float, repaired: bool) -> None:
        sequence = self._sequences.unwrap(packet.sequence_number)
        timestamp = self._timestamps.unwrap(packet.timestamp)
        if packet.payload_type != self._line.red_payload_type:
            self.buffer.put(sequence, timestamp, packet.payload, now)
            return
        blocks = red.unpack(packet.payload)
        for back, block in enumerate(reversed(blocks)):
            if block.payload:
                self.buffer.put(sequence - back, timestamp - block.offset, block.payload, now, redundant=back > 0)

    async def _play(self) -> None:
        due = time.monotonic()
        rest = np.zeros(0, np.int16)
        while True:
            now = time.monotonic()
            if due < now - 0.1:
                due = now  # the process was held up: what was missed is over
            if len(rest) < PIECE:
                samples = self._pull(now)
                if samples is not None:
                    rest = np.concatenate([rest, samples])
            if len(rest) >= PIECE:
                self._give(_frame(rest[:PIECE]))
                rest = rest[PIECE:]
            due += PIECE_SECONDS
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _pull(self, now: float) -> NDArray[np.int16] | None:
        self.buffer.extra = self._line.sync.sound_extra
        piece = self.buffer.pull(now, quiet=self._level < QUIET_LEVEL, skip=self._line.speaker_backlog() > SKIP_BACKLOG)
        if piece is None:
            return None
        try:
            skipped = [self._decoder.decode(packet) for packet in piece.skipped]
            if piece.packet is not None:
                samples = self._decoder.decode(piece.packet)
            elif piece.following is not None:
                samples = self._decoder.recover(piece.following)
            else:
                samples = self._decoder.conceal()
        except opus.OpusError:
            skipped, samples = [], self._decoder.conceal()
        if skipped:
            samples = _crossfade(skipped[-1], samples)
        if piece.origin is not Origin.STRETCHED:
            self._line.sync.played("audio", piece.timestamp, now)
        self._level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) / 32768
        return samples


def _crossfade(before: NDArray[np.int16], after: NDArray[np.int16]) -> NDArray[np.int16]:
    """Go over from one piece to the next within the first, so that leaving one out makes no click."""
    size = min(len(before), len(after))
    rise = np.linspace(0, 1, size)
    mixed = after.copy()
    mixed[:size] = (before[:size] * (1 - rise) + after[:size] * rise).astype(np.int16)
    return mixed


def _frame(samples: NDArray[np.int16]) -> AudioFrame:
    frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = SAMPLE_RATE
    return frame


class PictureReceiver(Receiver):
    """Receives VP8; shows a picture as soon as it is whole and its sound is near."""

    def __init__(self, kind: str, transport: Any, line: Line) -> None:
        super().__init__(kind, transport, line)
        self.buffer = PictureBuffer()
        self.decoded: deque[float] = deque(maxlen=300)
        """When the last pictures were given, seconds of the monotonic clock."""
        self.size = (0, 0)
        self._pictures: asyncio.Queue[Picture] = asyncio.Queue()
        self._executor: ThreadPoolExecutor | None = None

    def _works(self) -> list[Any]:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="video decoder")
        return [self._report(), self._ask(), self._tell_arrivals(), self._decode()]

    async def stop(self) -> None:
        await super().stop()
        if self._executor is not None:
            self._executor.shutdown(wait=False)

    def _take(self, packet: RtpPacket, codec: RTCRtpCodecParameters, now: float, repaired: bool) -> None:
        try:
            descriptor, _data = VpxPayloadDescriptor.parse(packet.payload)
            data = depayload(codec, packet.payload)
        except ValueError:
            return
        part = Part(
            self._sequences.unwrap(packet.sequence_number),
            self._timestamps.unwrap(packet.timestamp),
            data,
            starts=bool(descriptor.partition_start) and descriptor.partition_id == 0,
            marker=bool(packet.marker),
        )
        for picture in self.buffer.put(part, now, repaired=repaired):
            self._pictures.put_nowait(picture)

    async def _ask(self) -> None:
        """Ask again for what is missing, and for a key frame where nothing else helps."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self._rtcp_ssrc is None or self._media_ssrc is None:
                continue
            now = time.monotonic()
            self.buffer.round_trip = self._line.round_trip
            missing = self.buffer.to_ask_again(now)
            if missing:
                nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=self._rtcp_ssrc, media_ssrc=self._media_ssrc)
                nack.lost = [sequence & 0xFFFF for sequence in missing]
                await self._send(bytes(nack))
            if self.buffer.wants_keyframe(now):
                await self._send_rtcp_pli(self._media_ssrc)

    async def _tell_arrivals(self) -> None:
        while True:
            await asyncio.sleep(self._line.feedback_seconds)
            if self._rtcp_ssrc is None or self._media_ssrc is None:
                continue
            for packet in self._line.arrivals.packets(self._rtcp_ssrc, self._media_ssrc):
                await self._send(packet)

    async def _decode(self) -> None:
        loop = asyncio.get_running_loop()
        decoder: Any = av.CodecContext.create("libvpx", "r")
        while True:
            picture = await self._pictures.get()
            try:
                frames = await loop.run_in_executor(self._executor, decoder.decode, av.Packet(picture.data))
            except FFmpegError:
                _log.debug("picture not decoded")
                self.buffer.start_anew()
                continue
            for frame in frames:
                await self._hold(picture.timestamp)
                now = time.monotonic()
                self._line.sync.played("video", picture.timestamp, now)
                self.decoded.append(now)
                self.size = (frame.width, frame.height)
                frame.pts, frame.time_base = picture.timestamp, Fraction(1, VIDEO_CLOCK)
                self._give(frame)

    async def _hold(self, timestamp: int) -> None:
        """Wait until the picture's sound is near."""
        seconds = min(MAX_HOLD, self._line.sync.hold(timestamp, time.monotonic()))
        if seconds > 0.004 and self._pictures.qsize() < MAX_WAITING:
            await asyncio.sleep(seconds)
