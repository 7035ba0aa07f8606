"""Kills the station's process over and over while providers fail; then asks every ledger.

One seed makes the orders, what residents pay, where the process dies, and the providers' faults. A world (a station, a
switch, an aggregator, each with its own ledger) lasts for some kills; then the station recovers, the ledgers are
compared, and the figures of the world are written down.
"""

from __future__ import annotations

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

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where ledgers lie: SIGKILL leaves the kernel's pages, and the disk's part is tests/money/test_disk_cuts.py."""
WORLD = 25
"""Kills that a world lasts for."""
ORDERS = 13
"""Placed by each start of the station."""
MAX_COMMITS = 140
"""The process dies at one of so many commits,"""
LONGEST = 0.8
"""or, in a third of its lives, after so many seconds at most, whatever it does then."""
FAULTS = 0.2
"""Share of requests that a provider fails, each in one of five ways."""
SHARES = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 1.5, 0.0)
"""What residents pay of the amount;"""
TWICE = 0.05
"""so many of them pay again."""
PAY_WITHIN, WALKS_AWAY = 1.5, 1.8
"""Seconds that the station waits for money (and half a second more), and after which nobody pays any more."""


@dataclass
class Figures:
    """What came of it."""

    kills: int = 0
    starts: int = 0
    orders: int = 0
    payments: int = 0
    endings: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])

    def add(self, more: Figures) -> None:
        """Count another world's in."""
        self.kills += more.kills
        self.starts += more.starts
        self.orders += more.orders
        self.payments += more.payments
        self.endings += more.endings
        self.wrong += more.wrong

    def told(self, seed: str) -> str:
        """Return them as a line of JSON."""
        counts = {"kills": self.kills, "starts": self.starts, "orders": self.orders, "payments": self.payments}
        more = {"endings": dict(self.endings), "wrong": len(self.wrong), "what": self.wrong[:5]}
        return json.dumps({"seed": seed, **counts, **more})


class OneWorld:
    """A station and what is outside it.

    :param seed: of all that happens in it.
    """

    def __init__(self, folder: Path, outside: World, seed: str) -> None:
        self.folder, self.outside, self.seed = folder, outside, seed
        self.chance = random.Random(seed)
        self.figures = Figures()
        self.placed: dict[str, int] = {}

    def pay(self, told: dict[str, object]) -> None:
        """Be a resident who has just been shown the code."""
        if "placed" not in told:
            return
        id, memo, amount = str(told["placed"]), str(told["memo"]), int(str(told["amount"]))
        self.placed[id] = amount
        chance = random.Random(f"{self.seed}/{id}")
        share, again, later = chance.choice(SHARES), chance.random() < TWICE, chance.uniform(0, 0.3)

        def transfer(number: int) -> None:
            if time.monotonic() - float(str(told["at"])) > WALKS_AWAY:
                return  # this machine is slow: money after the end of the watch is found by the day's comparison only
            self.outside.switch.transfer(ACCOUNT, int(amount * share), memo, id=f"FT{id}.{number}")
            self.figures.payments += 1

        if share:
            transfer(1)
            if again:
                asyncio.get_running_loop().call_later(later, transfer, 2)

    async def live_and_die(self) -> None:
        """Start the station once and kill it, unless it has done everything before."""
        self.fail(FAULTS)
        places = [
            f"--place={customer(self.chance)},w{self.seed}n{self.figures.starts}o{number}" for number in range(ORDERS)
        ]
        at, seconds = self.chance.randint(1, MAX_COMMITS), self.chance.uniform(0, LONGEST)
        by_time = self.chance.random() < 1 / 3
        more = (*places, "--kill-at", "0" if by_time else str(at), "--pay-within", str(PAY_WITHIN), "--tell", "0")
        code, _told = await run_station(
            self.folder, self.outside, *more, on_told=self.pay, kill_after=seconds if by_time else None
        )
        self.figures.starts += 1
        self.figures.kills += code == -9
        if code not in (0, -9):
            self.figures.wrong.append(f"start {self.figures.starts} ended with {code}")

    async def compare(self) -> None:
        """Have the station recover and compare its ledger with the others'."""
        self.fail(0.0)
        code, told = await run_station(self.folder, self.outside, "--pay-within", str(PAY_WITHIN), "--tell", "10000000")
        if code:
            self.figures.wrong.append(f"the station does not recover: {code}")
        settled = {str(each["settled"]): each for each in told if "settled" in each}
        self.figures.orders = len(settled)
        self.figures.wrong += [f"{id} was shown to a resident and is lost" for id in self.placed if id not in settled]
        for id, each in settled.items():
            ending = str(each["ending"])
            self.figures.endings[ending] += 1
            self.figures.endings["paid again"] += bool(each["paid_again"])
            if problem := self.outside.disagreement(id, ending, int(str(each["amount"]))):
                self.figures.wrong.append(problem)

    def fail(self, share: float) -> None:
        """Have the providers fail a share of all requests."""
        for sandbox in (self.outside.switch, self.outside.aggregator):
            sandbox.order_faults(FaultOrder(share=share, seed=self.chance.getrandbits(32), slow_seconds=0.05))


def customer(chance: random.Random) -> str:
    """Return a customer's code; one in ten is of those whom the biller refuses after the money was taken."""
    digits = f"{chance.randrange(10**9):09}"
    return f"PE01{'999999' + digits[:3] if chance.random() < 0.1 else digits}"


async def one_world(seed: str, kills: int) -> Figures:
    """Kill so often, then recover and compare."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        async with world(Path(folder)) as outside:
            here = OneWorld(Path(folder), outside, seed)
            while here.figures.kills < kills:
                await here.live_and_die()
            await here.compare()
    return here.figures


def live_through(world: tuple[str, int]) -> tuple[str, Figures]:
    """Live through a world, as a process of its own."""
    name, kills = world
    return name, asyncio.run(one_world(name, kills))
