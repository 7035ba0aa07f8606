"""Sound and picture together: within 100 ms of each other (EN 301 549 §6.5.4)."""

from __future__ import annotations

from typing import Literal

from tramkit_telehealth.media.reception import seconds_of

RATES = {"audio": 48_000, "video": 90_000}

AHEAD, BEHIND = 0.03, 0.06
"""Seconds by which the picture may be ahead of its sound, or behind it, before something is done."""

MAX_EXTRA = 0.08
"""Most seconds by which sound is held back for a picture: a conversation bears delay worse than a late picture."""

STEP = 0.002
"""Seconds by which the holding back changes with a picture."""

WEIGHT = 0.1

MAX_APART = 2.0
"""Seconds; where a sender says that sound and picture are further apart its reports are wrong, and are not followed."""

Kind = Literal["audio", "video"]


class Sync:
    """Compares how old sound and picture are when they come out, by the sender's own clock (RFC 3550 §6.4.1).

    Times are seconds of the monotonic clock.
    """

    def __init__(self) -> None:
        self.sound_extra = 0.0
        """Seconds by which sound is to be held back further."""
        self.apart: float | None = None
        """Seconds by which the picture comes out after its sound; None: not known yet."""
        self._reports: dict[str, tuple[float, int]] = {}
        self._ages: dict[str, float] = {}

    def reported(self, kind: str, ntp: int, timestamp: int) -> None:
        """Take a sender report: at that NTP time the stream stood at that time stamp (unwrapped)."""
        self._reports[kind] = (seconds_of(ntp), timestamp)

    def played(self, kind: Kind, timestamp: int, now: float) -> None:
        """Note that what was captured at a time stamp came out."""
        age = self._age(kind, timestamp, now)
        if age is None:
            return
        before = self._ages.get(kind, age)
        self._ages[kind] = before + WEIGHT * (age - before) if abs(age - before) < 1 else age
        if kind == "video" and "audio" in self._ages:
            apart = self._ages["video"] - self._ages["audio"]
            self.apart = apart if abs(apart) < MAX_APART else None
            if self.apart is None:
                self.sound_extra = 0.0
            elif self.apart > BEHIND:
                self.sound_extra = min(MAX_EXTRA, self.sound_extra + STEP)
            elif self.apart < BEHIND - 0.03:
                self.sound_extra = max(0.0, self.sound_extra - STEP)

    def hold(self, timestamp: int, now: float) -> float:
        """Return for how many seconds a picture is to be held back so that its sound is not far behind."""
        age = self._age("video", timestamp, now)
        if age is None or "audio" not in self._ages:
            return 0.0
        hold = self._ages["audio"] - AHEAD - age
        return hold if 0 < hold < MAX_APART else 0.0

    def _age(self, kind: Kind, timestamp: int, now: float) -> float | None:
        """Return how old something is, on a clock that is off by the same for sound and picture."""
        if kind not in self._reports:
            return None
        at, reported = self._reports[kind]
        return now - (at + (timestamp - reported) / RATES[kind])
