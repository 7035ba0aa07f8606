"""Checking an ID token (OpenID Connect Core 1.0, section 3.1.3.7); all cryptography is the JOSE library's."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jwt import JWTClaimsRegistry

from tramkit import TramkitError

ALGORITHMS = {"RS256": "RSA", "ES256": "EC"}
"""What is believed, with the type of its keys."""
LEEWAY_SECONDS = 60
"""How far the provider's clock and the station's may be apart."""
MIN_RSA_BITS = 2048
MAX_KEYS = 50
MAX_DEPTH = 20
Key = RSAKey | ECKey


class TokenNotBelievedError(TramkitError):
    """The token is not what this provider made for this sign-in; why, never what it says."""


class UnknownKeyError(TokenNotBelievedError):
    """None of the provider's keys that are known is the one that it was signed with: there may be newer ones."""


class ClockError(TokenNotBelievedError):
    """It is signed rightly, but made at another time than the station's clock has: one of the two clocks is wrong.

    :param seconds: how far the token's time is ahead of the station's; negative: behind.
    """

    def __init__(self, claim: str, seconds: int) -> None:
        super().__init__(f"{claim} is {abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} this station's clock")
        self.seconds = seconds


def verify(
    token: str, keys: Mapping[str, Any], *, issuer: str, client: str, nonce: str, begun: datetime, now: datetime
) -> dict[str, Any]:
    """Return the claims of a token that was made by the issuer, for this client, for this sign-in, just now.

    :param keys: the issuer's JSON Web Key Set (RFC 7517); keys that cannot be used are passed over (section 5).
    :param nonce: sent when the sign-in began; RFC 8628 does not promise that it comes back, so it counts where it does.
    :param begun: when the sign-in began; a token that is older was made for another one.
    :raises TokenNotBelievedError: it is not.
    """
    try:
        claims = _signed(token, usable(keys))
        registry = JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": client},
            sub={"essential": True},
        )
        registry.validate({name: claims[name] for name in ("iss", "aud", "sub") if name in claims})
        if "nonce" in claims and not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise TokenNotBelievedError("nonce")
        _timely(claims, begun.timestamp(), now.timestamp(), fresh="nonce" in claims)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise TokenNotBelievedError(type(error).__name__) from None
    audience = claims["aud"]
    if claims.get("azp", client) != client or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
    ):  # pyright: ignore[reportUnknownArgumentType]
        raise TokenNotBelievedError("azp")
    return claims


def usable(keys: Mapping[str, Any]) -> list[Key]:
    """Return the keys of a set by which a signature can be checked.

    Those of an unknown type or curve, for encryption, for another algorithm, too short or malformed are passed over:
    "Implementations SHOULD ignore JWKs within a JWK Set that use kty values that are not understood by them, that are
    missing required members, or for which values are out of the supported ranges" (RFC 7517, section 5).
    """
    found: Any = keys.get("keys")
    listed: Iterable[Any] = cast("list[Any]", found)[:MAX_KEYS] if isinstance(found, list) else ()
    return [key for each in listed for key in _usable(each)]


def _usable(told: Any) -> Iterator[Key]:
    if not isinstance(told, dict):
        return
    key = cast("dict[str, Any]", told)
    operations: Any = key.get("key_ops", ["verify"])
    if key.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return
    algorithms = [name for name, kind in ALGORITHMS.items() if kind == key.get("kty")]
    if not algorithms or key.get("alg") not in (None, *algorithms):
        return
    if key["kty"] == "EC" and key.get("crv") != "P-256":
        return
    wanted = ("kty", "kid", "n", "e", "crv", "x", "y")
    public = {name: key[name] for name in wanted if isinstance(key.get(name), str)}
    if key["kty"] == "RSA" and len(public.get("n", "")) * 6 < MIN_RSA_BITS:
        return
    try:
        made = RSAKey.import_key(public) if key["kty"] == "RSA" else ECKey.import_key(public)
        if isinstance(made, RSAKey) and made.public_key.key_size < MIN_RSA_BITS:
            return
    except (JoseError, ValueError, TypeError, KeyError, OverflowError, AttributeError):
        return
    yield made


def _signed(token: str, keys: list[Key]) -> dict[str, Any]:
    """Return the claims of a token that one of the keys has signed.

    :raises UnknownKeyError: none of them is the token's.
    :raises TokenNotBelievedError: it is the token's, and the signature is wrong.
    """
    header = _header(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenNotBelievedError("alg")
    alike = [key for key in keys if key.key_type == ALGORITHMS[algorithm]]
    named = alike if kid is None else [key for key in alike if key.kid in (kid, None)]
    if not named:
        raise UnknownKeyError("no key of the provider can check it")
    for key in named:
        try:
            return jwt.decode(token, key, algorithms=[algorithm]).claims
        except BadSignatureError:
            continue
    raise TokenNotBelievedError("signature") if any(key.kid == kid for key in named) else UnknownKeyError("signature")


def _header(token: str) -> dict[str, Any]:
    part = token.partition(".")[0]
    try:
        told: Any = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise TokenNotBelievedError("header")
    return cast("dict[str, Any]", told)


def _timely(claims: Mapping[str, Any], begun: float, now: float, *, fresh: bool) -> None:
    """Hold the token's times against the station's clock.

    :param fresh: it bears the nonce of this sign-in, so that only the clocks can be wrong where it seems too old.
    :raises ClockError: they do not belong together.
    :raises TokenNotBelievedError: a time that is needed is missing, or is none.
    """
    times: dict[str, float] = {}
    for name in ("iat", "exp", "nbf"):
        value = claims.get(name)
        if value is None and name == "nbf":
            continue
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 2**40:
            raise TokenNotBelievedError(name)
        times[name] = value
    if times["exp"] <= times["iat"]:
        raise TokenNotBelievedError("exp")
    for name in ("iat", "nbf"):
        if (ahead := times.get(name, now) - now) > LEEWAY_SECONDS:
            raise ClockError(name, round(ahead))
    if (behind := now - times["exp"]) > LEEWAY_SECONDS:
        raise ClockError("exp", -round(behind))
    if (older := begun - times["iat"]) > LEEWAY_SECONDS:
        raise ClockError("iat", -round(older)) if fresh else TokenNotBelievedError("iat")
