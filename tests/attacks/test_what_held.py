"""The table of what held names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

from support.security_report import FOLDERS

TABLE = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")


def test_each_attack_that_came_to_nothing_is_repeated() -> None:
    there = {
        f"{file.name}::{name}"
        for folder in FOLDERS
        for file in folder.rglob("test_*.py")
        for name in re.findall(r"(?m)^(?:async )?def (test_\w+)\(", file.read_text(encoding="utf-8"))
    }
    rows = re.findall(r"(?m)^\| ([^|]+) \|(.*test_.*)\|$", TABLE)
    assert len(rows) >= 12
    named = re.findall(r"`(test_\w+\.py::test_\w+)`", TABLE)
    assert sorted(set(named) - there) == []
