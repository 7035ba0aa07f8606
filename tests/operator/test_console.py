"""An operator looks after a running station in a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.site import Program, panel, program
from textual._context import active_app
from textual.pilot import Pilot
from textual.widgets import DataTable, RichLog, Static, TabbedContent

from tramkit.operator.console.app import Console
from tramkit.operator.console.client import PanelClient, PanelError

STATION = """
[station]
id = "demo-1"
site = "Đảo Kim Cương"
agency = "UBND phường Bình Trưng"
[help]
phone = "1022"
[panel]
port = 0
[[roles.screen]]
driver = "scripted"
{answers}
[[roles.receipt_printer]]
driver = "sim_receipt_printer"
"""
BEGIN = """answers = [{ do = "answer" }, { do = "press", choice = "help" }]"""


@asynccontextmanager
async def at_the_console(folder: Path, answers: str = "") -> AsyncIterator[tuple[Console, Pilot[None], Program]]:
    """A running station and a console before it."""
    file = folder / "station.toml"
    file.write_text(STATION.format(answers=answers), encoding="utf-8")
    async with program(["run", "--config", str(file)], folder) as running:
        client = PanelClient(await running.address("panel"))
        await client.sign_in()
        console = Console(client, "en")
        try:
            async with console.run_test(size=(100, 40)) as pilot:
                active_app.set(console)
                yield console, pilot, running
        finally:
            await client.close()


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await pilot.pause(0.05)


def now(console: Console) -> str:
    return str(console.query_one("#now", Static).render())


def cells(console: Console, table: str) -> str:
    rows = console.query_one(f"#{table}", DataTable)
    return "\n".join(" ".join(str(cell) for cell in rows.get_row_at(row)) for row in range(rows.row_count))


def asked(console: Console) -> str:
    return " ".join(notice.message for notice in console._notifications)


def log(console: Console) -> str:
    return "\n".join(line.text for line in console.query_one("#log-lines", RichLog).lines)


async def test_the_console_shows_devices_log_and_a_visit_without_the_resident(tmp_path: Path) -> None:
    async with at_the_console(tmp_path, BEGIN) as (console, pilot, _running):
        await until(pilot, lambda: "simulated receipt printer" in cells(console, "device-table"))
        await until(pilot, lambda: "▲" in now(console))
        assert "The resident" in now(console)
        console.query_one(TabbedContent).active = "log"
        await until(pilot, lambda: "visit begins" in log(console))
        (begins,) = (line for line in log(console).splitlines() if "visit begins" in line)
        assert f"· {begins[:3]}" in now(console), "the log and the visit go by one clock"
        await pilot.press("a")
        await until(pilot, lambda: "▲" not in now(console))


async def test_a_device_is_reset_by_pressing_twice(tmp_path: Path) -> None:
    async with at_the_console(tmp_path) as (console, pilot, running):
        await until(pilot, lambda: console.query_one("#device-table", DataTable).row_count > 1)
        await pilot.press("down", "r")
        await until(pilot, lambda: "receipt" in asked(console))
        assert "device reset" not in running.log.read_text()
        await pilot.press("r")
        await until(pilot, lambda: "reset" in running.log.read_text())


async def test_what_to_do_about_a_device_is_read_whole_in_a_narrow_terminal(tmp_path: Path) -> None:
    async with at_the_console(tmp_path) as (console, pilot, running):
        await until(pilot, lambda: console.query_one("#device-table", DataTable).row_count > 1)
        words = console.query_one("#mend", Static)
        assert not words.display, "a device that works needs no words"
        async with panel(await running.address("panel")) as bystander:
            await bystander.control("receipt_printer", "paper", "out")
        await pilot.press("down")
        await until(pilot, lambda: bool(words.display))
        await pilot.resize_terminal(60, 24)
        row = console.query_one("#device-table", DataTable).get_row_at(1)
        assert str(words.render()) == row[3]
        assert words.size.height >= len(row[3]) / 60


async def test_a_closed_station_takes_nobody_in_until_it_is_opened(tmp_path: Path) -> None:
    async with at_the_console(tmp_path) as (console, pilot, _running):
        await until(pilot, lambda: "In service" in now(console))
        await pilot.press("c")
        await until(pilot, lambda: "Closed for service" in now(console))
        await pilot.press("l")
        await until(pilot, lambda: "Đang tạm ngừng" in now(console))
        await pilot.press("c")
        await until(pilot, lambda: "Đang phục vụ" in now(console))


async def test_a_station_that_stops_is_said_to_be_lost(tmp_path: Path) -> None:
    async with at_the_console(tmp_path) as (console, pilot, running):
        await until(pilot, lambda: "In service" in now(console))
        await running.stop()
        await until(pilot, lambda: bool(console.query_one("#trouble", Static).display))
        assert "No station answers" in str(console.query_one("#trouble", Static).render())


async def test_an_old_secret_is_refused_with_what_to_do(tmp_path: Path) -> None:
    async with at_the_console(tmp_path) as (_console, _pilot, running):
        origin, _hash, _token = (await running.address("panel")).partition("?")
        client = PanelClient(f"{origin}?token=old")
        with pytest.raises(PanelError, match="use the address it printed"):
            await client.sign_in()
        await client.close()


async def test_a_console_that_is_closed_while_it_looks_ends_quietly(tmp_path: Path) -> None:
    async with at_the_console(tmp_path) as (console, pilot, _running):
        await until(pilot, lambda: "In service" in now(console))
        looking = asyncio.create_task(console.look())
    await looking
