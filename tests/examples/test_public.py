"""What is public is enough: bundled plugins and examples import nothing else, and each public name says what it is."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import tramkit
from examples.venv import EXAMPLES, ROOT
from tramkit.translations import problems_of

NAMES = ("tramkit",)
"""Packages of which what ``__all__`` names is public."""
PACKAGES = ("tramkit.testing", "tramkit.sandbox", "tramkit_hal.contracts", "tramkit_hal.testing", "tramkit_hal.card")
"""Packages of which every module is public, and in it every name without an underscore."""
TOOLS = ("tramkit.translations",)
"""Run as commands, and used by tests."""
FOLDERS = [*sorted(EXAMPLES.iterdir()), *sorted((ROOT / "plugins").glob("*/"))]


def imports_of(folder: Path, *, tests: bool) -> Iterator[tuple[str, str, list[str]]]:
    """Yield every import in a folder: file, module, names."""
    for file in sorted(folder.rglob("*.py")):
        if not tests and "tests" in file.relative_to(folder).parts[:-1]:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                yield str(file.relative_to(ROOT)), node.module, [alias.name for alias in node.names]
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    yield str(file.relative_to(ROOT)), alias.name, []


def private(module: str, names: list[str]) -> list[str]:
    """Return what of an import is not public."""
    if module.partition(".")[0] not in ("tramkit", "tramkit_hal"):
        return []
    if module in NAMES:
        return [name for name in names if name not in tramkit.__all__ and f"tramkit.{name}" not in PACKAGES]
    if module in TOOLS or any(module == each or module.startswith(f"{each}.") for each in PACKAGES):
        return [part for part in [*module.split("."), *names] if part.startswith("_")]
    return [f"the whole of {module}"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_plugin_imports_what_is_public_only(folder: Path) -> None:
    ours = folder.parent == EXAMPLES  # an example's tests too: a partner has nothing else
    wrong = [
        f"{file}: {module}: {each}"
        for file, module, names in imports_of(folder, tests=ours)
        for each in private(module, names)
    ]
    assert wrong == []


def test_what_is_not_public_is_noticed() -> None:
    assert private("tramkit_hal.drivers.escpos", ["EscPosPrinter"])
    assert private("tramkit_hal.contracts.audio", ["_queue"]) == ["_queue"]
    assert private("tramkit", ["Ledger"]) == ["Ledger"]
    assert private("tramkit.testing.kit", ["KitStation"]) == []


@pytest.mark.parametrize("package", [*NAMES, "tramkit.testing", "tramkit.sandbox", "tramkit_hal.testing"])
def test_every_public_name_is_there_and_says_what_it_is(package: str) -> None:
    module = importlib.import_module(package)
    plain = {"JOINERS", "LANGUAGES", "VIETNAM", "Nfc", "Born", "APPLICATIONS", "Fault", "Make", "VisitEnding"}
    undescribed = [
        name for name in module.__all__ if name not in plain and not (getattr(module, name).__doc__ or "").strip()
    ]
    assert undescribed == []


@pytest.mark.parametrize(
    "package", ["core/tramkit", "hal/tramkit_hal", *(f"plugins/{each.name}" for each in FOLDERS[2:])]
)
def test_every_package_says_that_it_is_typed(package: str) -> None:
    folder = ROOT / package
    assert (folder / "py.typed").exists() or list(folder.glob("tramkit_*/py.typed")), package


def test_the_examples_words_are_translated() -> None:
    assert problems_of(EXAMPLES / "tramkit-water" / "tramkit_water", "vi") == []
