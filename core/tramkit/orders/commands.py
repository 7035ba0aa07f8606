"""``tramkit orders`` and ``tramkit audit``: what the operator sees of the ledger, and what they write into it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from tramkit.host.order import EffectKind, Record
from tramkit.log import visible
from tramkit.orders.ledger import Ledger, LedgerError
from tramkit.orders.reconcile import DayFileError, Difference, read_day_file, reconcile, references
from tramkit.orders.rows import tidy_code
from tramkit.orders.runner import Runner
from tramkit.orders.seal import Seal, SealError, read_key
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import render

T = TypeVar("T")
ALL = 2**31 - 1


def with_ledger(data: str, key: str, work: Callable[[Ledger], Awaitable[T]], *, unproven: bool = False) -> T:
    """Open a station's ledger and do something with it.

    :param unproven: a file of before its end was sealed is migrated too.
    :raises click.ClickException: there is none, it is in use, or it cannot be read.
    """
    file = Path(data) / "ledger.sqlite"
    if not data or not file.exists():
        said = f"there is no ledger at {file}" if data else "[orders] data is empty: this station takes no orders"
        raise click.ClickException(said)

    async def run() -> T:
        ledger = Ledger(file, Seal(read_key(Path(key), make=False)), unproven=unproven)
        await ledger.open()
        try:
            return await work(ledger)
        finally:
            await ledger.close()

    try:
        return asyncio.run(run())
    except (LedgerError, SealError) as problem:
        raise click.ClickException(str(problem)) from None


def migrate_ledger(data: str, key: str) -> None:
    """Make today's version of the ledger's file and look at all of it; what it was is kept beside it."""

    async def look(ledger: Ledger) -> int:
        verdict = await ledger.verify()
        if verdict.problem:
            raise click.ClickException(f"the file was migrated, but is not sound: {verdict.problem}")
        return verdict.entries

    click.echo(f"The ledger is of today's version; {with_ledger(data, key, look, unproven=True)} entries verify.")


def operator_name() -> str:
    """Return who runs this program, by the kernel's word: the environment (``LOGNAME``) can say anybody."""
    uid = os.getuid()
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"uid {uid}"


def row_of(record: Record) -> dict[str, Any]:
    """Return what the operator sees of an order: nothing personal."""
    return {
        "code": record.code,
        "placed_at": record.placed_at.isoformat(timespec="seconds"),
        "service": record.order.service,
        "payee": record.order.payee,
        "amount": record.order.amount,
        "method": record.method,
        "state": "manual" if record.manual else record.ending.value if record.ending else "open",
        "effects": {kind.value: effect.state.value for kind, effect in record.effects.items()},
    }


def list_orders(ledger_of: Callable[[Callable[[Ledger], Awaitable[Any]]], Any], as_json: bool, count: int) -> None:
    """Print the newest orders."""
    rows = [row_of(record) for record in ledger_of(lambda ledger: ledger.newest(count))]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        effects = " ".join(f"{kind}:{state}" for kind, state in row["effects"].items())
        amount = f"{row['amount']:>13,} ₫"
        click.echo(f"{row['code']}  {row['placed_at']}  {row['state']:<9}{amount}  {visible(row['payee'])}  {effects}")


def show_order(ledger_of: Callable[[Callable[[Ledger], Awaitable[Any]]], Any], code: str) -> None:
    """Print one order with its effects' keys and references, for a talk with the provider."""
    record: Record | None = ledger_of(lambda ledger: ledger.by_code(tidy_code(code)))
    if record is None:
        raise click.ClickException("there is no order with this code")
    for name, value in row_of(record).items():
        if name != "effects":
            click.echo(f"{name}: {visible(str(value))}")
    for kind, effect in record.effects.items():
        reason = f" ({render(effect.reason, 'en')})" if effect.reason else ""
        amount = f"{effect.amount:,} ₫"
        click.echo(visible(f"{kind.value}: {effect.state.value} {amount} key {effect.key} {effect.reference}{reason}"))
        if effect.looked_into:
            click.echo(f"  {visible(effect.looked_into)}")


def resolve_order(
    ledger_of: Callable[[Callable[[Ledger], Awaitable[Any]]], Any], code: str, effect: str, done: bool, why: str
) -> None:
    """Write what the operator found out; the station goes on from there when it starts."""

    async def work(ledger: Ledger) -> None:
        record = await ledger.by_code(tidy_code(code))
        if record is None:
            raise click.ClickException("there is no order with this code")
        runner = Runner(ledger, {}, {}, SystemClock())
        try:
            await runner.resolve(record.id, EffectKind(effect), done, operator_name(), why)
        except ValueError as problem:
            raise click.ClickException(str(problem)) from None
        finally:
            await runner.stop()

    ledger_of(work)
    click.echo("written; the station goes on with it when it starts")


def erase_orders(
    ledger_of: Callable[[Callable[[Ledger], Awaitable[Any]]], Any], codes: Sequence[str], number: str
) -> None:
    """Throw the keys of a person's orders away; the chain still verifies."""

    async def work(ledger: Ledger) -> int:
        records = await _of_person(ledger, codes, number)
        for record in records:
            await ledger.erase(record.id, SystemClock().now())
        return len(records)

    click.echo(f"{ledger_of(work)} orders erased")


def export_orders(
    ledger_of: Callable[[Callable[[Ledger], Awaitable[Any]]], Any], codes: Sequence[str], number: str, file: Path
) -> None:
    """Write everything that the ledger has of a person into a file that only its owner can read."""

    async def work(ledger: Ledger) -> list[dict[str, Any]]:
        return [record.model_dump(mode="json") for record in await _of_person(ledger, codes, number)]

    found = ledger_of(work)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{file} is there already") from None
    with os.fdopen(handle, "w", encoding="utf-8") as new:
        json.dump(found, new, ensure_ascii=False, indent=2)
    click.echo(f"{len(found)} orders")


async def _of_person(ledger: Ledger, codes: Sequence[str], number: str) -> list[Record]:
    records = await ledger.of_holder(number, ALL) if number else []
    for code in codes:
        record = await ledger.by_code(tidy_code(code))
        if record is None:
            raise click.ClickException("there is no order with one of these codes")
        if all(each.id != record.id for each in records):
            records.append(record)
    if not records:
        raise click.ClickException("there is no order of this person")
    return records


def rekey_ledger(data: str, key: str, new: Path) -> None:
    """Put a station's ledger under another key, and that key in the place of the old one.

    Broken off at any instant, the next run goes on: a ledger that opens with the new key needs the key moved only.
    """
    old, file = Path(key), Path(data) / "ledger.sqlite"
    if os.environ.get("CREDENTIALS_DIRECTORY"):
        raise click.ClickException(
            "the key is a credential here: run this with files of keys, then replace the credential"
        )
    if new.absolute() == old.absolute():
        raise click.ClickException("the new key needs a file of its own; it takes the old one's place at the end")

    async def opens(seal: Seal) -> bool:
        ledger = Ledger(file, seal)
        try:
            await ledger.open()
        except LedgerError:
            return False
        finally:
            await ledger.close()
        return True

    async def under(ledger: Ledger) -> int:
        return await ledger.rekey(Seal(read_key(new)))

    moved = new.exists() and file.exists() and asyncio.run(opens(Seal(read_key(new, make=False))))
    if not moved:
        click.echo(f"{with_ledger(data, key, under)} entries are under the new key")
    os.replace(new, old)
    click.echo(f"{old} is the new key; backups of before open with the old one only")


def verify_ledger(ledger_of: Callable[[Callable[[Ledger], Awaitable[Any]]], Any]) -> None:
    """Walk the audit chain and tell the first entry that is wrong."""
    verdict = ledger_of(lambda ledger: ledger.verify())
    if verdict.problem:
        raise click.ClickException(verdict.problem)
    click.echo(f"{verdict.entries} entries, nothing was changed")


def list_references(ledger_of: Callable[[Callable[[Ledger], Awaitable[Any]]], Any]) -> None:
    """Print one by one under which references this station's money may stand in a day file."""
    for ref in references(ledger_of(lambda ledger: ledger.newest(ALL))):
        click.echo(ref)


def reconcile_files(
    ledger_of: Callable[[Callable[[Ledger], Awaitable[Any]]], Any],
    files: Sequence[Path],
    others: Sequence[Path] = (),
    *,
    shared: bool = False,
) -> None:
    """Print where the ledger and day files differ.

    :param others: files of what :func:`list_references` prints at other stations with the same account.
    :param shared: what this station does not know belongs to other stations.
    """
    try:
        days = [read_day_file(file) for file in files]
    except DayFileError as problem:
        raise click.ClickException(str(problem)) from None
    records = ledger_of(lambda ledger: ledger.newest(ALL))
    counts: Counter[str] = Counter()
    differ = False
    elsewhere = [line for file in others for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    for finding in reconcile(records, days, elsewhere, shared=shared):
        counts[finding.difference.value] += 1
        differ = differ or not finding.difference.harmless
        if finding.difference not in (Difference.MATCHED, Difference.ELSEWHERE):
            click.echo(json.dumps(asdict(finding), ensure_ascii=False))
    click.echo(json.dumps({"files": len(days), **counts}))
    if differ:
        raise SystemExit(1)
