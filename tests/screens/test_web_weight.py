"""What a browser loads of the web screen stays small: a kiosk's browser is thrown away and started anew."""

from __future__ import annotations

import gzip
from pathlib import Path

from tramkit_hal.screens import web

STATIC = Path(web.__file__).parent / "static"
MAX_SCRIPT = 9 * 1024
MAX_STYLE = 15 * 1024
"""Packed, bytes."""


def packed(*names: str) -> int:
    """Return how many bytes files have when packed."""
    return sum(len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in names)


def test_script_and_style_stay_within_their_budgets() -> None:
    assert packed("screen.js", "line.js") <= MAX_SCRIPT
    assert packed("screen.css", "palettes.css", "landscape.css") <= MAX_STYLE


def test_nothing_else_is_loaded() -> None:
    assert {file.suffix for file in STATIC.iterdir()} == {".css", ".js", ".svg"}
