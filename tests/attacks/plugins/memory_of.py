"""Searches the memory of a plugin's processes, from outside."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import psutil

CHUNK = 4 << 20


def processes() -> list[int]:
    """Return the ids of all processes that this one has started, and that those have."""
    return [each.pid for each in psutil.Process().children(recursive=True)]


def found_in(pid: int, needles: Sequence[str]) -> list[str] | None:
    """Return which words stand in what a process can write to, as UTF-8 or UTF-16; None: it cannot be read, or is gone.

    Nothing of the words may be left in the process that asks: whoever is searched was forked of another one.
    """
    forms = [(each, form) for each in needles for form in (each.encode(), each.encode("utf-16-le"))]
    found: set[str] = set()
    try:
        spans = [line.split()[:2] for line in Path(f"/proc/{pid}/maps").read_text(encoding="ascii").splitlines()]
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for span, mode in spans:
                if mode.startswith("rw"):
                    low, high = (int(each, 16) for each in span.split("-"))
                    found |= _in_span(memory.fileno(), low, high, forms)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    return sorted(found)


def _in_span(memory: int, low: int, high: int, forms: Sequence[tuple[str, bytes]]) -> set[str]:
    found: set[str] = set()
    for start in range(low, high, CHUNK - 256):
        try:
            chunk = os.pread(memory, min(CHUNK, high - start), start)
        except OSError:
            continue
        found.update(word for word, form in forms if form in chunk)
    return found


def held(needles: Sequence[str]) -> dict[int, list[str]]:
    """Return which processes of plugins hold which words; those that have ended hold none."""
    searched = {pid: found_in(pid, needles) for pid in processes()}
    return {pid: found for pid, found in searched.items() if found}
