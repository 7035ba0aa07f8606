"""Receiving sound: Opus with its redundancy, played by a clock of its own, stretched rather than torn."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import numpy as np
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtp import (
    RtpPacket,
)
from av import AudioFrame
from numpy.typing import NDArray

from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE
from tramkit_telehealth.media import opus, red
from tramkit_telehealth.media.line import Line
from tramkit_telehealth.media.receiver import Receiver
from tramkit_telehealth.media.sound_buffer import PIECE_SECONDS, Origin, SoundBuffer

QUIET_LEVEL = 0.006
"""Root mean square, of full scale, below which 20 ms may be left out unheard."""

SKIP_BACKLOG = 0.06
"""Seconds of sound waiting at the speaker above which a piece is left out: its clock is slower than ours."""


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
