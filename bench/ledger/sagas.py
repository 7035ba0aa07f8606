"""Whole orders, carried out by the runner and, in turns, by its peers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from bench import peers
from bench.ledger.floor import Floor
from bench.records import emit, percentile, say
from tramkit.host.order import Order, Outcome
from tramkit.host.payment import Invitation, Payment, PaymentMethod, Properties
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import verbatim

COMMITS = 6
"""Of one order: placed; collect sent; collected; fulfil sent; fulfilled; settled."""
TURN = 10
TOGETHER = 100
"""Orders at once, as after a power cut."""
DBOS = Path(__file__).with_name("dbos_saga.py")
DBOS_AS = {"DBOS on SQLite": (), "DBOS on SQLite, its own settings": ("--defaults",)}
"""Peers with the options of the program that runs them."""


class Instant(PaymentMethod):
    """A payment that is made at once."""

    id = "instant"
    title = verbatim("instant")
    properties = Properties(can_be_asked=True, idempotent=timedelta(hours=24))

    def invitation(self, payment: Payment) -> Invitation:
        return Invitation()

    async def collect(self, payment: Payment) -> Outcome:
        return Outcome(state="done", amount=payment.amount, reference="FT123456789012")

    async def inquire(self, payment: Payment) -> Outcome:
        return await self.collect(payment)


class Shop:
    """A service that does at once what is ordered."""

    async def fulfil(self, order: Order, key: str) -> Outcome:
        return Outcome(state="done", reference="AG123456789012")

    async def inquire(self, order: Order, key: str) -> Outcome:
        return Outcome(state="not_found")


async def sagas(folder: Path, count: int, *, install: bool = True) -> None:
    """Measure orders of the runner and of its peers, in turns, so that all have the same noise.

    :param install: DBOS is installed where it is missing; False: then it is left out.
    """
    ledger = Ledger(folder / "sagas.sqlite", Seal(b"k" * 32))
    await ledger.open()
    runner = Runner(ledger, {"bench": Shop()}, {Instant.id: Instant()}, SystemClock())
    await runner.start()
    floor = Floor(folder / "sagas-floor.sqlite")
    ours: list[float] = []
    theirs: dict[str, list[float]] = {"bare SQLite": []}
    async with contextlib.AsyncExitStack() as stack:
        durable: dict[str, asyncio.subprocess.Process] = {}
        if install or peers.installed():
            for number, (name, more) in enumerate(DBOS_AS.items()):
                durable[name] = await stack.enter_async_context(dbos(folder / f"dbos{number}.sqlite", *more))
                theirs[name] = []
        say(f"{count} sagas of each of {', '.join(theirs)}")
        while len(ours) < count:
            for _saga in range(TURN):
                ours.append(await _order(runner, f"s{len(ours)}"))
                theirs["bare SQLite"].append(await _bare(floor))
            for name, process in durable.items():
                theirs[name] += await turn(process)
        times = count // 100 + 1
        say(f"{TOGETHER} sagas at once, {times} times")
        together: dict[str, list[float]] = {name: [] for name in ("ours", *durable)}
        for number in range(times):
            together["ours"].append(await _together(runner, f"t{number}"))
            for name, process in durable.items():
                together[name] += await turn(process, f"together {TOGETHER}")
    rates = {name: TOGETHER * len(took) / sum(took) for name, took in together.items()}
    for peer in durable:
        emit("ledger", "sagas_per_second_100_at_once", rates["ours"], "1/s", peer, rates[peer])
    await runner.stop()
    await ledger.close()
    floor.close()
    for peer, took in theirs.items():
        for name, share in (("saga_p50", 0.5), ("saga_p99", 0.99)):
            emit("ledger", name, percentile(ours, share) * 1000, "ms", peer, percentile(took, share) * 1000)
        emit("ledger", "sagas_per_second", len(ours) / sum(ours), "1/s", peer, len(took) / sum(took))


async def _order(runner: Runner, id: str) -> float:
    """Carry out an order; return how long it took, seconds."""
    began = time.perf_counter()
    await runner.settled((await runner.place(id, _bill(), Instant.id)).id)
    return time.perf_counter() - began


async def _together(runner: Runner, id: str) -> float:
    """Carry out orders all at once; return how long it took, seconds."""
    began = time.perf_counter()
    records = await asyncio.gather(*(runner.place(f"{id}.{each}", _bill(), Instant.id) for each in range(TOGETHER)))
    await asyncio.gather(*(runner.settled(record.id) for record in records))
    return time.perf_counter() - began


def _bill() -> Order:
    return Order(service="bench", payee="EVN", amount=1000, title=verbatim("bill"), request={"bill": "x" * 60})


async def _bare(floor: Floor) -> float:
    """Make as many bare commits as an order has; return how long it took, seconds."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    for _commit in range(COMMITS):
        await loop.run_in_executor(floor.thread, floor.append, 400)
    return time.perf_counter() - began


@contextlib.asynccontextmanager
async def dbos(file: Path, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run DBOS in the peers' environment, ready for turns."""
    python = await asyncio.to_thread(peers.python)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(python, DBOS, file, *more, stdin=pipe, stdout=pipe, limit=2**20)
    try:
        assert process.stdout is not None
        if (await process.stdout.readline()).strip() != b"ready":
            raise RuntimeError("DBOS does not start; its own words are above")
        await turn(process)  # the first is slower: it is not counted
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def turn(process: asyncio.subprocess.Process, what: str = f"each {TURN}") -> list[float]:
    """Have a peer carry out some orders and return how long each took, seconds."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{what}\n".encode())
    await process.stdin.drain()
    return json.loads(await process.stdout.readline())
