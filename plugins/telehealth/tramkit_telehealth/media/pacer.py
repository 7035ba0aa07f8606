"""Lets packets leave one after the other instead of all at once; repairs before new pictures."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

TICK_SECONDS = 0.005
BURST_SECONDS = 0.01
"""Seconds of the rate that may leave at once."""

Send = Callable[[], Awaitable[int]]
"""Sends one packet, returns its bytes."""


class Pacer:
    """Sends what is put in, no faster than a rate.

    :param rate: returns bits a second.
    """

    def __init__(self, rate: Callable[[], int]) -> None:
        self._rate = rate
        self._repairs: deque[tuple[Send, int]] = deque()
        self._packets: deque[tuple[Send, int]] = deque()
        self._bytes = 0
        self._some = asyncio.Event()

    @property
    def waiting_seconds(self) -> float:
        """How long what waits will take to leave."""
        return self._bytes * 8 / max(1, self._rate())

    def put(self, send: Send, size: int, *, repair: bool = False) -> None:
        """Let a packet leave when it is its turn."""
        (self._repairs if repair else self._packets).append((send, size))
        self._bytes += size
        self._some.set()

    def clear(self) -> None:
        """Forget the pictures that wait."""
        self._bytes -= sum(size for _send, size in self._packets)
        self._packets.clear()

    async def run(self) -> None:
        """Send until cancelled."""
        budget, at = 0.0, time.monotonic()
        while True:
            if not (self._repairs or self._packets):
                self._some.clear()
                await self._some.wait()
            now = time.monotonic()
            rate = self._rate() / 8
            budget = min(budget + (now - at) * rate, max(rate * BURST_SECONDS, 1500.0))
            at = now
            while budget > 0 and (self._repairs or self._packets):
                send, size = (self._repairs or self._packets).popleft()
                self._bytes -= size
                budget -= await send()
            if self._repairs or self._packets:
                await asyncio.sleep(max(TICK_SECONDS / 2, min(TICK_SECONDS, -budget / rate)))
