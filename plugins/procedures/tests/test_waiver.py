"""Who signed in with VNeID and has the five basic papers in the account pays less, on the days of the resolution."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tramkit import Level, Person, verbatim
from tramkit.host.sign_in import IdentityMethod, SignIn
from tramkit.identity.means import IdentityMeans
from tramkit.station.devices import Devices
from tramkit.testing.station import Running, station
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.ui.pages import Check
from tramkit_hal.words import render
from tramkit_procedures.catalogue import bundled
from tramkit_procedures.filing import FileDossier
from tramkit_procedures.gateway import Authority

EXTEND_STAY = "1.002755"
FIRST, LAST = datetime(2026, 8, 14, 17, 0, tzinfo=UTC), datetime(2027, 2, 28, 16, 59, tzinfo=UTC)
"""The days are those of Vietnam."""
DAY_BEFORE, DAY_AFTER = datetime(2026, 8, 14, 16, 59, tzinfo=UTC), datetime(2027, 2, 28, 17, 0, tzinfo=UTC)


class Account(IdentityMethod):
    """An account whose owner approves at once."""

    id = "test.account"
    title = verbatim("VNeID")

    async def begin(self) -> SignIn:
        return SignIn(code="x", seconds=60, handle="x")

    async def wait(self, sign_in: SignIn) -> Person:
        return Person(level=Level.VNEID, name="Lê Văn Tám", number="079054001234", born=date(1954, 9, 2), sex="male")


class Outside:
    """A world with nothing but the account's provider."""

    def joins(self, devices: Devices) -> dict[str, Any]:
        return {"means": IdentityMeans(devices, [Account()])}


async def to_the_last_question(s: Running, *, signs_in: bool) -> None:
    """Lead the resident to where the fee is known, or one more thing is asked."""
    await s.menu()
    s.screen.answer("procedures.file")
    await s.page("capture")
    if signs_in:
        s.screen.answer("test.account")
        await s.page("tell", "You are signed in")
        s.screen.answer()
    else:
        s.screen.answer("typed")
        await s.page("ask", "Please enter your details")
        s.screen.answer(name="Lê Văn Tám", number="079054001234", born="02091954", sex="male")
    await s.page("choose", "What is it about")
    s.screen.answer("residence")
    await s.page("choose", "Which procedure")
    s.screen.answer(EXTEND_STAY)
    await s.page("read")
    s.screen.answer()
    await s.page("ask")
    s.screen.answer(stay_address="12 Trần Não", until="01/12/2027", phone="0901234567")


async def fee_told(s: Running) -> str:
    """Return the fee that stands on the page on which everything is looked over."""
    page = await s.page("check")
    assert isinstance(page, Check)
    return next(render(fact.value, "en") for fact in page.facts if fact.label.id == "Fee")


@pytest.mark.parametrize(("has", "fee"), [("yes", "0"), ("no", "7.000")])
@pytest.mark.parametrize("day", [FIRST, LAST])
async def test_on_its_days_who_signed_in_is_asked_for_the_papers_and_then_pays_less(
    day: datetime, has: str, fee: str
) -> None:
    service = FileDossier(Authority("http://127.0.0.1:9"), bundled())
    async with station([service], clock=ManualClock(day), world=Outside()) as s:  # type: ignore[arg-type]
        await to_the_last_question(s, signs_in=True)
        await s.page("choose", "five basic papers")
        s.screen.answer(has)
        assert (await fee_told(s)).startswith(fee)


@pytest.mark.parametrize(
    ("day", "signs_in"), [(DAY_BEFORE, True), (DAY_AFTER, True), (FIRST, False)], ids=["before", "after", "typed"]
)
async def test_before_and_after_and_without_the_account_it_is_the_full_fee_and_nothing_is_asked(
    day: datetime, signs_in: bool
) -> None:
    service = FileDossier(Authority("http://127.0.0.1:9"), bundled())
    async with station([service], clock=ManualClock(day), world=Outside()) as s:  # type: ignore[arg-type]
        await to_the_last_question(s, signs_in=signs_in)
        assert (await fee_told(s)).startswith("7.000")
