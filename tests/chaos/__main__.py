"""Kills the station's process at random commits, over and over, while providers fail; then asks every ledger.

One seed makes the orders, what residents pay, where the process dies, and the providers' faults.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))
os.environ["PYTHONPATH"] = os.pathsep.join(each for each in (str(TESTS), os.environ.get("PYTHONPATH", "")) if each)

from support.money import ACCOUNT, World, run_station, world  # noqa: E402

from tramkit.sandbox import FaultOrder  # noqa: E402

ORDERS = 8
"""Placed by each start of the station."""
MOST_COMMITS = 100
"""The process dies at one of so many commits."""
FAULTS = 0.2
"""Share of requests that a provider fails, each in one of five ways."""
SHARES = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 1.5, 0.0, 1.0)
"""What residents pay of the amount."""


@dataclass
class Figures:
    """What came of it."""

    kills: int = 0
    starts: int = 0
    orders: int = 0
    paid: int = 0
    endings: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])


async def chaos(folder: Path, kills: int, seed: int) -> Figures:
    """Kill so often, then recover and compare the ledgers."""
    chance = random.Random(seed)
    figures = Figures()
    placed: dict[str, int] = {}
    async with world(folder) as outside:

        def pay(told: dict[str, object]) -> None:
            id, memo, amount = str(told["placed"]), str(told["memo"]), int(str(told["amount"]))
            placed[id] = amount
            if share := random.Random(f"{seed}/{id}").choice(SHARES):
                outside.switch.transfer(ACCOUNT, int(amount * share), memo, id=f"FT{id}")
                figures.paid += 1

        while figures.kills < kills:
            fail(outside, chance, FAULTS)
            start = figures.starts
            places = [f"--place={customer(chance)},s{seed}n{start}o{number}" for number in range(ORDERS)]
            at = chance.randint(1, MOST_COMMITS)
            more = (*places, "--kill-at", str(at), "--pay-within", "0.3", "--tell", "0")
            code, _told = await run_station(folder, outside, *more, on_placed=pay)
            figures.starts += 1
            figures.kills += code == -9
            if code not in (0, -9):
                figures.wrong.append(f"start {start} ended with {code}")
        fail(outside, chance, 0.0)
        _code, told = await run_station(folder, outside, "--pay-within", "0.3", "--tell", "10000000")
        settled = {str(each["settled"]): each for each in told if "settled" in each}
        figures.orders = len(settled)
        for id in placed:
            if id not in settled:
                figures.wrong.append(f"{id} was shown to a resident and is lost")
        for id, each in settled.items():
            ending = str(each["ending"])
            figures.endings[ending] += 1
            if problem := outside.disagreement(id, ending, int(str(each["amount"]))):
                figures.wrong.append(problem)
    return figures


def fail(outside: World, chance: random.Random, share: float) -> None:
    """Have the providers fail a share of all requests."""
    for sandbox in (outside.switch, outside.aggregator):
        sandbox.order_faults(FaultOrder(share=share, seed=chance.getrandbits(32), slow_seconds=0.05))


def customer(chance: random.Random) -> str:
    """Return a customer's code; one in ten is of those whom the biller refuses after the money was taken."""
    digits = f"{chance.randrange(10**9):09}"
    return f"PE01{'999999' + digits[:3] if chance.random() < 0.1 else digits}"


def main() -> int:
    """Run what the command line asks for and print the figures as a JSON line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    words = parser.parse_args()
    print(f"seed {words.seed}", file=sys.stderr, flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(chaos(Path(folder), words.kills, words.seed))
    said = {"seed": words.seed, "kills": figures.kills, "starts": figures.starts, "orders": figures.orders}
    said |= {"payments": figures.paid, "endings": dict(figures.endings), "wrong": len(figures.wrong)}
    print(json.dumps(said | {"seconds": round(time.monotonic() - began, 1)}), flush=True)
    for each in figures.wrong[:20]:
        print(each, file=sys.stderr)
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
