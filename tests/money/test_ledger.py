"""The ledger: nothing personal in the clear, every change found, and money only where it can be written."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from tramkit.host.order import EffectKind, Order, OrderEnding, State
from tramkit.orders.ledger import KeyConflictError, Ledger, LedgerError
from tramkit.orders.rows import CLOSED, SETTLED, LedgerEntry, tidy_code
from tramkit.orders.seal import CREDENTIAL, Seal, SealError, read_key
from tramkit_hal.ui.pages import Fact
from tramkit_hal.words import verbatim

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CANARY = "CHIM HOANG YEN 079152000123"
SEED = 20261124
EDITS = int(os.environ.get("TRAMKIT_EDITS", "200"))


def order(amount: int = 1000) -> Order:
    fact = Fact(label=verbatim("who"), value=verbatim(CANARY))
    return Order(
        service="s", payee="EVN", amount=amount, title=verbatim("bill"), request={"who": CANARY}, facts=(fact,)
    )


@asynccontextmanager
async def ledger_in(folder: Path) -> AsyncIterator[Ledger]:
    ledger = Ledger(folder / "ledger.sqlite", Seal(read_key(folder / "key" / "station.key")))
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


def files_in(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


async def test_what_is_placed_is_read_again_after_a_restart(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as ledger:
        placed = await ledger.place("o1", order(), "m", NOW)
        await ledger.append("o1", [LedgerEntry("collect", "sent", 1000)], NOW)
    async with ledger_in(tmp_path) as ledger:
        record = await ledger.by_code(f" {placed.code[:5].lower()}-{placed.code[5:]} ")
        assert record is not None
        assert record.order == order()
        assert record.effects[EffectKind.COLLECT].state is State.SENT
        assert [each.id for each in await ledger.live()] == ["o1"]
        await ledger.append("o1", [LedgerEntry(SETTLED, "unpaid"), LedgerEntry(CLOSED, "")], NOW)
        assert await ledger.live() == []
        assert (await ledger.newest(5))[0].ending is OrderEnding.UNPAID


async def test_the_same_order_twice_is_one_and_another_content_is_refused(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as ledger:
        first = await ledger.place("o1", order(), "m", NOW)
        assert await ledger.place("o1", order(), "m", NOW) == first
        with pytest.raises(KeyConflictError):
            await ledger.place("o1", order(2000), "m", NOW)


async def test_nothing_personal_stands_in_any_file(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as ledger:
        await ledger.place("o1", order(), "m", NOW)
        await ledger.append("o1", [LedgerEntry("collect", "confirmed", 1000, {"reference": CANARY})], NOW)
        files = files_in(tmp_path)
        assert any(file.name.endswith("-wal") for file in files)
        assert all(CANARY.encode() not in file.read_bytes() for file in files)


async def test_the_key_is_the_stations_alone(tmp_path: Path) -> None:
    file = tmp_path / "station.key"
    key = read_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_key(file) == key
    file.chmod(0o644)
    with pytest.raises(SealError, match="chmod 600"):
        read_key(file)
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(SealError, match="32"):
        read_key(file)


async def test_processes_that_begin_at_once_have_one_key_between_them(tmp_path: Path) -> None:
    """Each sees a whole key or none: nobody finds one that is half written, whenever the power goes."""
    for round in range(20):
        file = tmp_path / f"{round}" / "station.key"
        keys = await asyncio.gather(*(asyncio.to_thread(read_key, file) for _ in range(8)))
        assert len(set(keys)) == 1
        assert [each.name for each in file.parent.iterdir()] == [file.name]


async def test_another_stations_key_opens_nothing(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as ledger:
        await ledger.place("o1", order(), "m", NOW)
    other = Ledger(tmp_path / "ledger.sqlite", Seal(b"x" * 32))
    with pytest.raises(LedgerError, match="another key"):
        await other.open()
    await other.close()


async def test_two_processes_cannot_have_it_open(tmp_path: Path) -> None:
    async with ledger_in(tmp_path):
        with pytest.raises(LedgerError, match="stop the station"):
            async with ledger_in(tmp_path):
                pass


async def test_orders_and_entries_are_never_changed_by_sql(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as ledger:
        await ledger.place("o1", order(), "m", NOW)
    db = sqlite3.connect(tmp_path / "ledger.sqlite")
    for words in (
        "UPDATE orders SET amount = 1",
        "DELETE FROM orders",
        "UPDATE entries SET state = 'x'",
        "DELETE FROM entries",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(words)
    db.close()


@pytest.mark.timeout(36_000 if EDITS > 1000 else 240)
async def test_random_edits_are_all_found(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    print("seed", SEED)
    async with ledger_in(tmp_path) as ledger:
        for number in range(20):
            await ledger.place(f"o{number}", order(1000 + number), "m", NOW, f"0791520001{number:02}")
            await ledger.append(
                f"o{number}", [LedgerEntry("collect", "sent", 1000), LedgerEntry("collect", "confirmed", 1000)], NOW
            )
        assert (await ledger.verify()).problem == ""
        entries = (await ledger.verify()).entries
    file = tmp_path / "ledger.sqlite"
    db = sqlite3.connect(file, isolation_level=None)
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")  # a thief has no manners
    db.close()
    whole = file.read_bytes()
    columns = {
        "entries": ("order_id", "what", "state", "at", "boot", "amount", "sealed", "link", "number"),
        "orders": ("code", "service", "payee", "amount", "method", "placed_at", "sealed"),
        "holders": ("order_id", "holder"),
        "live": ("order_id",),
    }
    for _edit in range(EDITS):
        db = sqlite3.connect(file, isolation_level=None)
        table = chance.choice(list(columns))
        row = chance.randint(1, entries if table == "entries" else 20)
        if chance.random() < 0.2:
            did = db.execute(f"DELETE FROM {table} WHERE rowid = ?", (row,)).rowcount
        else:
            column = chance.choice(columns[table])
            value = {
                "amount": 7,
                "number": 10**6 + row,
                "sealed": b"\1" * 40,
                "link": b"\2" * 32,
                "holder": b"\3" * 32,
            }.get(column, "o3x")
            did = db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row)).rowcount
        db.close()
        assert did == 1
        assert await _found(tmp_path), (table, row)
        file.write_bytes(whole)
    print(f"{EDITS} edits, all found")


async def test_a_cut_off_end_is_found_though_the_thief_names_another_entry_the_last(tmp_path: Path) -> None:
    async with ledger_in(tmp_path) as ledger:
        await ledger.place("o1", order(), "m", NOW)
        await ledger.append(
            "o1", [LedgerEntry("collect", "sent", 1000), LedgerEntry("collect", "confirmed", 1000)], NOW
        )
    db = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    db.execute("DROP TRIGGER entries_remain")
    db.execute("DELETE FROM entries WHERE number = 4")
    db.execute("UPDATE head SET (number, link) = (SELECT number, link FROM entries ORDER BY number DESC LIMIT 1)")
    db.close()
    assert await _found(tmp_path)


async def _fill(ledger: Ledger) -> None:
    for number in range(500):
        await ledger.place(f"o{number}", order(), "m", NOW)


async def _found(folder: Path) -> bool:
    try:
        async with ledger_in(folder) as ledger:
            return (await ledger.verify()).problem != ""
    except LedgerError:
        return True


async def test_a_full_or_read_only_disk_places_nothing_and_says_so(tmp_path: Path) -> None:
    def full(file: Path) -> sqlite3.Connection:
        db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA max_page_count = 24")
        return db

    ledger = Ledger(tmp_path / "ledger.sqlite", Seal(b"k" * 32), connect=full)
    await ledger.open()
    with pytest.raises(LedgerError, match="full"):
        await _fill(ledger)
    assert "full" in ledger.trouble
    placed = await ledger.newest(1000)
    assert (await ledger.verify()).problem == ""
    assert len(placed) == len(await ledger.live()) < 500
    await ledger.close()


def test_a_code_is_read_as_people_write_it() -> None:
    assert tidy_code("o1l-abc de") == "011ABCDE"


async def test_what_waits_for_the_disk_is_written_together_and_what_is_refused_takes_nothing_with_it(
    tmp_path: Path,
) -> None:
    commits: list[str] = []
    ledger = Ledger(tmp_path / "ledger.sqlite", Seal(b"k" * 32), boundary=commits.append)
    await ledger.open()
    await ledger.place("o1", order(), "m", NOW)
    commits.clear()
    told = await asyncio.gather(
        *(ledger.place(f"n{number}", order(), "m", NOW) for number in range(20)),
        ledger.place("o1", order(amount=2), "m", NOW),
        ledger.append("n3", [LedgerEntry("collect", "sent", 1000)], NOW),
        ledger.append("o1", [LedgerEntry("collect", "sent", 1000)], NOW),
        return_exceptions=True,
    )
    assert [type(each).__name__ for each in told] == ["Record"] * 20 + ["KeyConflictError"] + ["Record"] * 2
    turns = sum(before.startswith("before") and then.startswith("after") for before, then in pairwise(commits))
    assert turns < 10, "twenty-three writes in fewer transactions"
    assert (await ledger.verify()).problem == ""
    assert not ledger.trouble
    assert len(await ledger.live()) == 21
    await ledger.close()


async def test_a_person_finds_their_orders_and_nobody_elses_and_the_file_names_nobody(tmp_path: Path) -> None:
    mine, other = "079152000123", "001152000124"
    async with ledger_in(tmp_path) as ledger:
        await ledger.place("o1", order(), "m", NOW, mine)
        await ledger.place("o2", order(), "m", NOW, other)
        await ledger.place("o3", order(), "m", NOW)
        assert [each.id for each in await ledger.of_holder(mine, 20)] == ["o1"]
        assert await ledger.of_holder("", 20) == []
    for file in files_in(tmp_path):
        assert mine.encode() not in file.read_bytes()
    db = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)
    db.execute("UPDATE holders SET holder = (SELECT holder FROM holders WHERE order_id = 'o2') WHERE order_id = 'o1'")
    db.close()
    assert await _found(tmp_path)


async def test_what_was_the_matter_with_the_disk_may_be_over(tmp_path: Path) -> None:
    connections: list[sqlite3.Connection] = []

    def connect(file: Path) -> sqlite3.Connection:
        connections.append(sqlite3.connect(file, isolation_level=None, check_same_thread=False))
        return connections[-1]

    ledger = Ledger(tmp_path / "ledger.sqlite", Seal(b"k" * 32), connect=connect)
    await ledger.open()
    await ledger.place("o1", order(), "m", NOW)
    connections[0].execute("PRAGMA query_only = ON")
    with pytest.raises(LedgerError):
        await ledger.place("o2", order(), "m", NOW)
    assert (await ledger.record("o1")) is not None
    await ledger.newest(5)
    assert ledger.trouble, "that it can be read does not mean that it can be written"
    with pytest.raises(LedgerError):
        await ledger.probe()
    connections[0].execute("PRAGMA query_only = OFF")
    await ledger.probe()
    assert not ledger.trouble
    await ledger.close()


def test_a_systemd_credential_comes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / CREDENTIAL).write_bytes(b"c" * 32)
    (tmp_path / CREDENTIAL).chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_key(tmp_path / "station.key") == b"c" * 32
    assert not (tmp_path / "station.key").exists()
    (tmp_path / CREDENTIAL).chmod(0o640)
    with pytest.raises(SealError, match="others can read"):
        read_key(tmp_path / "station.key")
