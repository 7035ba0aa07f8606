"""The relay between the lab's networks: reads packets from TUN devices and writes them to others, late or never.

``python -m tests.lab.relay SPEC`` where SPEC is JSON: ``{"seed": 1, "ports": [{"name", "netns", "device",
"addresses"}]}``. Each port is a TUN device in a namespace and the addresses behind it. A packet passes the link of the
port it comes from, then the link of the port it goes to. On standard input come orders, a JSON object a line::

    {"port": "station", "profile": {…}}    {"port": "station", "cut": true}    {"count": true}

each is answered by a line: what the links have counted so far. It works on packets of the Internet layer, so UDP and
TCP fare alike and nothing in them is touched.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import heapq
import ipaddress
import itertools
import json
import math
import os
import select
import struct
import sys
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.lab.profiles import Profile

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
MAX_PACKET = 65_535
WANDER_SECONDS = 0.1
"""How fast the delay wanders: after this long it has forgotten where it was."""

REORDER_SECONDS = (0.003, 0.030)


@dataclass
class Count:
    """What one direction of a link has done."""

    passed: int = 0
    bytes: int = 0
    lost: int = 0
    overflowed: int = 0
    cut: int = 0


@dataclass
class Link:
    """One direction of a port's link.

    :param random: decides what is lost and how long the rest takes, one draw after the other.
    """

    random: Random
    profile: Profile = field(default_factory=lambda: Profile(delay=0.0))
    cut: bool = False
    count: Count = field(default_factory=Count)
    _bad: bool = False
    _free_at: float = 0.0
    _last_release: float = 0.0
    _wander: float = 0.0
    _wandered_at: float = 0.0

    def take(self, now: float, size: int) -> float | None:
        """Return when a packet comes out at the other end; None: never.

        :param now: seconds.
        :param size: bytes.
        """
        if self.cut:
            self.count.cut += 1
            return None
        if self._is_lost():
            self.count.lost += 1
            return None
        profile = self.profile
        sent = now
        if profile.rate > 0:
            if self._free_at - now > profile.queue:
                self.count.overflowed += 1
                return None
            sent = self._free_at = max(now, self._free_at) + size * 8 / profile.rate
        self.count.passed += 1
        self.count.bytes += size
        release = sent + profile.delay + self._jitter(sent)
        if profile.reorder and self.random.random() < profile.reorder:
            return release + self.random.uniform(*REORDER_SECONDS)  # and those behind it do not wait
        self._last_release = max(self._last_release, release)
        return self._last_release

    def _is_lost(self) -> bool:
        loss, burst = self.profile.loss, self.profile.burst
        if loss <= 0:
            return False
        if burst <= 1:
            return self.random.random() < loss
        if self._bad:
            self._bad = self.random.random() >= 1 / burst
        else:
            self._bad = self.random.random() < loss / (burst * (1 - loss))
        return self._bad

    def _jitter(self, now: float) -> float:
        if self.profile.jitter <= 0:
            return 0.0
        kept = math.exp(-(now - self._wandered_at) / WANDER_SECONDS)
        self._wander = kept * self._wander + math.sqrt(max(0.0, 1 - kept * kept)) * self.random.gauss(0, 0.6)
        self._wandered_at = now
        return self.profile.jitter * max(-1.0, min(1.0, self._wander))


@dataclass
class Port:
    """A network that the relay joins to the others."""

    name: str
    fd: int
    outward: Link
    """From the network into the relay."""
    inward: Link


class Relay:
    """Carries packets between ports until standard input ends."""

    def __init__(self, ports: list[Port], addresses: dict[bytes, Port]) -> None:
        self._ports = {port.fd: port for port in ports}
        self._named = {port.name: port for port in ports}
        self._addresses = addresses
        self._order = itertools.count()
        self._late: list[tuple[float, int, bytes, Port, Link | None]] = []

    def run(self) -> None:
        """Work."""
        poll = select.epoll()
        for fd in self._ports:
            poll.register(fd, select.EPOLLIN)
        poll.register(sys.stdin.fileno(), select.EPOLLIN | select.EPOLLHUP)
        while True:
            wait = max(0.0, self._late[0][0] - time.monotonic()) if self._late else 1.0
            for fd, _event in poll.poll(wait):
                if fd in self._ports:
                    self._read(self._ports[fd])
                elif not self._obey():
                    return
            self._release()

    def _read(self, port: Port) -> None:
        for _ in range(64):
            try:
                packet = os.read(port.fd, MAX_PACKET)
            except BlockingIOError:
                return
            to = self._addresses.get(packet[16:20] if packet[0] >> 4 == 4 else packet[24:40])
            if to is not None and to is not port:
                self._pass(time.monotonic(), packet, to, port.outward, to.inward)

    def _pass(self, now: float, packet: bytes, to: Port, link: Link, then: Link | None) -> None:
        release = link.take(now, len(packet))
        if release is not None:
            heapq.heappush(self._late, (release, next(self._order), packet, to, then))

    def _release(self) -> None:
        now = time.monotonic()
        while self._late and self._late[0][0] <= now:
            due, _, packet, to, then = heapq.heappop(self._late)
            if then is not None:
                self._pass(due, packet, to, then, None)
                continue
            try:
                os.write(to.fd, packet)
            except (BlockingIOError, OSError):
                to.inward.count.overflowed += 1

    def _obey(self) -> bool:
        line = sys.stdin.readline()
        if not line:
            return False
        order = json.loads(line)
        port = self._named.get(order.get("port", ""))
        for link in (port.outward, port.inward) if port else ():
            if "profile" in order:
                link.profile = Profile(**order["profile"])
                link.count = Count()
            if "cut" in order:
                link.cut = order["cut"]
        print(json.dumps({name: self._counts(each) for name, each in self._named.items()}), flush=True)
        return True

    @staticmethod
    def _counts(port: Port) -> dict[str, Any]:
        return {"outward": vars(port.outward.count), "inward": vars(port.inward.count)}


def enter(netns: str) -> None:
    """Move this thread into a network namespace.

    :raises OSError: there is none of that name, or this is not root.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{netns}") as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"namespace {netns} cannot be entered")


def open_tun(device: str) -> int:
    """Make a TUN device in the namespace of this thread and return its descriptor; it goes when that is closed."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", device.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def main() -> None:
    """Make the devices, say so, work."""
    spec = json.loads(sys.argv[1])
    ports: list[Port] = []
    addresses: dict[bytes, Port] = {}
    for each in spec["ports"]:
        enter(each["netns"])
        name = each["name"]
        links = [Link(Random(f"{spec['seed']} {name} {way}")) for way in ("outward", "inward")]
        port = Port(name, open_tun(each["device"]), *links)
        ports.append(port)
        addresses |= {ipaddress.ip_address(address).packed: port for address in each["addresses"]}
    os.nice(-10)  # a relay that is late would be measured as a network that is slow
    gc.disable()
    print(json.dumps({"ready": True}), flush=True)
    Relay(ports, addresses).run()


if __name__ == "__main__":
    main()
