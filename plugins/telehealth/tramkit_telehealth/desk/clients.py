"""Which client a request comes from, behind proxies that are known."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from aiohttp import web

from tramkit_hal.device.clock import Clock

MAX_HOPS = 20

LINES_AT_ONCE = 20
LINES_PER_SECOND = 0.2
"""What strangers can make the log write: a burst, then a line in five seconds, each with how many were left out."""


class LogBudget:
    """Lets so many lines of a kind into the log that nobody can fill the disk with them."""

    def __init__(self, clock: Clock, *, burst: float = LINES_AT_ONCE, rate: float = LINES_PER_SECOND) -> None:
        self._clock = clock
        self._burst, self._rate = burst, rate
        self._tokens, self._at = burst, clock.monotonic()
        self._left_out = 0

    def take(self) -> int | None:
        """Return how many lines were left out before this one; None: leave this one out too."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            self._left_out += 1
            return None
        self._tokens -= 1
        left_out, self._left_out = self._left_out, 0
        return left_out


class TrustedProxies:
    """The proxies whose word is taken for who stands behind them (RFC 7239 §8.1: nobody else's is).

    :param networks: addresses or networks, e.g. ``127.0.0.1``, ``10.0.0.0/8``.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ipaddress.ip_network(each, strict=False) for each in networks]

    def client_of(self, request: web.Request) -> str:
        """Return the address of who sent a request: the last one that no trusted proxy has."""
        client = request.remote or ""
        given = ",".join(request.headers.getall("X-Forwarded-For", []))
        hops = [hop.strip() for hop in given.split(",") if hop.strip()][-MAX_HOPS:]
        while hops and self._trusts(client):
            hop = hops.pop()
            try:
                client = str(ipaddress.ip_address(hop.strip("[]")))
            except ValueError:
                break  # whoever wrote this is no proxy that can be trusted with more
        return client

    def _trusts(self, client: str) -> bool:
        try:
            address = ipaddress.ip_address(client)
        except ValueError:
            return False
        return any(address in network for network in self._networks)
