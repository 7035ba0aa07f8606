"""``python -m bench [call|devices|isolation|ledger|screens|services] [--quick] [--seed N]``."""

from __future__ import annotations

import argparse
import asyncio
import sys

from bench.call import run as call
from bench.devices import run as devices
from bench.isolation import run as isolation
from bench.ledger import run as ledger
from bench.options import Options
from bench.records import say
from bench.screens import run as screens
from bench.services import run as services

BENCHES = {
    "call": call.run,
    "devices": devices.run,
    "screens": screens.run,
    "isolation": isolation.run,
    "ledger": ledger.run,
    "services": services.run,
}


def main() -> int:
    """Run what the command line asks for; without a name every bench."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measurements as JSON lines.")
    parser.add_argument("bench", nargs="?", choices=sorted(BENCHES), help="which one; all without a name")
    parser.add_argument("--quick", action="store_true", help="only so much that every figure has a value")
    parser.add_argument("--seed", type=int, default=1, help="makes pictures and sound repeatable (default 1)")
    words = parser.parse_args()
    options = Options(seed=words.seed, quick=words.quick)
    for name in [words.bench] if words.bench else BENCHES:
        say(f"bench {name}, seed {options.seed}{', quick' if options.quick else ''}")
        asyncio.run(BENCHES[name](options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
