"""What both directions of a connection know of the line between the two sides."""

from __future__ import annotations

import datetime
import time
from collections import deque
from collections.abc import Callable
from random import Random

from tramkit_telehealth.media.rate import RateControl
from tramkit_telehealth.media.reception import ArrivalFeedback
from tramkit_telehealth.media.sync import Sync

FIRST_ROUND_TRIP = 0.1
ROUND_TRIP_WEIGHT = 0.4

LEAST_SECONDS = 30.0
"""How long the shortest round trip holds: a call may move to another path."""

NARROW = 200_000
"""Bits a second received below which arrivals are told more rarely."""

WINDOW = 1.0


class _Counter:
    """Counts the bits of the last second."""

    def __init__(self) -> None:
        self._bits: deque[tuple[float, int]] = deque()

    def add(self, size: int, now: float) -> None:
        self._bits.append((now, size * 8))
        while self._bits[0][0] < now - WINDOW:
            self._bits.popleft()

    @property
    def rate(self) -> float:
        return sum(bits for _at, bits in self._bits) / WINDOW


class Line:
    """Shared by the senders and receivers of one peer connection.

    :param random: spreads reports.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.arrivals = ArrivalFeedback()
        self.sync = Sync()
        self.rate = RateControl(time.monotonic())
        self.red_payload_type: int | None = None
        """Payload type of redundant sound, where both sides know it."""
        self.round_trip = FIRST_ROUND_TRIP
        """Seconds to the other side and back, smoothed."""
        self.newest_round_trip = FIRST_ROUND_TRIP
        self.speaker_backlog: Callable[[], float] = lambda: 0.0
        """Returns the seconds of sound that wait at the speaker."""
        self._round_trips: deque[tuple[float, float]] = deque()
        self.cut_ended: Callable[[], None] = lambda: None
        """Called when something comes in again after a second without anything."""
        self._in, self._out = _Counter(), _Counter()

    def measured(self, round_trip: float, now: float) -> None:
        """Take a measurement of the round trip, seconds."""
        if not self._round_trips:
            self.round_trip = round_trip
        self.newest_round_trip = round_trip
        self.round_trip += ROUND_TRIP_WEIGHT * (round_trip - self.round_trip)
        self._round_trips.append((now, round_trip))
        while self._round_trips[0][0] < now - LEAST_SECONDS:
            self._round_trips.popleft()

    @property
    def least_round_trip(self) -> float:
        """The shortest round trip of late, seconds."""
        return min((seconds for _at, seconds in self._round_trips), default=self.round_trip)

    def received(self, kind: str, size: int, now: float) -> None:
        """Count bytes that come in."""
        self._in.add(size, now)
        self.got(now)

    def got(self, now: float) -> None:
        """Note that something has come in; where that ends a cut the other side needs a key frame at once."""
        if self.rate.got(now):
            self.cut_ended()

    def sent(self, size: int, now: float) -> None:
        """Count bytes that go out."""
        self._out.add(size, now)

    @property
    def received_rate(self) -> float:
        """Bits a second that came in during the last second."""
        return self._in.rate

    @property
    def sent_rate(self) -> float:
        """Bits a second that went out during the last second."""
        return self._out.rate

    @property
    def feedback_seconds(self) -> float:
        """Between two messages about arrivals: 100 ms, a quarter of a second where the line is narrow."""
        return 0.1 if self.received_rate > NARROW else 0.25

    @staticmethod
    def wall_clock() -> datetime.datetime:
        return datetime.datetime.now(tz=datetime.UTC)
