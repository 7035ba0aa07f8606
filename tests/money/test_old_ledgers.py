"""Ledgers that earlier versions have written open, verify and go on; newer ones are refused; a copy is kept."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from tramkit.app.cli import main
from tramkit.host.order import EffectKind, OrderEnding, State
from tramkit.orders import versions
from tramkit.orders.ledger import Ledger, LedgerError
from tramkit.orders.seal import Seal

OLD = Path(__file__).with_name("old_ledgers")
KEY = bytes(range(32))
DAYS = {"2026-11-24": 1, "2026-11-25": 2, "2026-11-26": 3}
"""Written with the commits of these days by one and the same program; the version that each has."""


def laid(folder: Path, day: str) -> Path:
    """Lay an old ledger where a station would have it."""
    file = folder / "ledger.sqlite"
    shutil.copy(OLD / f"{day}.sqlite", file)
    return file


@pytest.mark.parametrize("day", DAYS)
async def test_an_old_ledger_verifies_and_says_what_became_of_each_order(tmp_path: Path, day: str) -> None:
    file = laid(tmp_path, day)
    ledger = Ledger(file, Seal(KEY), unproven=True)
    await ledger.open()
    try:
        assert (await ledger.verify()).problem == ""
        records = {record.id: record for record in await ledger.newest(10)}
        assert records["old-0"].ending is OrderEnding.DONE
        assert records["old-0"].effects[EffectKind.FULFIL].reference == "R-1"
        assert records["old-1"].effects[EffectKind.COLLECT].state is State.SENT, "goes on where it stood"
        assert records["old-2"].effects[EffectKind.REFUND].state is State.MANUAL
        assert records["old-1"].order.request["customer"] == "PE0100"
        assert {record.id for record in await ledger.live()} >= {"old-1", "old-2"}
    finally:
        await ledger.close()
    copy = file.with_name(f"ledger.sqlite.v{DAYS[day]}")
    with sqlite3.connect(copy) as db:
        assert versions.version_of(db) == DAYS[day], "what it was is kept"
    again = Ledger(file, Seal(KEY))
    await again.open()
    assert (await again.verify()).problem == ""
    await again.close()


@pytest.mark.parametrize(("day", "opens"), [("2026-11-24", False), ("2026-11-25", False), ("2026-11-26", True)])
async def test_a_ledger_whose_end_is_not_sealed_is_migrated_only_when_somebody_says_so(
    tmp_path: Path, day: str, opens: bool
) -> None:
    file = laid(tmp_path, day)
    before = file.read_bytes()
    ledger = Ledger(file, Seal(KEY))
    if opens:
        await ledger.open()
        await ledger.close()
        return
    with pytest.raises(LedgerError, match="tramkit orders migrate"):
        await ledger.open()
    assert file.read_bytes() == before
    station = tmp_path / "station.toml"
    (tmp_path / "data").mkdir()
    file.rename(tmp_path / "data" / file.name)
    key = tmp_path / "key" / "station.key"
    key.parent.mkdir()
    key.write_bytes(KEY)
    key.chmod(0o600)
    station.write_text(
        f'[station]\nid = "demo-1"\nsite = "x"\nagency = "y"\n[orders]\ndata = "{tmp_path / "data"}"\n'
        f'key = "{key}"\n[[roles.screen]]\ndriver = "scripted"\n'
    )
    told = await asyncio.to_thread(CliRunner().invoke, main, ["orders", "--config", str(station), "migrate"])
    assert told.exit_code == 0, told.output
    assert "entries verify" in told.output


async def test_an_old_ledger_that_lacks_its_end_is_refused(tmp_path: Path) -> None:
    file = laid(tmp_path, "2026-11-25")
    with sqlite3.connect(file) as db:
        db.execute("DROP TRIGGER entries_remain")
        db.execute("DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)")
    ledger = Ledger(file, Seal(KEY), unproven=True)
    with pytest.raises(LedgerError, match="missing at the end"):
        await ledger.open()


async def test_a_ledger_of_a_newer_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    file = laid(tmp_path, "2026-11-26")
    ledger = Ledger(file, Seal(KEY))
    await ledger.open()
    await ledger.close()
    with sqlite3.connect(file) as db:
        db.execute(f"PRAGMA user_version = {versions.VERSION + 1}")
    with pytest.raises(LedgerError, match="install the Tramkit that wrote it"):
        await Ledger(file, Seal(KEY)).open()
