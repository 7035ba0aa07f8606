"""Counters of RTP that run over, turned into ones that do not (RFC 3550 §5.1, appendix A.1)."""

from __future__ import annotations


class Unwrapper:
    """Turns a counter of so many bits into one that goes on rising.

    :param bits: 16 for sequence numbers, 32 for time stamps.
    """

    def __init__(self, bits: int) -> None:
        self._size = 1 << bits
        self._last: int | None = None

    def unwrap(self, value: int) -> int:
        """Return the number nearest to the last one that has these low bits."""
        if self._last is None:
            self._last = value + self._size  # room for what comes before the first
            return self._last
        half = self._size // 2
        self._last += (value - self._last + half) % self._size - half
        return self._last
