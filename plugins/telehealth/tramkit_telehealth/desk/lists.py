"""The desk's lists: controlled medicines, conditions, names, doses; bundled, and replaced by an operator's own files.

Each list is dated data with its source and its doubts. ``tramkit desk import KIND FILE`` checks an official file and
keeps it in the desk's data folder; from its next start the desk goes by it.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from tramkit import ReceivedData, TramkitError
from tramkit_telehealth.desk.medicine_names import Names, words_of

KINDS: dict[str, str] = {
    "controlled": "controlled_medicines.toml",
    "remote": "remote_treatment.toml",
    "long": "long_prescriptions.csv",
    "medicines": "medicines.toml",
    "icd10": "icd10.csv",
}
"""The lists by kind, each with the name of its file."""

FOLDER = "lists"
"""Under the desk's data folder."""

MAX_FILE = 32 * 1024 * 1024

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ListError(TramkitError):
    """A file is no list of its kind; the message says what is wrong."""


class ControlledList(ReceivedData):
    """One appendix of the circular on controlled medicines."""

    kind: Literal["narcotic", "psychotropic", "precursor"]
    source: Name
    names: tuple[Name, ...] = Field(min_length=1)


class Controlled(ReceivedData):
    """Controlled substances; at or below the limit a combined medicine is not on the list (mg of base per unit)."""

    effective: date
    lists: tuple[ControlledList, ...] = Field(min_length=1)
    limits_mg_per_unit: dict[Name, float] = Field(default_factory=dict)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each substance."""
        return {spelling: part.kind for part in self.lists for name in part.names for spelling in _spellings(name)}


class RemoteConditions(ReceivedData):
    """Conditions that may be treated remotely."""

    effective: date
    source: Name
    codes: tuple[Name, ...] = Field(min_length=1)


class MedicineClass(ReceivedData):
    """Substances of one kind.

    :param allergy: words that name the class.
    :param cross: classes whose members an allergy to this one warns of too; None: not even its own members.
    :param double: two of the class at once are a warning.
    """

    id: Name
    vi: str
    en: str
    substances: tuple[Name, ...]
    allergy: tuple[Name, ...] = ()
    cross: tuple[Name, ...] | None = None
    double: bool = False


class Medicines(ReceivedData):
    """Substances, names in use, and the most milligrams of a day."""

    effective: date
    source: Name
    classes: tuple[MedicineClass, ...] = Field(min_length=1)
    names: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    misspellings: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    daily_mg: dict[Name, float] = Field(default_factory=dict)


class CodeSet:
    """A set of ICD-10 codes: single ones, ranges of three-character codes, and what is left out of them.

    :param written: ``I10``, ``E00-E07``, ``B20 đến B24, Z21``, ``E10 - E14 (trừ E10.0, E10.1)``.
    """

    def __init__(self, written: tuple[str, ...]) -> None:
        self._codes: set[str] = set()
        self._ranges: list[tuple[str, str]] = []
        self._without: set[str] = set()
        for each in written:
            inside, _except, without = each.partition("(")
            for first, last in re.findall(r"([A-Z]\d\d)\s*(?:-|–|đến)\s*([A-Z]\d\d)", inside):
                self._ranges.append((first, last))
            singles = re.sub(r"[A-Z]\d\d\s*(?:-|–|đến)\s*[A-Z]\d\d", "", inside)
            self._codes |= set(re.findall(r"[A-Z]\d\d(?:\.\d+)?", singles))
            self._without |= set(re.findall(r"[A-Z]\d\d(?:\.\d+)?", without))

    @property
    def size(self) -> int:
        """How many codes and ranges it has."""
        return len(self._codes) + len(self._ranges)

    def __contains__(self, code: str) -> bool:
        stem = code.partition(".")[0]
        if code in self._without:
            return False
        return bool({code, stem} & self._codes) or any(first <= stem <= last for first, last in self._ranges)


@dataclass(frozen=True)
class Condition:
    """An ICD-10 code and its name."""

    code: str
    vi: str
    en: str = ""


@dataclass(frozen=True)
class Lists:
    """Every list the desk goes by."""

    controlled: Controlled
    remote: CodeSet
    long: CodeSet
    medicines: Medicines
    conditions: tuple[Condition, ...]

    @cached_property
    def names(self) -> Names:
        """Every name that is understood."""
        known: dict[str, tuple[str, ...]] = {
            each: (each,) for part in self.medicines.classes for each in part.substances
        }
        return Names(
            {name: (name,) for name in self.controlled.kinds}
            | known
            | self.medicines.names
            | self.medicines.misspellings
        )

    @cached_property
    def classes(self) -> dict[str, MedicineClass]:
        """The class of each substance."""
        return {each: part for part in self.medicines.classes for each in part.substances}

    @cached_property
    def allergy_words(self) -> Names:
        """Words that name a class; they stand for the class's id."""
        words: dict[str, list[str]] = {}
        for part in self.medicines.classes:
            for word in part.allergy:
                words.setdefault(word, []).append(part.id)
        return Names(words)

    @cached_property
    def kind_by_words(self) -> dict[str, str]:
        """The kind of each controlled substance, by its name as names are compared."""
        return {" ".join(words_of(name)): kind for name, kind in self.controlled.kinds.items()}

    def kind_of(self, substance: str) -> str | None:
        """Return ``narcotic``, ``psychotropic``, ``precursor``; None: it is not controlled."""
        return self.kind_by_words.get(" ".join(words_of(substance)))

    def limit_of(self, substance: str) -> float | None:
        """Return up to how many milligrams a unit of a combined medicine is not controlled; None: there is no limit."""
        key = words_of(substance)
        limits = self.controlled.limits_mg_per_unit
        return next((limit for name, limit in limits.items() if words_of(name) == key), None)


def bundled(kind: str) -> bytes:
    """Return the list of that kind that comes with the desk."""
    return (resources.files("tramkit_telehealth.desk") / "data" / KINDS[kind]).read_bytes()


def load(folder: Path | None = None) -> Lists:
    """Return the lists: an operator's own where there is one, else those that come with the desk.

    :param folder: the desk's data folder.
    :raises ListError: an imported file cannot be read any more.
    """
    read: dict[str, Any] = {}
    for kind, name in KINDS.items():
        own = folder / FOLDER / name if folder else None
        try:
            read[kind] = _READ[kind](own.read_bytes() if own and own.is_file() else bundled(kind))
        except ListError as wrong:
            raise ListError(f"{own or name}: {wrong}") from None
    return Lists(read["controlled"], read["remote"], read["long"], read["medicines"], read["icd10"])


def import_list(kind: str, file: Path, folder: Path) -> int:
    """Check a file and keep it as the desk's list of that kind; return how many entries it has.

    :raises ListError: it is none.
    :raises OSError: it cannot be read, or the folder cannot be written.
    """
    if file.stat().st_size > MAX_FILE:
        raise ListError(f"larger than {MAX_FILE // 1024 // 1024} MB")
    content = file.read_bytes()
    made = _READ[kind](content)
    own = folder / FOLDER
    own.mkdir(parents=True, exist_ok=True)
    new = own / f"{KINDS[kind]}.new"
    new.write_bytes(content)
    new.replace(own / KINDS[kind])
    return _count(made)


def _count(made: object) -> int:
    match made:
        case Controlled():
            return sum(len(part.names) for part in made.lists)
        case Medicines():
            return sum(len(part.substances) for part in made.classes)
        case CodeSet():
            return made.size
        case _:
            assert isinstance(made, tuple)
            return len(made)  # pyright: ignore[reportUnknownArgumentType]


def _spellings(name: str) -> list[str]:
    """Return the names in one entry: ``n-methylephedrine (methylephedrine, dl-methylephedrine)`` has three."""
    return [each.strip() for each in re.split(r"[(),]", name) if each.strip()]


def _toml(content: bytes) -> Mapping[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise ListError(str(wrong)) from None


M = TypeVar("M", bound=BaseModel)


def _as(model: type[M], content: bytes) -> M:
    try:
        return model.model_validate(_toml(content))
    except ValidationError as wrong:
        first = wrong.errors()[0]
        raise ListError(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None


def _rows(content: bytes, needed: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise ListError(str(wrong)) from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
    if not rows or not set(needed) <= rows[0].keys():
        raise ListError(f"the first line must name the columns {', '.join(needed)}")
    return [{key: (value or "").strip() for key, value in row.items() if key} for row in rows]


def _remote(content: bytes) -> CodeSet:
    return CodeSet(_as(RemoteConditions, content).codes)


def _long(content: bytes) -> CodeSet:
    return CodeSet(tuple(row["icd10"] for row in _rows(content, ("icd10",)) if row["icd10"]))


def _icd10(content: bytes) -> tuple[Condition, ...]:
    rows = _rows(content, ("code", "vi"))
    wrong = next((row["code"] for row in rows if not re.fullmatch(r"[A-Z]\d{2}(\.\d{1,2})?", row["code"])), None)
    if wrong is not None:
        raise ListError(f'"{wrong}" is no ICD-10 code')
    return tuple(Condition(row["code"], row["vi"], row.get("en", "")) for row in rows)


_READ: dict[str, Any] = {
    "controlled": lambda content: _as(Controlled, content),  # pyright: ignore[reportUnknownLambdaType]
    "remote": _remote,
    "long": _long,
    "medicines": lambda content: _as(Medicines, content),  # pyright: ignore[reportUnknownLambdaType]
    "icd10": _icd10,
}
