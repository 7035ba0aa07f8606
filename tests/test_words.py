"""One word means one thing: words that the field does not have are gone, and no two classes of ours share a name."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import tramkit_hal

ROOT = Path(__file__).parents[1]
CODE = ("core", "hal", "plugins", "examples", "bench", "tests")
GONE = {
    "aloud": "verbalise",
    "tongue_of": "language_of",
    "own_pages": "system_pages",
    "code_in_picture": "qr_detect",
    "examiner": "sandboxed_worker",
    "undead": "did_not_stop",
    "unheard": "not_found",
    "happenings": "events",
    "kiosk_came": "on_kiosk_connected",
    "kiosk_went": "on_kiosk_disconnected",
    "page_came": "on_page_opened",
    "page_went": "on_page_closed",
    "_put_out": "_disconnect",
    "hands": "driver, web_driver",
    "till": "money_station",
    "city": "outside_world",
}
"""Names that were made up here, and what the field says."""
OF_AN_ADDRESS = {"city"}
"""Of a shop in a payment code it is the field's own word (EMVCo MPM, tag 60)."""
ONE_MEANING = (
    "Ending", "Trouble", "Control", "Entry", "Tone", "Reading", "Fact", "VietQr", "Refused", "Happened", "Row",
)  # fmt: skip
"""Words that meant several things; each names one class at most."""


def sources(*folders: str) -> Iterator[Path]:
    """Yield the Python files of ours."""
    for folder in folders:
        yield from (file for file in sorted((ROOT / folder).rglob("*.py")) if ".venv" not in file.parts)


def names_in(file: Path) -> Iterator[tuple[int, str]]:
    """Yield each name in code, with its line: not the words of comments and texts."""
    with io.BytesIO(file.read_bytes()) as text:
        for token in tokenize.tokenize(text.readline):
            if token.type == tokenize.NAME:
                yield token.start[0], token.string


def classes(*folders: str) -> dict[str, list[str]]:
    """Return the files of each class outside tests, by its name."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sources(*folders):
        if "tests" not in file.parts:
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(str(file.relative_to(ROOT)))
    return found


def test_no_name_of_our_own_making_is_left() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{line}: {name}; say {GONE[name]}"
        for file in sources(*CODE)
        if file != Path(__file__)
        for line, name in names_in(file)
        if name in GONE and not (name in OF_AN_ADDRESS and ("payments" in str(file) or file.stem == "fuzz_money"))
    ]
    assert found == []


def test_no_module_bears_such_a_name() -> None:
    modules = [str(file.relative_to(ROOT)) for file in sources(*CODE) if file.stem in {*GONE, "still", "rounds"}]
    assert modules == ["bench/call/rounds.py"], "rounds of a measurement are rounds"


def test_a_bound_is_a_max() -> None:
    assert [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in sources(*CODE)
        for line, name in names_in(file)
        if re.match(r"_?MOST_", name)
    ] == []


@pytest.mark.parametrize("word", ONE_MEANING)
def test_a_word_names_one_class(word: str) -> None:
    assert len(classes("core", "hal", "plugins").get(word, [])) <= 1


def test_core_and_hal_share_no_name_but_where_a_page_and_its_part_do() -> None:
    """A few drivers' modules have a class of their own beside the contract's; they are listed, and no more come."""
    twice = {name for name, files in classes("core", "hal").items() if len(files) > 1}
    assert twice <= {
        "Answer", "Code", "Connection", "Done", "Finding", "Journal", "Paper", "Printed", "Profile", "Question",
        "Report", "Template",
        "SpeakerSettings", "StaffCall", "TerminalSettings", "Wire",
    }  # fmt: skip


def errors_of(folder: str) -> Iterator[tuple[str, str]]:
    """Yield each exception class that a folder defines: file, name."""
    for file in sources(folder):
        if "tests" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(each).rpartition(".")[2] for each in node.bases]
                if any(re.search(r"(Error|Exception|Warning)$", each) for each in bases):
                    yield str(file.relative_to(ROOT)), node.name


def bases_of() -> dict[str, set[str]]:
    """Return the bases of each class, by name."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder in ("core", "hal", "plugins", "examples"):
        for file in sources(folder):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[node.name] |= {ast.unparse(each).rpartition(".")[2] for each in node.bases}
    return found


@pytest.mark.parametrize("folder", ["core", "hal", "plugins", "examples"])
def test_every_exception_is_an_error_under_one_root(folder: str) -> None:
    bases = bases_of()

    def under_root(name: str) -> bool:
        return name == "TramkitError" or any(under_root(each) for each in bases[name] if each in bases)

    found = list(errors_of(folder))
    assert len(found) >= {"core": 25, "hal": 15, "plugins": 15, "examples": 1}[folder], "they are counted"
    assert [each for each in found if not each[1].endswith("Error")] == []
    assert [each for each in found if each[1] != "TramkitError" and not under_root(each[1])] == []
    assert issubclass(tramkit_hal.TramkitError, Exception)
