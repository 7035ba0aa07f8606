"""The way out to other systems: one HTTP question and its answer, bounded, wherever the plugin runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from pydantic import ConfigDict, Field

from tramkit import bounded_json
from tramkit.host.gateway_error import GatewayError
from tramkit_hal.data import Data

MAX_SECONDS = 60.0
"""So long one question may take, at most."""


class HttpRequest(Data):
    """One question.

    :param url: absolute.
    :param seconds: until it is given up.
    :param max_bytes: of the answer, unpacked.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    method: str = Field(pattern=r"^[A-Z]{1,10}$")
    url: str = Field(max_length=8192)
    headers: dict[str, str] = Field(default_factory=dict)
    body: bytes = b""
    seconds: float = Field(default=10.0, gt=0, le=MAX_SECONDS)
    max_bytes: int = Field(default=bounded_json.MAX_BYTES, gt=0, le=16 * 1024 * 1024)


class HttpAnswer(Data):
    """Its answer.

    :param headers: by their names in small letters.
    :param body: unpacked.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    status: int
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: bytes = b""


class Egress(Protocol):
    """What asks outside systems."""

    async def http(self, request: HttpRequest) -> HttpAnswer:
        """Ask once; a redirect is an answer and is not followed.

        :raises GatewayError: no answer, or one that is too long or packed wrongly.
        :raises ValueError: this plugin may not ask there.
        """
        ...


class DirectEgress:
    """Asks by this process's own network."""

    async def http(self, request: HttpRequest) -> HttpAnswer:
        """Ask once; see :class:`Egress`."""
        import aiohttp  # a station without gateways starts without it

        timeout = aiohttp.ClientTimeout(total=request.seconds)
        headers = {**bounded_json.HEADERS, **request.headers}
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, auto_decompress=False, trust_env=False) as http,
                http.request(
                    request.method, request.url, headers=headers, data=request.body or None, allow_redirects=False
                ) as answer,
            ):
                body = await bounded_json.read_bytes(answer, request.max_bytes)
                told = {name.lower(): value for name, value in answer.headers.items()}
                return HttpAnswer(status=answer.status, headers=told, body=body)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise GatewayError("does not answer") from None
        except ValueError:
            raise GatewayError("answers what cannot be read") from None
