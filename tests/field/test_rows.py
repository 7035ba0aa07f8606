"""The table of rows names tests that there are: each row's own input and at least five others of its kind."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (Path(__file__).parent / "README.md").read_text(encoding="utf-8").partition("## Before")[0]
FILES = ("tests/field", "plugins/telehealth/tests/kiosk/test_media.py")
LEAST = 6
NAME = re.compile(r"`(test_\w+\.py::test_\w+)`")


def collected() -> Counter[str]:
    """Return how many inputs each test is run with."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *FILES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return Counter(re.findall(r"(?m)(test_\w+\.py::test_\w+)", done.stdout))


@pytest.mark.slow
def test_each_row_is_shown_with_five_others_of_its_kind() -> None:
    found = collected()
    rows = {int(number): NAME.findall(tests) for number, tests in re.findall(r"(?m)^\| (\d+) \|[^|]*\|(.*)\|$", TABLE)}
    assert sorted(rows) == list(range(1, 27))
    assert [name for name in NAME.findall(TABLE) if not found[name]] == []
    few = {row: count for row, names in rows.items() if (count := sum(found[name] for name in names)) < LEAST}
    assert few == {}
