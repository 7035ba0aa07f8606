"""Wrong tries, counted by the station over all visits: what a plugin counts ends with the process of its visit."""

from __future__ import annotations

from collections import deque

from tramkit_hal import TramkitError
from tramkit_hal.device.clock import Clock

MAX_KINDS = 100
"""Kinds of tries that are counted, of all plugins."""
MAX_TRIES = 100
MAX_SECONDS = 86_400.0


class TriesError(TramkitError, ValueError):
    """A service counts what cannot be counted."""


class WrongTries:
    """When what was tried in vain, by service and kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: dict[tuple[str, str], deque[float]] = {}

    def wait(self, service: str, what: str, most: int, seconds: float) -> float:
        """Return for how many seconds nothing more of a kind may be tried.

        :param most: that may be wrong within ``seconds``.
        :raises TriesError: more than is counted.
        """
        if not 1 <= most <= MAX_TRIES or not 0 < seconds <= MAX_SECONDS:
            raise TriesError(f"up to {MAX_TRIES} tries in up to {MAX_SECONDS:.0f} s are counted")
        at = self._at.get((service, what))
        if at is None or len(at) < most:
            return 0.0
        return max(0.0, at[-most] + seconds - self._clock.monotonic())

    def wrong(self, service: str, what: str) -> None:
        """Count a wrong try.

        :raises TriesError: a kind too many.
        """
        if (service, what) not in self._at and len(self._at) >= MAX_KINDS:
            raise TriesError(f"up to {MAX_KINDS} kinds of tries are counted")
        self._at.setdefault((service, what), deque(maxlen=MAX_TRIES)).append(self._clock.monotonic())
