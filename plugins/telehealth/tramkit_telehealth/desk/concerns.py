"""What a doctor must think about before a prescription goes out: allergies, duplicates, dose, duration, lists.

The machine warns and does not decide: narcotic and psychotropic medicines alone are refused (see ``prescribing``);
whoever goes on against a concern says why, in words, and that is kept with the record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tramkit_telehealth.desk import doses
from tramkit_telehealth.desk.lists import Lists, MedicineClass
from tramkit_telehealth.desk.medicine_names import Found, plain
from tramkit_telehealth.desk.page_protocol import Concern, Draft
from tramkit_telehealth.protocol import Answer, Medicine

ORDINARY_DAYS, LONG_DAYS = 30, 90
"""Days that a prescription may run; the longer ones for the conditions of Circular 26/2025/TT-BYT, appendix VII."""

_NOT_ALLERGIC = re.compile(
    r"^(?:toi )?(?:khong|chua|no|none|nkda|nil|deny|denies|never)\b"
    r"(?!.*\b(?:dung nap|uong duoc|dung duoc|tolerat))"
)
_CLAUSES = re.compile(r"[,;.\n]|\bnhưng\b|\bbut\b")


@dataclass(frozen=True)
class Line:
    """A medicine of the draft with the substances it names."""

    index: int
    medicine: Medicine
    found: tuple[Found, ...]

    @property
    def substances(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.substance for each in self.found))


def lines_of(draft: Draft, lists: Lists) -> list[Line]:
    """Return the medicines of a draft with what they are."""
    return [
        Line(index, each, tuple(lists.names.find(each.name, alike=True, isomers=True)))
        for index, each in enumerate(draft.prescription)
    ]


def milligrams(line: Line, substance: str) -> float | None:
    """Return how much of a substance one unit of a medicine has; None: it is not written in a way that is understood.

    A number right behind a substance is its own; else numbers stand in the order of the substances.
    """
    texts = (line.medicine.name, line.medicine.strength)
    for text in texts:
        stated = doses.strengths(text)
        if stated and len(stated) == len(line.substances):
            return stated[line.substances.index(substance)]
    return None


def concerns(draft: Draft, answers: Sequence[Answer], lists: Lists) -> tuple[Concern, ...]:
    """Return what is to be thought about, in the order of the medicines; each has an id that stays the same.

    :param answers: what the resident said of allergies and of medicines they take.
    """
    said = {each.id: each.answer for each in answers}
    lines = lines_of(draft, lists)
    found = [
        *_allergies(lines, said.get("allergies", ""), lists),
        *_controlled(lines, lists),
        *_duplicates(lines, lists),
        *_taken(lines, said.get("medicines", ""), lists),
        *_doses(lines, lists),
        *_durations(lines, draft.diagnosis, lists),
    ]
    if draft.diagnosis and draft.diagnosis not in lists.remote:
        found.append(Concern(id=f"remote-{draft.diagnosis.replace('.', '_')}", kind="remote"))
    return tuple({each.id: each for each in found}.values())


def _concern(kind: str, line: Line, about: str, **values: str) -> Concern:
    name = line.medicine.name[:200]
    id = f"{kind}-{line.index}-{plain(about).replace(' ', '_')}"[:64]
    return Concern(id=id, kind=kind, medicine=line.index, values={"name": name, "about": about, **values})


# ── allergies ─────────────────────────────────────────────────────────────────────────────────────────────────


def _allergies(lines: Iterable[Line], stated: str, lists: Lists) -> Iterator[Concern]:
    clauses = [each for each in _CLAUSES.split(stated) if not _NOT_ALLERGIC.match(plain(each))]
    text = " ; ".join(clauses)
    substances = {each.substance for each in lists.names.find(text, alike=True)}
    classes = {each.substance for each in lists.allergy_words.find(text, alike=True)}
    by_id = {each.id: each for each in lists.medicines.classes}
    own = {lists.classes[each].id for each in substances if each in lists.classes}
    warned = classes | {each for each in own if by_id[each].cross is not None}
    near = {other for each in warned for other in by_id[each].cross or ()}
    for line in lines:
        for substance in line.substances:
            part = lists.classes.get(substance)
            if substance in substances:
                yield _concern("allergy", line, substance)
            elif part and part.id in warned:
                yield _concern("allergy_class", line, substance, vi=part.vi, en=part.en)
            elif part and part.id in near:
                yield _concern("allergy_near", line, substance, vi=part.vi, en=part.en)


# ── lists ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _controlled(lines: Iterable[Line], lists: Lists) -> Iterator[Concern]:
    for line in lines:
        for substance in line.substances:
            kind = lists.kind_of(substance)
            if kind == "narcotic" and is_combined(line, substance, lists):
                yield _concern("combined", line, substance)
            elif kind == "precursor":
                yield _concern("precursor", line, substance)


def is_combined(line: Line, substance: str, lists: Lists) -> bool:
    """Tell whether a narcotic stands in a combined medicine at or below the limit of Circular 18/2026/TT-BYT."""
    limit, amount = lists.limit_of(substance), milligrams(line, substance)
    others = [each for each in line.substances if lists.kind_of(each) is None]
    return bool(others) and limit is not None and amount is not None and amount <= limit


# ── the same twice ────────────────────────────────────────────────────────────────────────────────────────────


def _duplicates(lines: Sequence[Line], lists: Lists) -> Iterator[Concern]:
    for at, line in enumerate(lines):
        for earlier in lines[:at]:
            same = set(line.substances) & set(earlier.substances)
            if same:
                yield _concern("duplicate", line, min(same), other=earlier.medicine.name)
            elif (part := _same_class(line, set(earlier.substances), lists)) and _both_swallowed(line, earlier):
                other = earlier.medicine.name
                yield _concern("duplicate_class", line, part.id, other=other, vi=part.vi, en=part.en)


def _both_swallowed(line: Line, other: Line) -> bool:
    return all(doses.is_swallowed(each.medicine.directions) for each in (line, other))


def _taken(lines: Iterable[Line], stated: str, lists: Lists) -> Iterator[Concern]:
    taken = {each.substance for each in lists.names.find(stated, alike=True)}
    for line in lines:
        same = set(line.substances) & taken
        if same:
            yield _concern("taken", line, min(same))
        elif (part := _same_class(line, taken, lists)) and doses.is_swallowed(line.medicine.directions):
            yield _concern("taken_class", line, part.id, vi=part.vi, en=part.en)


def _same_class(line: Line, others: set[str], lists: Lists) -> MedicineClass | None:
    theirs = {lists.classes[each].id for each in others if each in lists.classes}
    own = (lists.classes[each] for each in line.substances if each in lists.classes)
    return next((part for part in own if part.double and part.id in theirs), None)


# ── how much, how long ────────────────────────────────────────────────────────────────────────────────────────


def _doses(lines: Iterable[Line], lists: Lists) -> Iterator[Concern]:
    for line in lines:
        daily = doses.units_a_day(line.medicine.directions)
        if daily is None or not doses.is_swallowed(line.medicine.directions):
            continue
        for substance in line.substances:
            most, unit = lists.medicines.daily_mg.get(substance), milligrams(line, substance)
            if most is not None and unit is not None and unit * daily > most * 1.001:
                yield _concern("dose", line, substance, day=f"{unit * daily:g}", most=f"{most:g}")


def _durations(lines: Iterable[Line], diagnosis: str, lists: Lists) -> Iterator[Concern]:
    most = LONG_DAYS if diagnosis and diagnosis in lists.long else ORDINARY_DAYS
    for line in lines:
        lasts = doses.days(line.medicine.amount, line.medicine.directions)
        if lasts is not None and lasts > most + 0.5:
            yield _concern("duration", line, "days", days=f"{lasts:.0f}", most=str(most))
