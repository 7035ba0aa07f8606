"""Attempts to sign in: each is reserved before anything is hashed, guesses wait, nobody is locked out.

OWASP ASVS 5.0 6.3.1 asks for a defence against credential stuffing and brute force that is no way to lock others out
(6.1.1). So: what has failed makes *the same client at the same account* wait, and, much later, every client that the
account does not know. A device from which the doctor has signed in before has a count of its own: no stranger can make
it wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import TypeVar

from tramkit_hal.device.clock import Clock

T = TypeVar("T")

FREE = 5
"""Wrong passwords of one client at one account before it waits."""
MAX_WAIT = 60.0
"""The longest wait, in seconds, of one client at one account: 1, 2, 4 … 60."""
FREE_OF_CLIENT = 20
MAX_WAIT_OF_CLIENT = 5.0
"""A client may be a whole hospital behind one address: it waits late and shortly."""
FREE_OF_ACCOUNT = 50
WAIT_OF_ACCOUNT = 5.0
"""Guesses from everywhere at one account: after fifty, one in five seconds is heard, known devices excepted."""

FORGET_AFTER = 3600.0
MAX_COUNTS = 10_000
"""Counts that are kept; the oldest go first."""

HASHING = 2
"""Passwords that are hashed at the same moment: 64 MiB and a core each (RFC 9106, low-memory profile)."""
MAX_WAITING = 32
"""Attempts that wait for hashing; more are turned away without one."""


class TooManyError(Exception):
    """An attempt is not heard now.

    :ivar wait: seconds after which the next one is.
    """

    def __init__(self, wait: float) -> None:
        super().__init__("too many attempts")
        self.wait = wait


@dataclass
class _Count:
    failures: int = 0
    next_at: float = 0.0
    last: float = 0.0


@dataclass(frozen=True)
class Attempt:
    """An attempt that is reserved: it counts as failed until :meth:`Attempts.succeeded` says otherwise.

    :ivar before: the counts it was added to, with when their next attempt was heard before it.
    """

    before: tuple[tuple[tuple[str, ...], float], ...]


class Attempts:
    """Who may try a password now.

    :param clock: the desk's; waits are never slept here, they are told to the browser (RFC 9110 §10.2.3).
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: dict[tuple[str, ...], _Count] = {}

    def reserve(self, account: str, client: str, device: str = "") -> Attempt:
        """Count an attempt as failed before it is made, so that what is sent at once is counted at once.

        :param account: the name that was given, whether or not a doctor has it.
        :param client: address of the browser.
        :param device: mark of a browser in which this doctor has signed in before; empty: none.
        :raises TooManyError: the client must wait; nothing is counted.
        """
        client = network_of(client)
        if device:
            rules = [(("device", account, device), FREE, MAX_WAIT)]
        else:
            rules = [
                (("pair", account, client), FREE, MAX_WAIT),
                (("client", client), FREE_OF_CLIENT, MAX_WAIT_OF_CLIENT),
                (("account", account), FREE_OF_ACCOUNT, WAIT_OF_ACCOUNT),
            ]
        now = self._clock.monotonic()
        wait = max(self._count(key, now).next_at - now for key, _, _ in rules)
        if wait > 0:
            raise TooManyError(wait)
        before: list[tuple[tuple[str, ...], float]] = []
        for key, free, longest in rules:
            found = self._count(key, now)
            before.append((key, found.next_at))
            found.failures, found.last = found.failures + 1, now
            if found.failures >= free:
                found.next_at = now + min(longest, 2.0 ** min(found.failures - free, 10))
            self._counts[key] = self._counts.pop(key, found)
        while len(self._counts) > MAX_COUNTS:
            self._counts.pop(next(iter(self._counts)))
        return Attempt(tuple(before))

    def succeeded(self, attempt: Attempt) -> None:
        """Take an attempt back: it was right. What others failed at stays counted."""
        for key, next_at in attempt.before:
            found = self._counts.get(key)
            if found is None:
                continue
            if key[0] in ("device", "pair"):
                del self._counts[key]
            else:
                found.failures, found.next_at = max(0, found.failures - 1), next_at

    def _count(self, key: tuple[str, ...], now: float) -> _Count:
        found = self._counts.get(key)
        if found is None or now - found.last > FORGET_AFTER:
            found = _Count()
            self._counts.pop(key, None)
        return found


class HashingPool:
    """Hashes few passwords at a time and lets known devices go first, so that guesses cannot take the machine."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(HASHING, thread_name_prefix="hashing")
        self._free = HASHING
        self._order = count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    async def run(self, work: Callable[[], T], *, first: bool) -> T:
        """Do work in the pool.

        :param first: before everybody who is not.
        :raises TooManyError: too many wait already.
        """
        await self._turn(first)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._next()

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _turn(self, first: bool) -> None:
        if self._free:
            self._free -= 1
            return
        if len(self._waiting) >= MAX_WAITING and not first:
            raise TooManyError(1.0)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (0 if first else 1, next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._next()
            raise

    def _next(self) -> None:
        while self._waiting:
            turn = heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


def network_of(client: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one IPv6 subscriber has (RFC 6177)."""
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(client)
        if isinstance(address, ipaddress.IPv6Address):
            if address.ipv4_mapped is not None:
                return str(address.ipv4_mapped)
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)
    return client
