"""The lab's networks: namespaces for station, doctor and the servers between, joined by the relay.

::

    station ── [NAT] ──┐                 ┌── [NAT] ── doctor
    (second uplink) ───┤ relay, 192.0.2. ├
                       └──── servers ────┘   coturn

Everything is made by a run and taken away by it: no packet leaves the namespaces.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tests.lab.profiles import Profile
from tests.lab.relay import enter

Nat = Literal["none", "port_restricted", "symmetric"]
Firewall = Literal["open", "no_udp", "tls_only"]

DOOR = 8100
"""Port on 127.0.0.1 of every namespace where the lab's own signalling is reached, past the relay."""

SERVERS = "192.0.2.100"
PUBLIC = {"station": "192.0.2.10", "station2": "192.0.2.20", "doctor": "192.0.2.30"}
PUBLIC6 = {"station": "2001:db8::10", "doctor": "2001:db8::30", "servers": "2001:db8::100"}
INSIDE = {"station": "10.1.0", "station2": "10.2.0", "doctor": "10.3.0"}

METRICS = {"station": 100, "station2": 200}
"""Of the default routes: the kernel prefers the lower."""

MARK = "tramkit-lab"


@dataclass(frozen=True)
class Place:
    """How one side reaches the others.

    :param nat: what stands between: ``port_restricted`` keeps a port for all peers and lets in who was called
        (RFC 4787: endpoint-independent mapping, address- and port-dependent filtering); ``symmetric`` takes a new port
        for each peer.
    :param firewall: what is let out: everything, everything but UDP, or TLS on port 443 only.
    """

    nat: Nat = "none"
    firewall: Firewall = "open"


@dataclass(frozen=True)
class Plan:
    """What a lab is built of.

    :param uplinks: how many ways out the station has, 1 or 2.
    :param ipv6: whether both sides have IPv6 too; ``only``: and no IPv4 but that of the signalling.
    """

    station: Place = Place()
    doctor: Place = Place()
    uplinks: int = 1
    ipv6: Literal["no", "too", "only"] = "no"


class Lab:
    """The networks of a run."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.plan = plan
        self._seed = seed
        self._names: list[str] = []
        self._relay: asyncio.subprocess.Process | None = None
        self._order = asyncio.Lock()

    def netns(self, name: str) -> str:
        """Return the name of the namespace of a side."""
        return f"{MARK}-{os.getpid()}-{name}"

    def command(self, name: str) -> list[str]:
        """Return what a command must be put behind to run in a side's namespace."""
        return ["nsenter", f"--net=/run/netns/{self.netns(name)}", "--"]

    def door(self, name: str, port: int = DOOR) -> socket.socket:
        """Return a socket that listens on 127.0.0.1 inside a side's namespace and is served by this process."""
        with _inside(self.netns(name)):
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(("127.0.0.1", port))
        listening.listen(16)
        listening.setblocking(False)
        return listening

    def listening(self, name: str) -> set[int]:
        """Return the TCP ports at which somebody listens in a side's namespace."""
        table = _run(*self.command(name), "cat", "/proc/net/tcp")
        rows = [line.split() for line in table.splitlines()[1:]]
        return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A"}

    async def set_profile(self, profile: Profile, port: str = "station") -> None:
        """Let a link do this to packets from now on, and count anew."""
        await self._tell({"port": port, "profile": profile.as_json()})

    async def cut(self, cut: bool, port: str = "station") -> None:
        """Let nothing through a link, or everything again."""
        await self._tell({"port": port, "cut": cut})

    async def counts(self) -> dict[str, Any]:
        """Return what the links have passed and dropped since their profile was set."""
        return await self._tell({"count": True})

    # ── making and taking away ────────────────────────────────────────────────────────────────────────────

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator[Lab]:
        """Build everything; take it away when the block ends.

        :raises RuntimeError: this is not root, or a command is missing.
        """
        if os.geteuid() != 0:
            raise RuntimeError("the lab makes network namespaces: run it as root")
        _sweep()
        try:
            self._build()
            await self._start_relay()
            self._address()
            yield self
        finally:
            await self._stop_relay()
            _take_away(self._names)

    def _build(self) -> None:
        for name in ("servers", "station", "doctor"):
            self._make(name)
        for side in self._sides():
            if self._place(side).nat != "none" or self._place(side).firewall != "open":
                self._make(f"gate-{side}")

    def _sides(self) -> list[str]:
        return ["station", "doctor", *(["station2"] if self.plan.uplinks == 2 else [])]

    def _place(self, side: str) -> Place:
        """Return how a side is placed; the second uplink is a network of its own without NAT."""
        return {"station": self.plan.station, "doctor": self.plan.doctor}.get(side, Place())

    def _gated(self, side: str) -> bool:
        return self.netns(f"gate-{side}") in self._names

    def _outer(self, side: str) -> str:
        """Return the namespace in which a side's TUN device stands."""
        if self._gated(side):
            return self.netns(f"gate-{side}")
        return self.netns("station" if side == "station2" else side)

    def _make(self, name: str) -> None:
        _run("ip", "netns", "add", self.netns(name))
        self._names.append(self.netns(name))
        _run("ip", "-n", self.netns(name), "link", "set", "lo", "up")

    async def _start_relay(self) -> None:
        ports = [
            {
                "name": side,
                "netns": self._outer(side),
                "device": _device(side),
                "addresses": [PUBLIC[side], *([PUBLIC6[side]] if side in PUBLIC6 else [])],
            }
            for side in self._sides()
        ]
        ports.append(
            {
                "name": "servers",
                "netns": self.netns("servers"),
                "device": "up0",
                "addresses": [SERVERS, PUBLIC6["servers"]],
            }
        )
        self._relay = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.lab.relay", json.dumps({"seed": self._seed, "ports": ports})),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._relay.stdout is not None
        if not await self._relay.stdout.readline():
            raise RuntimeError("the relay did not start")

    async def _stop_relay(self) -> None:
        if self._relay is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._relay.terminate()
        await self._relay.wait()

    async def _tell(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._relay is not None
        assert self._relay.stdin is not None
        assert self._relay.stdout is not None
        async with self._order:
            self._relay.stdin.write(json.dumps(order).encode() + b"\n")
            await self._relay.stdin.drain()
            return json.loads(await self._relay.stdout.readline())

    def _address(self) -> None:
        self._up(self.netns("servers"), "up0", SERVERS, PUBLIC6["servers"])
        for side in self._sides():
            six = PUBLIC6.get(side) if self.plan.ipv6 != "no" else None
            four = None if self.plan.ipv6 == "only" else PUBLIC[side]
            self._up(self._outer(side), _device(side), four, six, metric=METRICS.get(side, 100))
            if self._gated(side):
                self._gate(side)

    def _up(self, netns: str, device: str, four: str | None, six: str | None, metric: int = 100) -> None:
        """Give a TUN device its addresses and the way to everywhere."""
        _run("ip", "-n", netns, "link", "set", device, "up", "mtu", "1400")
        if four:
            _run("ip", "-n", netns, "addr", "add", f"{four}/32", "dev", device)
            _run("ip", "-n", netns, "route", "add", "default", "dev", device, "metric", str(metric), "src", four)
        if six:
            _run("ip", "-n", netns, "-6", "addr", "add", f"{six}/128", "dev", device, "nodad")
            _run("ip", "-n", netns, "-6", "route", "add", "default", "dev", device, "metric", str(metric))

    def unplug(self, side: str) -> None:
        """Take the interface of one of the station's uplinks down: its routes go with it."""
        _run("ip", "-n", self.netns("station"), "link", "set", _device(side), "down")

    def plug_in(self, side: str) -> None:
        """Bring an interface of the station back."""
        netns, device = self.netns("station"), _device(side)
        _run("ip", "-n", netns, "link", "set", device, "up")
        metric = str(METRICS[side])
        _run("ip", "-n", netns, "route", "replace", "default", "dev", device, "metric", metric, "src", PUBLIC[side])

    def _gate(self, side: str) -> None:
        """Put a router with NAT and firewall before a side."""
        gate, inside, net = self.netns(f"gate-{side}"), self.netns(side), INSIDE[side]
        _run("ip", "-n", gate, "link", "add", "in0", "type", "veth", "peer", "name", "eth0", "netns", inside)
        _run("ip", "-n", gate, "addr", "add", f"{net}.1/24", "dev", "in0")
        _run("ip", "-n", gate, "link", "set", "in0", "up")
        _run("ip", "-n", inside, "addr", "add", f"{net}.2/24", "dev", "eth0")
        _run("ip", "-n", inside, "link", "set", "eth0", "up", "mtu", "1400")
        _run("ip", "-n", inside, "route", "add", "default", "via", f"{net}.1", "metric", "100")
        _run(*self.command(f"gate-{side}"), "sysctl", "-qw", "net.ipv4.ip_forward=1")
        _run(*self.command(f"gate-{side}"), "nft", "-f", "-", words=rules(self._place(side), _device(side)))


def rules(place: Place, outside: str) -> str:
    """Return the nftables rules of a router.

    What nobody inside has asked for is dropped without a word, as home routers do: an answer would make an entry in the
    kernel's table that takes the port away from whoever inside is about to call.
    """
    masquerade = "masquerade fully-random" if place.nat == "symmetric" else "masquerade"
    allowed = {"open": "accept", "no_udp": "meta l4proto != udp accept", "tls_only": "tcp dport 443 accept"}
    return f"""
table ip lab {{
  chain from_inside {{
    type nat hook postrouting priority srcnat;
    oifname "{outside}" {masquerade}
  }}
  chain to_the_router {{
    type filter hook input priority filter; policy drop;
    iifname {{ "in0", "lo" }} accept
    ct state established,related accept
  }}
  chain through {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "in0" {allowed[place.firewall]}
  }}
}}
"""


def _device(side: str) -> str:
    return "up1" if side == "station2" else "up0"


@contextlib.contextmanager
def _inside(netns: str) -> Iterator[None]:
    """Be in a namespace for a moment; sockets made there stay there."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        enter(netns)
        yield
    finally:
        _back(home)
        os.close(home)


def _back(home: int) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).setns(home, 0) != 0:
        os._exit(70)  # nothing of this process may go on in the wrong network


def _run(*command: str, words: str | None = None) -> str:
    done = subprocess.run(command, input=words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _sweep() -> None:
    """Take away what a run that was killed has left."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for name, pid in re.findall(rf"^({MARK}-(\d+)-\S+)", listed, re.MULTILINE):
        if not os.path.exists(f"/proc/{pid}"):
            _take_away([name])


def _take_away(names: Iterable[str]) -> None:
    for name in names:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
