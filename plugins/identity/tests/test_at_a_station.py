"""A resident signs in with VNeID at a station: what they see at each turn, and what else they can do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tramkit import Level, Person, Service, Text, Visit, verbatim
from tramkit.conversation.timeouts import Timeouts
from tramkit.identity.means import IdentityMeans
from tramkit.sandbox import Fault, FaultOrder
from tramkit.station.devices import Devices
from tramkit.testing.station import Running, station
from tramkit_hal.device.clock import Clock, ManualClock, SystemClock
from tramkit_hal.ui.pages import AnyPage, Tell
from tramkit_identity import claims, method
from tramkit_identity.method import VNeId
from tramkit_identity.provider import Provider
from tramkit_identity.sandbox import OpenIdProvider, Trick

AN, HA, LOW = "079090123458", "079150004213", "001199000016"


class Ask(Service):
    """Asks a resident who they are, as surely as each of the levels in turn."""

    id = "test.ask"
    title = verbatim("Ask")
    identity = Level.NONE
    asks_identity = True

    def __init__(self, *levels: Level) -> None:
        self.levels = levels
        self.known: list[Person] = []

    async def serve(self, visit: Visit) -> None:
        known = [await visit.identify(level) for level in self.levels]
        await visit.tell(verbatim("Known"))
        self.known = known


class Outside:
    """A world with nothing but the provider."""

    def __init__(self, vneid: VNeId) -> None:
        self.vneid = vneid

    def joins(self, devices: Devices) -> dict[str, Any]:
        return {"means": IdentityMeans(devices, [self.vneid])}


@dataclass
class Site:
    """A station, the provider, and the resident between them."""

    running: Running
    provider: OpenIdProvider
    service: Ask
    clock: Clock
    codes: list[str] = field(default_factory=list)

    async def begin(self) -> None:
        """Choose the service at the menu."""
        await self.running.menu()
        self.answer("test.ask")

    def answer(self, choice: str = "continue", **values: str) -> None:
        self.running.screen.answer(choice, **values)

    async def page(self, title: str, kind: str = "tell") -> Tell:
        """Wait for a page, letting time go on where it is moved by hand."""
        found = asyncio.create_task(self.running.page(kind, title))
        while not found.done() and isinstance(self.clock, ManualClock):
            await self.clock.advance(0.5)
            await asyncio.sleep(0.002)
        page = await found
        assert isinstance(page, Tell) or kind != "tell"
        return page  # type: ignore[return-value]

    async def code(self) -> str:
        """Wait for a code that was not there before, and read it."""

        def new(page: AnyPage) -> bool:
            return isinstance(page, Tell) and page.large is not None and page.large.id not in self.codes

        page = await self.running.screen.until(new)
        assert isinstance(page, Tell)
        assert page.large is not None
        assert page.codes == (f"{self.provider.address}/device?user_code={page.large.id}",)
        self.codes.append(page.large.id)
        return page.large.id

    async def approve(self, number: str = AN, *, approve: bool = True) -> None:
        """Read the code and decide on the phone."""
        assert self.provider.decide(await self.code(), number, approve=approve)

    async def told(self) -> Text:
        """Wait for the page that says why nobody has signed in, and return why."""
        page = await self.page("You are not signed in")
        assert page.action is not None
        return page.body[0]

    async def known(self) -> list[Person]:
        """Go on from the page that the service ends with, and return whom it knows."""
        await self.page("Known")
        self.answer()
        await self.running.attract()
        return self.service.known


@contextlib.asynccontextmanager
async def site(
    folder: Path, *levels: Level, clock: Clock | None = None, interval: float = 0.02, timeouts: Timeouts | None = None
) -> AsyncGenerator[Site]:
    """Let a station and a provider stand."""
    clock = clock or SystemClock()
    provider = OpenIdProvider(folder / "vneid.sqlite", clock=clock, interval=interval)
    service = Ask(*levels)
    async with provider.running() as address:
        vneid = VNeId(Provider(address, "tramkit-demo"), claims.bundled(), clock)
        world: Any = Outside(vneid)
        async with station([service], clock=clock, world=world, timeouts=timeouts) as running:
            yield Site(running, provider, service, clock)


async def test_another_person_than_who_began_is_told_so_and_may_not_go_on(tmp_path: Path) -> None:
    async with site(tmp_path, Level.CLAIMED, Level.VNEID) as s:
        await s.begin()
        await s.page("", "capture")
        s.answer("typed")
        await s.page("Please enter your details", "ask")
        s.answer(name="Nguyễn Văn An", number=AN, born="17051990", sex="male")
        await s.approve(HA)
        assert "somebody else" in (await s.told()).id
        s.answer()
        await s.approve(AN)
        assert [(each.number, each.level) for each in await s.known()] == [(AN, Level.CLAIMED), (AN, Level.VNEID)]


async def test_who_has_signed_in_sees_who_they_are_and_can_say_that_it_is_not_them(tmp_path: Path) -> None:
    async with site(tmp_path, Level.VNEID) as s:
        await s.begin()
        await s.approve(HA)
        page = await s.page("You are signed in")
        assert [fact.value.id for fact in page.facts if not fact.value.params] == ["Trần Thị Thu Hà", "079•••••4213"]
        s.answer("again")
        await s.approve(AN)
        await s.page("You are signed in")
        s.answer()
        assert [each.number for each in await s.known()] == [AN]


async def test_back_after_signing_in_asks_for_no_second_approval(tmp_path: Path) -> None:
    async with site(tmp_path, Level.VNEID) as s:
        await s.begin()
        await s.approve()
        await s.page("You are signed in")
        s.answer()
        await s.page("Known")
        s.running.screen.press("back")
        await s.page("You are signed in")
        s.answer()
        assert [each.number for each in await s.known()] == [AN]
        assert len(s.codes) == 1


@pytest.mark.parametrize("fault", ["down", "lost_before", "lost_after", "garbage"])
@pytest.mark.parametrize("step", ["/.well-known", "/device_authorization", "/token", "/jwks"])
async def test_whatever_fails_at_whichever_step_the_resident_is_told_and_may_try_again_or_take_the_card(
    tmp_path: Path, step: str, fault: Fault
) -> None:
    async with site(tmp_path, Level.CLAIMED) as s:
        for then in ("again", "card"):
            await s.begin()
            await s.page("", "capture")
            before = step in ("/.well-known", "/device_authorization")
            faults = FaultOrder(faults=(fault,) * method.MAX_TROUBLES, path=step)
            if before:
                s.provider.order_faults(faults)
            s.answer("identity.vneid")
            if not before:
                code = await s.code()
                s.provider.order_faults(faults)
                s.provider.decide(code, AN)
            assert await s.told() == method.DOWN
            s.provider.order_faults(FaultOrder())
            if then == "again":
                s.answer()
                await s.approve()
                await s.page("You are signed in")
                s.answer()
                level = Level.VNEID
            else:
                s.answer("card")
                await s.page("", "capture")
                s.answer("typed")
                await s.page("Please enter your details", "ask")
                s.answer(name="Nguyễn Văn An", number=AN, born="17051990", sex="male")
                level = Level.CLAIMED
            assert [(each.number, each.level) for each in await s.known()] == [(AN, level)]


@pytest.mark.parametrize("fault", ["lost_after", "garbage"])
async def test_an_approval_whose_answer_is_lost_is_told_as_that_and_not_as_too_late(
    tmp_path: Path, fault: Fault
) -> None:
    async with site(tmp_path, Level.VNEID) as s:
        await s.begin()
        code = await s.code()
        s.provider.decide(code, AN)
        s.provider.order_faults(FaultOrder(faults=(fault,), path="/token"))
        assert await s.told() == method.LOST


async def test_a_slow_provider_is_waited_for_and_the_resident_is_told_so(tmp_path: Path) -> None:
    async with site(tmp_path, Level.VNEID) as s:
        s.provider.order_faults(FaultOrder(faults=("slow",), slow_seconds=1.5))
        await s.begin()
        await s.page("One moment, please", "wait")
        await s.approve()
        await s.page("You are signed in")
        s.answer()
        assert [each.number for each in await s.known()] == [AN]


async def refuse(s: Site) -> None:
    await s.approve(approve=False)


async def of_level_1(s: Site) -> None:
    await s.approve(LOW)


def spoilt(trick: Trick) -> Callable[[Site], Any]:
    async def approve(s: Site) -> None:
        s.provider.play(trick)
        await s.approve()

    return approve


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (refuse, method.REFUSED),
        (of_level_1, method.TOO_LOW),
        *((spoilt(trick), method.DOUBTFUL) for trick in ("issuer", "audience", "nonce")),
    ],
    ids=["refused", "level 1", "another issuer", "another client", "another sign-in"],
)
async def test_who_is_not_let_in_is_told_why_can_try_again_and_can_do_without(
    tmp_path: Path, how: Callable[[Site], Any], why: Text
) -> None:
    async with site(tmp_path, Level.VNEID) as s:
        await s.begin()
        await how(s)
        assert await s.told() == why
        s.answer()
        await how(s)
        assert await s.told() == why
        s.answer("neither")
        await s.page("", "tell")
        assert s.service.known == []


async def test_while_the_code_lives_looking_at_the_phone_does_not_end_the_visit(tmp_path: Path) -> None:
    clock = ManualClock()
    async with site(tmp_path, Level.VNEID, clock=clock, interval=2) as s:
        await s.begin()
        code = await s.code()
        shown = len(s.running.screen.history)
        while clock.monotonic() < 170:
            await clock.advance(0.5)
            await asyncio.sleep(0.001)
        assert len(s.running.screen.history) == shown, "nobody was asked whether they are still here"
        assert s.provider.decide(code, AN)
        await s.page("You are signed in")


async def test_a_code_that_nobody_used_is_told_as_expired_and_the_next_one_is_another(tmp_path: Path) -> None:
    clock = ManualClock()
    async with site(tmp_path, Level.VNEID, clock=clock, interval=2) as s:
        await s.begin()
        await s.code()
        assert await s.told() == method.EXPIRED
        assert clock.monotonic() >= 180
        s.answer()
        await s.approve()
        await s.page("You are signed in")


async def test_who_walks_away_from_the_code_ends_the_visit_and_the_code_lets_nobody_in(tmp_path: Path) -> None:
    clock = ManualClock()
    async with site(tmp_path, Level.VNEID, clock=clock, interval=2, timeouts=Timeouts(waiting=60)) as s:
        await s.begin()
        code = await s.code()
        await s.page("", "timeout")
        await s.running.attract()
        polls = s.provider.polls(code)
        s.provider.decide(code, AN)
        for _second in range(20):
            await clock.advance(1)
            await asyncio.sleep(0.002)
        assert s.provider.polls(code) == polls, "nobody asks for the approval any more"
        assert s.service.known == []
