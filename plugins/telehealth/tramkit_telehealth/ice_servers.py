"""STUN and TURN servers: their addresses (RFC 7064, RFC 7065) and credentials that expire.

Both sides of a call and the desk read addresses here, so that what the desk takes the station can use.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tramkit import TramkitError
from tramkit_telehealth.protocol import IceServer

Scheme = Literal["stun", "turn", "turns"]
Transport = Literal["udp", "tcp"]

_URL = re.compile(
    r"(?P<scheme>stun|stuns|turn|turns):(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s\[\]:?/@]+)(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<transport>[a-z]+))?"
)


class IceUrlError(TramkitError, ValueError):
    """An address is none of a STUN or TURN server that can be used; the words say why."""


@dataclass(frozen=True)
class IceUrl:
    """Where a server is asked, and how.

    :param host: name or address, without brackets.
    :param secure: whether the connection to the server is TLS.
    """

    scheme: Scheme
    host: str
    port: int
    transport: Transport
    secure: bool

    @property
    def relays(self) -> bool:
        """Whether it is a TURN server."""
        return self.scheme != "stun"

    @property
    def way(self) -> Literal["udp", "tcp", "tls"]:
        """How the server is reached."""
        return "tls" if self.secure else self.transport

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}:{host}:{self.port}" + (f"?transport={self.transport}" if self.relays else "")


def ice_url(text: str) -> IceUrl:
    """Read an address.

    :raises IceUrlError: it is malformed, or of a kind that no browser uses.
    """
    found = _URL.fullmatch(text)
    if found is None:
        raise IceUrlError(f'"{text}" is no address of a STUN or TURN server; write e.g. "turn:turn.example.vn:3478"')
    scheme, transport = found["scheme"], found["transport"]
    if scheme == "stuns":
        raise IceUrlError(f'"{text}": browsers do not use STUN over TLS; write "stun:"')
    if scheme == "stun" and transport:
        raise IceUrlError(f'"{text}": browsers refuse a transport in a "stun:" address (RFC 7064)')
    if transport not in (None, "udp", "tcp"):
        raise IceUrlError(f'"{text}": the transport is udp or tcp')
    if scheme == "turns" and transport == "udp":
        raise IceUrlError(f'"{text}": TURN over DTLS is not used by browsers; write "?transport=tcp"')
    host = found["host"].strip("[]")
    if found["host"].startswith("["):
        _check_address(text, host)
    port = int(found["port"]) if found["port"] else (5349 if scheme == "turns" else 3478)
    if not 0 < port < 65_536:
        raise IceUrlError(f'"{text}": a port is from 1 to 65535')
    secure = scheme == "turns"
    over_tcp = secure or transport == "tcp"
    return IceUrl(scheme, host, port, "tcp" if over_tcp else "udp", secure)  # pyright: ignore[reportArgumentType]


def _check_address(text: str, host: str) -> None:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        raise IceUrlError(f'"{text}": what is in brackets is no IPv6 address') from None


@dataclass(frozen=True)
class Known:
    """One address of a server with what opens it."""

    url: IceUrl
    username: str
    credential: str


def known(servers: Iterable[IceServer]) -> list[Known]:
    """Return every address of every server once, in order; what cannot be read is left out."""
    found: dict[IceUrl, Known] = {}
    for server in servers:
        for text in server.urls:
            try:
                url = ice_url(text)
            except IceUrlError:
                continue
            found.setdefault(url, Known(url, server.username, server.credential))
    return list(found.values())


def ticket(secret: str, who: str, now: float, lifetime: float) -> tuple[str, str]:
    """Return a user name and a password that a TURN server with the same secret takes until they expire.

    The same until half of the lifetime has passed, so that who asks often is told the same; valid for between half of
    the lifetime and all of it. This is coturn's ``use-auth-secret`` (draft-uberti-behave-turn-rest-00 §2.2).

    :param secret: shared with the TURN server (``static-auth-secret``).
    :param who: who it is for; stands only as a pseudonym in the user name, which the server logs.
    :param now: seconds since 1970.
    :param lifetime: seconds.
    """
    half = lifetime / 2
    expires = int((now // half + 2) * half)
    pseudonym = hmac.new(secret.encode(), f"who {who}".encode(), hashlib.sha256).hexdigest()[:12]
    username = f"{expires}:{pseudonym}"
    password = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(password).decode()
