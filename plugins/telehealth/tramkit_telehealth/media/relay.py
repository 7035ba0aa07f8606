"""An address at a TURN server (RFC 8656), reached over UDP, TCP or TLS and over the network interface one chooses."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

from aioice import turn

from tramkit_telehealth.ice_servers import Known
from tramkit_telehealth.uplinks import tcp_socket, udp_socket

BUFFER_BYTES = 262_144
"""Of the socket: a key frame comes as a burst."""

P = TypeVar("P", bound=asyncio.DatagramProtocol)


async def open_relay(receiver: Callable[[], P], server: Known, uplink: str = "") -> tuple[turn.TurnTransport, P]:
    """Ask a server for an address; what comes there is given to the receiver.

    aioice's own ``create_turn_endpoint`` cannot choose the interface; a canary test watches the names used here.

    :param uplink: name of an interface; empty: whichever the kernel prefers.
    :raises OSError: the server cannot be reached, or its certificate is not valid for its name.
    :raises aioice.stun.TransactionError: it does not answer, or refuses.
    """
    url = server.url
    kind = turn.TurnClientUdpProtocol if url.transport == "udp" else turn.TurnClientTcpProtocol

    def client() -> turn.TurnClientProtocol:
        return kind(
            (url.host, url.port),
            username=server.username,
            password=server.credential,
            lifetime=turn.DEFAULT_ALLOCATION_LIFETIME,
            channel_refresh_time=turn.DEFAULT_CHANNEL_REFRESH_TIME,
        )

    loop = asyncio.get_running_loop()
    inner: asyncio.BaseTransport
    protocol: Any
    if url.transport == "udp":
        sock = await udp_socket(url.host, url.port, uplink)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        inner, protocol = await loop.create_datagram_endpoint(client, sock=sock)
    else:
        sock = await _connected(url.host, url.port, uplink)
        context = ssl.create_default_context() if url.secure else None
        name = url.host if url.secure else None
        inner, protocol = await loop.create_connection(client, sock=sock, ssl=context, server_hostname=name)
    try:
        transport = turn.TurnTransport(protocol)
        taker = receiver()
        await transport._connect(taker)
    except BaseException:
        inner.close()
        raise
    return transport, taker


async def _connected(host: str, port: int, uplink: str) -> socket.socket:
    loop = asyncio.get_running_loop()
    error: OSError = OSError(f"no address of {host}")
    for found in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = tcp_socket(found, uplink)
        try:
            await loop.sock_connect(sock, found[4])
        except OSError as failed:
            sock.close()
            error = failed
        except BaseException:
            sock.close()
            raise
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise error
