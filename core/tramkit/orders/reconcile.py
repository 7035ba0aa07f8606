"""Three-way comparison: the ledger, the day files of who does what is ordered, those of who moves the money."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

from tramkit.host.order import Effect, EffectKind, Record, State
from tramkit.orders.memo import squeezed
from tramkit.orders.wire import MEMO_LENGTH, memo_of
from tramkit_hal import TramkitError
from tramkit_hal.words import VIETNAM

EDGE = timedelta(minutes=15)
"""So far the clocks of station and outside may be apart: beside midnight a line may stand in the other day's file."""
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
    OTHER_DAY = "other_day"
    """It, or a part of it, must stand in the file of a day that was not given: no difference yet."""
    ELSEWHERE = "elsewhere"
    """The file has it done; it belongs to another station that has the same account."""

    @property
    def harmless(self) -> bool:
        """Whether nobody has to look into it."""
        return self in (Difference.MATCHED, Difference.OTHER_DAY, Difference.ELSEWHERE)


class DayFileError(TramkitError, ValueError):
    """A day file that cannot be used; the words name the line and what would be right."""


@dataclass(frozen=True)
class DayFileRow:
    """One line of a day file.

    :param ref: the effect's key; of money that came also the payment's memo, alone or in a transfer's message.
    :param amount: VND; below 0: it went back to the resident.
    :param done: whether the money moved.
    """

    ref: str
    amount: int
    done: bool


@dataclass(frozen=True)
class DayFile:
    """What one of the others says of a day.

    :param who: a plugin, ``billing``: what its services have done; a payment method, ``payments.vietqr``: what money it
        has moved.
    """

    who: str
    day: date
    rows: tuple[DayFileRow, ...]


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


def write_day_file(who: str, day: date, rows: Sequence[DayFileRow]) -> str:
    """Return a day file: a header with who, day, count and sum, one line per row, a footer with the SHA-256 of it."""
    total = sum(row.amount for row in rows if row.done)
    lines = [f"{HEADER}|{who}|{day.isoformat()}|{len(rows)}|{total}"]
    lines += [f"{_one_line(row.ref)}|{row.amount}|{'DONE' if row.done else 'NOT_DONE'}" for row in rows]
    text = "".join(f"{line}\n" for line in lines)
    return f"{text}{FOOTER}|{hashlib.sha256(text.encode()).hexdigest()}\n"


def read_day_file(file: Path) -> DayFile:
    """Read a day file.

    :raises DayFileError: it was cut off, changed, or is something else.
    """
    try:
        lines = [found[0] for found in re.finditer(r"[^\n]*\n|[^\n]+", file.read_bytes().decode("utf-8"))]
    except OSError as error:
        raise DayFileError(f"{file.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DayFileError(f"{file.name}: this is no text in UTF-8") from None
    head = lines[0].strip().split("|") if lines else []
    if len(head) != 5 or head[0] != HEADER or not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)?", head[1]):
        raise DayFileError(
            f"{file.name}, line 1: should be {HEADER}|plugin, or id of a payment method|YYYY-MM-DD|count|sum"
        )
    if len(lines) < 2 or not lines[-1].startswith(f"{FOOTER}|"):
        raise DayFileError(f"{file.name}: the last line should be {FOOTER}|…; the file was cut off")
    if lines[-1].strip().partition("|")[2] != hashlib.sha256("".join(lines[:-1]).encode()).hexdigest():
        raise DayFileError(f"{file.name}: the checksum is wrong; fetch the file again")
    try:
        day, count, total = date.fromisoformat(head[2]), int(head[3]), int(head[4])
    except ValueError:
        raise DayFileError(f"{file.name}, line 1: day, count and sum cannot be read") from None
    rows = tuple(_row(file.name, number, line) for number, line in _unfolded(lines[1:-1]))
    if len(rows) != count or sum(row.amount for row in rows if row.done) != total:
        raise DayFileError(f"{file.name}: count or sum of the header do not fit the lines")
    return DayFile(head[1], day, rows)


def _one_line(ref: str) -> str:
    """Return a reference, a transfer's message perhaps, without what parts lines and columns of the file."""
    return re.sub(r"[|\x00-\x1f\x7f]+", " ", ref).strip() or "-"


def _unfolded(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each row with the number of its last line: a reference that was folded goes on in the next line."""
    begun = ""
    for number, line in enumerate(lines, start=2):
        begun += line
        if "|" in line or number == len(lines) + 1:
            yield number, begun
            begun = ""


def _row(name: str, number: int, line: str) -> DayFileRow:
    parts = line.strip().split("|")
    if not re.fullmatch(r"[^|]+\|-?[0-9]{1,15}\|(NOT_)?DONE", line.strip(), re.ASCII):
        raise DayFileError(f"{name}, line {number}: should be reference|amount|DONE or NOT_DONE")
    return DayFileRow(parts[0], int(parts[1]), parts[2] == "DONE")


def reconcile(
    records: Iterable[Record], files: Sequence[DayFile], others: Collection[str] = (), *, shared: bool = False
) -> list[Finding]:
    """Compare the ledger's orders with what the others say; a finding for each effect that either has done.

    Files of several days are one account: money may come in parts and a day after the order.

    :param others: what :func:`references` returns at the other stations that have the same account.
    :param shared: other stations whose references are not known have the same account: what this ledger does not know
        is theirs. Nobody then finds money that is no station's.
    """
    all_records = tuple(records)
    theirs = frozenset(squeezed(ref) for ref in others)
    found: list[Finding] = []
    for who in dict.fromkeys(file.who for file in files):
        mine = [file for file in files if file.who == who]
        days = {file.day for file in mine}
        compared = _compare(who, _effects(all_records, who), [row for file in mine for row in file.rows], days)
        found += [_elsewhere(each, theirs, shared=shared) for each in compared]
    return found


def references(records: Iterable[Record]) -> list[str]:
    """Return under which references a ledger's effects may stand in somebody's day files."""
    refs: list[str] = []
    for record in records:
        for effect in record.effects.values():
            refs.append(effect.key)
            if effect.kind is EffectKind.COLLECT and record.method:
                refs.append(memo_of(effect.key))
    return refs


def _elsewhere(finding: Finding, theirs: Container[str], *, shared: bool) -> Finding:
    if finding.difference is not Difference.THEIRS_ONLY:
        return finding
    known = shared or _known(finding.ref, theirs) in theirs
    return replace(finding, difference=Difference.ELSEWHERE) if known else finding


def _effects(records: Sequence[Record], who: str) -> dict[str, tuple[Record, Effect]]:
    """Return the effects that must stand in somebody's files, by each reference that they may have there."""
    money = "." in who
    kinds = (EffectKind.COLLECT, EffectKind.REFUND, EffectKind.RETURN) if money else (EffectKind.FULFIL,)
    found: dict[str, tuple[Record, Effect]] = {}
    for record in records:
        theirs = record.method == who if money else record.order.service.startswith(f"{who}.")
        if not theirs or not record.order.amount:
            continue
        for effect in filter(None, map(record.effect, kinds)):
            found[squeezed(effect.key)] = record, effect
            if effect.kind is EffectKind.COLLECT:
                found[memo_of(effect.key)] = record, effect
    return found


def _compare(
    who: str, ours: Mapping[str, tuple[Record, Effect]], rows: Sequence[DayFileRow], days: Container[date]
) -> list[Finding]:
    told: dict[str, list[DayFileRow]] = {}
    strange: list[Finding] = []
    for row in rows:
        record, effect = ours.get(_known(row.ref, ours), (None, None))
        back = effect is not None and effect.kind in (EffectKind.REFUND, EffectKind.RETURN)
        if record is None or effect is None or back is not (row.amount < 0):
            strange += [Finding(Difference.THEIRS_ONLY, who, row.ref, theirs=row.amount)] if row.done else []
        else:
            told.setdefault(effect.key, []).append(row)
    found: list[Finding] = []
    for record, effect in {effect.key: (record, effect) for record, effect in ours.values()}.values():
        done = [row for row in told.get(effect.key, ()) if row.done]
        difference = _difference(record, effect, done, days, said=effect.key in told)
        if difference is not None:
            mine, theirs = _moved(record, effect), sum(abs(row.amount) for row in done)
            found.append(Finding(difference, who, effect.key, record.code, mine or None, theirs if done else None))
    return found + strange


def _difference(
    record: Record, effect: Effect, done: Sequence[DayFileRow], days: Container[date], *, said: bool
) -> Difference | None:
    """Return what the comparison of one effect finds; None: neither side says anything of it on these days."""
    mine, theirs = _moved(record, effect), sum(abs(row.amount) for row in done)
    around = [day for day in _days_of(effect) if day not in days]
    if len(done) > 1 and effect.kind is not EffectKind.COLLECT:  # a payment may come in two transfers
        return Difference.DOUBLE
    if mine == theirs:
        return Difference.MATCHED if said or mine else None
    if theirs < mine and around:
        return Difference.OTHER_DAY if done or len(around) < len(_days_of(effect)) else None
    if not done:
        return Difference.STATE if said else Difference.OURS_ONLY
    return Difference.AMOUNT if mine else Difference.STATE


def _moved(record: Record, effect: Effect) -> int:
    """Return what has moved as far as the ledger knows, VND."""
    if effect.state is State.CONFIRMED:
        return effect.amount
    return record.came if effect.kind is EffectKind.COLLECT else 0


def _days_of(effect: Effect) -> list[date]:
    """Return the days in whose files an effect may stand: from when it was sent until it was known to be done."""
    sent, known = effect.since or effect.done_at, effect.done_at or effect.since
    if sent is None or known is None:
        return []
    first, last = (sent - EDGE).astimezone(VIETNAM).date(), (known + EDGE).astimezone(VIETNAM).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _known(ref: str, ours: Container[str]) -> str:
    """Return the reference of ours that theirs is or, as banks wrap a transfer's message, holds; squeezed."""
    letters = squeezed(ref)
    if letters in ours:
        return letters
    windows = (letters[at : at + MEMO_LENGTH] for at in range(len(letters) - MEMO_LENGTH + 1))
    return next((window for window in windows if window in ours), letters)
