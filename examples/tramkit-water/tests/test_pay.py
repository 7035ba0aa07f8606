"""A resident pays for water; nothing else of the house is imported than the kit."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from residents import pay, to_the_end
from tramkit_water.gateway import Waterworks
from tramkit_water.pay import PayBill
from tramkit_water.sandbox import DECLINED, WaterworksSandbox

from tramkit import Messages, Order
from tramkit.sandbox import Sandbox
from tramkit.testing import KitStation, Make, fault_rounds, open_station, order_rounds

_ = Messages("tramkit_water")


async def test_a_bill_is_paid_once_and_the_receipt_says_so(station: Make, sandbox: WaterworksSandbox) -> None:
    s = await station(PayBill(Waterworks(sandbox.address)))
    await to_the_end(s)
    await s.driver.at("done")
    (record,) = await s.orders()
    assert s.money.collected == 185_000
    assert sandbox.times(f"{record.id}-fulfil") == 1
    assert "185.000" in s.paper()
    await s.driver.go_on()
    await s.ended()
    assert s.left_behind("PN123456") == []


async def test_the_check_page_shows_the_amount_and_the_day_as_people_write_them(
    station: Make, sandbox: WaterworksSandbox
) -> None:
    s = await station(PayBill(Waterworks(sandbox.address)))
    await s.start("water.pay")
    await s.driver.type("code", "PN123456")
    await s.driver.go_on()
    await s.driver.at("check")
    read = await s.driver.read()
    assert "185.000 ₫" in read
    assert "15/12/2026" in read


async def test_what_the_waterworks_decline_goes_back(station: Make, sandbox: WaterworksSandbox) -> None:
    s = await station(PayBill(Waterworks(sandbox.address)))
    await to_the_end(s, DECLINED)
    await s.driver.at("tell")
    assert s.money.collected == s.money.refunded == 92_000


@pytest.mark.parametrize(("typed", "said"), [("12345", "PN123456"), ("PN999999", "")])
async def test_a_code_that_is_none_or_nobodys(station: Make, sandbox: WaterworksSandbox, typed: str, said: str) -> None:
    s = await station(PayBill(Waterworks(sandbox.address)))
    await s.start("water.pay")
    await s.driver.type("code", typed)
    await s.driver.go_on()
    await s.driver.at("ask" if said else "tell")
    if said:
        await s.driver.says(said)


async def test_back_from_the_check_page_keeps_the_code(station: Make, sandbox: WaterworksSandbox) -> None:
    s = await station(PayBill(Waterworks(sandbox.address)))
    await s.start("water.pay")
    await s.driver.type("code", "PN123456")
    await s.driver.go_on()
    await s.driver.at("check")
    await s.driver.press("back")
    await s.driver.at("ask")
    assert "PN123456" in await s.driver.read()


async def test_whatever_fails_the_resident_is_told(tmp_path: Path) -> None:
    numbers = itertools.count()

    @contextlib.asynccontextmanager
    async def opened() -> AsyncGenerator[tuple[KitStation, Sandbox]]:
        folder = tmp_path / f"round-{next(numbers)}"
        folder.mkdir()
        works = WaterworksSandbox(folder / "outside" / "waterworks.sqlite")
        async with works.running() as address, open_station(PayBill(Waterworks(address)), folder=folder) as s:
            yield s, works

    rounds = await fault_rounds(opened, pay)
    assert {each.told for each in rounds if each.fault == "down" and not each.finished} == {
        ("tell: The waterworks do not answer now",)
    }


async def test_a_power_cut_loses_and_doubles_nothing(sandbox: WaterworksSandbox, tmp_path: Path) -> None:
    order = Order(
        service="water.pay",
        payee="Cấp nước Phú Nhuận",
        amount=185_000,
        title=_("Water, {month}", month="11/2026"),
        request={"customer": "PN123456", "month": "11/2026", "amount": 185_000},
    )
    rounds = await order_rounds("water", {"url": sandbox.address}, order, sandbox.times, tmp_path / "rounds")
    assert sum(each.ending.value == "done" for each in rounds) > 4


async def test_a_power_cut_while_it_is_declined_gives_the_money_back(
    sandbox: WaterworksSandbox, tmp_path: Path
) -> None:
    order = Order(
        service="water.pay",
        payee="Cấp nước Phú Nhuận",
        amount=92_000,
        title=_("Water, {month}", month="11/2026"),
        request={"customer": DECLINED, "month": "11/2026", "amount": 92_000},
    )
    rounds = await order_rounds("water", {"url": sandbox.address}, order, sandbox.times, tmp_path / "rounds")
    assert {each.ending.value for each in rounds} == {"refunded"}
