"""A line between two peers that loses, delays and narrows, seeded: a UDP relay in their candidates' place."""

from __future__ import annotations

import asyncio
import re
import socket
from collections import deque
from dataclasses import dataclass
from random import Random

HEADERS = 28
"""Bytes of IPv4 and UDP, which a line carries too."""


@dataclass(frozen=True)
class Profile:
    """What a line does to each direction.

    :param delay: seconds one way.
    :param jitter: seconds by which that varies up and down, evenly; packets may overtake each other.
    :param loss: share of packets lost, each for itself.
    :param burst: mean length of a run of lost packets; 1: each for itself.
    :param rate: bits a second; 0: no limit.
    :param queue: seconds of that rate that wait before what comes is dropped.
    """

    delay: float = 0.02
    jitter: float = 0.0
    loss: float = 0.0
    burst: float = 1.0
    rate: float = 0.0
    queue: float = 0.3


PROFILES = {
    "clean": Profile(),
    "2 %": Profile(loss=0.02),
    "5 %": Profile(loss=0.05),
    "10 %": Profile(loss=0.10),
    "20 %": Profile(loss=0.20),
    "burst 5 %": Profile(loss=0.05, burst=4),
    "150 ms": Profile(delay=0.15),
    "jitter": Profile(delay=0.04, jitter=0.03),
    "1 Mb/s": Profile(rate=1e6),
    "350 kb/s": Profile(rate=350e3),
    "150 kb/s": Profile(rate=150e3),
    "64 kb/s": Profile(rate=64e3),
}


class _Way:
    """One direction: a socket towards each side."""

    def __init__(self, profile: Profile, seed: str) -> None:
        self.profile = profile
        self.random = Random(seed)
        self.free_at = 0.0
        self.losing = False
        self.passed = self.dropped = 0

    def times(self, size: int, now: float) -> float | None:
        """Return when a packet arrives; None: never."""
        profile = self.profile
        if self._lost():
            self.dropped += 1
            return None
        at = now
        if profile.rate:
            start = max(now, self.free_at)
            if start - now > profile.queue:
                self.dropped += 1
                return None
            at = self.free_at = start + (size + HEADERS) * 8 / profile.rate
        self.passed += 1
        return at + profile.delay + self.random.uniform(-profile.jitter, profile.jitter)

    def _lost(self) -> bool:
        profile = self.profile
        if profile.burst <= 1:
            return self.random.random() < profile.loss
        leave = 1 / profile.burst
        enter = leave * profile.loss / (1 - profile.loss) if profile.loss else 0
        self.losing = self.random.random() >= leave if self.losing else self.random.random() < enter
        return self.losing


class _Side(asyncio.DatagramProtocol):
    def __init__(self, link: ImpairedLink, way: _Way, other: int) -> None:
        self.link, self.way, self.other = link, way, other
        self.transport: asyncio.DatagramTransport | None = None
        self.peer: tuple[str, int] | None = None

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr) -> None:
        self.peer = addr
        if self.link.cut:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        at = self.way.times(len(data), now)
        if at is not None:
            loop.call_at(at, self.link.sides[self.other].deliver, data)

    def deliver(self, data: bytes) -> None:
        if self.peer is not None and self.transport is not None and not self.transport.is_closing():
            self.transport.sendto(data, self.peer)


class ImpairedLink:
    """A relay between A and B: each believes that the other is here.

    :param there: from A to B; back: from B to A.
    """

    def __init__(self, there: Profile, back: Profile | None = None, seed: int = 1) -> None:
        print(f"impaired link: {there} {back or ''} seed {seed}")
        self.cut = False
        self.ways = (_Way(there, f"{seed} there"), _Way(back or there, f"{seed} back"))
        self.sides: list[_Side] = []
        self.moves: deque[str] = deque()

    async def __aenter__(self) -> ImpairedLink:
        loop = asyncio.get_running_loop()
        for index in (0, 1):
            side = _Side(self, self.ways[index], 1 - index)
            await loop.create_datagram_endpoint(lambda side=side: side, local_addr=(_address(), 0))
            self.sides.append(side)
        return self

    async def __aexit__(self, *_error: object) -> None:
        for side in self.sides:
            side.transport.close()

    def rewrite(self, sdp: str, side: int) -> str:
        """Return a description of a side (0: A, 1: B) in whose candidates the relay stands."""
        found = re.search(r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) (\d+) typ host", sdp)
        assert found, "no IPv4 candidate"
        self.sides[side].peer = (found[1], int(found[2]))
        address, port = self.sides[1 - side].transport.get_extra_info("sockname")
        candidate = f"a=candidate:1 1 udp 2130706431 {address} {port} typ host\r\n"
        sdp = re.sub(r"a=candidate:.*\r\n", "", sdp)
        return re.sub(r"(a=ice-ufrag:)", candidate + r"\1", sdp)


def _address() -> str:
    """Return the address of this machine that aioice takes; a UDP socket that sends nothing knows it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.1", 9))
        return probe.getsockname()[0]
