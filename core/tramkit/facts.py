"""Dated facts: fees, rates, limits, forms, holidays. Each stands in a data file with source, days and doubt.

Every TOML file of a plugin's package is looked through; what begins or ends soon is told before it does.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import Field, model_validator

from tramkit.problems import read_toml
from tramkit_hal.data import Data
from tramkit_hal.words import Text, bilingual, verbatim

_log = logging.getLogger(__name__)

SOON = timedelta(days=90)
"""So long before a value begins or ends the operator is told."""
STALE = timedelta(days=365)
"""A value that nobody has held against its source for so long is named."""
MIN_SOURCE = 3
"""Letters; less names no source."""
MAX_FILE = 32 * 1024 * 1024
CORE = "tramkit"
MANIFEST = "plugin.toml"
CALENDAR = Path(__file__).parent / "calendar.toml"
DAYS = {"effective_from": "the first day", "effective": "the same", "effective_to": "the last"}
NAMES = ("id", "code", "procedures", "day", "year", "what", "name", "title")
"""Keys that tell one value of a list from another, the first that is there."""


class DatedFile(Data):
    """What every file of dated values may say of itself.

    :param checked: when all of it was last held against the sources.
    :param doubt: what could not be confirmed.
    """

    checked: date | None = None
    doubt: str = ""


class Dated(DatedFile):
    """A value that holds from one day to another.

    :param source: where it stands: law, standard, letter.
    :param effective_from: the first day.
    :param effective_to: the last day; None: until further notice.
    """

    source: str = Field(min_length=MIN_SOURCE)
    effective_from: date
    effective_to: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Dated:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("effective_to lies before effective_from")
        return self

    def in_force(self, on: date) -> bool:
        """Tell whether it holds on a day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


D = TypeVar("D", bound=Dated)


def newest(values: Sequence[D], on: date) -> D | None:
    """Return the value that began last on a day or before it; None: none has begun."""
    began = (value for value in values if value.effective_from <= on)
    return max(began, key=lambda value: value.effective_from, default=None)


class FactsFile(Data):
    """A file of dated values for which an operator may give one of their own, as ``plugin.toml`` names it.

    :param file: in the plugin's package.
    :param setting: of the plugin; where an operator names a file there, that one counts.
    """

    file: str = Field(pattern=r"^[a-z0-9_/]+\.toml$")
    setting: str = Field(min_length=1)


@dataclass(frozen=True)
class DatedValue:
    """One dated value, wherever it stands.

    :param owner: the plugin; ``tramkit``: the core.
    :param what: what it is, in the file's own words.
    :param source: empty: the file names none.
    :param begins, ends: the first and the last day; None: no such day stands there.
    :param words: what it is, for a person; None: ``what`` is all there is.
    """

    owner: str
    file: str
    what: str
    source: str
    checked: date | None
    doubt: str
    begins: date | None
    ends: date | None
    words: Text | None = None

    def in_force(self, on: date) -> bool:
        """Tell whether it holds on a day."""
        return (self.begins is None or self.begins <= on) and (self.ends is None or on <= self.ends)

    @property
    def label(self) -> Text:
        """What it is, for the operator."""
        return self.words or verbatim(f"{self.owner}: {self.what}")


@dataclass(frozen=True)
class Change:
    """A value that begins or ends soon.

    :param on: the first day on which things are different.
    :param begins: it begins then; otherwise it has ended the day before.
    """

    on: date
    begins: bool
    value: DatedValue


def values_of(owner: str, file: Path) -> list[DatedValue]:
    """Return the dated values of a file.

    :raises FileError: it is missing or no TOML.
    """
    data = read_toml(file, MAX_FILE)
    return list(_walk(owner, file.name, data, {}, file.stem))


def changes(values: Iterable[DatedValue], on: date, within: timedelta = SOON) -> list[Change]:
    """Return what begins or ends within so many days, the next one first.

    :param on: today.
    """
    found: list[Change] = []
    for value in values:
        if value.begins is not None and on < value.begins <= on + within:
            found.append(Change(value.begins, True, value))
        if value.ends is not None and on <= value.ends <= on + within:
            found.append(Change(value.ends + timedelta(days=1), False, value))
    return sorted(found, key=lambda each: (each.on, not each.begins, each.value.owner, each.value.what))


def without_source(values: Iterable[DatedValue], on: date) -> list[DatedValue]:
    """Return the values in force on a day of which nobody says where they stand."""
    return [value for value in values if value.in_force(on) and len(value.source.strip()) < MIN_SOURCE]


def _walk(owner: str, file: str, table: Mapping[str, Any], above: Mapping[str, Any], path: str) -> Iterator[DatedValue]:
    """Yield the values in a table of a file; what stands above a value holds of it too."""
    kept = ("checked", "doubt")
    if table.keys() & DAYS.keys() or ("source" in table and above.keys() & DAYS.keys()):
        if "source" not in table and _has_sources(table):
            kept = (*kept, *DAYS)  # its days are those of what stands below, each with its source
        else:
            yield _value(owner, file, {**above, **table}, table, path)
    known = {**above, **{key: table[key] for key in kept if key in table}}
    for key, each in table.items():
        if isinstance(each, Mapping):
            yield from _walk(owner, file, cast("Mapping[str, Any]", each), known, key)
        elif isinstance(each, list):
            yield from _walk_list(owner, file, cast("list[Any]", each), known, key)


def _walk_list(owner: str, file: str, items: list[Any], above: Mapping[str, Any], key: str) -> Iterator[DatedValue]:
    """Yield the values of a list. Where nothing tells one from another, the newest that has begun counts."""
    tables = [cast("Mapping[str, Any]", each) for each in items if isinstance(each, Mapping)]
    nameless = not any(_name(each) for each in tables)
    begins = sorted(filter(None, (_day(each.get("effective_from")) for each in tables)))
    for number, each in enumerate(tables, start=1):
        for value in _walk(owner, file, each, above, f"{key} {number}"):
            later = next((day for day in begins if value.begins is not None and day > value.begins), None)
            ends = later - timedelta(days=1) if later is not None and nameless and value.ends is None else value.ends
            yield replace(value, ends=ends)


def _has_sources(table: Mapping[str, Any]) -> bool:
    below = [
        each for value in table.values() for each in (cast("list[Any]", value) if isinstance(value, list) else [value])
    ]
    return any(isinstance(each, Mapping) and "source" in each for each in below)


def _value(owner: str, file: str, table: Mapping[str, Any], own: Mapping[str, Any], path: str) -> DatedValue:
    """Return a value.

    :param table: with what it has from above.
    :param own: without.
    """
    name = _name(own)
    words: Any = next((own[key] for key in ("what", "title", "name") if _is_words(own.get(key))), None)
    return DatedValue(
        owner=owner,
        file=file,
        what=f"{path.rstrip(' 0123456789')} {name}".strip() if name else path,
        source=str(table.get("source") or ""),
        checked=_day(table.get("checked")),
        doubt=str(table.get("doubt") or ""),
        begins=_day(table.get("effective_from", table.get("effective"))),
        ends=_day(table.get("effective_to")),
        words=bilingual(vi=str(words["vi"]), en=str(words["en"])) if words is not None else None,
    )


def _name(table: Mapping[str, Any]) -> str:
    for key in NAMES:
        value: Any = table.get(key)
        if _is_words(value):
            return str(value["vi"])
        if isinstance(value, list):
            return ", ".join(map(str, cast("list[Any]", value)))
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
    return ""


def _is_words(value: Any) -> bool:
    return isinstance(value, Mapping) and {"vi", "en"} <= set(cast("Mapping[str, Any]", value))


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
