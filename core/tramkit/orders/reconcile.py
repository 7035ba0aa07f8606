"""Three-way comparison of a day: the ledger, the biller's day file, the payment provider's day file."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path

from tramkit.orders.model import Effect, EffectKind, Record, State
from tramkit.orders.wire import MEMO_LENGTH, memo_of

VIETNAM = timezone(timedelta(hours=7))
EDGE = timedelta(minutes=15)
"""What was sent so shortly before midnight may stand in the next day's file."""
HEADER, FOOTER = "TRAMKIT-DAY", "SHA256"


class Difference(StrEnum):
    """What a comparison can find: nothing else exists."""

    MATCHED = "matched"
    OURS_ONLY = "ours_only"
    """The ledger has it confirmed, the file does not have it."""
    THEIRS_ONLY = "theirs_only"
    """The file has it done, the ledger does not know it."""
    AMOUNT = "amount"
    """Both have it, with different amounts."""
    STATE = "state"
    """Both have it; one says done and the other does not."""
    DOUBLE = "double"
    """The file has it done more than once."""


class DayFileProblem(ValueError):
    """A day file that cannot be used; the words name the line and what would be right."""


@dataclass(frozen=True)
class Row:
    """One line of a day file.

    :param ref: the biller's: the effect's key; the payment provider's: the payment's memo or key.
    :param amount: VND.
    :param done: whether the money moved.
    """

    ref: str
    amount: int
    done: bool


@dataclass(frozen=True)
class DayFile:
    """What one of the others says of a day.

    :param who: ``biller`` or ``payments``.
    """

    who: str
    day: date
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Finding:
    """One line of the comparison.

    :param code: the order's receipt code; empty: the ledger has no such order.
    :param ours, theirs: VND; None: it does not stand there.
    """

    difference: Difference
    who: str
    ref: str
    code: str = ""
    ours: int | None = None
    theirs: int | None = None


def write_day_file(who: str, day: date, rows: Sequence[Row]) -> str:
    """Return a day file: a header with who, day, count and sum, one line per row, a footer with the SHA-256 of it."""
    total = sum(row.amount for row in rows if row.done)
    lines = [f"{HEADER}|{who}|{day.isoformat()}|{len(rows)}|{total}"]
    lines += [f"{row.ref}|{row.amount}|{'DONE' if row.done else 'NOT_DONE'}" for row in rows]
    text = "".join(f"{line}\n" for line in lines)
    return f"{text}{FOOTER}|{hashlib.sha256(text.encode()).hexdigest()}\n"


def read_day_file(file: Path) -> DayFile:
    """Read a day file.

    :raises DayFileProblem: it was cut off, changed, or is something else.
    """
    try:
        lines = file.read_bytes().decode("utf-8").splitlines(keepends=True)
    except OSError as error:
        raise DayFileProblem(f"{file.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DayFileProblem(f"{file.name}: this is no text in UTF-8") from None
    head = lines[0].strip().split("|") if lines else []
    if len(head) != 5 or head[0] != HEADER or head[1] not in ("biller", "payments"):
        raise DayFileProblem(f"{file.name}, line 1: should be {HEADER}|biller or payments|YYYY-MM-DD|count|sum")
    if len(lines) < 2 or not lines[-1].startswith(f"{FOOTER}|"):
        raise DayFileProblem(f"{file.name}: the last line should be {FOOTER}|…; the file was cut off")
    if lines[-1].strip().partition("|")[2] != hashlib.sha256("".join(lines[:-1]).encode()).hexdigest():
        raise DayFileProblem(f"{file.name}: the checksum is wrong; fetch the file again")
    try:
        day, count, total = date.fromisoformat(head[2]), int(head[3]), int(head[4])
    except ValueError:
        raise DayFileProblem(f"{file.name}, line 1: day, count and sum cannot be read") from None
    rows = tuple(_row(file.name, number, line) for number, line in enumerate(lines[1:-1], start=2))
    if len(rows) != count or sum(row.amount for row in rows if row.done) != total:
        raise DayFileProblem(f"{file.name}: count or sum of the header do not fit the lines")
    return DayFile(head[1], day, rows)


def _row(name: str, number: int, line: str) -> Row:
    parts = line.strip().split("|")
    if len(parts) != 3 or not parts[0] or not parts[1].isdigit() or parts[2] not in ("DONE", "NOT_DONE"):
        raise DayFileProblem(f"{name}, line {number}: should be reference|amount|DONE or NOT_DONE")
    return Row(parts[0], int(parts[1]), parts[2] == "DONE")


def reconcile(records: Iterable[Record], file: DayFile) -> list[Finding]:
    """Compare the ledger's orders with what one of the others says of a day; a finding for each line and order."""
    kind = EffectKind.FULFIL if file.who == "biller" else EffectKind.COLLECT
    ours = {name: (record, effect) for record in records for name, effect in _refs(record, kind)}
    findings: list[Finding] = []
    told: dict[str, list[Row]] = {}
    for row in file.rows:
        told.setdefault(_known(row.ref, ours), []).append(row)
    for ref, rows in told.items():
        done = [row for row in rows if row.done]
        theirs = sum(row.amount for row in done)
        if ref not in ours:
            findings += [Finding(Difference.THEIRS_ONLY, file.who, ref, theirs=theirs)] if done else []
            continue
        record, effect = ours[ref]
        confirmed = effect.state is State.CONFIRMED
        finding = _compare(confirmed, effect.amount, done, theirs, several=file.who == "payments")
        findings.append(
            Finding(finding, file.who, ref, record.code, effect.amount if confirmed else None, theirs if done else None)
        )
    seen = {ours[ref][0].id for ref in told if ref in ours}
    for ref, (record, effect) in ours.items():
        if record.id not in seen and effect.state is State.CONFIRMED and _belongs(effect, file.day):
            seen.add(record.id)
            findings.append(Finding(Difference.OURS_ONLY, file.who, ref, record.code, effect.amount))
    return findings


def _known(ref: str, ours: Container[str]) -> str:
    """Return the reference of ours that theirs is or, as banks wrap a transfer's message, holds."""
    if ref in ours:
        return ref
    windows = (ref[at : at + MEMO_LENGTH] for at in range(len(ref) - MEMO_LENGTH + 1))
    return next((window for window in windows if window in ours), ref)


def _refs(record: Record, kind: EffectKind) -> list[tuple[str, Effect]]:
    effect = record.effect(kind)
    if effect is None or not record.order.amount:
        return []
    memo = [(memo_of(effect.key), effect)] if kind is EffectKind.COLLECT else []
    return [*memo, (effect.key, effect)]


def _compare(confirmed: bool, amount: int, done: Sequence[Row], theirs: int, *, several: bool) -> Difference:
    if confirmed != bool(done):
        return Difference.STATE
    if not confirmed:
        return Difference.MATCHED
    if len(done) > 1 and not several:  # a payment may come in two transfers, a bill is paid once
        return Difference.DOUBLE
    return Difference.MATCHED if amount == theirs else Difference.AMOUNT


def _belongs(effect: Effect, day: date) -> bool:
    """Tell whether an effect must stand in the file of a day; one beside midnight may stand in another's."""
    if effect.since is None:
        return False
    begin = datetime.combine(day, datetime.min.time(), VIETNAM)
    return begin <= effect.since < begin + timedelta(days=1) - EDGE
