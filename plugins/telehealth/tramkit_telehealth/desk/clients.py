"""Which client a request comes from, behind proxies that are known."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from aiohttp import web

MAX_HOPS = 20


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
