"""A short run of ``python -m tests.chaos``; its seed is in the output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_random_power_cuts_under_load_lose_and_double_nothing() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--kills", "20", "--seed", "20261124"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert run.returncode == 0, run.stderr + run.stdout
    told = json.loads(run.stdout)
    assert told["kills"] == 20
    assert told["wrong"] == 0
    assert told["endings"]["done"] > 20
