"""Holds the golden pages that a plugin ships in ``golden.json`` to what its conversations show; writes them when asked.

One test a plugin goes through its walks and compares the whole file: a page whose content has changed, one that no walk
shows any more and one that is not written down all fail. ``make golden`` writes the files anew, by the same tests.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from tramkit.plugins.golden import read
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.ui.pages import AnyPage, Ask, Tone, View

RECORDING = os.environ.get("TRAMKIT_RECORD") == "1"
AT = datetime(2026, 11, 23, 3, 42, tzinfo=UTC)
"""The moment at which golden pages are met."""

RECEIPT, MEMO = "K7Q29 MX4AT", "T4KQ7X2M9CN5B"

Steady = Callable[[str], str]
"""Takes words of a page; returns them without what differs from one visit to the next."""

_drawn = {
    "Receipt code": RECEIPT,
    "Your receipt code: {code}": RECEIPT,
    "Keep the code {code}: My receipts shows what became of it": RECEIPT,
    "Transfer message": MEMO,
}
_shapes: list[Steady] = []


def drawn(label: str, written: str) -> None:
    """Say that what stands beside a label, or in a sentence, is drawn by lot.

    :param label: msgid of a fact's label, or of the sentence.
    :param written: what is written down in its place.
    """
    _drawn[label] = written


def shaped(steady: Steady) -> Steady:
    """Say how words are made steady that are known by their form alone: a decorator."""
    _shapes.append(steady)
    return steady


@shaped
def _addresses(text: str) -> str:
    """A free port is another one each time."""
    return re.sub(r"http://127\.0\.0\.1:\d+", "http://192.0.2.10:8090", text)


@shaped
def _sign_in_codes(text: str) -> str:
    return re.sub(r"\b[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}\b", "WDJB-MJHT", text)


class StandingClock(SystemClock):
    """A clock whose time of day stands still while waits go on, so that a page says the same on any day."""

    def now(self) -> datetime:
        return AT


def name_of(page: AnyPage) -> str:
    """Return what tells a page from the others of its walk: its kind, its words, whether something is wrong."""
    parts = [page.kind, page.title.id]
    if isinstance(page, Ask) and page.errors:
        parts.append("wrong")
    for what in ("result", "codes", "connection", "tone"):
        found = getattr(page, what, None)
        if found and found != Tone.PLAIN:
            parts.append(str(found) if isinstance(found, str) else what)
    return " · ".join(parts)


def met(walk: str, views: Iterable[View], names: Iterable[str]) -> dict[str, Any]:
    """Return those of the pages shown that have these names, as they are written down; of two alike the first.

    :raises AssertionError: one was not shown.
    """
    shown: dict[str, AnyPage] = {}
    for view in views:
        shown.setdefault(name_of(view.page), view.page)
    missing = [name for name in names if name not in shown]
    assert not missing, f"{walk} does not show {missing}; it shows {list(shown)}"
    return {f"{walk}, {name}": steady(shown[name]) for name in names}


def steady(page: AnyPage) -> Any:
    """Return a page as data without what differs from one visit to the next."""
    given: dict[str, Any] = {"id": page.kind, "revision": 1}
    if getattr(page, "level", None) is not None:
        given["level"] = 0.4
    data = page.model_copy(update=given).model_dump(mode="json", exclude_none=True)
    if "action" in type(page).model_fields:  # a page without its button is another page than one with the usual button
        data.setdefault("action", None)
    return _steady(data)


def _steady(node: Any) -> Any:
    match node:
        case str():
            return _shaped(node)
        case list():
            return [_steady(each) for each in cast("list[Any]", node)]
        case dict():
            node = cast("dict[str, Any]", node)
            found = _drawn.get(str(node.get("id"))) or _drawn.get(str(_label(node).get("id")))
            return {name: _replaced(value, found) if found else _steady(value) for name, value in node.items()}
        case _:
            return node


def _label(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the label of a fact, or of a sentence made of label and value."""
    found: Any = node.get("label") or node.get("params", {}).get("label")
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _replaced(value: Any, drawn: str) -> Any:
    """Return a value with what was drawn by lot replaced: the words themselves, or what stands in them."""
    match value:
        case {"domain": "", "id": str()}:
            return cast("dict[str, Any]", value) | {"id": drawn}
        case {"value": inner}:
            return cast("dict[str, Any]", value) | {"value": _replaced(inner, drawn)}
        case {"code": str()}:
            return cast("dict[str, Any]", value) | {"code": drawn}
        case _:
            return value


def _shaped(text: str) -> str:
    for steady_words in _shapes:
        text = steady_words(text)
    return text


def hold(file: Path, pages: Mapping[str, Any], *, recording: bool = RECORDING) -> None:
    """Compare the pages that all walks of a plugin have shown with the file that it ships, or write the file.

    :raises AssertionError: they differ; the words say in which page and how.
    """
    if recording:
        file.write_text(json.dumps(dict(sorted(pages.items())), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return
    shipped: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    said = [f"{name}: no walk shows it" for name in shipped.keys() - pages.keys()]
    said += [f"{name}: not written down" for name in pages.keys() - shipped.keys()]
    said += [
        f"{name}:\n{_difference(shipped[name], pages[name])}"
        for name in shipped.keys() & pages.keys()
        if shipped[name] != pages[name]
    ]
    assert not said, f"{file} is not what is shown; is it meant? then: TRAMKIT_RECORD=1\n" + "\n".join(sorted(said))


def _difference(before: Any, now: Any) -> str:
    old, new = (json.dumps(each, ensure_ascii=False, indent=1).splitlines() for each in (before, now))
    return "\n".join(difflib.unified_diff(old, new, "written down", "shown", n=2, lineterm=""))


def pages_in(package: str) -> Mapping[str, AnyPage]:
    """Return the golden pages that an installed package ships, by name; empty: none.

    :param package: its import name.
    """
    return read(files(package))
