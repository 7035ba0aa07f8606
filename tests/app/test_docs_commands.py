"""Every command that the docs tell somebody to run is there, with the options that they give it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tramkit.app.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```[a-z]*$(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(tramkit [^`\n]+)`")
HOLDERS = re.compile(r"^[A-ZĐ][A-ZĐÀ-Ỹ/_.-]*$|…")

BRACKETS = str.maketrans("[]", "  ")
"""Round what may be left out."""


def commands(page: Path) -> Iterator[str]:
    """Yield the lines of a page that are commands of ``tramkit``, without their remarks."""
    text = page.read_text(encoding="utf-8")
    for block in FENCE.findall(text):
        for written in block.splitlines():
            line = written.removeprefix("$ ").removeprefix(".venv/bin/").split("  #")[0].strip()
            if line.startswith("tramkit ") and "|" not in line and "{" not in line and "<" not in line:
                yield line
    yield from (each for each in INLINE.findall(text) if not re.search(r"[|{<…*]", each))


def problem(line: str) -> str:
    """Return what is wrong with a command line; empty: nothing."""
    words = shlex.split(line.translate(BRACKETS))[1:]
    command: click.Command = main
    context = click.Context(main, info_name="tramkit")
    while isinstance(command, click.Group) and words:
        options = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
        if words[0] in options:
            flag = next(each for each in command.params if words[0] in (*each.opts, *each.secondary_opts))
            words = words[1 if isinstance(flag, click.Option) and flag.is_flag else 2 :]
            continue
        if HOLDERS.search(words[0]) or words[0].startswith("-"):
            break
        found = command.get_command(context, words[0])
        if found is None:
            return f"{line}: there is no {words[0]}"
        command, words = found, words[1:]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help", "--version"}
    wrong = [each for each in words if each.startswith("--") and each.partition("=")[0] not in known]
    return f"{line}: there is no {wrong[0]}" if wrong else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_are_there(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # where no station.toml says which plugins' commands there are
    assert [wrong for line in commands(page) if (wrong := problem(line))] == []


def test_a_command_that_is_not_there_is_found() -> None:
    assert problem("tramkit statoin close").endswith("there is no statoin")
    assert problem("tramkit station drain --wiat 3").endswith("there is no --wiat")
    assert problem("tramkit orders --json --count 3") == ""
    assert problem("tramkit desk station remove TÊN") == ""
