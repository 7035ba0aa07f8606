"""The jitter buffer for sound, counted in time: what to play in each 20 ms, and what to do about what is missing.

It keeps how late packets come against the earliest ones, and holds sound back for as long as nearly all of them need.
A packet that is lost is recovered from its successor's copy (Opus in-band FEC, RFC 6716 §4.2.5; RED, RFC 2198) or is
concealed; the stream never waits for it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum

from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE
from tramkit_telehealth.media.opus import DTX_BYTES, OpusError, has_fec, samples_of

MIN_DELAY = 0.04
"""Seconds by which sound is held back on the best of lines: what a lost packet's successor needs to come."""

MAX_DELAY = 0.5
"""Most seconds by which sound is held back."""

WINDOW = 5.0
"""Seconds over which the earliest packet is looked for: clocks drift, routes change."""

LATE_SHARE = 0.97
"""Share of packets that must be in time (Chromium's NetEq: 0.95 to 0.97)."""

FORGET = 0.9983
"""What a packet's lateness still counts when the next has come (NetEq's forget factor); the first count alike."""

BUCKET = 0.01
INSERT_BELOW, SKIP_ABOVE, SKIP_LOUD_ABOVE = 0.01, 0.03, 0.1
"""Seconds off the wanted delay at which a piece is put in, left out in a pause, left out though somebody speaks."""

RESTART_GAP = 5.0
"""Seconds by which time stamps may jump before everything begins anew."""

PIECE_SECONDS = PIECE / SAMPLE_RATE


class Origin(Enum):
    """Where a piece of sound comes from."""

    PACKET = "packet"
    RECOVERED = "recovered"
    CONCEALED = "concealed"
    PAUSE = "pause"
    """The sender says nothing (DTX), or has not begun."""
    STRETCHED = "stretched"
    """Put in because the line has become slower."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What to play next.

    :param packet: to decode; None: to conceal.
    :param following: the packet that has the coarse copy to decode.
    :param skipped: packets to decode before this one, of which only the decoder's memory is kept.
    :param timestamp: RTP, unwrapped.
    """

    origin: Origin
    timestamp: int
    packet: bytes | None = None
    following: bytes | None = None
    skipped: tuple[bytes, ...] = ()


class _Lateness:
    """How late packets come against the earliest: a histogram that forgets, and the earliest of the last seconds."""

    def __init__(self) -> None:
        self._weights = [0.0] * round(MAX_DELAY / BUCKET + 1)
        self._count = 0
        self._recent: deque[tuple[float, float]] = deque()

    def add(self, transit: float, now: float) -> None:
        while self._recent and (self._recent[0][0] < now - WINDOW):
            self._recent.popleft()
        while self._recent and self._recent[-1][1] >= transit:
            self._recent.pop()
        self._recent.append((now, transit))
        late = min(len(self._weights) - 1, round((transit - self.earliest) / BUCKET))
        self._count += 1
        kept = min(FORGET, 1 - 1 / self._count)
        self._weights = [weight * kept for weight in self._weights]
        self._weights[late] += 1 - kept

    @property
    def earliest(self) -> float:
        return self._recent[0][1]

    @property
    def delay(self) -> float:
        """Seconds that all but a few packets need."""
        passed = 0.0
        for index, weight in enumerate(self._weights):
            passed += weight
            if passed >= LATE_SHARE:
                return index * BUCKET
        return MAX_DELAY


@dataclass(frozen=True, slots=True)
class _Packet:
    sequence: int
    payload: bytes
    samples: int
    redundant: bool


class SoundBuffer:
    """Takes packets as they come, gives one piece every 20 ms. Times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self.extra = 0.0
        """Seconds by which sound is held back further, so that picture and sound are together."""
        self.counts = dict.fromkeys(Origin, 0)
        self.late = 0
        """Packets that came after their turn."""
        self.delay = 0.0
        """Seconds from the earliest arrival of a packet to its turn, as it is now."""
        self._packets: dict[int, _Packet] = {}
        self._lateness = _Lateness()
        self._next: int | None = None
        self._last: _Packet | None = None

    @property
    def wanted_delay(self) -> float:
        """Seconds from the earliest arrival of a packet to its turn."""
        return min(MAX_DELAY, max(MIN_DELAY, self._lateness.delay + PIECE_SECONDS) + self.extra)

    def put(self, sequence: int, timestamp: int, payload: bytes, now: float, *, redundant: bool = False) -> None:
        """Take a packet.

        :param sequence: unwrapped.
        :param timestamp: unwrapped.
        :param redundant: a copy that came with a later packet (RFC 2198): it says nothing of how late packets come.
        """
        try:
            packet = _Packet(sequence, payload, samples_of(payload), redundant)
        except OpusError:
            return
        if self._next is not None and abs(timestamp - self._next) > RESTART_GAP * SAMPLE_RATE:
            if redundant:
                return
            self._packets.clear()
            self._lateness = _Lateness()
            self._next = None
        if not redundant:
            self._lateness.add(now - timestamp / SAMPLE_RATE, now)
        if self._next is not None and timestamp + packet.samples <= self._next:
            self.late += not redundant
        elif timestamp not in self._packets or not redundant:
            self._packets[timestamp] = packet

    def pull(self, now: float, *, quiet: bool = True, skip: bool = False) -> Piece | None:
        """Return what to play now; None: nothing has come yet.

        :param quiet: whether what was played last was so soft that a piece may be left out.
        :param skip: leave a piece out, since more waits to be played than should.
        """
        if self._next is None:
            if not self._packets or self._delay_of(min(self._packets), now) < self.wanted_delay:
                return None
            self._next = min(self._packets)
        self._snap()
        self.delay = self._delay_of(self._next, now)
        off = self.delay - self.wanted_delay
        if off < -INSERT_BELOW - PIECE_SECONDS / 2 and self._next not in self._packets:
            return self._count(Piece(Origin.STRETCHED, self._next))
        skipped: tuple[bytes, ...] = ()
        if (off > SKIP_ABOVE and quiet) or off > SKIP_LOUD_ABOVE or skip:
            skipped = self._skip()
        return self._count(self._piece(self._next, skipped))

    def _delay_of(self, timestamp: int, now: float) -> float:
        return now - timestamp / SAMPLE_RATE - self._lateness.earliest

    def _snap(self) -> None:
        """Go to the packet that begins within this piece: after a gap the time stamps may stand between two pieces."""
        assert self._next is not None
        if self._next not in self._packets:
            within = [each for each in self._packets if self._next < each < self._next + PIECE]
            self._next = min(within, default=self._next)

    def _skip(self) -> tuple[bytes, ...]:
        assert self._next is not None
        found = self._packets.pop(self._next, None)
        self._next += found.samples if found is not None else PIECE
        self._last = found or self._last
        return () if found is None else (found.payload,)

    def _piece(self, at: int, skipped: tuple[bytes, ...]) -> Piece:
        self._forget(at)
        found = self._packets.pop(at, None)
        if found is not None:
            self._next, self._last = at + found.samples, found
            origin = Origin.RECOVERED if found.redundant else Origin.PACKET
            return Piece(origin, at, packet=found.payload, skipped=skipped)
        self._next = at + PIECE
        if self._silent():
            return Piece(Origin.PAUSE, at, skipped=skipped)
        following = self._packets.get(at + PIECE)
        if following is not None and has_fec(following.payload):
            return Piece(Origin.RECOVERED, at, following=following.payload, skipped=skipped)
        return Piece(Origin.CONCEALED, at, skipped=skipped)

    def _silent(self) -> bool:
        """Whether nothing is missing: the sender has said that it is silent, or has counted on without a gap."""
        if self._last is None:
            return False
        if len(self._last.payload) <= DTX_BYTES:
            return True
        following = min(self._packets, default=None)
        return following is not None and self._packets[following].sequence == self._last.sequence + 1

    def _forget(self, before: int) -> None:
        for timestamp in [timestamp for timestamp in self._packets if timestamp < before]:
            del self._packets[timestamp]

    def _count(self, piece: Piece) -> Piece:
        self.counts[piece.origin] += 1
        return piece
