"""Tramkit and the examples as wheels, where nothing else of this repository can be imported: their own tests run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from examples.venv import EXAMPLES, ROOT, Venv, wheel

pytestmark = pytest.mark.slow

WHERE = "import tramkit, tramkit_hal, tramkit.testing; print(tramkit.__file__, tramkit_hal.__file__)"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """An environment with the wheels of Tramkit and of each example."""
    folder = tmp_path_factory.mktemp("wheels")
    venv = Venv(folder / "venv", ours=False)
    projects = (ROOT, *sorted(EXAMPLES.iterdir()))
    venv.install(*(wheel(project, folder) for project in projects))
    return venv


def test_nothing_of_the_source_tree_is_seen(clean: Venv, tmp_path: Path) -> None:
    told = clean.run("-c", WHERE, folder=tmp_path)
    assert told.returncode == 0, told.stderr
    assert str(ROOT) not in told.stdout
    for ours in ("support", "kit", "tramkit_billing"):
        assert clean.run("-c", f"import {ours}", folder=tmp_path).returncode != 0, f"{ours} can be imported"


@pytest.mark.parametrize("example", sorted(each.name for each in EXAMPLES.iterdir()))
def test_the_tests_of_an_example_hold_with_wheels_alone(clean: Venv, example: str, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / example / "tests", tmp_path / "tests")
    shutil.copy(EXAMPLES / example / "pyproject.toml", tmp_path)
    run = clean.run("-m", "pytest", "-q", "tests", "-p", "no:cacheprovider", folder=tmp_path, seconds=500)
    assert run.returncode == 0, run.stdout[-5000:] + run.stderr[-2000:]
    print(run.stdout.splitlines()[-1])
