"""The guide to a visit names everything that a service may use."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from tramkit import Visit, forms
from tramkit.conversation.conversation import VisitEnding

GUIDE = (Path(__file__).parents[2] / "docs" / "visit.md").read_text(encoding="utf-8")


def test_every_public_method_of_a_visit_is_in_the_guide() -> None:
    public = {name for name, _ in inspect.getmembers(Visit) if not name.startswith("_")}
    missing = {name for name in public if not re.search(rf"`{name}[(`]", GUIDE)}
    assert missing == set()


def test_every_kind_of_question_is_in_the_guide() -> None:
    made = {
        name
        for name, value in vars(forms).items()
        if inspect.isfunction(value) and not name.startswith("_") and value.__module__ == forms.__name__
    }
    listed = re.search(r"`forms` has `([a-z_ ]+)`", GUIDE)
    assert listed is not None
    assert set(listed[1].split()) == made


def test_the_endings_are_in_the_guide() -> None:
    endings = VisitEnding.__args__  # type: ignore[attr-defined]
    assert all(ending in GUIDE for ending in endings)
