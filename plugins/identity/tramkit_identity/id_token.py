"""Checking an ID token (OpenID Connect Core 1.0, section 3.1.3.7); all cryptography is the JOSE library's."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

ALGORITHMS = ("RS256", "ES256")
LEEWAY_SECONDS = 60
"""How far the provider's clock and the station's may be apart."""


class NotBelieved(Exception):
    """The token is not what this provider made for this sign-in; why, never what it says."""


def verify(
    token: str, keys: Mapping[str, Any], *, issuer: str, client: str, nonce: str, begun: datetime, now: datetime
) -> dict[str, Any]:
    """Return the claims of a token that was made by the issuer, for this client, for this sign-in, just now.

    :param keys: the issuer's JSON Web Key Set (RFC 7517).
    :param nonce: sent when the sign-in began; RFC 8628 does not promise that it comes back, so it counts where it does.
    :param begun: when the sign-in began; a token that is older was made for another one.
    :raises NotBelieved: it is not.
    """
    try:
        known = KeySet.import_key_set(cast("Any", keys))
        claims: dict[str, Any] = jwt.decode(token, known, algorithms=list(ALGORITHMS)).claims
        JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise NotBelieved(type(error).__name__) from None
    audience = claims["aud"]
    if claims.get("azp", client) != client or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
    ):  # pyright: ignore[reportUnknownArgumentType]
        raise NotBelieved("azp")
    if "nonce" in claims and not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
        raise NotBelieved("nonce")
    if claims["iat"] < begun.timestamp() - LEEWAY_SECONDS:
        raise NotBelieved("iat")
    return claims
