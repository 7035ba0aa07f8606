"""Checks that every message is translated: ``python -m tramkit.translations PACKAGE_FOLDER...``.

A package's messages are what its code gives to ``_(…)`` and ``_.plural(…)``; its catalogues are
``locale/<language>/LC_MESSAGES/<package>.po``. English needs none: the message id is the English text.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tramkit_hal.words import LANGUAGES, nfc

KEYWORDS: Mapping[str, tuple[int, ...] | None] = {"_": None, "plural": (1, 2), "noted": None}
"""What marks a message, for Babel: ``_("…")``, ``_.plural("one", "many", n)``, ``noted("…")``."""

SOURCE_LANGUAGE = "en"

Id = str | tuple[str, ...]


def messages_of(package: Path) -> dict[str, tuple[Id, str]]:
    """Return what a package's code says: by its (singular) id the whole id and the place of its first use.

    :param package: the package's folder.
    """
    found: dict[str, tuple[Id, str]] = {}
    for file, line, id, _comments, _context in extract_from_dir(
        str(package), method_map=[("**.py", "python")], keywords=KEYWORDS
    ):
        whole: Id = id if isinstance(id, str) else tuple(id)
        found.setdefault(_singular(whole), (whole, f"{package / file}:{line}"))
    return found


def catalogue_path(package: Path, language: str) -> Path:
    """Return where a package's catalogue is."""
    return package / "locale" / language / "LC_MESSAGES" / f"{package.name}.po"


def problems_of(package: Path, language: str) -> list[str]:
    """Return a line for each message that is missing, doubtful, unused, or whose places for values differ."""
    said = messages_of(package)
    file = catalogue_path(package, language)
    if not file.is_file():
        return [f"{file}: there is no such file, but {package.name} has messages"] if said else []
    catalogue = _read(file, language)
    problems: list[str] = []
    for id, (whole, place) in said.items():
        message = catalogue.get(whole) or catalogue.get(id)
        problems += [f"{place}: {wrong}: {id!r}" for wrong in _wrong(whole, message)]
    problems += [
        f"{file}:{message.lineno}: no code says this any more: {_singular(message.id)!r}"
        for message in catalogue
        if message.id and _singular(message.id) not in said
    ]
    return problems


def _wrong(whole: Id, message: Message | None) -> Iterable[str]:
    if message is None or not all(_forms(message.string)):
        yield "not translated"
        return
    if message.fuzzy:
        yield "its translation is marked fuzzy: look at it and take the mark away"
    wanted = {place for form in _forms(whole) for place in _places(form)}
    for translation in _forms(message.string):
        if translation != nfc(translation):
            yield "its translation is not in Unicode form NFC"
        if extra := _places(translation) - wanted:
            yield f"its translation has places that the message has not: {', '.join(sorted(extra))}"
        if lost := (wanted - _places(translation)) - ({"n"} if isinstance(whole, tuple) else set()):
            yield f"its translation lacks places: {', '.join(sorted(lost))}"


def add_missing(package: Path, language: str) -> int:
    """Append what is not in the catalogue yet, with empty translations; return how many."""
    file = catalogue_path(package, language)
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
            f'"Language: {language}\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n',
            encoding="utf-8",
        )
    catalogue = _read(file, language)
    missing = [
        whole for id, (whole, _) in messages_of(package).items() if not (catalogue.get(whole) or catalogue.get(id))
    ]
    with file.open("a", encoding="utf-8") as out:
        for whole in missing:
            one, *many = _forms(whole)
            out.write(f"\nmsgid {_quoted(one)}\n")
            out.write(f'msgid_plural {_quoted(many[0])}\nmsgstr[0] ""\n' if many else 'msgstr ""\n')
    return len(missing)


def _read(file: Path, language: str) -> Catalog:
    with file.open("rb") as stream:
        return read_po(stream, locale=language)


def _singular(id: Id | list[str]) -> str:
    return id if isinstance(id, str) else id[0]


def _forms(text: str | Iterable[str] | None) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text or ("",))


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@click.command()
@click.option("--update", is_flag=True, help="Append what is missing to the catalogues, to be translated.")
@click.argument("packages", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(update: bool, packages: tuple[Path, ...]) -> None:
    """Check the catalogues of PACKAGES in every language but English."""
    problems: list[str] = []
    for package in packages:
        for language in LANGUAGES:
            if language == SOURCE_LANGUAGE:
                continue
            if update:
                click.echo(f"{catalogue_path(package, language)}: {add_missing(package, language)} added")
            problems += problems_of(package, language)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise SystemExit(1)
    click.echo(f"every message of {len(packages)} packages is translated")


if __name__ == "__main__":
    main()
