"""Who gets hold of a station's files or its process: what they can read, and what is gone once it was to go."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tramkit.app.cli import main
from tramkit.host.attachment import Attachment
from tramkit.host.order import EffectKind, Order
from tramkit.orders.ledger import Ledger, LedgerError
from tramkit.orders.rows import CLOSED, SETTLED, Entry
from tramkit.orders.seal import Seal, SealError, read_key
from tramkit_hal.words import verbatim

NOW = datetime(2026, 11, 30, 1, 0, tzinfo=UTC)
NUMBER, OTHER = "079158003458", "079200000001"
CANARY = "Nguyễn Thị Hoa Mai, chóng mặt"


def order(who: str = CANARY) -> Order:
    papers = (Attachment.of("paper", "text/plain", who.encode()),)
    return Order(
        service="s", payee="EVN", amount=1000, title=verbatim("bill"), request={"who": who}, attachments=papers
    )


@asynccontextmanager
async def opened(folder: Path, key: str = "station.key") -> AsyncIterator[Ledger]:
    ledger = Ledger(folder / "data" / "ledger.sqlite", Seal(read_key(folder / "key" / key)))
    await ledger.open()
    try:
        yield ledger
    finally:
        await ledger.close()


async def settled(ledger: Ledger, id: str, number: str = NUMBER) -> str:
    """Place an order and carry it out; return its code."""
    record = await ledger.place(id, order(), "m", NOW, number)
    paid = Entry("collect", "confirmed", 1000, {"reference": f"FT-{id}"})
    await ledger.append(id, [paid, Entry(SETTLED, "done"), Entry(CLOSED, "")], NOW)
    return record.code


async def tramkit(folder: Path, *command: str) -> Result:
    config = folder / "station.toml"
    config.write_text(
        f'[station]\nid = "a-1"\nsite = "Sảnh"\nagency = "UBND"\n\n[help]\nphone = "1022"\n[plugins]\nenabled = []\n\n'
        f'[orders]\ndata = "{folder}/data"\nkey = "{folder}/key/station.key"\n\n[[roles.screen]]\ndriver = "web"\n',
        encoding="utf-8",
    )
    name, *rest = command
    return await asyncio.to_thread(CliRunner().invoke, main, [name, "--config", str(config), *rest])


@pytest.mark.shows("ASVS V14", "EN 5.4")
async def test_the_ledgers_files_are_its_users_alone_whatever_they_were_before(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    before = os.umask(0)
    try:
        folder.mkdir(mode=0o755)
        (folder / "ledger.sqlite").touch(mode=0o644)
        (folder / "ledger.lock").touch(mode=0o644)
        async with opened(tmp_path) as ledger:
            await ledger.place("o1", order(), "m", NOW)
            found = [folder, *folder.iterdir()]
            assert {each.name for each in found} >= {"ledger.sqlite", "ledger.sqlite-wal", "ledger.lock"}
            assert [each for each in found if each.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)


@pytest.mark.shows("ASVS V14", "EN 5.11")
async def test_one_persons_order_is_erased_the_chain_still_verifies_and_the_books_stay(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        code, kept = await settled(ledger, "o1"), await settled(ledger, "o2", OTHER)
        with closing(sqlite3.connect(tmp_path / "data" / "ledger.sqlite")) as db:
            key = db.execute("SELECT sealed FROM order_keys WHERE order_id = 'o1'").fetchone()[0]
        record = await ledger.erase("o1", NOW)
        assert (await ledger.verify()).problem == ""
        assert (record.order.request, record.order.attachments, record.order.facts) == ({}, (), ())
        assert (record.order.amount, record.order.payee) == (1000, "EVN")
        assert record.effects[EffectKind.COLLECT].reference == "FT-o1"
        assert await ledger.of_holder(NUMBER, 9) == []
        assert [each.code for each in await ledger.of_holder(OTHER, 9)] == [kept]
        written = b"".join(each.read_bytes() for each in (tmp_path / "data").iterdir())
        assert key not in written
        assert await ledger.erase("o1", NOW) == record
    async with opened(tmp_path) as ledger:
        assert (await ledger.verify()).problem == ""
        found = await ledger.by_code(code)
        assert found is not None
        assert found.order.request == {}


async def test_an_order_that_is_not_closed_is_not_erased(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.place("o1", order(), "m", NOW, NUMBER)
        with pytest.raises(LedgerError, match="not closed"):
            await ledger.erase("o1", NOW)
        assert (await ledger.verify()).problem == ""


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM order_keys WHERE order_id = 'o1'",
        "UPDATE order_keys SET sealed = (SELECT sealed FROM order_keys WHERE order_id = 'o2') WHERE order_id = 'o1'",
        "INSERT INTO entries SELECT 99, 'o1', 'erased', '', at, boot, 0, sealed, link FROM entries WHERE number = 1",
    ],
)
@pytest.mark.shows("ASVS V11", "ASVS V16")
async def test_a_key_that_was_thrown_away_by_somebody_else_is_found(tmp_path: Path, attack: str) -> None:
    async with opened(tmp_path) as ledger:
        await settled(ledger, "o1")
        await settled(ledger, "o2")
    with closing(sqlite3.connect(tmp_path / "data" / "ledger.sqlite", isolation_level=None)) as db:
        for trigger in ("order_keys_stay", "order_keys_remain"):
            db.execute(f"DROP TRIGGER {trigger}")
        db.execute(attack)
    found = ""
    try:
        async with opened(tmp_path) as ledger:
            verdict = await ledger.verify()
            found = verdict.problem
            await ledger.newest(9)
    except (LedgerError, SealError) as problem:
        found = str(problem)
    assert found


@pytest.mark.shows("ASVS V11")
async def test_a_ledger_gets_a_new_key_and_everything_is_found_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        code = await settled(ledger, "o1")
        await settled(ledger, "o2", OTHER)
        await ledger.erase("o2", NOW)
        open_ = await ledger.place("o3", order(), "m", NOW, NUMBER)
        before = [await ledger.by_code(code), await ledger.by_code(open_.code)]
    old = (tmp_path / "key" / "station.key").read_bytes()
    done = await tramkit(tmp_path, "orders", "rekey", "--new-key", str(tmp_path / "key" / "new.key"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "key" / "station.key").read_bytes() != old
    assert not (tmp_path / "key" / "new.key").exists()
    async with opened(tmp_path) as ledger:
        assert (await ledger.verify()).problem == ""
        assert [await ledger.by_code(code), await ledger.by_code(open_.code)] == before
        assert {each.id for each in await ledger.of_holder(NUMBER, 9)} == {"o1", "o3"}
        assert await ledger.of_holder(OTHER, 9) == []
        await ledger.append("o3", [Entry("collect", "sent", 1000)], NOW)
        assert (await ledger.verify()).problem == ""
    stolen = Ledger(tmp_path / "data" / "ledger.sqlite", Seal(old))
    with pytest.raises(LedgerError):
        await stolen.open()


async def test_a_new_key_that_was_broken_off_before_the_key_moved_is_finished_by_the_next_try(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await settled(ledger, "o1")
    new = tmp_path / "key" / "new.key"
    async with opened(tmp_path) as ledger:
        await ledger.rekey(Seal(read_key(new)))
    assert (await tramkit(tmp_path, "orders")).exit_code != 0, "the old key opens nothing any more"
    assert (await tramkit(tmp_path, "orders", "rekey", "--new-key", str(new))).exit_code == 0
    assert (await tramkit(tmp_path, "orders")).exit_code == 0


@pytest.mark.shows("EN 5.11", "EN 6")
async def test_the_operator_exports_and_erases_a_persons_orders(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await settled(ledger, "o1")
        await settled(ledger, "o2", OTHER)
    file = tmp_path / "export.json"
    assert "1 orders" in (await tramkit(tmp_path, "orders", "export", "--number", NUMBER, str(file))).output
    assert CANARY in file.read_text(encoding="utf-8")
    assert len(json.loads(file.read_text(encoding="utf-8"))) == 1
    assert file.stat().st_mode & 0o077 == 0
    assert "1 orders erased" in (await tramkit(tmp_path, "orders", "erase", "--number", NUMBER, "--yes")).output
    assert (
        await tramkit(tmp_path, "orders", "export", "--number", NUMBER, str(tmp_path / "again.json"))
    ).exit_code != 0
    assert "nothing was changed" in (await tramkit(tmp_path, "audit", "verify")).output


@pytest.mark.shows("ASVS V15")
async def test_what_only_reads_makes_no_key_and_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await settled(ledger, "o1")
    (tmp_path / "key" / "station.key").rename(tmp_path / "key" / "moved.key")
    before = (tmp_path / "data" / "ledger.sqlite").read_bytes()
    for command in (("orders",), ("orders", "show", "X"), ("audit", "verify")):
        done = await tramkit(tmp_path, *command)
        assert done.exit_code != 0
        assert "station.key" in done.output
    assert not (tmp_path / "key" / "station.key").exists()
    assert (tmp_path / "data" / "ledger.sqlite").read_bytes() == before


@pytest.mark.shows("ASVS V16")
async def test_the_audited_operator_is_the_kernels_not_the_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tramkit.orders.commands import operator_name

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert operator_name() != "somebody-else"


@pytest.mark.shows("ASVS V14", "ASVS V13")
def test_a_process_that_knows_residents_dumps_no_core_and_lets_nobody_attach() -> None:
    code = (
        "import os, resource, signal, ctypes\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2) if os.getuid() == 0 else None\n"
        "from tramkit.plugins.hardening import harden_process\n"
        "harden_process()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), oct(os.umask(0)))\n"
        "import sys; sys.stdout.flush(); os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "(0, 0) 0 0o77"
    assert done.returncode == -signal.SIGSEGV


@pytest.mark.shows("ASVS V13", "EN 5.4")
def test_a_secret_comes_from_a_file_or_a_credential_and_never_from_one_that_others_can_read(tmp_path: Path) -> None:
    from tramkit.plugins.secrets import look_up

    file = tmp_path / "key"
    with pytest.raises(ValueError, match="No such file"):
        look_up({"file": str(file)}, "settings.a.key", {})
    made = look_up({"file": str(file), "made": True}, "settings.a.key", {})
    assert look_up({"file": str(file)}, "settings.a.key", {}) == made
    assert len(made) >= 40
    assert look_up({"credential": "key"}, "settings.a.key", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == made
    with pytest.raises(ValueError, match="credential"):
        look_up({"credential": "../key"}, "settings.a.key", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    file.chmod(0o644)
    with pytest.raises(ValueError, match="others can read"):
        look_up({"file": str(file)}, "settings.a.key", {})
    file.chmod(0o600)
    file.write_text("\n")
    with pytest.raises(ValueError, match="empty"):
        look_up({"file": str(file)}, "settings.a.key", {})
