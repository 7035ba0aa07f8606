"""Whether a call would come about from here, tried out while the resident waits: every server, and a real relay.

Twenty packets are sent as a call would send them: from one relayed address to another where a TURN server is reached,
else to the STUN server and back. Round trip and loss of them say more than that a server has answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import statistics
import struct
import time
from collections.abc import AsyncGenerator, Iterable
from typing import Any

from aioice import stun

from tramkit_telehealth.ice_servers import Known, known
from tramkit_telehealth.media.relay import open_relay
from tramkit_telehealth.protocol import ConnectionCheck, IceServer

_log = logging.getLogger(__name__)

PACKETS = 20
PACKET_SECONDS = 0.05
"""Between two packets: sound of a call comes as often to within a factor of three."""

PACKET_BYTES = 160
LAST_SECONDS = 1.0
"""How long the last packet may be under way."""

SERVER_SECONDS = 5.0


class Echo(asyncio.DatagramProtocol):
    """Sends numbered packets and times those that come back, or come through.

    :ivar took: seconds of each that has come, by number.
    """

    def __init__(self) -> None:
        self.transport: Any = None
        self.took: dict[int, float] = {}
        self.closed = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if len(data) == PACKET_BYTES:
            number, sent = struct.unpack("!Id", data[:12])
            self.took.setdefault(number, time.monotonic() - sent)

    def error_received(self, exc: Exception) -> None:
        """What is not sent counts as lost."""


class StunEcho(asyncio.DatagramProtocol):
    """Asks a STUN server again and again and times its answers (RFC 8489 §7.3.1)."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.sent: dict[bytes, float] = {}
        self.took: list[float] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        with contextlib.suppress(ValueError):
            message = stun.parse_message(data)
            if (sent := self.sent.pop(message.transaction_id, None)) is not None:
                self.took.append(time.monotonic() - sent)

    def error_received(self, exc: Exception) -> None:
        """What is not sent counts as lost."""

    def ask(self) -> None:
        """Ask once."""
        request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        self.sent[request.transaction_id] = time.monotonic()
        self.transport.sendto(bytes(request))


async def check_connection(servers: Iterable[IceServer]) -> ConnectionCheck | None:
    """Try every server; None where there is none, as on a network that station and doctors share.

    Takes two to eight seconds; whatever fails stands in the answer, not in an exception.
    """
    tried = known(servers)
    if not tried:
        return None
    relays = [
        server for way in ("udp", "tcp", "tls") for server in tried if server.url.relays and server.url.way == way
    ]
    mappers = [server for server in tried if server.url.transport == "udp"]
    asked = await asyncio.gather(*(_over_stun(server) for server in mappers))
    answers = [answer for answer in asked if answer is not None]
    for relay in relays:
        through = await _through(relay)
        if through is not None:
            return ConnectionCheck(udp=bool(answers), relay=relay.url.way, round_trip_ms=through[0], lost=through[1])
    if answers:
        best = min(answers)
        return ConnectionCheck(udp=True, relay="none", round_trip_ms=best[0], lost=best[1])
    return ConnectionCheck(udp=False, relay="none")


async def reached(server: Known) -> str:
    """Return why a server cannot be used; empty: it can. For whoever sets servers up."""
    try:
        async with asyncio.timeout(SERVER_SECONDS):
            if server.url.relays:
                async with _relay(server):
                    return ""
        return "" if await _over_stun(server) else "no answer"
    except TimeoutError:
        return "no answer"
    except stun.TransactionFailed as error:
        code, reason = error.response.attributes.get("ERROR-CODE", (0, ""))
        return f"refused: {code} {reason}"
    except (OSError, stun.TransactionError, ConnectionError) as error:
        return str(error) or type(error).__name__


async def _over_stun(server: Known) -> tuple[int, float] | None:
    """Return round trip (ms) and share lost of requests to a server over UDP; None: nothing came back."""
    loop = asyncio.get_running_loop()
    try:
        transport, echo = await loop.create_datagram_endpoint(StunEcho, remote_addr=(server.url.host, server.url.port))
    except OSError:
        return None
    try:
        for _ in range(PACKETS):
            echo.ask()
            await asyncio.sleep(PACKET_SECONDS)
        deadline = loop.time() + LAST_SECONDS
        while echo.sent and loop.time() < deadline:
            await asyncio.sleep(0.02)
    finally:
        transport.close()
    if not echo.took:
        return None
    return round(statistics.median(echo.took) * 1000), round(1 - len(echo.took) / PACKETS, 3)


async def _through(server: Known) -> tuple[int, float] | None:
    """Return round trip (ms) and share lost from here through a relay and back to here; None: it cannot be used."""
    try:
        async with asyncio.timeout(SERVER_SECONDS), _relay(server) as near, _relay(server) as far:
            there = far.transport.get_extra_info("sockname")
            far.transport.sendto(b"let in", near.transport.get_extra_info("sockname"))  # RFC 8656 §9: a permission
            near.transport.sendto(b"let in", there)
            await asyncio.sleep(2 * PACKET_SECONDS)
            for number in range(PACKETS):
                near.transport.sendto(struct.pack("!Id", number, time.monotonic()).ljust(PACKET_BYTES, b"\0"), there)
                await asyncio.sleep(PACKET_SECONDS)
            deadline = asyncio.get_running_loop().time() + LAST_SECONDS
            while len(far.took) < PACKETS and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.02)
            took = dict(far.took)
    except (OSError, TimeoutError, stun.TransactionError, ConnectionError) as error:
        _log.info("relay not usable", extra={"way": server.url.way, "error": type(error).__name__})
        return None
    if not took:
        return None
    return round(statistics.median(took.values()) * 1000), round(1 - len(took) / PACKETS, 3)


@contextlib.asynccontextmanager
async def _relay(server: Known) -> AsyncGenerator[Echo]:
    """Have a relayed address until the block ends; the server is told that it is over."""
    transport, echo = await open_relay(Echo, server)
    try:
        yield echo
    finally:
        transport.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await echo.closed.wait()
