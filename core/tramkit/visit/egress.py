"""How a plugin's code asks outside systems: by the station where it runs apart from it, by itself where it does not."""

from __future__ import annotations

from collections.abc import Mapping

from tramkit import bounded_json
from tramkit.host.egress import DirectEgress, Egress, HttpAnswer, HttpRequest


class _Way:
    """The way out of this process: one for all, since what shares a process shares what it may do."""

    egress: Egress = DirectEgress()


def use(egress: Egress) -> None:
    """Ask by another way from here on."""
    _Way.egress = egress


async def ask_http(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    seconds: float = 10.0,
    max_bytes: int = bounded_json.MAX_BYTES,
) -> HttpAnswer:
    """Ask an outside system once; a redirect is an answer and is not followed.

    :param seconds: until it is given up.
    :param max_bytes: of the answer, unpacked.
    :raises GatewayError: no answer, or one that is too long or packed wrongly.
    :raises ValueError: the plugin may not ask there.
    """
    asked = HttpRequest(
        method=method, url=url, headers=dict(headers or {}), body=body, seconds=seconds, max_bytes=max_bytes
    )
    return await _Way.egress.http(asked)
