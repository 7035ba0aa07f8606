"""``python -m tests.lab.cuts``, as root: a call through the real desk whose network is cut, or changes.

A JSON line for each cut, one of medians for each kind. ``doctor_ms`` and ``station_ms`` are from the network's return
(for a change of uplink: from the end of the first network) to the first new picture on that side.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from typing import Any

from bench.records import median, say
from tests.lab.consultations import Consultation, consultations
from tests.lab.network import Lab, Plan
from tests.lab.profiles import PROFILES
from tests.lab.turn_server import turn_server

KINDS = {"1": 1.0, "5": 5.0, "30": 30.0, "120": 120.0, "uplink": None, "unplugged": None}
"""Seconds that nothing comes through; ``uplink``: the first of two networks is silent for good; ``unplugged``: its
interface goes, too.
"""

PORTS = {"up0": "station", "up1": "station2"}
"""The relay's name of each of the station's interfaces."""

SILENT_SECONDS = 0.5
"""Without a picture that tell that one network has ended before the other was there: what was under way has come."""

BACK_SECONDS = 30.0
CALM_SECONDS = 4.0


async def cut(lab: Lab, talk: Consultation, kind: str) -> dict[str, Any]:
    """Cut the network of a call that is live and return how long each side had no picture after it."""
    await asyncio.sleep(CALM_SECONDS)
    await talk.frames()
    port = PORTS[(await talk.patient.ask("state"))["over"]]
    began = time.monotonic()
    await lab.cut(True, port)
    seconds = KINDS[kind]
    if kind == "unplugged":
        lab.unplug(port)
    if seconds is not None:
        await asyncio.sleep(seconds)
        await lab.cut(False, port)
    since = time.monotonic() if seconds is not None else began
    waited: dict[str, int | None] = {"doctor": None, "station": None}
    last: dict[str, float] = {}
    deadline = time.monotonic() + BACK_SECONDS
    while None in waited.values() and time.monotonic() < deadline:
        await asyncio.sleep(0.3)
        for side, frames in (await talk.frames()).items():
            for at in frames:
                silent = at - last.get(side, began)
                if waited[side] is None and at >= since and (seconds is not None or silent > SILENT_SECONDS):
                    waited[side] = round((at - since) * 1000)
                last[side] = at
    state = await talk.patient.ask("state")
    if kind == "unplugged":
        lab.plug_in(port)
    await lab.cut(False, port)
    return {f"{side}_ms": value for side, value in waited.items()} | {
        "leg": state["leg"],
        "over": state["over"],
        "load": round(os.getloadavg()[0], 1),
    }


async def measure(words: argparse.Namespace) -> None:
    """Run the rounds of each kind in one call; it is the network in use that is cut each time."""
    for kind in words.kinds:
        plan = Plan(uplinks=1 if KINDS[kind] is not None else 2)
        async with Lab(plan, words.seed).open() as lab, turn_server(lab) as server:
            for port in ("station", "station2")[: plan.uplinks]:
                await lab.set_profile(PROFILES["clean"], port)
            async with consultations(lab, words.seed, server) as talk:
                set_up = await talk.begin()
                say(f"cut {kind}: call live after {set_up:.2f} s")
                lines = [await _round(lab, talk, kind, number, words) for number in range(1, words.rounds + 1)]
        figures = {name: [line[name] for line in lines if line.get(name) is not None] for name in NAMES}
        medians = {name: median(values) for name, values in figures.items() if values}
        emit(kind=kind, seed=words.seed, median_of=len(lines), back=min(map(len, figures.values())), **medians)


NAMES = ("doctor_ms", "station_ms")


async def _round(lab: Lab, talk: Consultation, kind: str, number: int, words: argparse.Namespace) -> dict[str, Any]:
    line = await cut(lab, talk, kind)
    emit(kind=kind, seed=words.seed, round=number, **line)
    say(f"cut {kind} {number}/{words.rounds}: {line}")
    return line


def emit(**words: Any) -> None:
    """Print a line of the record."""
    print(json.dumps({"lab": "cut", **words}), flush=True)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.cuts", description=__doc__)
    parser.add_argument("kinds", nargs="*", default=["1", "5", "30", "uplink", "unplugged"], help=", ".join(KINDS))
    parser.add_argument("--rounds", type=int, default=5, help="cuts of each kind (default 5)")
    parser.add_argument("--seed", type=int, default=1)
    words = parser.parse_args()
    if unknown := set(words.kinds) - set(KINDS):
        parser.error(f"no such cut: {', '.join(sorted(unknown))}")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(measure(words))
        return 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
