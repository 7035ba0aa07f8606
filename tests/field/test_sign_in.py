"""Keys of a provider as they really come: unusable ones beside good ones, new ones, and clocks that are apart."""

from __future__ import annotations

import base64
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tramkit import NotSignedInError
from tramkit_hal.device.clock import ManualClock
from tramkit_identity import claims
from tramkit_identity.id_token import ClockError, TokenNotBelievedError, UnknownKeyError, usable, verify
from tramkit_identity.method import VNeId
from tramkit_identity.provider import Provider

ISSUER, CLIENT, NONCE = "https://sso.example.vn", "tram-1", "n"
NOW = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
RSA = RSAKey.generate_key(2048, {"kid": "r1"})
EC = ECKey.generate_key("P-256", {"kid": "e1"})
SHORT = {
    **RSA.as_dict(private=False),
    "n": base64.urlsafe_b64encode(b"\xff" * 127 + b"\x01").decode().rstrip("="),
    "kid": "short",
}


def public(key: Any, **more: Any) -> dict[str, Any]:
    """Return a key as a set publishes it; None takes a member away."""
    return {name: value for name, value in {**key.as_dict(private=False), **more}.items() if value is not None}


def token(key: Any = RSA, algorithm: str = "RS256", *, kid: str | None = "", at: datetime = NOW, **more: Any) -> str:
    """Return an ID token."""
    said = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "1",
        "nonce": NONCE,
        "iat": int(at.timestamp()),
        "exp": int(at.timestamp()) + 300,
        **more,
    }
    header = {"alg": algorithm} | ({} if kid is None else {"kid": kid or key.kid})
    return jwt.encode(header, said, key)


def check(token: str, *keys: Any, now: datetime = NOW) -> dict[str, Any]:
    return verify(
        token,
        {"keys": list(keys)},
        issuer=ISSUER,
        client=CLIENT,
        nonce=NONCE,
        begun=now - timedelta(minutes=1),
        now=now,
    )


UNUSABLE: dict[str, Any] = {
    "a curve nobody knows": {"kty": "EC", "crv": "P-777", "x": "AA", "y": "AA", "kid": "x"},
    "a curve that is not ours": public(ECKey.generate_key("secp256k1")),
    "P-521": public(ECKey.generate_key("P-521")),
    "Edwards": public(OKPKey.generate_key("Ed25519")),
    "a type nobody knows": {"kty": "PQ", "kid": "x", "alg": "ML-DSA-65", "pub": "AA"},
    "no type": {"kid": "x", "n": "AA", "e": "AQAB"},
    "a shared secret": OctKey.generate_key(256).as_dict(private=True),
    "for encryption": public(RSA, use="enc", kid="x"),
    "for other operations": public(RSA, key_ops=["encrypt"], kid="x"),
    "for another algorithm": public(RSA, alg="RSA-OAEP", kid="x"),
    "too short": SHORT,
    "without its modulus": public(RSA, n=None, kid="x"),
    "with a modulus that is none": public(RSA, n="!!", kid="x"),
    "with a number for a text": public(RSA, n=5, kid="x"),
    "a point off its curve": public(EC, x=base64.urlsafe_b64encode(bytes(32)).decode().rstrip("="), kid="x"),
    "with an algorithm that is no text": public(RSA, alg={"a": 1}, kid="x"),
    "with a type that is no text": {"kty": ["RSA"], "kid": "x"},
    "no object": "key",
    "null": None,
    "a list": [1],
}


@pytest.mark.parametrize("bad", list(UNUSABLE.values()), ids=list(UNUSABLE))
@pytest.mark.shows("ASVS V9", "ASVS V11")
def test_a_key_that_cannot_be_used_is_passed_over(bad: Any) -> None:
    assert usable({"keys": [bad]}) == []
    for key, algorithm in ((RSA, "RS256"), (EC, "ES256")):
        assert check(token(key, algorithm), bad, public(key))["sub"] == "1"
        assert check(token(key, algorithm), public(key), bad)["sub"] == "1"


@pytest.mark.parametrize("keys", [{}, {"keys": None}, {"keys": {}}, {"keys": []}, {"keys": "x"}])
def test_a_set_without_keys_believes_nothing(keys: dict[str, Any]) -> None:
    with pytest.raises(UnknownKeyError):
        verify(token(), keys, issuer=ISSUER, client=CLIENT, nonce=NONCE, begun=NOW, now=NOW)


def test_a_token_that_names_no_key_is_tried_with_each() -> None:
    other = RSAKey.generate_key(2048, {"kid": "r0"})
    assert check(token(kid=None), public(other), public(EC), public(RSA))["sub"] == "1"
    assert check(token(), public(RSA, kid=None))["sub"] == "1"
    with pytest.raises(TokenNotBelievedError):
        check(token(kid=None), public(other))


def test_two_keys_of_one_name_are_told_apart_by_their_type_and_tried_in_turn() -> None:
    twin = RSAKey.generate_key(2048, {"kid": "r1"})
    assert check(token(), public(EC, kid="r1"), public(twin), public(RSA))["sub"] == "1"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "PS256", "ES384", None, 5, ["RS256"], {}])
@pytest.mark.shows("ASVS V9", "ASVS V11")
def test_a_token_with_another_algorithm_is_not_believed(algorithm: Any) -> None:
    _head, body, signature = token().split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "r1"}).encode()).decode().rstrip("=")
    with pytest.raises(TokenNotBelievedError):
        check(f"{head}.{body}.{signature}", public(RSA))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "e30.e30.", "\x00", "é.é.é", "[" * 5000 + ".x.y"])
@pytest.mark.shows("ASVS V9")
def test_what_is_no_token_is_not_believed(text: str) -> None:
    with pytest.raises(TokenNotBelievedError):
        check(text, public(RSA))


# ── clocks ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seconds", [90, 600, 86_400, -900, -86_400])
def test_clocks_that_are_apart_are_told_apart_from_a_forged_token(seconds: int) -> None:
    with pytest.raises(ClockError) as caught:
        check(token(at=NOW + timedelta(seconds=seconds)), public(RSA))
    assert (caught.value.seconds > 0) == (seconds > 0)
    assert "clock" in str(caught.value)


@pytest.mark.parametrize("seconds", [0, 30, 59, -30, -300])
def test_clocks_that_are_a_little_apart_do_not_matter(seconds: int) -> None:
    begun = NOW - timedelta(minutes=10)
    told = {"keys": [public(RSA)]}
    made = token(at=NOW + timedelta(seconds=seconds))
    assert verify(made, told, issuer=ISSUER, client=CLIENT, nonce=NONCE, begun=begun, now=NOW)


@pytest.mark.shows("ASVS V9")
def test_a_forged_token_is_no_question_of_clocks() -> None:
    forger = RSAKey.generate_key(2048, {"kid": "r1"})
    for at in (NOW, NOW + timedelta(days=1)):
        with pytest.raises(TokenNotBelievedError) as caught:
            check(token(forger, at=at), public(RSA))
        assert not isinstance(caught.value, ClockError)


@pytest.mark.parametrize(
    "more", [{"exp": None}, {"iat": "now"}, {"exp": 10**30}, {"iat": -1}, {"exp": True}, {"iss": "x"}]
)
def test_times_that_are_none_are_no_question_of_clocks(more: dict[str, Any]) -> None:
    with pytest.raises(TokenNotBelievedError) as caught:
        check(token(**more), public(RSA))
    assert not isinstance(caught.value, ClockError)


# ── over the wire ─────────────────────────────────────────────────────────────────────────────────────────────


class Sso:
    """A provider whose keys change.

    :ivar sets: what it tells of its keys at each question, the last for ever.
    """

    def __init__(self, *sets: list[Any], made: str = "") -> None:
        self.sets = list(sets)
        self.made = made
        self.asked = 0

    async def start(self) -> str:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/jwks", self._keys)
        app.router.add_post("/device", self._device)
        app.router.add_post("/token", self._token)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self.address

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _discovery(self, _request: web.Request) -> web.Response:
        at = self.address
        return web.json_response(
            {
                "issuer": at,
                "device_authorization_endpoint": f"{at}/device",
                "token_endpoint": f"{at}/token",
                "jwks_uri": f"{at}/jwks",
            }
        )

    async def _keys(self, _request: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({"keys": self.sets.pop(0) if len(self.sets) > 1 else self.sets[0]})

    async def _device(self, request: web.Request) -> web.Response:
        self.nonce = str((await request.post())["nonce"])
        told = {
            "device_code": "d",
            "user_code": "u",
            "verification_uri": "http://x",
            "expires_in": 300,
            "interval": 0.1,
        }
        return web.json_response(told)

    async def _token(self, _request: web.Request) -> web.Response:
        return web.json_response({"id_token": self.made_by(self)})

    made_by: Any = None


WHO = {
    "acr": "vneid:level2",
    "personal_id": "079090123458",
    "name": "Nguyễn Văn An",
    "birthdate": "1990",
    "gender": "male",
}


async def signed_in(sso: Sso, key: Any, *, ahead: float = 0) -> Any:
    """Sign in at a provider that signs with a key, by a clock that is ahead of the station's."""
    clock = ManualClock(NOW)
    address = await sso.start()
    sso.made_by = lambda sso: token(key, at=clock.now() + timedelta(seconds=ahead), iss=address, nonce=sso.nonce, **WHO)
    method = VNeId(Provider(address, CLIENT), claims.bundled(), clock)
    import asyncio

    try:
        waiting = asyncio.create_task(method.wait(await method.begin()))
        async with asyncio.timeout(30):
            while not waiting.done():
                await clock.advance(0.5)
                await asyncio.sleep(0.005)
        return await waiting
    finally:
        await sso.stop()


async def test_a_key_that_nobody_knows_beside_the_good_one_keeps_nobody_out() -> None:
    found = await signed_in(Sso([UNUSABLE["a curve nobody knows"], public(RSA)]), RSA)
    assert (found.name, str(found.born)) == ("Nguyễn Văn An", "1990")


async def test_a_key_that_the_provider_has_just_begun_to_use_is_asked_for_once_more() -> None:
    new = RSAKey.generate_key(2048, {"kid": "r2"})
    sso = Sso([public(RSA)], [public(RSA), public(new)])
    assert (await signed_in(sso, new)).name == "Nguyễn Văn An"
    assert sso.asked == 2


@pytest.mark.shows("ASVS V9", "ASVS V10")
async def test_a_key_that_the_provider_never_tells_of_lets_nobody_in(caplog: pytest.LogCaptureFixture) -> None:
    sso = Sso([public(RSA)])
    with pytest.raises(NotSignedInError):
        await signed_in(sso, RSAKey.generate_key(2048, {"kid": "r9"}))
    assert sso.asked == 2
    assert "ID token not believed" in caplog.text


async def test_the_log_says_that_the_clocks_are_apart_and_by_how_much(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(NotSignedInError) as caught:
        await signed_in(Sso([public(RSA)]), RSA, ahead=1800)
    assert "could not be checked" in caught.value.reason.id
    (said,) = [each for each in caplog.records if "clocks are apart" in each.message]
    assert "s ahead of this station" in said.why  # type: ignore[attr-defined]
    assert isinstance(said.provider_ahead_s, int)  # type: ignore[attr-defined]
    assert "079090123458" not in str(said.__dict__)
