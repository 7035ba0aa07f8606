"""What has happened at the station today: counts alone, kept in memory and never of anybody."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from tramkit.host.days import day_of
from tramkit.host.ending import VisitEnding
from tramkit_hal.device.clock import Clock


class DayTally:
    """The visits of one day of Vietnam's calendar; the first look on another day begins anew.

    :ivar since: from when it counts: midnight's first look, or the start of the station. UTC.
    :ivar endings: how many visits have ended in each way.
    :ivar services: how many visits chose each service, by its id.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self.since: datetime = self._clock.now()
        self._day: date = day_of(self.since)
        self.endings: Counter[VisitEnding] = Counter()
        self.services: Counter[str] = Counter()

    def now(self) -> DayTally:
        """Return the counts of the day that it is now."""
        if day_of(self._clock.now()) != self._day:
            self._begin()
        return self

    def count(self, service: str, ending: VisitEnding) -> None:
        """Count a visit that has ended; empty service: none was chosen."""
        today = self.now()
        today.endings[ending] += 1
        if service:
            today.services[service] += 1
