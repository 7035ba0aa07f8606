"""The ways of six things through the code can be followed, and each goes through both sides of the interface."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_way_is_followed_from_the_touch_to_the_page() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.ways", "--files"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    ways = {line["way"]: line for line in map(json.loads, told.stdout.splitlines())}
    assert set(ways) == {"tap", "order", "reading", "configuration value", "identification", "doctor's message"}
    for name in ("tap", "order", "reading", "identification"):
        entered = ways[name]["entered"]
        assert "core/tramkit/visit/visit.py" in entered or "core/tramkit/visit/serving.py" in entered, name
        assert "core/tramkit/station/station_host.py" in entered, name
        assert ways[name]["returns"] == len(entered) - len(set(entered)), name
