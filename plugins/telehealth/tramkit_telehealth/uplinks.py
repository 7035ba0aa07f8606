"""The ways out of a station: network interfaces with a default route, e.g. cable and mobile network.

A socket that is bound to an interface leaves over it whatever the kernel prefers (``SO_BINDTODEVICE``, which needs no
privilege since Linux 5.7). So a call's next leg can be made over the other network while the kernel still trusts the
first. On other systems there are no uplinks to choose from.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ifaddr

ROUTES, ROUTES6 = Path("/proc/net/route"), Path("/proc/net/ipv6_route")
RTF_UP, RTF_REJECT = 0x0001, 0x0200
NOWHERE = "lo"


@dataclass(frozen=True)
class Uplink:
    """A network interface over which everything can be reached.

    :param name: of the interface, e.g. ``eth0``.
    :param addresses: of this machine on it, without link-local ones.
    """

    name: str
    addresses: tuple[str, ...]


Uplinks = Callable[[], Sequence[Uplink]]


def find_uplinks() -> list[Uplink]:
    """Return the ways out, the one that the kernel prefers first; empty where that cannot be told."""
    metrics: dict[str, int] = {}
    for name, metric in (*_default_routes(), *_default_routes6()):
        metrics[name] = min(metric, metrics.get(name, metric))
    if not metrics:
        return []
    addresses: dict[str, list[str]] = {}
    for adapter in ifaddr.get_adapters():
        for each in adapter.ips:
            text = each.ip if isinstance(each.ip, str) else each.ip[0]
            if not ipaddress.ip_address(text).is_link_local:
                addresses.setdefault(adapter.name, []).append(text)
    names = sorted(metrics, key=lambda name: (metrics[name], name))
    return [Uplink(name, tuple(addresses[name])) for name in names if name in addresses]


def _default_routes() -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for fields in _table(ROUTES)[1:]:
        name, destination, flags, metric, mask = fields[0], fields[1], int(fields[3], 16), int(fields[6]), fields[7]
        if destination == mask == "00000000" and flags & RTF_UP and not flags & RTF_REJECT:
            found.append((name, metric))
    return found


def _default_routes6() -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for fields in _table(ROUTES6):
        destination, length, metric, flags, name = (
            fields[0],
            fields[1],
            int(fields[5], 16),
            int(fields[8], 16),
            fields[9],
        )
        default = set(destination) == {"0"} and length == "00"
        if default and flags & RTF_UP and not flags & RTF_REJECT and name != NOWHERE:
            found.append((name, metric))
    return found


def _table(file: Path) -> list[list[str]]:
    try:
        return [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return []


def bind(sock: socket.socket, uplink: str) -> None:
    """Let a socket leave over an interface only, where there is one; else the kernel's choice is the next best.

    :param uplink: name; empty: whichever the kernel prefers.
    """
    if uplink:
        with contextlib.suppress(OSError):  # it has just gone, or the kernel is older than 5.7
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, uplink.encode() + b"\0")


def tcp_socket(address: tuple[int, int, int, str, object], uplink: str) -> socket.socket:
    """Return a socket for a connection, over an uplink where that is possible.

    :param address: an entry of ``getaddrinfo``.
    :param uplink: name; empty: whichever the kernel prefers.
    """
    sock = socket.socket(family=address[0], type=address[1], proto=address[2])
    bind(sock, uplink)
    sock.setblocking(False)
    return sock


async def udp_socket(host: str, port: int, uplink: str) -> socket.socket:
    """Return a connected datagram socket to a server, over an uplink.

    :raises OSError: the server has no address, or cannot be reached that way.
    """
    loop = asyncio.get_running_loop()
    error: OSError = OSError(f"no address of {host}")
    for family, kind, protocol, _name, address in await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            bind(sock, uplink)
            await loop.sock_connect(sock, address)
            return sock
        except OSError as failed:
            sock.close()
            error = failed
    raise error


class WaysOut:
    """Which way out the station's conversations take: the kernel's choice, until it fails.

    :param find: returns the uplinks there are now, the kernel's choice first.
    :ivar chosen: name of the uplink; empty: the kernel's choice.
    :ivar moved: called when another was chosen.
    """

    def __init__(self, find: Uplinks = find_uplinks) -> None:
        self.chosen = ""
        self.moved: Callable[[], None] | None = None
        self._find = find

    def current(self) -> str:
        """Return the name of the uplink in use; empty where that cannot be told."""
        if self.chosen:
            return self.chosen
        found = self._find()
        return found[0].name if found else ""

    def uplink(self) -> Uplink | None:
        """Return the uplink that was chosen; None: the kernel chooses, or it is gone."""
        return next((each for each in self._find() if each.name == self.chosen), None) if self.chosen else None

    def other_than(self, name: str) -> Uplink | None:
        """Return another uplink, the first that the kernel would take; None: there is none."""
        return next((each for each in self._find() if each.name != name), None)

    def choose(self, name: str) -> None:
        """Take an uplink from now on; empty: the kernel's choice."""
        if name != self.chosen:
            self.chosen = name
            if self.moved is not None:
                self.moved()

    def rotate(self) -> None:
        """Take the next uplink for the next attempt, after one that has failed; nobody is told."""
        names = [each.name for each in self._find()]
        if len(names) < 2:
            self.chosen = ""
            return
        at = names.index(self.chosen) if self.chosen in names else 0
        self.chosen = names[(at + 1) % len(names)]
