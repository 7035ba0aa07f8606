"""The power is cut after every single thing that the ledger does to the disk; what was not synced may be gone.

Each round is a station's life: starts, orders with papers, checkpoints, orderly stops, and power cuts after which it
goes on. ``TRAMKIT_CUT_ROUNDS`` makes it longer, ``TRAMKIT_CUT_SEED`` makes other lives, ``TRAMKIT_CUT_LOG`` names a
file that gets a line of figures after each round.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tramkit.host.attachment import Attachment
from tramkit.host.order import Order
from tramkit.orders.ledger import Ledger, LedgerError
from tramkit.orders.rows import CLOSED, SETTLED, LedgerEntry
from tramkit.orders.seal import Seal
from tramkit.testing.power import Disk, RememberingVfs, connect
from tramkit_hal.words import verbatim

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KEY = b"k" * 32
STARTS = 4
SEED = int(os.environ.get("TRAMKIT_CUT_SEED", "20261124"))
ROUNDS = int(os.environ.get("TRAMKIT_CUT_ROUNDS", "1"))
LOG = os.environ.get("TRAMKIT_CUT_LOG", "")
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where the files lie: the disk is simulated, the real one would only be slow."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


async def start(folder: Path, disk: Disk, synchronous: str, chance: random.Random, name: str, *, stops: bool) -> None:
    """Start a station on a remembering disk, make commits, and stop it in an orderly way, or not."""
    vfs = RememberingVfs(disk)
    ledger = Ledger(folder / "ledger.sqlite", Seal(KEY), connect=connect, synchronous=synchronous)
    await ledger.open()
    entries = (await ledger.verify()).entries
    for number in range(chance.randint(3, 6)):
        id = f"{name}.{number}"
        papers = chance.random() < 0.3
        paper = Attachment.of("paper-1", "image/jpeg", chance.randbytes(chance.randint(1, 40_000)))
        order = Order(
            service="s", payee="EVN", amount=1000, title=verbatim("bill"), attachments=(paper,) if papers else ()
        )
        await ledger.place(id, order, "m", NOW)
        entries += 2
        disk.acknowledge(entries)
        for more in ([LedgerEntry("collect", "sent", 1000)], [LedgerEntry(SETTLED, "unpaid"), LedgerEntry(CLOSED, "")])[
            : number % 3
        ]:
            await ledger.append(id, more, NOW)
            entries += len(more)
            disk.acknowledge(entries)
    done = len(disk.done)
    await ledger.close()
    if not stops:
        del disk.done[done:]  # the power went before
    vfs.unregister()


def put(folder: Path, files: dict[str, bytes]) -> None:
    """Have a folder hold these files and no others; the shared memory is gone with the power."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in files.items():
        if not name.endswith("-shm"):
            (folder / name).write_bytes(data)


async def after(folder: Path, files: dict[str, bytes]) -> tuple[int, str]:
    """Return how many entries a ledger holds after a cut, and what is wrong with it."""
    put(folder, files)
    ledger = Ledger(folder / "ledger.sqlite", Seal(KEY))
    try:
        await ledger.open()
        verdict = await ledger.verify()
        await ledger.place("later", Order(service="s", payee="EVN", amount=1, title=verbatim("x")), "m", NOW)
    except LedgerError as trouble:
        return 0, str(trouble)
    finally:
        await ledger.close()
    return verdict.entries, verdict.problem


async def cut_everywhere(folder: Path, synchronous: str, seed: int) -> tuple[int, list[str], list[str]]:
    """Live one life and cut it everywhere."""
    chance = random.Random(seed)
    lost: list[str] = []
    corrupt: list[str] = []
    cuts = 0
    whole = folder / "whole"
    whole.mkdir(exist_ok=True)
    files: dict[str, bytes] = {}
    durable = 0
    for number in range(STARTS):
        put(whole, files)
        disk = Disk(dict(files), durable)
        await start(whole, disk, synchronous, chance, f"s{number}", stops=chance.random() < 0.5)
        goes_on = chance.randrange(len(disk.done) // 2, len(disk.done) + 1)
        for at, cut in enumerate(disk.cuts()):
            for luck in (None, chance):
                left = cut.files(luck)
                entries, problem = await after(folder / "after", left)
                cuts += 1
                if problem:
                    corrupt.append(f"seed {seed}, start {number}, cut {at}: {problem}")
                elif entries < cut.acknowledged:
                    lost.append(f"seed {seed}, start {number}, cut {at}: {entries} of {cut.acknowledged} entries")
                if at == goes_on:
                    files, durable = left, cut.acknowledged
    return cuts, lost, corrupt


def note(figures: dict[str, int]) -> None:
    """Write figures down, so that a long run that is cut off has some."""
    if LOG:
        with Path(LOG).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(figures)}\n")


@pytest.mark.timeout(36_000 if ROUNDS > 1 else 240)
async def test_no_cut_loses_an_acknowledged_commit_or_damages_the_ledger(folder: Path) -> None:
    cuts = 0
    lost: list[str] = []
    corrupt: list[str] = []
    for seed in range(SEED, SEED + ROUNDS):
        more, gone, damaged = await cut_everywhere(folder, "FULL", seed)
        cuts, lost, corrupt = cuts + more, lost + gone, corrupt + damaged
        note({"seed": seed, "cuts": cuts, "lost": len(lost), "damaged": len(corrupt)})
    print(f"{cuts} cuts, seed {SEED}, {ROUNDS} rounds: {len(lost)} lost a commit, {len(corrupt)} damaged the ledger")
    assert lost == []
    assert corrupt == []
    assert cuts > 200


@pytest.mark.skipif(ROUNDS > 1, reason="a long run is of FULL only")
async def test_the_test_notices_what_a_weaker_setting_loses(folder: Path) -> None:
    cuts, lost, _corrupt = await cut_everywhere(folder, "NORMAL", SEED)
    print(f"NORMAL: {len(lost)} of {cuts} cuts lost a commit")
    assert len(lost) > cuts // 4
