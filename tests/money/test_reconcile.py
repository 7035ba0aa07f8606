"""Three-way comparison of a day: ledger, biller's file, payment provider's file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from support.command import command
from support.money import ACCOUNT, World, order_of, station, world

from tramkit.host.order import Effect, EffectKind, Order, OrderEnding, Record, State, key_of
from tramkit.orders.reconcile import (
    VIETNAM,
    DayFile,
    DayFileError,
    DayFileRow,
    read_day_file,
    reconcile,
    write_day_file,
)
from tramkit.orders.wire import memo_of, payment_of
from tramkit_hal.words import verbatim

DAY = date(2026, 11, 25)
NEXT = DAY + timedelta(days=1)
NOON = datetime(2026, 11, 25, 5, tzinfo=UTC)
"""In Vietnam, as the days are."""
EVENING = datetime(2026, 11, 25, 13, tzinfo=UTC)
DONE = State.CONFIRMED
CUSTOMERS = ("PE01000123456", "PE01000123457", "PE01000123458")


async def _a_day(folder: Path, outside: World) -> list[str]:
    """Pay three bills and return the orders' ids."""
    async with station(folder / "station", outside.switch.address, outside.aggregator.address, pay_within=60) as runner:
        for number, customer in enumerate(CUSTOMERS):
            record = await runner.place(f"order-{number}", order_of(customer), "payments.vietqr")
            payment = payment_of(record)
            outside.switch.transfer(ACCOUNT, payment.amount, payment.memo)
            assert (await runner.settled(record.id)).ending is OrderEnding.DONE
    return [f"order-{number}" for number in range(len(CUSTOMERS))]


async def _files(folder: Path, outside: World) -> tuple[Path, Path]:
    """Fetch the day files of both sandboxes."""
    files: list[Path] = []
    today = datetime.now(VIETNAM).date().isoformat()
    async with aiohttp.ClientSession() as http:
        for name, address in (("biller", outside.aggregator.address), ("payments", outside.switch.address)):
            async with http.get(f"{address}/day-file?date={today}") as answer:
                files.append(folder / f"{name}.txt")
                files[-1].write_text(await answer.text(), encoding="utf-8")
    return files[0], files[1]


def _command(folder: Path, *files: Path) -> tuple[int, list[dict[str, object]]]:
    done = command(folder, "reconcile", *map(str, files))
    return done.exit_code, [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]


async def test_a_day_on_which_all_is_well_has_no_difference(tmp_path: Path) -> None:
    async with world(tmp_path) as outside:
        await _a_day(tmp_path, outside)
        files = await _files(tmp_path, outside)
    code, told = await asyncio.to_thread(_command, tmp_path, *files)
    assert (code, told) == (0, [{"files": 2, "matched": 6}])


async def test_a_refund_that_the_bank_lost_is_found(tmp_path: Path) -> None:
    async with world(tmp_path) as outside:
        address = outside.switch.address, outside.aggregator.address
        async with station(tmp_path / "station", *address, pay_within=60) as runner:
            record = await runner.place("order-0", order_of("PE00999999999"), "payments.vietqr")
            payment = payment_of(record)
            outside.switch.transfer(ACCOUNT, payment.amount, payment.memo)
            assert (await runner.settled(record.id)).ending is OrderEnding.REFUNDED
        beside = [tmp_path / "before.txt", tmp_path / "after.txt"]  # where it is near midnight
        for file, days in zip(beside, (-1, 1), strict=True):
            day = datetime.now(VIETNAM).date() + timedelta(days=days)
            file.write_text(write_day_file("payments.vietqr", day, ()), encoding="utf-8")
        sound = await _files(tmp_path, outside)
        assert await asyncio.to_thread(_command, tmp_path, *sound, *beside) == (0, [{"files": 4, "matched": 3}])
        outside.switch.db.execute("DELETE FROM refunds")
        code, told = await asyncio.to_thread(_command, tmp_path, *await _files(tmp_path, outside), *beside)
    assert code == 1
    assert [(line.get("difference"), line.get("ref")) for line in told[:-1]] == [("ours_only", "order-0-refund")]


def _record(
    id: str,
    method: str = "payments.vietqr",
    came: int = 0,
    *,
    sent: datetime = NOON,
    known: datetime | None = None,
    **effects: State,
) -> Record:
    """Return an order of 1,000 VND with effects in these states, sent and known to be done at these times."""
    made = {
        kind: Effect(
            kind=kind,
            key=key_of(id, kind),
            state=effects[kind.value],
            amount=1000,
            since=sent,
            done_at=(known or sent) if effects[kind.value] is DONE else None,
        )
        for kind in EffectKind
        if kind.value in effects
    }
    order = Order(service="billing.pay", payee="EVN", amount=1000, title=verbatim("Electricity"))
    return Record(id=id, code=id.upper(), order=order, method=method, placed_at=sent, effects=made, came=came)


def _found(
    records: list[Record], *rows: DayFileRow, who: str = "payments.vietqr", days: Sequence[date] = (DAY,)
) -> list[str]:
    """Return what a comparison finds; the rows stand in the file of the last day."""
    files = [DayFile(who, day, rows if day == days[-1] else ()) for day in days]
    return [each.difference.value for each in reconcile(records, files)]


def _memo(id: str) -> str:
    return memo_of(key_of(id, EffectKind.COLLECT))


PAID = _record("a", collect=DONE, fulfil=DONE)
GONE_BACK = _record("b", collect=DONE, fulfil=State.REJECTED, refund=DONE)
OVERNIGHT = _record("c", sent=EVENING, known=EVENING + timedelta(hours=12), collect=DONE, fulfil=DONE)


@pytest.mark.parametrize(
    ("record", "rows", "found"),
    [
        (PAID, [DayFileRow("a-fulfil", 1000, True)], ["matched"]),
        (PAID, [DayFileRow("a-fulfil", 1001, True)], ["amount"]),
        (PAID, [DayFileRow("a-fulfil", 1000, True)] * 2, ["double"]),
        (PAID, [DayFileRow("a-fulfil", 1000, False)], ["state"]),
        (PAID, [], ["ours_only"]),
        (GONE_BACK, [DayFileRow("b-fulfil", 1000, True)], ["state"]),
        (GONE_BACK, [DayFileRow("b-fulfil", 1000, False)], ["matched"]),
        (GONE_BACK, [], []),
        (PAID, [DayFileRow("a-fulfil", 1000, True), DayFileRow("stranger", 5, True)], ["matched", "theirs_only"]),
        (PAID, [DayFileRow("a-fulfil", 1000, True), DayFileRow("stranger", 5, False)], ["matched"]),
    ],
)
def test_each_difference_to_the_biller_is_found_and_named(
    record: Record, rows: list[DayFileRow], found: list[str]
) -> None:
    assert _found([record], *rows, who="billing") == found


@pytest.mark.parametrize(
    ("record", "rows", "found"),
    [
        (PAID, [DayFileRow(f"MBVCB.1.{_memo('a')}.CT tu", 1000, True)], ["matched"]),
        (PAID, [DayFileRow(f"mbvcb.1.{_memo('a').lower()}.ct tu", 1000, True)], ["matched"]),
        (PAID, [DayFileRow(_memo("a"), 400, True), DayFileRow(_memo("a"), 600, True)], ["matched"]),
        (PAID, [DayFileRow(_memo("a"), 1000, True), DayFileRow(_memo("a"), 1000, True)], ["amount"]),
        (PAID, [DayFileRow(_memo("a"), 1000, True), DayFileRow("a-refund", -1000, True)], ["matched", "theirs_only"]),
        (GONE_BACK, [DayFileRow(_memo("b"), 1000, True), DayFileRow("b-refund", -1000, True)], ["matched", "matched"]),
        (GONE_BACK, [DayFileRow(_memo("b"), 1000, True)], ["matched", "ours_only"]),
        (GONE_BACK, [DayFileRow(_memo("b"), 1000, True), DayFileRow("b-refund", -1000, False)], ["matched", "state"]),
        (
            GONE_BACK,
            [DayFileRow(_memo("b"), 1000, True)] + [DayFileRow("b-refund", -1000, True)] * 2,
            ["matched", "double"],
        ),
        (
            GONE_BACK,
            [DayFileRow(_memo("b"), 1000, True), DayFileRow("b-refund", 1000, True)],
            ["matched", "ours_only", "theirs_only"],
        ),
        (_record("d", collect=State.REJECTED), [DayFileRow(_memo("d"), 1000, True)], ["state"]),
        (_record("e", came=400, collect=State.SENT), [DayFileRow(_memo("e"), 400, True)], ["matched"]),
        (_record("f", method="payments.terminal", collect=DONE, fulfil=DONE), [], []),
    ],
)
def test_each_difference_to_the_bank_is_found_and_named(
    record: Record, rows: list[DayFileRow], found: list[str]
) -> None:
    assert _found([record], *rows) == found


def test_what_may_stand_in_another_days_file_is_no_difference_until_that_file_is_there() -> None:
    paid = DayFileRow(_memo("c"), 1000, True)
    assert _found([OVERNIGHT]) == ["other_day"]
    assert _found([OVERNIGHT], days=[NEXT]) == ["other_day"]
    assert _found([OVERNIGHT], paid, days=[NEXT]) == ["matched"]
    assert _found([OVERNIGHT], paid, days=[DAY, NEXT]) == ["matched"]
    assert _found([OVERNIGHT], days=[DAY, NEXT]) == ["ours_only"]
    assert _found([OVERNIGHT], DayFileRow(_memo("c"), 400, True)) == ["other_day"]
    assert _found([OVERNIGHT], DayFileRow(_memo("c"), 400, True), days=[DAY, NEXT]) == ["amount"]
    assert _found([OVERNIGHT], days=[NEXT + timedelta(days=1)]) == []


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
    file.write_text(spoil(write_day_file("billing", DAY, [DayFileRow("a", 100, True)])), encoding="utf-8")
    with pytest.raises(DayFileError, match=said):
        read_day_file(file)
