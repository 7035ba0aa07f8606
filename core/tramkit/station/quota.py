"""How much of one thing a service may ask for in one visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tramkit_hal import TramkitError

MAX_OF_VISIT: Mapping[str, int] = {
    "orders": 20,
    "printed papers": 10,
    "staff calls": 5,
    "live pages": 200,
    "steps": 200,
}
"""What no service needs more of."""


class QuotaError(TramkitError, ValueError):
    """A service asks for more than one visit can need."""


class Quota:
    """Counts what a visit's services ask for."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def take(self, what: str) -> None:
        """Count one.

        :raises QuotaError: there were as many as there may be.
        """
        self._counts[what] += 1
        if self._counts[what] > MAX_OF_VISIT[what]:
            raise QuotaError(f"a visit has no more than {MAX_OF_VISIT[what]} {what}")
