"""Holds the golden pages that a plugin ships in ``golden.json`` to what its conversations show; writes them when asked.

One test a plugin goes through its walks and compares the whole file: a page whose content has changed, one that no walk
shows any more and one that is not written down all fail. ``make golden`` writes the files anew, by the same tests.
"""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tramkit_hal.device.clock import SystemClock
from tramkit_hal.ui.pages import AnyPage, Ask, Tone, View
from tramkit_payments.vietqr import parse, payload

RECORDING = os.environ.get("TRAMKIT_RECORD") == "1"
AT = datetime(2026, 11, 23, 3, 42, tzinfo=UTC)
"""The moment at which golden pages are met."""

RECEIPT, MEMO = "K7Q29 MX4AT", "T4KQ7X2M9CN5B"
DRAWN = {
    "Receipt code": RECEIPT,
    "Your receipt code: {code}": RECEIPT,
    "Transfer message": MEMO,
    "Application number": "AC1A2B3C4D",
    "Account number": "0123456789",
    "Confirmation number": "TB1A2B3C4D",
    "Transaction": "AG1A2B3C4D5E6F",
}
"""What is drawn by lot, by the label or sentence in which it stands, and what is written down in its place."""
SHAPES = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), "http://192.0.2.10:8090"),
    (re.compile(r"\b[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}\b"), "WDJB-MJHT"),
)
"""The same for what is known by its form: addresses with a free port, codes of a sign-in."""


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
            return [_steady(each) for each in node]
        case dict():
            drawn = DRAWN.get(str(node.get("id"))) or DRAWN.get(str(_label(node).get("id")))
            return {name: _replaced(value, drawn) if drawn else _steady(value) for name, value in node.items()}
        case _:
            return node


def _label(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the label of a fact, or of a sentence made of label and value."""
    found = node.get("label") or node.get("params", {}).get("label")
    return found if isinstance(found, dict) else {}


def _replaced(value: Any, drawn: str) -> Any:
    """Return a value with what was drawn by lot replaced: the words themselves, or what stands in them."""
    match value:
        case {"domain": "", "id": str()}:
            return value | {"id": drawn}
        case {"value": inner}:
            return value | {"value": _replaced(inner, drawn)}
        case {"code": str()}:
            return value | {"code": drawn}
        case _:
            return value


def _shaped(text: str) -> str:
    if text.startswith("000201"):
        qr = parse(text)
        return payload(qr.bin, qr.account, qr.amount, MEMO)
    for pattern, example in SHAPES:
        text = pattern.sub(example, text)
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
    assert not said, f"{file} is not what is shown; is it meant? then: make golden\n" + "\n".join(sorted(said))


def _difference(before: Any, now: Any) -> str:
    lines = (json.dumps(each, ensure_ascii=False, indent=1).splitlines() for each in (before, now))
    return "\n".join(difflib.unified_diff(*lines, "written down", "shown", n=2, lineterm=""))
