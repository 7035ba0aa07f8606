"""A plugin of ten lines is tested with Back, faults, power cuts, accessibility and golden pages by the kit alone."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from kit.ten_lines import Water
from kit.waterworks import Waterworks
from tramkit import Messages, Order
from tramkit.sandbox import FaultOrder, Sandbox
from tramkit.testing import KitStation, Make, ScriptedGlass, fault_rounds, hold, met, open_station, order_rounds, walk
from tramkit.testing.accessibility import faults_of

_ = Messages("tests")
WHO = "lê văn tám"
PAID = "It is paid. Thank you"


@pytest_asyncio.fixture
async def waterworks(tmp_path: Path) -> AsyncIterator[Waterworks]:
    works = Waterworks(tmp_path / "waterworks.sqlite")
    async with works.running():
        yield works


async def order(s: KitStation) -> None:
    """Order three litres and pay."""
    await s.start("ten_lines.water")
    await s.driver.at("ask")
    await s.driver.type("who", WHO)
    await s.driver.type("litres", "3")
    await s.driver.go_on()
    await s.driver.at("done")


async def buy(s: KitStation) -> None:
    """Buy three litres, as a resident does when nothing fails."""
    await order(s)
    await s.driver.go_on()


async def test_a_resident_buys_and_nothing_is_left(station: Make, waterworks: Waterworks) -> None:
    s = await station(Water(waterworks.address))
    await order(s)
    (record,) = await s.orders()
    assert (record.order.amount, s.money.collected) == (300, 300)
    assert waterworks.times(f"{record.id}-fulfil") == 1
    assert "Cấp nước" in s.paper()
    assert s.left_behind(WHO) != [], "the search finds what is still there"
    await s.driver.go_on()
    await s.ended()
    assert s.left_behind(WHO) == []


@pytest.mark.parametrize("isolation", ["inline", "serialising"])
async def test_back_keeps_the_answer(station: Make, waterworks: Waterworks, isolation: str) -> None:
    s = await station(Water(waterworks.address), isolation=isolation)
    s.money.willing = False
    await s.start("ten_lines.water")
    await s.driver.at("ask")
    await s.driver.type("who", WHO)
    await s.driver.type("litres", "7")
    await s.driver.press("back")
    await s.driver.at("choose")
    await s.driver.choose("ten_lines.water")
    await s.driver.at("ask")
    await s.driver.type("who", WHO)
    await s.driver.type("litres", "7")
    await s.driver.go_on()
    await s.driver.at("pay")
    assert "700" in await s.driver.read()
    await s.driver.choose("give_up")
    await s.driver.at("wait")  # it is asked once more
    await s.driver.choose("give_up_surely")
    await s.driver.at("tell")
    assert s.money.collected == 0


@pytest.mark.parametrize("screen", ["web", "terminal"])
async def test_the_same_visit_goes_before_each_screen(
    station: Make, waterworks: Waterworks, tramkit_browser: Browser, screen: str
) -> None:
    browser = tramkit_browser if screen == "web" else None
    s = await station(Water(waterworks.address), screen=screen, browser=browser)
    await buy(s)
    await s.ended()
    assert s.money.collected == 300


async def test_whatever_fails_the_resident_is_told(tmp_path: Path) -> None:
    numbers = itertools.count()

    @contextlib.asynccontextmanager
    async def opened() -> AsyncGenerator[tuple[KitStation, Sandbox]]:
        folder = tmp_path / f"round-{next(numbers)}"
        folder.mkdir()
        works = Waterworks(folder / "outside" / "works.sqlite")
        async with works.running() as address, open_station(Water(address), folder=folder) as s:
            yield s, works

    rounds = await fault_rounds(opened, buy, (WHO,))
    assert len(rounds) == 10, "five faults at each of the two requests"
    told = {(each.fault, each.request): each.told for each in rounds if not each.finished}
    assert told["down", 0] == ("tell: The waterworks do not answer now",)
    assert ("down", 1) not in told, "an order waits for the outside system"


async def test_a_power_cut_loses_and_doubles_nothing(waterworks: Waterworks, tmp_path: Path) -> None:
    wanted = Order(service=Water.id, payee="Cấp nước", amount=300, title=_("Water"))
    file = Path(__file__).parent / "ten_lines.py"
    rounds = await order_rounds(file, {"url": waterworks.address}, wanted, waterworks.times, tmp_path / "rounds")
    assert {each.ending.value for each in rounds} <= {"done", "unpaid"}
    assert sum(each.ending.value == "done" for each in rounds) > 4


async def test_a_power_cut_that_doubles_is_noticed(waterworks: Waterworks, tmp_path: Path) -> None:
    wanted = Order(service=Water.id, payee="Cấp nước", amount=300, title=_("Water"))
    file = Path(__file__).parent / "ten_lines.py"
    with pytest.raises(AssertionError, match="has done it 2 times"):
        await order_rounds(
            file, {"url": waterworks.address}, wanted, lambda key: 2 * waterworks.times(key), tmp_path / "rounds"
        )


@pytest.mark.parametrize("seed", range(3))
async def test_a_resident_who_does_anything_finds_no_dead_end(station: Make, waterworks: Waterworks, seed: int) -> None:
    waterworks.order_faults(FaultOrder(share=0.2, seed=seed))
    s = await station(Water(waterworks.address))
    await s.driver.begin()
    walked = await walk(ScriptedGlass(s, outside=True), seed)
    await s.ended()
    assert walked.acts


async def test_its_pages_are_golden_and_accessible(
    station: Make, waterworks: Waterworks, tramkit_browser: Browser, tmp_path: Path
) -> None:
    s = await station(Water(waterworks.address))
    await buy(s)
    await s.ended()
    pages = met("buy", s.views, ["ask · How much water?", f"done · {PAID}"])
    file = tmp_path / "golden.json"
    hold(file, pages, recording=True)
    hold(file, pages, recording=False)
    shown = {view.page.kind: view.page for view in s.views if view.page.kind in ("ask", "done")}
    found = await faults_of(tramkit_browser, shown, shapes=("portrait",), modes=("normal", "×2"))
    assert found == []
