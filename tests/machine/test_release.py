"""A release: one version, the same bytes twice, and nothing of the tests in what a station installs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RELEASE = ROOT / "deploy/release.py"


def build(folder: Path) -> dict[str, str]:
    """Build the project's own wheels; return the SHA-256 of each by its name, as the release says them."""
    subprocess.run([sys.executable, str(RELEASE), "--own-only", str(folder)], check=True, capture_output=True)
    sums = dict(reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines())
    for name, sum in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == sum
    return sums


@pytest.mark.slow
def test_the_same_commit_gives_the_same_wheels_of_one_version_without_any_test(tmp_path: Path) -> None:
    first, second = build(tmp_path / "one"), build(tmp_path / "two")
    assert first == second
    assert len({name.split("-")[1] for name in first}) == 1
    assert len(first) == 1 + len(list((ROOT / "plugins").glob("*/pyproject.toml")))
    for name in first:
        with zipfile.ZipFile(tmp_path / "one" / name) as wheel:
            tests = [each for each in wheel.namelist() if "/tests/" in f"/{each}" or each.startswith("test_")]
        assert tests == []
