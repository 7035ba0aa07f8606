"""How often the face of whoever holds a card was found to be another's, counted by card over all visits."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import deque
from datetime import datetime, timedelta

MAX_FAILURES_OF_A_CARD = 6
"""Failures of one card within :data:`WINDOW`; Circular 50/2024/TT-NHNN: at most ten, then it is locked."""

WINDOW = timedelta(hours=24)
MAX_CARDS = 10_000


class FaceTries:
    """The failures of each card, in memory only, its number under a key that ends with the program.

    A new visit gives a thief no new tries, and neither does another way back to the face check.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._failures: dict[bytes, deque[datetime]] = {}

    def failed(self, number: str, now: datetime) -> None:
        """Count a comparison that found somebody else.

        :param number: of the card's holder.
        """
        for card in [card for card, times in self._failures.items() if times[-1] <= now - WINDOW]:
            del self._failures[card]
        while len(self._failures) >= MAX_CARDS:
            del self._failures[next(iter(self._failures))]
        times = self._failures.setdefault(self._card(number), deque(maxlen=MAX_FAILURES_OF_A_CARD))
        times.append(now)

    def left(self, number: str, now: datetime) -> int:
        """Return how many failures the card may still have."""
        times = self._failures.get(self._card(number), ())
        return max(0, MAX_FAILURES_OF_A_CARD - sum(time > now - WINDOW for time in times))

    def _card(self, number: str) -> bytes:
        return hmac.digest(self._key, number.encode(), hashlib.sha256)
