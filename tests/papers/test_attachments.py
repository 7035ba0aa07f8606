"""The files of an order in the ledger: sealed, whole, and gone once the order is settled."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from support import papers

from tramkit import Attachment, Order, verbatim
from tramkit.host.attachment import MAX_BYTES
from tramkit.host.gateway_error import GatewayError
from tramkit.orders.ledger import SETTLED, KeyConflictError, Ledger, LedgerEntry
from tramkit.orders.seal import Seal
from tramkit.sandbox import ApplicationSandbox, FaultOrder
from tramkit.visit.gateway import Gateway

AT = datetime(2026, 11, 25, tzinfo=UTC)
PHOTO = papers.photo(width=400, height=300)
ENDED = (LedgerEntry("fulfil", "sent"), LedgerEntry("fulfil", "confirmed"), LedgerEntry(SETTLED, "done"))


def order(*files: bytes) -> Order:
    attachments = tuple(Attachment.of(f"paper-{n}", "image/jpeg", each) for n, each in enumerate(files))
    return Order(service="s", payee="p", amount=0, title=verbatim("t"), attachments=attachments)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    found = Ledger(tmp_path / "ledger.sqlite", Seal(b"k" * 32))
    await found.open()
    yield found
    await found.close()


def everything(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in folder.iterdir() if each.is_file())


async def test_attachments_are_sealed_and_come_back_whole(ledger: Ledger, tmp_path: Path) -> None:
    record = await ledger.place("1", order(PHOTO, b"\xff\xd8\xff two"), "", AT)
    assert [each.data for each in record.order.attachments] == [b"", b""]
    assert (await ledger.whole(record)) == order(PHOTO, b"\xff\xd8\xff two")
    assert PHOTO[200:260] not in everything(tmp_path)
    assert (await ledger.verify()).problem == ""


async def test_they_are_gone_once_the_order_is_settled_and_the_ledger_still_verifies(
    ledger: Ledger, tmp_path: Path
) -> None:
    record = await ledger.place("1", order(PHOTO), "", AT)
    db = sqlite3.connect(tmp_path / "ledger.sqlite")
    (sealed,) = db.execute("SELECT sealed FROM attachments").fetchone()
    settled = await ledger.append("1", ENDED, AT)
    assert db.execute("SELECT count(*) FROM attachments").fetchone() == (0,)
    assert settled.order.attachments == record.order.attachments  # names, sizes, SHA-256 stay
    assert (await ledger.verify()).problem == ""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    assert sealed[100:160] not in everything(tmp_path)


async def test_they_can_neither_be_changed_nor_deleted_before(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.place("1", order(PHOTO), "", AT)
    db = sqlite3.connect(tmp_path / "ledger.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="until their order is settled"):
        db.execute("DELETE FROM attachments")
    with pytest.raises(sqlite3.IntegrityError, match="not changed"):
        db.execute("UPDATE attachments SET sealed = x'00'")
    db.execute("DROP TRIGGER attachments_stay")
    db.execute("UPDATE attachments SET sealed = CAST(substr(sealed, 1, 40) || x'00' || substr(sealed, 42) AS BLOB)")
    db.commit()
    db.close()
    assert "attachment 0" in (await ledger.verify()).problem


async def test_the_same_order_with_another_paper_is_another_order(ledger: Ledger) -> None:
    first = await ledger.place("1", order(PHOTO), "", AT)
    assert await ledger.place("1", order(PHOTO), "", AT) == first
    with pytest.raises(KeyConflictError):
        await ledger.place("1", order(PHOTO[:-1]), "", AT)


def test_an_order_takes_only_so_much_and_each_name_once() -> None:
    with pytest.raises(ValidationError, match="more than"):
        order(bytes(MAX_BYTES // 2 + 1), bytes(MAX_BYTES // 2 + 1))
    one = Attachment.of("photo", "image/jpeg", PHOTO)
    with pytest.raises(ValidationError, match="same name"):
        Order(service="s", payee="p", amount=0, title=verbatim("t"), attachments=(one, one))
    with pytest.raises(ValueError, match="are not those"):
        one.holding(b"another")


@pytest.mark.parametrize("fault", ["down", "lost_before", "lost_after", "garbage"])
async def test_an_upload_that_breaks_off_is_made_good_under_the_same_key(tmp_path: Path, fault: str) -> None:
    authority = ApplicationSandbox(tmp_path / "sandbox.sqlite")
    async with authority.running() as address:
        gateway = Gateway(address, "the authority")
        files = order(PHOTO, PHOTO[:-1]).attachments
        for path in ("/files", "/applications"):
            authority.order_faults(FaultOrder.model_validate({"faults": [fault, fault], "path": path}))
            key = f"{fault}{path.replace('/', '-')}"
            outcome = None
            for _attempt in range(4):
                try:
                    outcome = await gateway.submit(key, {"kind": "x"}, attachments=files)
                except GatewayError:  # no answer: it is asked for and sent again, as the runner does
                    continue
                else:
                    break
            assert outcome is not None
            assert outcome.state == "done"
            assert [authority.file(f"{key}-{n}") for n in (1, 2)] == [("image/jpeg", each.data) for each in files]
        assert len(authority.taken()) == 2


async def test_a_file_that_did_not_come_or_is_another_is_not_taken(tmp_path: Path) -> None:
    authority = ApplicationSandbox(tmp_path / "sandbox.sqlite")
    async with authority.running() as address:
        gateway = Gateway(address, "the authority")
        (one,) = order(PHOTO).attachments
        (other,) = order(PHOTO[:-1]).attachments
        named = {"files": [{"id": "k-1", "sha256": one.sha256}]}
        assert (await gateway.submit("k", named)).state == "refused"
        assert (await gateway.submit("k", {}, attachments=[one])).state == "done"
        assert (await gateway.submit("k", {}, attachments=[other])).state == "refused"  # the id has another content
