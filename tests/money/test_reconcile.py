"""Three-way comparison of a day: ledger, biller's file, payment provider's file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner
from support.money import ACCOUNT, World, order_of, station, world

from tramkit.cli import main
from tramkit.orders.model import Ending
from tramkit.orders.reconcile import DayFileProblem, Difference, Row, read_day_file, reconcile, write_day_file
from tramkit.orders.wire import payment_of

DAY = datetime.now(UTC).date()
CUSTOMERS = ("PE01000123456", "PE01000123457", "PE01000123458")


async def _a_day(folder: Path, outside: World) -> list[str]:
    """Pay three bills and return the orders' ids."""
    async with station(folder / "station", outside.switch.address, outside.aggregator.address, pay_within=60) as runner:
        for number, customer in enumerate(CUSTOMERS):
            record = await runner.place(f"order-{number}", order_of(customer), "payments.vietqr")
            payment = payment_of(record)
            outside.switch.transfer(ACCOUNT, payment.amount, payment.memo)
            assert (await runner.settled(record.id)).ending is Ending.DONE
    return [f"order-{number}" for number in range(len(CUSTOMERS))]


async def _files(folder: Path, outside: World) -> tuple[Path, Path]:
    """Fetch the day files of both sandboxes."""
    files: list[Path] = []
    async with aiohttp.ClientSession() as http:
        for name, address in (("biller", outside.aggregator.address), ("payments", outside.switch.address)):
            async with http.get(f"{address}/day-file?date={DAY.isoformat()}") as answer:
                files.append(folder / f"{name}.txt")
                files[-1].write_text(await answer.text(), encoding="utf-8")
    return files[0], files[1]


def _command(folder: Path, *files: Path) -> tuple[int, list[dict[str, object]]]:
    config = folder / "station.toml"
    config.write_text(
        f"""
[station]
id = "demo-1"
site = "A"
agency = "B"
[help]
phone = "1022"
[plugins]
enabled = []
[orders]
data = "{folder / "station"}"
key = "{folder / "station" / "key" / "station.key"}"
[[roles.screen]]
driver = "scripted"
""",
        encoding="utf-8",
    )
    done = CliRunner().invoke(main, ["reconcile", "--config", str(config), *map(str, files)])
    return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


async def test_a_day_on_which_all_is_well_has_no_difference(tmp_path: Path) -> None:
    async with world(tmp_path) as outside:
        await _a_day(tmp_path, outside)
        files = await _files(tmp_path, outside)
    import asyncio

    code, told = await asyncio.to_thread(_command, tmp_path, *files)
    assert (code, told) == (0, [{"files": 2, "matched": 6}])


async def test_each_kind_of_difference_is_found_and_named(tmp_path: Path) -> None:
    async with world(tmp_path) as outside:
        await _a_day(tmp_path, outside)
        async with station(tmp_path / "station", "http://127.0.0.1:9", "http://127.0.0.1:9") as runner:
            records = await runner.ledger.newest(10)
    by_id = {record.id: record for record in records}
    first, second, third = (by_id[f"order-{number}"] for number in range(3))
    rows = [
        Row("order-0-fulfil", first.order.amount + 1, True),
        Row("order-1-fulfil", second.order.amount, True),
        Row("order-1-fulfil", second.order.amount, True),
        Row("stranger-fulfil", 5, True),
        Row("failed-stranger", 5, False),
    ]
    file = tmp_path / "biller.txt"
    file.write_text(write_day_file("biller", DAY, rows), encoding="utf-8")
    found = {(each.difference, each.ref): each.code for each in reconcile(records, read_day_file(file))}
    expected = {
        (Difference.AMOUNT, "order-0-fulfil"): first.code,
        (Difference.DOUBLE, "order-1-fulfil"): second.code,
        (Difference.THEIRS_ONLY, "stranger-fulfil"): "",
    }
    late = datetime.now(UTC).hour == 16 and datetime.now(UTC).minute >= 45  # beside midnight in Vietnam
    tomorrow = datetime.now(UTC).hour >= 17
    if not late and not tomorrow:
        expected[Difference.OURS_ONLY, "order-2-fulfil"] = third.code
    assert found == expected
    file.write_text(write_day_file("biller", DAY, [Row("order-2-fulfil", third.order.amount, False)]), encoding="utf-8")
    assert [each.difference for each in reconcile([third], read_day_file(file))] == [Difference.STATE]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: text[:-80], "cut off"),
        (lambda text: text.replace("|100|", "|900|"), "checksum"),
        (lambda text: "", "line 1"),
        (lambda text: text.replace("TRAMKIT-DAY", "HELLO"), "line 1"),
    ],
    ids=["cut off", "changed", "empty", "another file"],
)
def test_a_day_file_that_was_cut_off_or_changed_is_refused(tmp_path: Path, spoil, said: str) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "day.txt"
    file.write_text(spoil(write_day_file("biller", DAY, [Row("a", 100, True)])), encoding="utf-8")
    with pytest.raises(DayFileProblem, match=said):
        read_day_file(file)
