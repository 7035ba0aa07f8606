"""Whatever comes from outside raises its documented exception or none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEED = os.environ.get("TRAMKIT_FUZZ_SEED", "20261130")


@pytest.mark.slow
def test_a_minute_of_fuzzing_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.field.fuzz", "--seed", SEED, "--seconds", "60"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"seed {SEED}: {done.stderr[-2000:]}"
