"""Sends VP8: a picture of the ladder's size, paced, repaired within bounds, with few key frames."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtpPacket,
    unpack_remb_fci,
    wrap_rtx,
)
from av import VideoFrame
from numpy.typing import NDArray

from tramkit_telehealth.media.line import Line
from tramkit_telehealth.media.pacer import Pacer
from tramkit_telehealth.media.rate import LADDER, ONE_KEYFRAME_SECONDS, Rung
from tramkit_telehealth.media.sender import Sender
from tramkit_telehealth.media.slate import WEAK_LINE, slate, words
from tramkit_telehealth.media.vp8 import Vp8Encoder, is_keyframe

MAX_PAYLOAD = 1100
"""Bytes of a picture in one packet: with SRTP, UDP and a tunnel it stays below any path's limit."""

HISTORY_SECONDS = 1.5
"""How long a packet can be sent again; a picture older than that helps nobody."""

REPAIR_SHARE = 0.5
"""Share of the rate that may go into repairs."""

MAX_BACKLOG = 0.2
"""Seconds of what waits to leave from which a picture is left out."""

SLATE_SECONDS, SLATE_KEYFRAME_SECONDS = 1.0, 6.0
"""Between two slates, and between two key frames of them: next to nothing beside the sound."""

SLATE_SIZE = (320, 180)
FULL_HEIGHT = 720
MAX_DURATION = 9000


class PictureSender(Sender):
    """Sends pictures.

    :ivar keyframes: times at which key frames were made, seconds of the monotonic clock.
    """

    clock_rate = 90_000

    def __init__(self, track_or_kind: Any, transport: Any, line: Line) -> None:
        super().__init__(track_or_kind, transport, line)
        self.keyframes: list[float] = []
        self.repairs = self.repairs_refused = 0
        self.size = (0, 0)
        self._pacer = Pacer(lambda: line.rate.pacing)
        self._encoder: Vp8Encoder | None = None
        self._wants_key = True
        self._picture_id = line.random.randrange(1 << 15)
        self._last_pts = -MAX_DURATION
        self._history: OrderedDict[int, tuple[RtpPacket, float, float]] = OrderedDict()
        self._rtx_sequence = line.random.randrange(1 << 15)
        self._repair_budget, self._repair_at = 0.0, time.monotonic()
        self._repair_rate = 0.0
        self._executor: ThreadPoolExecutor | None = None
        line.cut_ended = self._send_keyframe

    def _works(self) -> list[Any]:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="video encoder")
        return [self._run(), self._report(), self._pacer.run()]

    async def stop(self) -> None:
        await super().stop()
        if self._executor is not None:
            self._executor.shutdown(wait=False)

    # ── what the other side says ──────────────────────────────────────────────────────────────────────────

    async def _handle_rtcp_packet(self, packet: Any) -> None:
        await super()._handle_rtcp_packet(packet)
        if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            for sequence in packet.lost:
                self._repair(sequence)
        elif isinstance(packet, RtcpPsfbPacket):
            if packet.fmt in (RTCP_PSFB_FIR, RTCP_PSFB_PLI):
                self._wants_key = True
            elif packet.fmt == RTCP_PSFB_APP:
                self._estimated(packet.fci)

    def _send_keyframe(self) -> None:
        """Let the next picture be a key frame."""
        self._wants_key = True

    def _estimated(self, fci: bytes) -> None:
        try:
            bitrate, ssrcs = unpack_remb_fci(fci)
        except ValueError:
            return
        if self._ssrc in ssrcs:
            self._line.rate.estimated(bitrate, time.monotonic())

    def _repair(self, sequence: int) -> None:
        """Send a packet again, unless that was done a moment ago or repairs have used up their share."""
        now = time.monotonic()
        share = self._line.rate.bitrate * REPAIR_SHARE
        self._repair_budget = min(share, self._repair_budget + (now - self._repair_at) * share)
        self._repair_at = now
        found = self._history.get(sequence)
        if found is None or self._line.rate.rung is Rung.SOUND:
            return  # where there is room for sound only, a picture's repairs would take it
        packet, sent_at, again_at = found
        if now - sent_at > HISTORY_SECONDS or now - again_at < max(0.01, 0.5 * self._line.round_trip):
            return
        bits = len(packet.payload) * 8
        if bits > self._repair_budget:
            self.repairs_refused += 1
            return
        self._repair_budget -= bits
        self._history[sequence] = (packet, sent_at, now)
        self.repairs += 1
        self._pacer.put(lambda: self._emit_again(packet), len(packet.payload), repair=True)

    async def _emit_again(self, packet: RtpPacket) -> int:
        if self._rtx_payload_type is None:
            return await self._emit(packet)
        again = wrap_rtx(
            packet,
            payload_type=self._rtx_payload_type,
            sequence_number=self._rtx_sequence,
            ssrc=self._rtx_ssrc,
        )
        again.extensions.mid = self._mid
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        return await self._emit(again)

    # ── pictures ──────────────────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        while True:
            if self.track is None:
                await asyncio.sleep(0.02)
                continue
            frame: Any = await self.track.recv()
            now = time.monotonic()
            self._line.rate.tick(now)
            if self._enabled and self._due(frame.pts):
                await self._encode(frame, now)

    def _due(self, pts: int) -> bool:
        """Whether this picture is sent at all."""
        rung = self._line.rate.rung
        pause = SLATE_SECONDS if rung is Rung.SOUND else 0.85 / LADDER[rung].fps
        return pts - self._last_pts >= pause * self.clock_rate and self._pacer.waiting_seconds < MAX_BACKLOG

    async def _encode(self, frame: VideoFrame, now: float) -> None:
        pts = int(frame.pts or 0)
        loop = asyncio.get_running_loop()
        rate = self._line.rate
        size = self._size(frame.width, frame.height, rate.rung)
        key = self._may_key(now) and self._wants_key
        fresh = self._encoder is None or (self._encoder.width, self._encoder.height) != size
        leaves_slate = self.size == SLATE_SIZE and rate.rung is not Rung.SOUND
        if fresh and self._encoder is not None and not (self._may_key(now) or leaves_slate):
            size, fresh = (self._encoder.width, self._encoder.height), False
        if fresh:
            self._encoder = Vp8Encoder(*size, self._picture_bitrate)
        assert self._encoder is not None
        self._encoder.bitrate = self._picture_bitrate
        duration = min(MAX_DURATION, max(1, pts - self._last_pts))
        encoder, rung = self._encoder, rate.rung
        data = await loop.run_in_executor(
            self._executor, lambda: _encoded(encoder, frame, size, rung, duration, key or fresh)
        )
        self._last_pts = pts
        if not data:
            return
        if is_keyframe(data):
            self._wants_key = False
            self.keyframes = [*self.keyframes[-99:], now]
        self.size = size
        self._packetize(data, pts)

    def _may_key(self, now: float) -> bool:
        pause = SLATE_KEYFRAME_SECONDS if self.size == SLATE_SIZE else ONE_KEYFRAME_SECONDS
        return not self.keyframes or now - self.keyframes[-1] >= pause

    @property
    def _picture_bitrate(self) -> int:
        """Bits a second for the encoder: what repairs take is taken from it."""
        return max(15_000, int(self._line.rate.bitrate * 0.95 - self._repair_share()))

    def _repair_share(self) -> float:
        """Return the bits a second that repairs have taken in the last seconds."""
        now = time.monotonic()
        recent = sum(
            len(packet.payload) * 8 for packet, _sent, again in self._history.values() if again and now - again < 1
        )
        self._repair_rate += 0.1 * (recent - self._repair_rate)
        return min(self._repair_rate, self._line.rate.bitrate * REPAIR_SHARE)

    @staticmethod
    def _size(width: int, height: int, rung: Rung) -> tuple[int, int]:
        """Return the size of a picture on that rung: the camera's shape, even numbers."""
        if rung is Rung.SOUND:
            return SLATE_SIZE
        lines = LADDER[rung].height
        share = min(1.0, lines / height if height <= FULL_HEIGHT else lines / FULL_HEIGHT * FULL_HEIGHT / height)
        return max(2, round(width * share / 2) * 2), max(2, round(height * share / 2) * 2)

    def _packetize(self, data: bytes, pts: int) -> None:
        """Put a picture's packets on their way, of equal size (RFC 7741 §4.2)."""
        count = -(-len(data) // MAX_PAYLOAD)
        size = -(-len(data) // count)
        descriptor = VpxPayloadDescriptor(partition_start=1, partition_id=0, picture_id=self._picture_id)
        self._picture_id = (self._picture_id + 1) % (1 << 15)
        now = time.monotonic()
        for at in range(0, len(data), size):
            last = at + size >= len(data)
            packet = self._packet(bytes(descriptor) + data[at : at + size], pts, marker=last)
            descriptor.partition_start = 0
            self._history[packet.sequence_number] = (packet, now, 0.0)
            self._history.move_to_end(packet.sequence_number)
            self._pacer.put(_sending(self, packet), len(packet.payload))
        while self._history and next(iter(self._history.values()))[1] < now - HISTORY_SECONDS:
            self._history.popitem(last=False)


def _sending(sender: PictureSender, packet: RtpPacket) -> Any:
    return lambda: sender._emit(packet)


def _encoded(
    encoder: Vp8Encoder, frame: VideoFrame, size: tuple[int, int], rung: Rung, duration: int, key: bool
) -> bytes:
    """Scale and encode a picture; runs in the encoder's thread."""
    if rung is Rung.SOUND:
        image: NDArray[np.uint8] = slate(words(WEAK_LINE), *size)
    else:
        if frame.format.name != "yuv420p" or (frame.width, frame.height) != size:
            frame = frame.reformat(width=size[0], height=size[1], format="yuv420p", interpolation="FAST_BILINEAR")
        image = np.asarray(frame.to_ndarray(), np.uint8)
    assert frame.pts is not None
    return encoder.encode(image, frame.pts, duration, keyframe=key)
