"""A ledger on a disk of its own that really becomes full or read-only.

``unshare --mount python -m tests.field.ledger_disk FOLDER``
Prints a JSON line for each trouble: what was closed, why for the resident and for the operator, and whether it healed.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.station import station

from tests.field.test_station import KEY, Handing, menu_as
from tramkit.orders.ledger import Ledger
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.ui.pages import Availability
from tramkit_hal.words import render


def mount(*how: str | Path) -> None:
    """Mount a disk, or mount it in another way."""
    subprocess.run(["mount", *map(str, how)], check=True)


def make_read_only(folder: Path) -> None:
    """Let nothing more be written by that name."""
    mount("--bind", folder, folder)
    mount("-o", "remount,bind,ro", folder)


def fill(folder: Path) -> None:
    """Write until nothing more goes on the disk."""
    with (folder / "something-large").open("wb") as file:
        try:
            while True:
                file.write(bytes(64 * 1024))
                file.flush()
        except OSError:
            return


TROUBLES: dict[str, tuple[Callable[[Path], None], Callable[[Path], None]]] = {
    "full": (fill, lambda folder: (folder / "something-large").unlink()),
    "read-only": (make_read_only, lambda folder: mount("-o", "remount,bind,rw", folder)),
}


async def main(folder: Path) -> None:
    """Run a station whose ledger lies there, and have each trouble come and go."""
    mount("-t", "tmpfs", "-o", "size=8m", "none", folder)
    clock, service = ManualClock(), Handing()
    ledger = Ledger(folder / "ledger.sqlite", Seal(KEY))
    await ledger.open()
    runner = Runner(ledger, {service.id: service}, {}, clock)
    async with station([service], clock=clock, runner=runner) as site:
        await site.menu()
        for name, (begin, end) in TROUBLES.items():
            await menu_as(site, service.id, Availability.AVAILABLE)
            await asyncio.to_thread(begin, folder)
            closed = await menu_as(site, service.id, Availability.CLOSED)
            why = ledger.trouble
            await asyncio.to_thread(end, folder)
            await menu_as(site, service.id, Availability.AVAILABLE)
            reason = render(closed.reason, "en") if closed.reason else ""
            told = {"trouble": name, "resident": reason, "operator": why, "healed": not ledger.trouble}
            print(json.dumps(told), flush=True)
    await runner.stop()
    await ledger.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
