"""The house stands as docs/architecture.md draws it: few files on a floor, no circle of imports, no room too long."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {"tramkit": ROOT / "core", "tramkit_hal": ROOT / "hal"}
PLUGINS = {folder.name: folder.parent for folder in sorted(ROOT.glob("plugins/*/tramkit_*"))}
MAX_FLAT = {"tramkit": 12, "tramkit_hal": 8}
MAX_LINES = 400
MAX_FUNCTION = 60
REASON = "Longer than 400 lines"
"""How the reason begins, in the docstring of a module that is longer."""


def modules(packages: Mapping[str, Path] = PACKAGES) -> dict[str, Path]:
    """Return the file of each module of some packages, of core and HAL where none are named."""
    found: dict[str, Path] = {}
    for package, folder in packages.items():
        for file in (folder / package).rglob("*.py"):
            parts = file.relative_to(folder).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imported(file: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules that a file imports, those for types and those inside functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield full if full in known else node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_no_module_imports_itself_in_a_circle_not_even_for_types() -> None:
    known = modules()
    graph = {name: {each for each in imported(file, known) if each in known} - {name} for name, file in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle of imports: {' → '.join(circle.args[1])}")


@pytest.mark.parametrize("package", PACKAGES)
def test_few_files_lie_flat_at_the_top(package: str) -> None:
    flat = sorted(file.name for file in (PACKAGES[package] / package).glob("*.py"))
    assert len(flat) <= MAX_FLAT[package], flat


def test_a_long_module_says_why_it_is_one() -> None:
    long = {
        name: lines
        for name, file in modules(PACKAGES | PLUGINS).items()
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > MAX_LINES
        and REASON not in (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "")
    }
    assert long == {}


def test_a_function_is_read_at_once() -> None:
    long = {
        f"{name}.{node.name}": lines
        for name, file in modules(PACKAGES | PLUGINS).items()
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION
    }
    assert long == {}


def test_plugins_go_in_no_circle_either() -> None:
    known = modules(PLUGINS)
    assert len(PLUGINS) >= 7
    graph = {name: {each for each in imported(file, known) if each in known} - {name} for name, file in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle of imports: {' → '.join(circle.args[1])}")
