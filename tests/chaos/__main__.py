"""Random kills under load, in as many worlds as it takes: ``python -m tests.chaos --kills N --seed S``."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.chaos.worlds import WORLD, Figures, live_through


def chaos(kills: int, seed: int, lanes: int, log: Path | None) -> Figures:
    """Go through worlds, some side by side, until so many kills are reached."""
    figures = Figures()
    worlds = [(f"{seed}.{at // WORLD}", min(WORLD, kills - at)) for at in range(0, kills, WORLD)]
    with ProcessPoolExecutor(lanes, mp_context=multiprocessing.get_context("spawn")) as pool:
        for name, found in pool.map(live_through, worlds):
            figures.add(found)
            if log is not None:
                with log.open("a") as file:
                    file.write(f"{found.told(name)}\n")
    return figures


def main() -> int:
    """Run what the command line asks for and print the figures as a JSON line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--lanes", type=int, default=1, help="so many worlds at once")
    parser.add_argument("--log", type=Path, help="write the figures of each world into this file, a JSON line each")
    words = parser.parse_args()
    print(f"seed {words.seed}", file=sys.stderr, flush=True)
    began = time.monotonic()
    figures = chaos(words.kills, words.seed, words.lanes, words.log)
    told = json.loads(figures.told(str(words.seed)))
    print(json.dumps({**told, "seconds": round(time.monotonic() - began, 1)}), flush=True)
    for each in figures.wrong[:20]:
        print(each, file=sys.stderr)
    return 1 if figures.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
