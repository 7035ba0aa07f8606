"""The way out that a plugin is granted: to declared endpoints only, with its secrets added here."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from tramkit.host.egress import DirectEgress, Egress, HttpAnswer, HttpRequest

_log = logging.getLogger(__name__)

MAX_AT_ONCE = 32
"""Questions of one plugin that are under way at once."""


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address (RFC 6454), e.g. ``https://bank.example.vn:443``.

    :raises ValueError: it has none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("this is no address of http or https")
    return f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


class PluginEgress:
    """Asks outside systems for one plugin.

    :param origins: where it may ask; None: everywhere.
    :param secrets: what stands for a secret in a header, and the secret.
    :param at_home: where secrets may go: the addresses that the operator wrote beside them.
    """

    def __init__(
        self,
        plugin: str,
        origins: Collection[str] | None,
        secrets: Mapping[str, str] | None = None,
        at_home: Collection[str] = (),
        way: Egress | None = None,
    ) -> None:
        self._plugin = plugin
        self._origins = origins
        self._secrets = dict(secrets or {})
        self._at_home = at_home
        self._way = way or DirectEgress()
        self._at_once = 0
        self._told: set[str] = set()

    async def http(self, request: HttpRequest) -> HttpAnswer:
        """Ask once, where the plugin may ask; see :class:`Egress`.

        :raises ValueError: it may not, or asks too much at once.
        """
        origin = origin_of(request.url)
        if self._origins is not None and origin not in self._origins:
            if origin not in self._told and len(self._told) < 100:
                self._told.add(origin)
                _log.error("plugin asks where it may not", extra={"plugin": self._plugin, "host": origin[:200]})
            raise ValueError("this plugin may not ask there")
        if self._at_once >= MAX_AT_ONCE:
            raise ValueError("this plugin asks too much at once")
        headers = request.headers
        if origin in self._at_home:
            headers = {name: self._with_secrets(value) for name, value in headers.items()}
        self._at_once += 1
        try:
            return await self._way.http(request.model_copy(update={"headers": headers}))
        finally:
            self._at_once -= 1

    def _with_secrets(self, value: str) -> str:
        for reference, secret in self._secrets.items():
            value = value.replace(reference, secret)
        return value
