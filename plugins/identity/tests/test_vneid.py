"""Who signs in with VNeID is who the provider says, or nobody; over real sockets, against the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tramkit import Level, NotSignedInError, Person, SignIn, Text, log, verbatim
from tramkit.sandbox import FaultOrder
from tramkit_hal.device.clock import ManualClock
from tramkit_identity import claims, method
from tramkit_identity.method import VNeId
from tramkit_identity.provider import Provider
from tramkit_identity.sandbox import OpenIdProvider, Trick

AN, HA, LOW = "079090123458", "079150004213", "001199000016"
CLIENT = "tramkit-demo"


@dataclass
class Site:
    """A provider, and a station's way to sign in there; both have the clock that the test moves."""

    provider: OpenIdProvider
    vneid: VNeId
    clock: ManualClock

    async def outcome(self, sign_in: SignIn) -> Person | Text:
        """Return who signed in, or what the resident is told; lets time go on until it is known."""
        return await self.moving(self.vneid.wait(sign_in))

    async def moving(self, waiting: Any, until: Callable[[], bool] = lambda: False) -> Person | Text:
        """Let time go on until a sign-in has ended, or something is so."""
        task = asyncio.ensure_future(waiting)
        try:
            async with asyncio.timeout(60):
                while not task.done() and not until():
                    await self.clock.advance(0.5)
                    await asyncio.sleep(0.002)
            return await task if task.done() else verbatim("still waiting")
        except NotSignedInError as failed:
            return failed.reason
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@contextlib.asynccontextmanager
async def site(folder: Path, *, secret: str = "", told: str | None = None, **more: Any) -> AsyncGenerator[Site]:
    """Let a provider stand.

    :param secret: the client's.
    :param told: the secret that the station has; None: that one.
    """
    clock = ManualClock()
    provider = OpenIdProvider(folder / "vneid.sqlite", clock=clock, clients={CLIENT: secret}, **more)
    async with provider.running() as address:
        client = Provider(address, CLIENT, secret if told is None else told)
        yield Site(provider, VNeId(client, claims.bundled(), clock), clock)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, from the chattiest level on."""
    stream = io.StringIO()
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    log.configure("debug", stream=stream)
    yield stream
    for handler in logging.getLogger().handlers[:]:
        logging.getLogger().removeHandler(handler)
    for handler in before:
        logging.getLogger().addHandler(handler)
    logging.getLogger().setLevel(level)


@pytest.mark.parametrize("secret", ["", "s3cret: ü/+%"], ids=["public client", "client with a secret"])
async def test_who_approves_is_known_by_what_the_account_says_in_either_algorithm(tmp_path: Path, secret: str) -> None:
    async with site(tmp_path, secret=secret) as s:
        for number in (AN, HA):  # the sandbox signs with RS256 and ES256 in turn
            begun = await s.vneid.begin()
            assert begun.code == f"{s.provider.address}/device?user_code={begun.spoken}"
            assert s.provider.decide(begun.spoken, number)
            found = await s.outcome(begun)
            assert isinstance(found, Person)
            assert (found.level, found.number) == (Level.VNEID, number)
        assert found == Person(
            level=Level.VNEID,
            name="Trần Thị Thu Hà",
            number=HA,
            born=date(1950, 3, 8),
            sex="female",
            address="Tháp B, Đảo Kim Cương, Bình Trưng, TP. Hồ Chí Minh",
        )


@pytest.mark.shows("ASVS V10")
async def test_a_station_with_another_secret_gets_no_code(tmp_path: Path) -> None:
    async with site(tmp_path, secret="right", told="wrong") as s:
        with pytest.raises(NotSignedInError) as failed:
            await s.vneid.begin()
        assert failed.value.reason == method.DOWN


async def test_who_refuses_stays_unknown(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        begun = await s.vneid.begin()
        assert s.provider.decide(begun.spoken, AN, approve=False)
        assert await s.outcome(begun) == method.REFUSED


@pytest.mark.shows("ASVS V10")
async def test_a_code_that_nobody_uses_expires_and_cannot_be_approved_afterwards(tmp_path: Path) -> None:
    async with site(tmp_path, seconds=20) as s:
        begun = await s.vneid.begin()
        assert await s.outcome(begun) == method.EXPIRED
        assert not s.provider.decide(begun.spoken, AN)
        polls, early = s.provider.polls(begun.spoken)
        assert (early, polls > 1) == (0, True)


async def test_a_station_told_to_slow_down_does_and_is_never_early_again(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        begun = await s.vneid.begin()
        s.provider.play("slow_down", "slow_down")
        await s.moving(s.vneid.wait(begun), until=lambda: s.provider.polls(begun.spoken)[0] >= 4)
        waited = s.clock.monotonic()
        assert waited >= 2 + 7 + 12 + 12, "the interval grows by five seconds each time, for good"
        assert s.provider.polls(begun.spoken)[1] == 0


@pytest.mark.shows("ASVS V6", "ASVS V10")
async def test_an_account_of_level_1_is_refused_with_words(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        begun = await s.vneid.begin()
        assert s.provider.decide(begun.spoken, LOW)
        assert await s.outcome(begun) == method.TOO_LOW


@pytest.mark.parametrize(
    "trick", ["audience", "issuer", "key", "unsigned", "symmetric", "expired", "nonce", "replay", "number"]
)
@pytest.mark.shows("ASVS V9", "ASVS V10", "ASVS V16")
async def test_a_token_that_is_not_this_providers_for_this_sign_in_lets_nobody_in_and_no_log_tells_of_whom(
    tmp_path: Path, trick: Trick, lines: io.StringIO
) -> None:
    async with site(tmp_path) as s:
        first = await s.vneid.begin()
        s.provider.decide(first.spoken, AN)
        assert isinstance(await s.outcome(first), Person)
        s.provider.play(trick)
        begun = await s.vneid.begin()
        s.provider.decide(begun.spoken, HA)
        assert await s.outcome(begun) == method.DOUBTFUL
    told = lines.getvalue()
    assert "ID token not believed" in told
    secret = ("Thu Hà", "Văn An", HA, AN, AN[:-1], HA[:-1], "1950", "Tháp", first.spoken, begun.spoken, "eyJ")
    assert [word for word in secret if word in told] == []


@pytest.mark.shows("ASVS V9", "ASVS V10")
async def test_where_no_nonce_comes_back_a_token_older_than_the_sign_in_lets_nobody_in(tmp_path: Path) -> None:
    async with site(tmp_path, echoes_nonce=False) as s:
        first = await s.vneid.begin()
        s.provider.decide(first.spoken, AN)
        assert isinstance(await s.outcome(first), Person)
        await s.clock.advance(120)  # the token itself is still good
        s.provider.play("replay")
        begun = await s.vneid.begin()
        s.provider.decide(begun.spoken, HA)
        assert await s.outcome(begun) == method.DOUBTFUL


@pytest.mark.parametrize("fault", ["down", "garbage", "lost_before"])
async def test_a_provider_out_of_order_is_told_when_the_sign_in_begins(tmp_path: Path, fault: Any) -> None:
    async with site(tmp_path) as s:
        s.provider.order_faults(FaultOrder(faults=(fault,) * 4))
        with pytest.raises(NotSignedInError) as failed:
            await s.vneid.begin()
        assert failed.value.reason == method.DOWN


@pytest.mark.parametrize("fault", ["down", "garbage"])
async def test_a_provider_out_of_order_for_a_moment_costs_nothing_and_for_longer_ends_the_wait(
    tmp_path: Path, fault: Any
) -> None:
    async with site(tmp_path) as s:
        begun = await s.vneid.begin()
        s.provider.order_faults(FaultOrder(faults=(fault,) * (method.MAX_TROUBLES - 1), path="/token"))
        await s.moving(s.vneid.wait(begun), until=lambda: s.provider.polls(begun.spoken)[0] >= 2)
        s.provider.decide(begun.spoken, AN)
        assert isinstance(await s.outcome(begun), Person)
        begun = await s.vneid.begin()
        s.provider.order_faults(FaultOrder(faults=(fault,) * method.MAX_TROUBLES, path="/token"))
        assert await s.outcome(begun) == method.DOWN


@pytest.mark.parametrize("fault", ["down", "garbage"])
@pytest.mark.shows("ASVS V9", "ASVS V10")
async def test_without_the_providers_keys_nobody_is_let_in(tmp_path: Path, fault: Any) -> None:
    async with site(tmp_path) as s:
        begun = await s.vneid.begin()
        s.provider.decide(begun.spoken, AN)
        s.provider.order_faults(FaultOrder(faults=(fault,), path="/jwks"))
        assert await s.outcome(begun) == method.DOWN


@pytest.mark.shows("ASVS V10")
async def test_a_token_lost_on_the_way_is_not_given_twice_and_the_resident_may_try_again(tmp_path: Path) -> None:
    async with site(tmp_path) as s:
        begun = await s.vneid.begin()
        s.provider.decide(begun.spoken, AN)
        s.provider.order_faults(FaultOrder(faults=("garbage",), path="/token"))
        assert await s.outcome(begun) == method.LOST


async def test_on_the_phone_the_code_is_typed_compared_and_approved_in_two_languages(tmp_path: Path) -> None:
    async with site(tmp_path) as s, aiohttp.ClientSession() as http:
        begun = await s.vneid.begin()
        async with http.get(s.provider.address, params={"user_code": "x"}) as answer:
            assert "Nhập mã" in await answer.text()
        async with http.get(f"{s.provider.address}/device", params={"user_code": "BBBBBBBB", "lang": "en"}) as answer:
            assert (answer.status, "no such code" in await answer.text()) == (404, True)
        typed = begun.spoken.replace("-", " ").lower()
        async with http.get(f"{s.provider.address}/device", params={"user_code": typed, "lang": "en"}) as answer:
            text = await answer.text()
            assert f">{begun.spoken}<" in text
            assert "Sign in at this station?" in text
            assert "<script" not in text
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        form = {"user_code": begun.spoken, "number": AN, "decision": "approve", "lang": "vi"}
        async with http.post(f"{s.provider.address}/device", data=form) as answer:
            assert "Đã đồng ý" in await answer.text()
        form["decision"] = "refuse"
        async with http.post(f"{s.provider.address}/device", data=form) as answer:
            assert "Đã đồng ý" in await answer.text(), "what was decided stays"
        assert isinstance(await s.outcome(begun), Person)


@pytest.mark.shows("ASVS V10", "ASVS V14", "EN 6")
async def test_the_provider_learns_that_somebody_signs_in_at_this_station_and_nothing_else(tmp_path: Path) -> None:
    clock, told = ManualClock(), dict[str, set[str]]()
    provider = OpenIdProvider(tmp_path / "vneid.sqlite", clock=clock)

    @web.middleware
    async def listen(request: web.Request, handler: Any) -> web.StreamResponse:
        told.setdefault(request.path, set()).update([*(await request.post()), *request.query, *request.cookies])
        return await handler(request)

    provider.app.middlewares.append(listen)
    async with provider.running() as address:
        s = Site(provider, VNeId(Provider(address, CLIENT), claims.bundled(), clock), clock)
        begun = await s.vneid.begin()
        provider.decide(begun.spoken, AN)
        assert isinstance(await s.outcome(begun), Person)
    assert told == {
        "/.well-known/openid-configuration": set(),
        "/device_authorization": {"client_id", "scope", "nonce"},
        "/token": {"client_id", "grant_type", "device_code"},
        "/jwks": set(),
    }
