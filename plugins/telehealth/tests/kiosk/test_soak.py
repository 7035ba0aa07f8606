"""A long call: sound and picture stay as far behind as they were, memory and descriptors stay what they were.

``python test_soak.py 7200`` in this folder talks for two hours and prints a line every five minutes.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from dataclasses import dataclass

import psutil
import pytest
from impaired import PROFILES, ImpairedLink
from line_kit import Side, connect, make_side

LOOK_SECONDS = 5.0
WARM_UP = 20.0
"""Seconds in which codecs, buffers and the ladder take what they need."""


@dataclass(frozen=True)
class Look:
    """How a call was at one moment.

    :param sound: seconds for which sound is held back.
    :param picture: median age of the pictures since the look before, seconds.
    """

    at: float
    sound: float
    picture: float
    megabytes: float
    descriptors: int


def look(side: Side, other: Side, process: psutil.Process) -> Look:
    """Look at one side, and forget what it has seen until now."""
    ages = [age for _at, _number, age in side.seen] or [float("nan")]
    for each in (side, other):
        each.seen.clear()
        each.sizes.clear()
        each.heard.clear()
    memory = process.memory_info().rss / 1e6
    return Look(
        time.monotonic(), side.pc.sound_receiver.buffer.delay, statistics.median(ages), memory, process.num_fds()
    )


async def talk(seconds: float, every: float = LOOK_SECONDS, *, tell: bool = False) -> list[Look]:
    """Let two stations talk over a clean line and look at one of them now and then."""
    process, looks = psutil.Process(), list[Look]()
    async with ImpairedLink(PROFILES["clean"], seed=1) as link:
        a, b = make_side(1, small=True), make_side(2, small=True)
        try:
            await connect(a, b, link)
            async with asyncio.timeout(20):
                while not (a.seen and b.seen):
                    await asyncio.sleep(0.02)
            await asyncio.sleep(WARM_UP)
            look(b, a, process)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                await asyncio.sleep(every)
                looks.append(look(b, a, process))
                if tell:
                    print(looks[-1], flush=True)
            return looks
        finally:
            for side in (a, b):
                for task in side.tasks:
                    task.cancel()
                await asyncio.gather(*side.tasks, return_exceptions=True)
                await side.pc.close()


def drift(looks: list[Look]) -> tuple[float, float, float, int]:
    """Return how sound and picture (seconds), memory (MB) and descriptors of the last third differ from the first."""
    third = max(1, len(looks) // 3)
    first, last = looks[:third], looks[-third:]

    def change(name: str) -> float:
        return statistics.median(getattr(x, name) for x in last) - statistics.median(getattr(x, name) for x in first)

    return change("sound"), change("picture"), change("megabytes"), int(change("descriptors"))


@pytest.mark.slow
async def test_in_half_a_minute_of_call_nothing_grows() -> None:
    looks = await talk(30)
    *_delays, memory, descriptors = drift(looks)
    print(f"{memory:+.1f} MB, {descriptors:+d} descriptors")
    assert memory < 20
    assert descriptors <= 0


@pytest.mark.long  # on a machine that does nothing else: delays are told by its clock
async def test_in_two_minutes_of_call_nothing_drifts() -> None:
    sound, picture, *_growth = drift(await talk(120))
    print(f"sound {sound:+.3f} s, picture {picture:+.3f} s")
    assert sound < 0.05
    assert picture < 0.05


if __name__ == "__main__":
    found = drift(asyncio.run(talk(float(sys.argv[1]), 300, tell=True)))
    print("drift: sound {:+.3f} s, picture {:+.3f} s, memory {:+.1f} MB, descriptors {:+d}".format(*found))
