"""Receiving pictures: VP8, decoded beside the loop, shown as soon as a picture is whole and its sound is near."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import av
from aiortc.codecs import depayload
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import (
    RTCP_RTPFB_NACK,
    RtcpRtpfbPacket,
    RtpPacket,
)
from av.error import FFmpegError

from tramkit_telehealth.media.line import Line
from tramkit_telehealth.media.picture_buffer import Part, Picture, PictureBuffer
from tramkit_telehealth.media.receiver import MAX_WAITING, Receiver

_log = logging.getLogger(__name__)

TICK_SECONDS = 0.01
"""How often it is looked at what to ask for again."""

VIDEO_CLOCK = 90_000

MAX_HOLD = 0.25
"""Most seconds that a picture is held back for its sound."""


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
