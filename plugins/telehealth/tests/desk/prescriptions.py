"""The corpus of prescriptions: ``corpus/due.txt`` and ``corpus/clear.txt``, one case on each line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tramkit_telehealth.desk.concerns import concerns
from tramkit_telehealth.desk.lists import Lists
from tramkit_telehealth.desk.page_protocol import Draft
from tramkit_telehealth.desk.prescribing import blocked
from tramkit_telehealth.protocol import Answer, Medicine

CORPUS = Path(__file__).parent / "corpus"

SAID: dict[str, frozenset[str]] = {
    "blocked": frozenset({"blocked"}),
    "combined": frozenset({"combined", "blocked"}),
    "precursor": frozenset({"precursor"}),
    "allergy": frozenset({"allergy", "allergy_class", "allergy_near"}),
    "duplicate": frozenset({"duplicate", "duplicate_class"}),
    "taken": frozenset({"taken", "taken_class"}),
    "dose": frozenset({"dose"}),
    "duration": frozenset({"duration"}),
    "remote": frozenset({"remote"}),
}
"""Which concerns count as the one that is due."""


@dataclass(frozen=True)
class Case:
    """One line of the corpus.

    :param kind: the section it stands in.
    """

    kind: str
    line: str
    draft: Draft
    answers: tuple[Answer, ...]

    def said(self, lists: Lists) -> set[str]:
        """Return the kinds of concern the desk has."""
        found = {each.kind for each in concerns(self.draft, self.answers, lists)}
        return found | ({"blocked"} if blocked(self.draft, lists) else set())

    def is_met(self, lists: Lists) -> bool:
        """Tell whether what is due is said."""
        return bool(self.said(lists) & SAID[self.kind])


def cases(file: str) -> Iterator[Case]:
    """Return the cases of a file."""
    kind = ""
    for line in (CORPUS / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line.strip() and not line.startswith("#"):
            yield _case(kind, line)


def _case(kind: str, line: str) -> Case:
    said, arrow, written = line.partition("=>")
    answers = {"allergy": "allergies", "taken": "medicines"}
    told = (Answer(id=answers[kind], question="?", answer=said.strip()),) if arrow else ()
    parts = [[part.strip() for part in each.split(";")] for each in (written if arrow else line).split("//")]
    diagnosis = next((each[4] for each in parts if len(each) > 4), "J00")
    return Case(kind, line, Draft(conclusion="x", diagnosis=diagnosis, prescription=tuple(map(_medicine, parts))), told)


def _medicine(parts: list[str]) -> Medicine:
    name, strength, amount, directions, *_ = (*parts, *[""] * 4)
    return Medicine(
        name=name,
        strength=strength,
        amount=amount or "10 viên",
        directions=directions or "Uống 1 viên × 2 lần/ngày",
    )
