"""A copy of the ledger taken while the station runs, and put back: nothing is lost, and it is known for what it is."""

from __future__ import annotations

import asyncio
import json
import random
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from support.command import command
from support.money import order_of, station

from tramkit.operator import backup as copies
from tramkit_hal.device.clock import SystemClock

NOBODY = "http://127.0.0.1:9"
NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)


async def _placed(folder: Path, *ids: str) -> list[str]:
    """Place orders at a station whose ledger is in ``folder/station``; return their codes."""
    async with station(folder / "station", NOBODY, NOBODY, pay_within=60) as runner:
        at = SystemClock().now()
        return [(await runner.ledger.place(id, order_of("PE01000123456"), "payments.vietqr", at)).code for id in ids]


def _codes(folder: Path) -> set[str]:
    return {row["code"] for row in json.loads(command(folder, "orders", "--json").output)}


def _run(folder: Path, *words: str) -> Result:
    return command(folder, *words)


async def test_a_copy_is_taken_while_the_station_runs_and_goes_on(tmp_path: Path) -> None:
    async with station(tmp_path / "station", NOBODY, NOBODY, pay_within=60) as runner:
        at = SystemClock().now()
        before = await runner.ledger.place("before", order_of("PE01000123456"), "payments.vietqr", at)
        config = tmp_path / "station.toml"
        config.write_text("[station]\n")
        told: list[tuple[int, int]] = []
        copies.take(
            tmp_path / "copy", config, "s-1", tmp_path / "station", NOW, lambda done, of: told.append((done, of))
        )
        after = await runner.ledger.place("after", order_of("PE01000123456"), "payments.vietqr", at)
        assert (await runner.ledger.verify()).problem == ""
    assert told
    assert told[-1][0] == told[-1][1]
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    kept = copies.put_back(tmp_path / "copy", tmp_path / "station", NOW)
    assert kept is not None
    async with station(tmp_path / "station", NOBODY, NOBODY, pay_within=60) as runner:
        assert {each.code for each in await runner.ledger.newest(10)} == {before.code}
        assert after.code != before.code
        assert (await runner.ledger.verify()).problem == ""


async def test_a_running_stations_ledger_is_not_replaced(tmp_path: Path) -> None:
    await _placed(tmp_path, "one")
    config = tmp_path / "station.toml"
    config.write_text("[station]\n")
    copies.take(tmp_path / "copy", config, "s-1", tmp_path / "station", NOW, lambda *_: None)
    async with station(tmp_path / "station", NOBODY, NOBODY, pay_within=60):
        with pytest.raises(copies.BackupError, match="stop it first"):
            copies.put_back(tmp_path / "copy", tmp_path / "station", NOW)


async def test_a_copy_that_was_changed_anywhere_is_refused_and_the_ledger_stays(tmp_path: Path) -> None:
    await _placed(tmp_path, "one")
    config = tmp_path / "station.toml"
    config.write_text("[station]\n")
    copies.take(tmp_path / "copy", config, "s-1", tmp_path / "station", NOW, lambda *_: None)
    whole = (tmp_path / "copy").read_bytes()
    before = (tmp_path / "station/ledger.sqlite").read_bytes()
    seed = 20261201
    rng = random.Random(seed)
    for round in range(60):
        damaged = bytearray(whole)
        if round % 3 == 0:
            del damaged[rng.randrange(len(damaged)) :]
        else:
            damaged[rng.randrange(12, len(damaged) - 8)] ^= 1 << rng.randrange(8)
        (tmp_path / "damaged").write_bytes(damaged)
        try:
            found = copies.read(tmp_path / "damaged")
        except copies.BackupError:
            pass
        else:  # a bit that says nothing: padding, a time in a header
            assert found == copies.read(tmp_path / "copy"), (seed, round)
    (tmp_path / "damaged").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(copies.BackupError):
        copies.put_back(tmp_path / "damaged", tmp_path / "station", NOW)
    assert (tmp_path / "station/ledger.sqlite").read_bytes() == before


def test_what_is_no_backup_or_a_newer_one_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(copies.BackupError, match="is no backup"):
        copies.read(tmp_path / "text")
    manifest = json.dumps({"format": copies.FORMAT + 1, "tramkit": "9.0"}).encode()
    (tmp_path / "manifest.json").write_bytes(manifest)
    with tarfile.open(tmp_path / "newer", "w:gz") as archive:
        archive.add(tmp_path / "manifest.json", "manifest.json")
    with pytest.raises(copies.BackupError, match="newer Tramkit"):
        copies.read(tmp_path / "newer")


def test_by_the_commands_a_ledger_comes_back_and_is_known_until_it_was_compared(tmp_path: Path) -> None:
    first = asyncio.run(_placed(tmp_path, "first"))
    copy = tmp_path / "copy.tar.gz"
    taken = _run(tmp_path, "backup", str(copy))
    assert taken.exit_code == 0, taken.output
    assert _run(tmp_path, "backup", str(copy)).exit_code == 1, "a copy is never written over"
    with tarfile.open(copy) as archive:
        assert not any("key" in name for name in archive.getnames())
    asyncio.run(_placed(tmp_path, "second"))
    assert len(_codes(tmp_path)) == 2
    back = _run(tmp_path, "restore", "--yes", str(copy))
    assert back.exit_code == 0, back.output
    assert "nothing was changed" in back.output
    assert _codes(tmp_path) == set(first)
    doctor = _run(tmp_path, "doctor", "--offline")
    assert "what was ordered later is missing" in doctor.output
    assert _run(tmp_path, "restore", "--compared").output.strip() == "noted"
    assert "what was ordered later is missing" not in _run(tmp_path, "doctor", "--offline").output
