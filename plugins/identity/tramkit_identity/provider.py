"""The client of an OpenID provider: discovery, device authorization (RFC 8628), the token, the keys."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast
from urllib.parse import quote_plus, urlencode, urlsplit

from pydantic import Field, ValidationError

from tramkit import GatewayError, ReceivedData, TramkitError, ask_http, bounded_json

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SECONDS = 10.0
MAX_BYTES = 256 * 1024

M = TypeVar("M", bound=ReceivedData)


class ProviderError(TramkitError):
    """The provider did not answer, or not so that it can be understood; what is wrong, for the operator."""


class Endpoints(ReceivedData):
    """What the provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    device_authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class DeviceCode(ReceivedData):
    """The answer to a device authorization request (RFC 8628, section 3.2); times in seconds."""

    device_code: str = Field(min_length=1, max_length=2000, repr=False)
    user_code: str = Field(min_length=1, max_length=40)
    verification_uri: str = Field(min_length=1, max_length=500)
    verification_uri_complete: str = Field(default="", max_length=1000)
    expires_in: float = Field(gt=0, le=3600)
    interval: float = Field(default=5, gt=0, le=120)


class Answer(ReceivedData):
    """The token endpoint's answer: an ID token, or why there is none (RFC 8628, section 3.5)."""

    id_token: str = Field(default="", repr=False)
    error: str = ""


class KeySet(ReceivedData):
    """The keys that the provider signs with (RFC 7517)."""

    keys: list[dict[str, Any]]


class Provider:
    """An OpenID provider's HTTP interface.

    :param issuer: as the provider names itself.
    :param secret: the client's; empty: it has none.
    """

    def __init__(self, issuer: str, client: str, secret: str = "") -> None:
        self.issuer = issuer
        self.client = client
        self._secret = secret
        self.date: datetime | None = None
        """What the provider's clock said in its last answer (RFC 9110, section 6.6.1)."""

    async def discover(self) -> Endpoints:
        """Ask where what is.

        :raises ProviderError: no answer, another issuer, or an address that others could listen to.
        """
        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        found = _read(Endpoints, await self._ask("GET", url))
        if found.issuer != self.issuer:
            raise ProviderError("the provider names itself otherwise than settings.identity.issuer")
        for address in (found.device_authorization_endpoint, found.token_endpoint, found.jwks_uri):
            if not self._safe(address):
                raise ProviderError("the provider names an address without https")
        return found

    async def begin(self, endpoints: Endpoints, scope: str, nonce: str) -> DeviceCode:
        """Ask for a code that the resident approves.

        :raises ProviderError: no answer, or this client is not allowed to.
        """
        form = {"scope": scope, "nonce": nonce}
        return _read(DeviceCode, await self._ask("POST", endpoints.device_authorization_endpoint, form))

    async def poll(self, token_endpoint: str, device_code: str) -> Answer:
        """Ask once whether the resident has approved.

        :raises ProviderError: no answer.
        """
        form = {"grant_type": GRANT, "device_code": device_code}
        answer = _read(Answer, await self._ask("POST", token_endpoint, form, errors=True))
        if bool(answer.id_token) is bool(answer.error):
            raise ProviderError("the provider's token answer has neither ID token nor error, or both")
        return answer

    async def keys(self, jwks_uri: str) -> dict[str, Any]:
        """Return the keys that the provider signs with now.

        :raises ProviderError: no answer.
        """
        return _read(KeySet, await self._ask("GET", jwks_uri)).model_dump()

    def _safe(self, address: str) -> bool:
        """Tell whether an address is as safe as the issuer's own: settings allow http only on this machine."""
        parts, own = urlsplit(address), urlsplit(self.issuer)
        return parts.scheme == "https" or (
            own.scheme == "http" and (parts.scheme, parts.netloc) == ("http", own.netloc)
        )

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None = None, *, errors: bool = False
    ) -> dict[str, Any]:
        """Ask once and return the JSON object that came.

        :param errors: an answer of 400 or 401 is one too.
        """
        data, headers = dict(form) if form is not None else None, {"Accept": "application/json"}
        if data is not None and self._secret:  # RFC 6749, section 2.3.1
            pair = f"{quote_plus(self.client)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif data is not None:
            data["client_id"] = self.client
        if data is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(data).encode() if data is not None else b""
        try:
            answer = await ask_http(method, url, headers=headers, body=body, seconds=SECONDS, max_bytes=MAX_BYTES)
            self.date = _date(answer.headers.get("date", ""))
            if answer.status != 200 and not (errors and answer.status in (400, 401)):
                raise ProviderError(f"the provider answers with status {answer.status}")
            told = bounded_json.loads(answer.body)
        except GatewayError as error:
            raise ProviderError(f"the provider {error}") from None
        except ValueError:
            raise ProviderError("the provider's answer cannot be understood") from None
        return _object(told)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _object(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise ProviderError("the provider's answer cannot be understood")
    return cast("dict[str, Any]", told)


def _read(model: type[M], told: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(told)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(each["loc"][0]) for each in error.errors(include_input=False)}))
        raise ProviderError(f"the provider's answer lacks, or misstates, {wrong}") from None
