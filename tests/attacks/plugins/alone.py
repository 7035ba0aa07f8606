"""A hostile plugin inline in a process of its own, which says that it is alive: ``python -m …alone FOLDER ATTACK``."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from .corpus import ATTACKS, KEEPS
from .place import attacked, loot, try_it


async def _beat() -> None:
    while True:
        print("alive", flush=True)
        await asyncio.sleep(0.1)


async def main(folder: Path, does: str) -> None:
    """Let the attack be done; what it tells is printed."""
    attack = next(each for each in ATTACKS if each.does == does)
    with loot(folder) as found:
        async with attacked(attack, found, "inline") as running:
            beat = asyncio.create_task(_beat())
            await asyncio.sleep(0.3)
            print("attacked", flush=True)
            for turn in ("first", "second") if attack in KEEPS else ("first",):
                print(f"said {json.dumps(await try_it(running, turn))}", flush=True)
            print("survived", flush=True)
            beat.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
