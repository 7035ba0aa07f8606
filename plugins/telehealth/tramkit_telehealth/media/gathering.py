"""A leg's own addresses: of this machine, as every STUN server sees it, and at every TURN server.

aiortc 1.16 asks only the first STUN and the first TURN address, over IPv4, and waits 5 s for one that does not answer.
Here all are asked at once; who is reached over TCP or TLS is there for whom UDP is closed. A canary test watches the
names of aioice that are used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Coroutine, Iterable
from typing import Any, cast

from aioice import Candidate, Connection, stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol
from aiortc import RTCPeerConnection

from tramkit_telehealth.ice_servers import IceUrl, Known, known
from tramkit_telehealth.media.relay import open_relay
from tramkit_telehealth.protocol import IceServer
from tramkit_telehealth.uplinks import Uplink, bind

_log = logging.getLogger(__name__)

MAX_WAIT = 5.0
"""Seconds until an answer no longer counts."""

GRACE = 0.5
"""Seconds that the others have once one relay has answered: a leg with a relay comes up, waiting would cost more."""

PREFERENCE = {"udp": 65_535, "tcp": 43_690, "tls": 21_845}
"""Local preference of a relay by how it is reached (RFC 8445 §5.1.2.1): media over TCP stall at each lost packet."""

Found = tuple[Candidate, StunProtocol | None]


def gather_from(pc: RTCPeerConnection, servers: Iterable[IceServer], uplink: Uplink | None = None) -> Gathering:
    """Let a peer connection that has its tracks gather from all of these servers and from no other.

    :param servers: may be empty: then only the addresses of this machine are offered.
    :param uplink: the only way out that is used; None: all that the kernel uses.
    """
    connection = pc.getTransceivers()[0].receiver.transport.transport.iceGatherer._connection
    gathering = Gathering(connection, known(servers), uplink)
    connection.stun_server = connection.turn_server = None
    connection.get_component_candidates = gathering.component_candidates
    connection.data_received = gathering.data_received
    connection.request_received = gathering.request_received
    return gathering


class Gathering:
    """Gathers the candidates of one connection, and knows when something came over it.

    :ivar reached: which servers have answered.
    :ivar heard_at: seconds of the loop's clock when the last packet came; None: none has come.
    """

    def __init__(self, connection: Connection, servers: list[Known], uplink: Uplink | None) -> None:
        self._connection = connection
        self._servers = servers
        self._uplink = uplink.name if uplink is not None else ""
        self._addresses = uplink.addresses if uplink is not None else None
        self._hosts = connection.get_component_candidates
        self._receive = connection.data_received
        self._answer = connection.request_received
        self.reached: list[IceUrl] = []
        self.heard_at: float | None = None

    def data_received(self, data: bytes, component: int) -> None:
        """Pass on a packet that is no connectivity check, as aioice's own method of that place does."""
        self.heard_at = asyncio.get_running_loop().time()
        self._receive(data, component)

    def request_received(self, message: stun.Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        """Pass on a connectivity check; after a cut a browser's checks come before its media."""
        self.heard_at = asyncio.get_running_loop().time()
        self._answer(message, addr, protocol)

    async def component_candidates(
        self, component: int, addresses: list[str], timeout: float = MAX_WAIT
    ) -> list[Candidate]:
        """Return the candidates of a component, as aioice's own method of that place does.

        :param addresses: addresses of this machine.
        :param timeout: seconds.
        """
        if self._addresses is not None:
            addresses = [address for address in addresses if address in self._addresses]
        candidates = await self._hosts(component=component, addresses=addresses)
        bases = [protocol for protocol in self._connection._protocols if protocol.local_candidate.type == "host"]
        for base in bases:
            bind(base.transport.get_extra_info("socket"), self._uplink)
        works: list[Coroutine[Any, Any, Found]] = []
        for server in self._servers:
            if server.url.transport == "udp":
                works += [self._mapped(base, server.url) for base in bases]
            if server.url.relays:
                works.append(self._relayed(component, server))
        found = await _settled(works, timeout)
        for candidate, protocol in found:
            if protocol is None and not _redundant(candidate, candidates):
                candidates.append(candidate)
        for candidate, protocol in _best_of_each(found):
            self._connection._protocols.append(protocol)
            candidates.append(candidate)
        return candidates

    async def _mapped(self, base: StunProtocol, url: IceUrl) -> Found:
        """Ask a server as what it sees one of this machine's addresses (RFC 8489 §2)."""
        own = base.local_candidate
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        response, _ = await base.request(request, await _address(url, ipaddress.ip_address(own.host).version))
        host, port = response.attributes["XOR-MAPPED-ADDRESS"]
        self.reached.append(url)
        return (
            Candidate(
                foundation=candidate_foundation("srflx", "udp", f"{own.host}|{url}"),
                component=own.component,
                transport="udp",
                priority=candidate_priority(own.component, "srflx"),
                host=host,
                port=port,
                type="srflx",
                related_address=own.host,
                related_port=own.port,
            ),
            None,
        )

    async def _relayed(self, component: int, server: Known) -> Found:
        """Ask a server for an address of its own that it relays to this machine (RFC 8656 §7)."""
        url = server.url
        transport, protocol = await open_relay(lambda: StunProtocol(self._connection), server, self._uplink)
        host, port = transport.get_extra_info("sockname")
        related = transport.get_extra_info("related_address")
        self.reached.append(url)
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("relay", "udp", f"{host}|{url}"),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "relay", PREFERENCE[url.way]),
            host=host,
            port=port,
            type="relay",
            related_address=related[0],
            related_port=related[1],
        )
        return protocol.local_candidate, protocol


async def _settled(works: list[Coroutine[Any, Any, Found]], timeout: float) -> list[Found]:
    """Return what was found in time; one that is late is taken back."""
    tasks = [asyncio.ensure_future(work) for work in works]
    pending = set(tasks)
    deadline = asyncio.get_running_loop().time() + timeout
    try:
        while pending and (left := deadline - asyncio.get_running_loop().time()) > 0:
            done, pending = await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            if any(_relay(task) for task in done):
                deadline = min(deadline, asyncio.get_running_loop().time() + GRACE)
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
    failed = [task for task in tasks if not task.cancelled() and task.exception() is not None]
    if failed:
        _log.info("servers not reached", extra={"attempts": len(tasks), "failed": len(failed)})
    return [task.result() for task in tasks if not task.cancelled() and task.exception() is None]


def _relay(task: asyncio.Future[Found]) -> bool:
    return not task.cancelled() and task.exception() is None and task.result()[1] is not None


def _best_of_each(found: list[Found]) -> list[tuple[Candidate, StunProtocol]]:
    """Return one relay of each server, the one reached the best way, and give the others back.

    Each relay is paired with every address of the other side, and pairs are tried one after the other.
    """
    best: dict[str, tuple[Candidate, StunProtocol]] = {}
    for candidate, protocol in sorted(found, key=lambda each: -each[0].priority):
        if protocol is None:
            continue
        if candidate.host in best:
            protocol.transport.close()
        else:
            best[candidate.host] = (candidate, protocol)
    return list(best.values())


def _redundant(candidate: Candidate, others: list[Candidate]) -> bool:
    """Whether the same address of the same base is there already (RFC 8445 §5.1.3)."""
    return any(
        (candidate.host, candidate.port) == (other.host, other.port)
        and (other.type == "host" or candidate.related_port == other.related_port)
        for other in others
    )


async def _address(url: IceUrl, version: int) -> tuple[str, int]:
    """Return the address of a server in one version of IP.

    :raises OSError: it has none.
    """
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    found = await asyncio.get_running_loop().getaddrinfo(url.host, url.port, family=family, type=socket.SOCK_DGRAM)
    return cast(tuple[str, int], found[0][4][:2])
