"""The power is cut after every single thing that the ledger does to the disk; what was not synced may be gone.

``TRAMKIT_CUT_ROUNDS`` makes it longer: each round cuts at every point again, with others of the unsynced writes there.
"""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.cuts import Disk, RememberingVfs, connect

from tramkit.orders.ledger import Entry, Ledger, LedgerProblem
from tramkit.orders.model import Order
from tramkit.orders.seal import Seal
from tramkit_hal.words import verbatim

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEY = b"k" * 32
COMMITS = 30
SEED = int(os.environ.get("TRAMKIT_CUT_SEED", "20261124"))
ROUNDS = int(os.environ.get("TRAMKIT_CUT_ROUNDS", "1"))


async def write(folder: Path, synchronous: str) -> Disk:
    """Make commits on a remembering disk and return what was done to it."""
    disk = Disk()
    vfs = RememberingVfs(disk)
    ledger = Ledger(folder / "ledger.sqlite", Seal(KEY), connect=connect, synchronous=synchronous)
    await ledger.open()
    for number in range(COMMITS // 2):
        order = Order(service="s", payee="EVN", amount=1000 + number, title=verbatim("bill"))
        await ledger.place(f"o{number}", order, "m", NOW)
        disk.acknowledge()
        await ledger.append(f"o{number}", [Entry("collect", "sent", 1000)], NOW)
        disk.acknowledge()
    await ledger.close()
    vfs.unregister()
    return disk


def put(folder: Path, files: dict[str, bytes]) -> None:
    """Have a folder hold these files and no others; the shared memory is gone with the power."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        if not name.endswith("-shm"):
            (folder / name).write_bytes(data)


async def after(folder: Path, files: dict[str, bytes]) -> tuple[int, str]:
    """Return how many commits a ledger holds after a cut, and what is wrong with it."""
    put(folder, files)
    ledger = Ledger(folder / "ledger.sqlite", Seal(KEY))
    try:
        await ledger.open()
        entries = (await ledger.verify()).entries
        problem = (await ledger.verify()).problem
        records = await ledger.newest(COMMITS)
        await ledger.place("later", Order(service="s", payee="EVN", amount=1, title=verbatim("x")), "m", NOW)
    except LedgerProblem as trouble:
        return 0, str(trouble)
    finally:
        await ledger.close()
    assert entries >= 2 * len(records)
    return entries - len(records), problem  # an order's first commit makes two entries


async def cut_everywhere(tmp_path: Path, synchronous: str) -> tuple[int, list[str], list[str]]:
    disk = await write(tmp_path / "whole", synchronous)
    lost: list[str] = []
    corrupt: list[str] = []
    cuts = 0
    for turn in range(ROUNDS):
        chance = random.Random(SEED + turn)
        for cut in range(len(disk.done) + 1):
            for luck in (None, chance) if turn == 0 else (chance,):
                files, acknowledged = disk.after(cut, luck)
                commits, problem = await after(tmp_path / "after", files)
                cuts += 1
                if problem:
                    corrupt.append(f"cut {cut}: {problem}")
                elif commits < acknowledged:
                    lost.append(f"cut {cut}: {commits} of {acknowledged} commits")
    return cuts, lost, corrupt


@pytest.mark.timeout(36_000 if ROUNDS > 1 else 240)
async def test_no_cut_loses_an_acknowledged_commit_or_damages_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    cuts, lost, corrupt = await cut_everywhere(tmp_path, "FULL")
    print(f"{cuts} cuts, seed {SEED}: {len(lost)} lost a commit, {len(corrupt)} damaged the ledger")
    assert lost == []
    assert corrupt == []
    assert cuts > 200


@pytest.mark.skipif(ROUNDS > 1, reason="a long run is of FULL only")
async def test_the_test_notices_what_a_weaker_setting_loses(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    cuts, lost, _corrupt = await cut_everywhere(tmp_path, "NORMAL")
    assert len(lost) > cuts // 4
