"""``python -m tests.lab``, as root: calls on bad networks, a JSON line for each call and one of medians a scenario."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from bench.records import say
from tests.lab.measures import heard, middle, seen
from tests.lab.network import Lab
from tests.lab.pairs import Pair, pairs
from tests.lab.profiles import PROFILES
from tests.lab.scenarios import NETWORKS, SCENARIOS, chosen
from tests.lab.turn_server import turn_server

PAIRS = ("station", "browsers")


def emit(**words: Any) -> None:
    """Print a line of the record."""
    print(json.dumps({"lab": "call", **words}), flush=True)


async def call(lab: Lab, pair: Pair, words: argparse.Namespace, keep: Path | None) -> dict[str, Any]:
    """Make one call and return its figures.

    :param keep: file into which everything goes that the sides have handed over.
    """
    try:
        try:
            set_up = await pair.set_up()
        except RuntimeError as error:  # a side that does not answer is a call that did not come up
            return {"up": False, "set_up_ms": None, "path": None, "why": str(error)}
        line: dict[str, Any] = {
            "up": set_up.both is not None,
            "set_up_ms": round(set_up.both * 1000) if set_up.both is not None else None,
            "first_ms": [round(each * 1000) if each is not None else None for each in (set_up.doctor, set_up.station)],
            "prepare_ms": round(pair.prepared * 1000),
            "path": await pair.path(),
            "load": round(os.getloadavg()[0], 1),
        }
        if set_up.both is None:
            line["state"] = await pair.state()
        elif not words.set_up_only:
            line |= await _media(lab, pair, words, keep)
    finally:
        await pair.end()
    return line


async def _media(lab: Lab, pair: Pair, words: argparse.Namespace, keep: Path | None) -> dict[str, Any]:
    await asyncio.sleep(words.settle)
    await pair.count()
    began = time.monotonic()
    await asyncio.sleep(words.seconds)
    ended = time.monotonic()
    doctor, kiosk = await pair.report()
    if keep is not None:
        kept = json.dumps({"began": began, "ended": ended, "doctor": doctor, "kiosk": kiosk})
        await asyncio.to_thread(keep.write_text, kept)
    return {
        "to_doctor": seen(doctor, began, ended) | heard(doctor),
        "to_station": seen(kiosk, began, ended) | heard(kiosk),
        "link": (await lab.counts())["station"],
    }


async def measure(words: argparse.Namespace) -> None:
    """Run each scenario; those that follow each other on the same networks share them."""
    for (plan, turn), group in itertools.groupby(
        words.names, lambda name: (SCENARIOS[name].plan, SCENARIOS[name].turn)
    ):
        async with contextlib.AsyncExitStack() as stack:
            lab = await stack.enter_async_context(Lab(plan, words.seed).open())
            server = await stack.enter_async_context(turn_server(lab)) if turn else None
            servers, env = (server.servers(), server.environment()) if server else ([], {})
            both = await stack.enter_async_context(pairs(lab, words.seed, servers, env))
            for name in group:
                await rounds(lab, name, [pair for pair in both if pair.name in words.pairs], words)


async def rounds(lab: Lab, name: str, chosen: list[Pair], words: argparse.Namespace) -> None:
    """Run the rounds of one scenario, station and browsers in turn, and print the medians."""
    lines: dict[str, list[dict[str, Any]]] = {pair.name: [] for pair in chosen}
    for number in range(1, words.rounds + 1):
        for pair in chosen if number % 2 else reversed(chosen):
            await lab.set_profile(SCENARIOS[name].profile)
            keep = words.keep and words.keep / f"{name}-{number}-{pair.name}.json"
            line = await call(lab, pair, words, keep)
            emit(scenario=name, seed=words.seed, round=number, pair=pair.name, **line)
            lines[pair.name].append(line)
            say(f"{name} {number}/{words.rounds} {pair.name}: {_short(line)}")
    for pair_name, of_pair in lines.items():
        emit(scenario=name, seed=words.seed, median_of=len(of_pair), pair=pair_name, **_medians(of_pair))


def _medians(lines: list[dict[str, Any]]) -> dict[str, Any]:
    up = [line for line in lines if line["up"]]
    found: dict[str, Any] = {"up": len(up)}
    if up:
        found |= {key: middle(up)[key] for key in ("set_up_ms", "prepare_ms", "load")}
        found |= {way: middle([line[way] for line in up]) for way in ("to_doctor", "to_station") if way in up[0]}
    return found


def _short(line: dict[str, Any]) -> str:
    if not line["up"]:
        return "no call"
    ways = [
        f"{way[3:]} {of['fps']:.0f} fps {of['height']}p, frozen {of['frozen']:.0%}, p95 {of['delay_p95_ms']} ms, "
        f"sound missing {of['sound_missing']:.1%} p50 {of['sound_p50_ms']} ms"
        for way in ("to_doctor", "to_station")
        if (of := line.get(way))
    ]
    return "; ".join([f"{line['set_up_ms']} ms over {'-'.join(line['path'] or ['?'])}", *ways])


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        metavar="SCENARIO",
        default=["profiles"],
        help=f"profiles ({', '.join(PROFILES)}) or networks ({', '.join(NETWORKS)}); profiles without one",
    )
    parser.add_argument("--rounds", type=int, default=5, help="calls of each pair and scenario (default 5)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each call is measured (default 20)")
    parser.add_argument("--settle", type=float, default=4.0, help="seconds before that (default 4)")
    parser.add_argument("--set-up-only", action="store_true", help="end each call when both have seen the other")
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=PAIRS, help="who calls; both without it")
    parser.add_argument("--seed", type=int, default=1, help="what is lost, pictures (default 1)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where all that was seen and heard is kept as well")
    words = parser.parse_args()
    try:
        words.names = chosen(words.names)
    except KeyError as error:
        parser.error(f"there is no scenario {error}")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(measure(words))
        return 0
    return 130


if __name__ == "__main__":
    sys.exit(main())
