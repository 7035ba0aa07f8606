"""``python -m bench ledger``: commits, sagas, recovery, growth.

``commit_*``
    one effect's entry made durable. The peer (the floor) is a bare SQLite file, WAL and ``synchronous=FULL``, to which
    rows of the same bytes are appended in the same run, one transaction each, from a thread as the ledger's is.
``saga_*``
    one order carried out, collect → fulfil → receipt, by the runner; those outside answer at once. The peers do the
    same in the same run, in turns: DBOS on SQLite, its database set to what the ledger has (WAL, ``synchronous=FULL``);
    DBOS with its own settings, which can lose the last commit in a power cut; and the floor, as many bare commits as
    the ledger makes for an order.
``ready_after_restart``
    from opening a ledger with many settled and 100 open orders until the runner has begun to go on with each of them.
    The peer is opening the same file and counting its rows.
``file_growth``
    bytes on the disk for one order that was paid and fulfilled.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.ledger.floor import Floor
from bench.ledger.sagas import sagas
from bench.options import Options
from bench.records import emit, percentile, say
from tramkit.host.order import Order, Outcome
from tramkit.orders.ledger import Ledger
from tramkit.orders.rows import CLOSED, SETTLED, LedgerEntry
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import verbatim

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
FLOW = (
    (LedgerEntry("collect", "sent", 1000),),
    (LedgerEntry("collect", "confirmed", 1000, {"reference": "FT123456789012"}), LedgerEntry("fulfil", "intent", 1000)),
    (LedgerEntry("fulfil", "sent", 1000),),
    (LedgerEntry("fulfil", "confirmed", 1000, {"reference": "AG123456789012"}),),
    (LedgerEntry(SETTLED, "done"), LedgerEntry(CLOSED, "")),
)


async def run(options: Options) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        await commits(Path(folder), 60 if options.quick else 2_000)
        await sagas(Path(folder), 10 if options.quick else 500, install=not options.quick)
        await recovery(Path(folder), 200 if options.quick else 100_000, 20 if options.quick else 100)


def order() -> Order:
    return Order(service="bench", payee="EVN", amount=1000, title=verbatim("bill"), request={"bill": "x" * 60})


async def commits(folder: Path, count: int) -> None:
    """Measure commits of the ledger and of the floor, in turns, so that both have the same noise."""
    file = folder / "commits.sqlite"
    ledger = Ledger(file, Seal(b"k" * 32))
    await ledger.open()
    floor = Floor(folder / "floor.sqlite")
    ours: list[float] = []
    theirs: list[float] = []
    loop = asyncio.get_running_loop()
    size = 0
    for number in range(count):
        id = f"o{number}"
        await ledger.place(id, order(), "m", NOW)
        for entries in FLOW:
            began = time.perf_counter()
            await ledger.append(id, entries, NOW)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            await loop.run_in_executor(floor.thread, floor.append, 220 * len(entries))
            theirs.append(time.perf_counter() - began)
    await ledger.close()
    floor.close()
    size = file.stat().st_size
    for name, share in (("commit_p50", 0.5), ("commit_p99", 0.99)):
        emit("ledger", name, percentile(ours, share) * 1000, "ms", "bare SQLite", percentile(theirs, share) * 1000)
    emit("ledger", "effects_per_second", len(ours) / sum(ours), "1/s", "bare SQLite", len(theirs) / sum(theirs))
    emit("ledger", "file_growth", size / count, "bytes/order")


class Silent:
    """A gateway that knows nothing yet."""

    async def fulfil(self, order: Order, key: str) -> Outcome:
        return Outcome(state="pending")

    async def inquire(self, order: Order, key: str) -> Outcome:
        return Outcome(state="pending")


async def recovery(folder: Path, settled: int, open_orders: int) -> None:
    """Measure how long a restart takes."""
    file = folder / "recovery.sqlite"
    seal = Seal(b"k" * 32)
    say(f"makes a ledger with {settled} settled orders")
    filling = Ledger(file, seal, synchronous="OFF")  # only so that it is there soon
    await filling.open()
    for number in range(settled):
        await filling.place(f"s{number}", free(), "", NOW)
        await filling.append(
            f"s{number}",
            [LedgerEntry("fulfil", "confirmed"), LedgerEntry(SETTLED, "done"), LedgerEntry(CLOSED, "")],
            NOW,
        )
    for number in range(open_orders):
        await filling.place(f"o{number}", free(), "", NOW)
        await filling.append(f"o{number}", [LedgerEntry("fulfil", "sent")], NOW)
    await filling.close()
    began = time.perf_counter()
    ledger = Ledger(file, seal)
    await ledger.open()
    runner = Runner(ledger, {"bench": Silent()}, {}, SystemClock())
    await runner.start()
    ready = time.perf_counter() - began
    await runner.stop()
    await ledger.close()
    began = time.perf_counter()
    db = sqlite3.connect(file)
    db.execute("SELECT count(*) FROM entries").fetchone()
    db.close()
    emit("ledger", "ready_after_restart", ready, "s", "opening and counting", time.perf_counter() - began)


def free() -> Order:
    """Return an order for which nothing is collected."""
    return Order(service="bench", payee="UBND", amount=0, title=verbatim("dossier"))
