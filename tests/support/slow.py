"""Which parameters of a test ``make test`` runs, and which only ``make test-slow``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def quick_and_slow(quick: Iterable[Any], of: Iterable[Any]) -> list[Any]:
    """Return all parameters of a test in their order; who is not among the quick ones is marked slow.

    :param quick: what shows each kind once.
    :param of: all of them.
    """
    chosen, found = list(quick), list(of)
    assert all(each in found for each in chosen), f"{chosen} are not all among {found}"
    return [each if each in chosen else _slow(each) for each in found]


def each_with_each(ones: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    """Return all pairs as parameters of a test; quick are as few as have each of both in one of them."""
    rows, columns = list(ones), list(others)
    turns = range(max(len(rows), len(columns)))
    quick = [(rows[turn % len(rows)], columns[turn % len(columns)]) for turn in turns]
    return quick_and_slow(quick, [(row, column) for row in rows for column in columns])


def _slow(value: Any) -> Any:
    values = value if isinstance(value, tuple) and not hasattr(value, "_fields") else (value,)
    return pytest.param(*values, marks=pytest.mark.slow)
