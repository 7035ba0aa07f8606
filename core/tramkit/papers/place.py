"""Where a server is reached: its own address however it is written, and this machine's in its network."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import socket
import sys
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}
_SOMEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Addresses of documentation (RFC 5737, RFC 3849): lead nowhere, but tell by which address one would leave."""
_SIOCGIFFLAGS, _SIOCGIFADDR = 0x8913, 0x8915
_LOOPBACK, _UP_AND_RUNNING = 0x8, 0x41
"""Of linux/sockios.h and linux/if.h."""


@dataclass(frozen=True)
class Place:
    """Where a server is reached.

    :param address: scheme and authority, as phones open it; empty while it cannot be reached.
    """

    address: str = ""

    def is_own(self, written: str) -> bool:
        """Tell whether a ``Host`` names this server (RFC 9110 section 7.2; RFC 3986 sections 3.2 and 6.2)."""
        own = urlsplit(self.address)
        return bool(own.netloc) and authority(own.scheme, written) == authority(own.scheme, own.netloc)

    def is_own_origin(self, written: str) -> bool:
        """Tell whether an ``Origin`` is this server (RFC 6454 section 7)."""
        own, told = urlsplit(self.address), _split(written)
        return told is not None and told.scheme == own.scheme and not told.path and self.is_own(told.netloc)

    @property
    def secure(self) -> bool:
        """Whether phones reach it by TLS."""
        return urlsplit(self.address).scheme == "https"


def own_address() -> str:
    """Return this machine's address in its network, by asking which one it would send from; nothing is sent.

    A network of its own without a way out, the Wi-Fi of the hall and no router behind it, has no such answer: there it
    is the address of the first interface that is up.

    :raises OSError: it has none.
    """
    last = OSError("no network")
    for family, somewhere in _SOMEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as line:
                line.connect((somewhere, 9))
                return str(line.getsockname()[0])
        except OSError as error:
            last = error
    for _number, name in socket.if_nameindex():
        if found := _of_interface(name):
            return found
    raise last


def _of_interface(name: str) -> str:
    """Return the IPv4 address of an interface that is up and has a line (netdevice(7)); empty: it has none."""
    request = name.encode()[:15].ljust(32, b"\0")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            flags = int.from_bytes(fcntl.ioctl(line.fileno(), _SIOCGIFFLAGS, request)[16:18], sys.byteorder)
            if flags & _LOOPBACK or flags & _UP_AND_RUNNING != _UP_AND_RUNNING:
                return ""
            return socket.inet_ntoa(fcntl.ioctl(line.fileno(), _SIOCGIFADDR, request)[20:24])
        except OSError:
            return ""


def authority(scheme: str, written: str) -> tuple[str, int] | None:
    """Return host and port of an authority in one form, case and default port not mattering; None: it is none.

    :param scheme: whose default port is meant where none is written.
    :param written: ``host``, ``host:port`` or ``[IPv6]:port``.
    """
    found = _split(f"{scheme}://{written}")
    try:
        if found is None or found.hostname is None or "@" in written or found.path or found.query or found.fragment:
            return None
        port = found.port if found.port is not None else PORTS.get(found.scheme, 0)
    except ValueError:
        return None
    return _name(found.hostname), port


def _split(written: str) -> SplitResult | None:
    try:
        return urlsplit(written.strip())
    except ValueError:
        return None


def _name(host: str) -> str:
    """Return a host in small letters, an IP address in its shortest form, other scripts as DNS writes them."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).compressed
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    return host.lower().removesuffix(".")
