"""What a receiver tells the other side of what it gets: reception reports, and the arrival of every packet.

Everything is counted in seconds of the monotonic clock, so that setting the station's clock changes no figure.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable

from aiortc.rtp import RtcpReceiverInfo, clamp_packets_lost

from tramkit_telehealth.media.unwrap import Unwrapper

NTP_EPOCH = 2_208_988_800
"""Seconds from 1900 to 1970 (RFC 5905)."""

_anchor = time.time() - time.monotonic()


def ntp_time(monotonic: float) -> int:
    """Return an NTP time stamp (RFC 3550 §4: seconds in 32.32 bits) that no setting of the clock moves."""
    return int((_anchor + monotonic + NTP_EPOCH) * (1 << 32))


def seconds_of(ntp: int) -> float:
    """Return the seconds of an NTP time stamp."""
    return ntp / (1 << 32)


class Reception:
    """Counts one incoming stream (RFC 3550 §6.4.1, appendix A.8).

    :param clock_rate: of its RTP time stamps, Hz.
    """

    def __init__(self, clock_rate: int) -> None:
        self.received = 0
        self._rate = clock_rate
        self._sequences = Unwrapper(16)
        self._base: int | None = None
        self._highest = 0
        self._jitter = 0.0
        self._last: tuple[float, int] | None = None
        self._expected_before = self._received_before = 0
        self._reported: tuple[int, float] | None = None

    def add(self, sequence: int, timestamp: int, now: float) -> None:
        """Count a packet."""
        unwrapped = self._sequences.unwrap(sequence)
        self.received += 1
        if self._base is None:
            self._base = self._highest = unwrapped
        self._highest = max(self._highest, unwrapped)
        if self._last is not None and timestamp != self._last[1]:
            apart = (timestamp - self._last[1] + (1 << 31)) % (1 << 32) - (1 << 31)
            self._jitter += (abs((now - self._last[0]) * self._rate - apart) - self._jitter) / 16
        self._last = (now, timestamp)

    def sender_reported(self, ntp: int, now: float) -> None:
        """Note a sender report of the stream."""
        self._reported = ((ntp >> 16) & 0xFFFFFFFF, now)

    @property
    def expected(self) -> int:
        return 0 if self._base is None else self._highest - self._base + 1

    @property
    def lost(self) -> int:
        """Packets that have not come, less those that came twice."""
        return clamp_packets_lost(self.expected - self.received)

    @property
    def jitter(self) -> float:
        """Seconds (RFC 3550 §6.4.1)."""
        return self._jitter / self._rate

    def report(self, ssrc: int, now: float) -> RtcpReceiverInfo:
        """Return the report since the last one."""
        expected, received = self.expected - self._expected_before, self.received - self._received_before
        self._expected_before, self._received_before = self.expected, self.received
        lost = max(0, expected - received)
        ntp, at = self._reported or (0, now)
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=min(255, (lost << 8) // expected) if expected > 0 else 0,
            packets_lost=self.lost,
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=int(self._jitter) & 0xFFFFFFFF,
            lsr=ntp,
            dlsr=min(0xFFFFFFFF, int((now - at) * 65_536)) if ntp else 0,
        )


class ArrivalFeedback:
    """Tells the sender when each packet came, from which it works out what the line can take.

    Source: draft-holmer-rmcat-transport-wide-cc-extensions-01, which browsers speak. Times are seconds of the
    monotonic clock.
    """

    URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
    MAX_PACKETS = 1000
    _TICK = 0.00025
    _REFERENCE = 0.064

    def __init__(self) -> None:
        self._sequences = Unwrapper(16)
        self._arrived: dict[int, float] = {}
        self._base: int | None = None
        self._count = 0

    def add(self, sequence: int, now: float) -> None:
        """Note a packet by its transport-wide sequence number."""
        unwrapped = self._sequences.unwrap(sequence)
        self._arrived.setdefault(unwrapped, now)
        if self._base is None:
            self._base = unwrapped

    def packets(self, ssrc: int, media_ssrc: int) -> list[bytes]:
        """Return the RTCP packets that tell what has come since the last call."""
        found: list[bytes] = []
        while self._arrived and self._base is not None:
            first, last = min(self._arrived), max(self._arrived)
            base = min(first, self._base) if first >= self._base - self.MAX_PACKETS else first
            if last - base >= self.MAX_PACKETS:
                base = max(base, first)
                last = max(sequence for sequence in self._arrived if sequence - base < self.MAX_PACKETS)
            told = {
                sequence: self._arrived.pop(sequence) for sequence in range(base, last + 1) if sequence in self._arrived
            }
            found.append(self._packet(ssrc, media_ssrc, base, last - base + 1, told))
            self._base = last + 1
        return found

    def _packet(self, ssrc: int, media_ssrc: int, base: int, count: int, arrived: dict[int, float]) -> bytes:
        reference = int(arrived[min(arrived)] / self._REFERENCE)
        at = round(reference * self._REFERENCE / self._TICK)
        symbols: list[int] = []
        deltas = b""
        for sequence in range(base, base + count):
            if sequence not in arrived:
                symbols.append(0)
                continue
            delta = round(arrived[sequence] / self._TICK) - at
            small = 0 <= delta <= 255
            delta = max(-32_768, min(32_767, delta))
            symbols.append(1 if small else 2)
            deltas += struct.pack("!B" if small else "!h", delta)
            at += delta
        body = struct.pack("!LLHH", ssrc, media_ssrc, base & 0xFFFF, count)
        body += struct.pack("!L", (reference & 0xFFFFFF) << 8 | self._count & 0xFF)
        self._count += 1
        body += b"".join(_chunks(symbols)) + deltas
        padding = -len(body) % 4
        if padding:
            body += b"\0" * (padding - 1) + bytes([padding])
        return struct.pack("!BBH", 2 << 6 | (1 << 5 if padding else 0) | 15, 205, len(body) // 4) + body


def _chunks(symbols: list[int]) -> Iterable[bytes]:
    """Return status vectors of seven symbols of two bits, and a run for many alike (§3.1.3, §3.1.4)."""
    at = 0
    while at < len(symbols):
        run = 1
        while at + run < len(symbols) and symbols[at + run] == symbols[at] and run < 8191:
            run += 1
        if run > 7:
            yield struct.pack("!H", symbols[at] << 13 | run)
            at += run
            continue
        seven = symbols[at : at + 7]
        yield struct.pack("!H", 3 << 14 | sum(symbol << 12 - 2 * i for i, symbol in enumerate(seven)))
        at += len(seven)
