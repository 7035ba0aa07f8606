"""Order rounds: the power is cut before and after everything that a station writes down of one order.

The station is a process of its own that is killed there and then started again. Afterwards the ledger, the money and
the outside system must agree: nothing lost, nothing done twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tramkit.host.order import EffectKind, Order, OrderEnding, key_of
from tramkit.testing.money import SimMoney

MAX_CUTS = 60
"""More places than one order has."""
LEAST_CUTS = 4
"""Fewer places than any order has: a test in which nothing is cut fails."""
SECONDS = 120.0
CUT = 86
"""Exit code of a station whose power was cut."""


@dataclass(frozen=True)
class OrderRound:
    """What became of the order after a power cut.

    :param cut: at which place, from 1; 0: it was not cut.
    :param where: before or after which commit.
    """

    cut: int
    where: str
    ending: OrderEnding


async def order_rounds(
    plugin: str | Path,
    settings: Mapping[str, Any],
    order: Order,
    carried_out: Callable[[str], int],
    folder: Path,
    *,
    before: Callable[[], None] = lambda: None,
) -> list[OrderRound]:
    """Carry an order out, once for each place at which the power can be cut.

    :param plugin: an installed plugin, by name; or a module's file with its hooks.
    :param settings: of the plugin.
    :param order: what the resident commits to; each round places it anew, under an id of its own.
    :param carried_out: tells how often the outside system has done a key: ask its own ledger.
    :param before: called before each round, e.g. to order faults.
    :raises AssertionError: something was lost or doubled; the words say at which cut.
    """
    async with _stations() as station:
        rounds: list[OrderRound] = []
        for cut in range(MAX_CUTS):
            before()
            home, id = folder / f"cut-{cut}", f"order{cut}"
            home.mkdir(parents=True)
            asked = {"plugin": str(plugin), "settings": dict(settings), "home": str(home), "id": id}
            first = await station({**asked, "order": order.model_dump(mode="json"), "cut": cut})
            told = await station(asked) if first["code"] == CUT else first
            assert told["code"] == 0, f"cut {cut}: the station's process ended with {told['code']}"
            done = carried_out(key_of(id, EffectKind.FULFIL))
            if told["ending"]:
                ending = OrderEnding(told["ending"])
                _agree(cut, first["where"], ending, order, home, done)
                rounds.append(OrderRound(cut, first["where"], ending))
            else:  # it was cut before the order was written: nothing was ordered
                assert first["code"] == CUT, "the order was not placed"
                assert done == 0, f"cut {cut}: done, though nothing was ordered"
            if cut and first["code"] == 0:
                assert cut > LEAST_CUTS, "the order has hardly any place to cut"
                return rounds
    raise AssertionError(f"the order is not settled after {MAX_CUTS} places to cut")


def _agree(cut: int, where: str, ending: OrderEnding, order: Order, home: Path, done: int) -> None:
    """Hold the three ledgers against each other."""
    money = SimMoney(home / "sim_money.sqlite")
    collected, refunded = money.collected, money.refunded
    money.close()
    at = f"cut {cut} ({where}): the order is {ending}"
    assert done == (1 if ending is OrderEnding.DONE else 0), f"{at}, and the outside system has done it {done} times"
    if ending is OrderEnding.DONE:
        assert (collected, refunded) == (order.amount, 0), f"{at}: {collected} ₫ collected, {refunded} ₫ given back"
    else:
        assert collected == refunded, f"{at}: {collected} ₫ collected, {refunded} ₫ given back"


Ask = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


@contextlib.asynccontextmanager
async def _stations() -> AsyncGenerator[Ask]:
    """Run what makes stations; the value asks one to carry an order out, until it has or the power is cut."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tramkit.testing.order_station",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    async def ask(asked: Mapping[str, Any]) -> dict[str, Any]:
        stdin.write(json.dumps(asked).encode() + b"\n")
        async with asyncio.timeout(SECONDS):
            line = await stdout.readline()
        assert line, "the process that makes stations has ended; standard error says why"
        return json.loads(line)

    try:
        yield ask
    finally:
        stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS / 4):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()
