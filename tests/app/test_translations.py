"""A message without its translation is found, with the place that says it."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner

from tramkit.translations import catalogue_path, main, problems_of

CODE = """
from tramkit_hal.words import Messages
_ = Messages("toy")
TITLE = _("Pay {amount} to {payee}")
COUNT = _.plural("{n} bill", "{n} bills", 3)
"""

HEAD = 'msgid ""\nmsgstr ""\n"Language: vi\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
GOOD = HEAD + (
    'msgid "Pay {amount} to {payee}"\nmsgstr "Trả {payee} {amount}"\n\n'
    'msgid "{n} bill"\nmsgid_plural "{n} bills"\nmsgstr[0] "{n} hoá đơn"\n'
)


def package(tmp_path: Path, catalogue: str | None) -> Path:
    """Return a package with two messages."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "__init__.py").write_text(CODE, encoding="utf-8")
    if catalogue is not None:
        file = catalogue_path(folder, "vi")
        file.parent.mkdir(parents=True)
        file.write_text(catalogue, encoding="utf-8")
    return folder


def test_a_whole_catalogue_has_no_problems(tmp_path: Path) -> None:
    assert problems_of(package(tmp_path, GOOD), "vi") == []


@pytest.mark.parametrize(
    ("catalogue", "said"),
    [
        (HEAD, "not translated: 'Pay {amount} to {payee}'"),
        (GOOD.replace("Trả {payee} {amount}", ""), "not translated"),
        (GOOD.replace("Trả {payee} {amount}", "Trả {payee}"), "lacks places: amount"),
        (GOOD.replace("Trả {payee} {amount}", "Trả {payee} {amount} {x}"), "places that the message has not: x"),
        (GOOD.replace('msgid "Pay', '#, fuzzy\nmsgid "Pay'), "marked fuzzy"),
        (GOOD + '\nmsgid "Gone"\nmsgstr "Đi rồi"\n', "no code says this any more: 'Gone'"),
        (unicodedata.normalize("NFD", GOOD), "NFC"),
    ],
)
def test_each_fault_of_a_catalogue_is_told(tmp_path: Path, catalogue: str, said: str) -> None:
    assert said in "\n".join(problems_of(package(tmp_path, catalogue), "vi"))


def test_a_missing_catalogue_is_told_and_update_makes_it(tmp_path: Path) -> None:
    folder = package(tmp_path, None)
    assert "there is no such file" in "\n".join(problems_of(folder, "vi"))
    run = CliRunner().invoke(main, ["--update", str(folder)])
    assert run.exit_code == 1, "what was added is still to be translated"
    assert "2 added" in run.output
    assert len(problems_of(folder, "vi")) == 2
