"""Orders that are not at their end, as the operator sees them at a running station."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from support.money import order_of
from support.money import station as with_money

from tramkit.operator.day_money import FIRST_LOOK, money_of
from tramkit.operator.open_orders import OpenOrders
from tramkit.operator.panel import Panel
from tramkit.orders.rows import LedgerEntry
from tramkit.orders.runner import Runner
from tramkit.testing.station import station
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import render

ORDER = order_of("PE01000123456")
NOBODY = "http://127.0.0.1:9"
CAME = [LedgerEntry("collect", "sent", ORDER.amount), LedgerEntry("collect", "confirmed", ORDER.amount)]
STUCK = {
    "collect": [CAME[0], LedgerEntry("collect", "manual", ORDER.amount)],
    "fulfil": [*CAME, LedgerEntry("fulfil", "manual", ORDER.amount)],
    "refund": [*CAME, LedgerEntry("fulfil", "rejected", ORDER.amount), LedgerEntry("refund", "manual", ORDER.amount)],
}


async def place(runner: Runner, id: str, entries: Sequence[LedgerEntry] = (), ago: timedelta = timedelta(0)) -> str:
    """Write an order into the ledger that nobody carries out; return its code."""
    at = SystemClock().now() - ago
    code = (await runner.ledger.place(id, ORDER, "payments.vietqr", at)).code
    if entries:
        await runner.ledger.append(id, entries, at)
    return code


@pytest.mark.parametrize("kind", STUCK)
async def test_an_order_that_waits_for_the_operator_says_for_what_and_what_to_run(tmp_path: Path, kind: str) -> None:
    async with with_money(tmp_path / "station", NOBODY, NOBODY, pay_within=60) as runner:
        code = await place(runner, "order", STUCK[kind])
        orders = OpenOrders(runner)
        await orders.look(SystemClock().now())
        (found,) = orders.now
        assert (found.code, found.plugin, found.state) == (code, ORDER.service.partition(".")[0], "stuck")
        assert f"tramkit orders resolve {code} {kind}" in render(found.why, "en")
        assert orders.counts == {"stuck": 1, "late": 0, "open": 0}


async def test_stuck_orders_stand_first_then_the_oldest_and_what_is_at_its_end_stands_nowhere(tmp_path: Path) -> None:
    async with with_money(tmp_path / "station", NOBODY, NOBODY, pay_within=60) as runner:
        new = await place(runner, "new")
        late = await place(runner, "late", ago=timedelta(days=2))
        stuck = await place(runner, "stuck", STUCK["fulfil"])
        await place(
            runner, "done", [*CAME, LedgerEntry("fulfil", "confirmed", ORDER.amount), LedgerEntry("settled", "done")]
        )
        orders = OpenOrders(runner)
        await orders.look(SystemClock().now())
        assert [(each.code, each.state) for each in orders.now] == [(stuck, "stuck"), (late, "late"), (new, "open")]


async def test_an_order_of_a_plugin_that_is_not_here_any_more_is_stuck(tmp_path: Path) -> None:
    async with with_money(tmp_path / "station", NOBODY, NOBODY, pay_within=60) as runner:
        await place(runner, "order")
        orders = OpenOrders(Runner(runner.ledger, {}, runner.methods, SystemClock()))
        await orders.look(SystemClock().now())
        assert orders.now[0].state == "stuck"
        assert "does not run here" in render(orders.now[0].why, "en")


async def test_the_panel_shows_them_without_anything_of_who_placed_them(tmp_path: Path) -> None:
    async with with_money(tmp_path / "station", NOBODY, NOBODY, pay_within=60) as runner, station([]) as running:
        code = await place(runner, "order", STUCK["refund"])
        panel = Panel(running.station, tcp=False, socket=tmp_path / "panel.sock", runner=runner)
        await panel.start()
        try:
            connector = aiohttp.UnixConnector(str(tmp_path / "panel.sock"))
            async with aiohttp.ClientSession(connector=connector) as http:
                async with http.get("http://station/api/state?language=vi") as answer:
                    said = await answer.text()
                    orders = (await answer.json())["orders"]
                async with http.get("http://station/metrics") as answer:
                    figures = io.StringIO(await answer.text()).read().splitlines()
        finally:
            await panel.stop()
    assert orders["stuck"] == 1
    assert (orders["orders"][0]["code"], orders["orders"][0]["state_words"]) == (code, "chờ xử lý")
    assert "PE01000123456" not in said
    assert 'tramkit_orders_open{state="stuck"} 1.0' in figures


async def test_what_was_ordered_today_is_told_with_its_money_and_yesterdays_is_not(tmp_path: Path) -> None:
    async with with_money(tmp_path / "station", NOBODY, NOBODY, pay_within=60) as runner:
        await place(runner, "yesterday", CAME, ago=timedelta(days=1))
        for number in range(FIRST_LOOK + 3):
            await place(runner, f"paid {number}", CAME)
        await place(runner, "open")
        refunded = [*CAME, LedgerEntry("fulfil", "rejected", ORDER.amount)]
        await place(
            runner, "refunded", [*refunded, *(LedgerEntry("refund", s, ORDER.amount) for s in ("sent", "confirmed"))]
        )
        found = await money_of(runner.ledger, SystemClock().now())
        count = FIRST_LOOK + 3
        assert (found.orders, found.paid) == (count + 2, count + 1)
        assert (found.received, found.refunded) == ((count + 1) * ORDER.amount, ORDER.amount)
