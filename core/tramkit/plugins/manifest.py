"""What a plugin says of itself in ``plugin.toml``, read without importing the plugin."""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from tramkit.facts import FactsFile
from tramkit.host.service_entry import ServiceEntry, Titles
from tramkit.problems import FileError, describe, read_toml
from tramkit_hal.data import Data

FILE = "plugin.toml"
API = 1
"""The version of the plugin interface; a manifest for another one is refused before anything is imported."""

PersonalField = Literal["name", "number", "born", "sex", "address", "issued", "expires"]
"""What the station can tell a service of a resident whom it has identified."""

_NAME = r"^[a-z][a-z0-9_]{0,39}$"
_MODEL = r"^([a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+:[A-Z][A-Za-z0-9]*)?$"


class Manifest(Data):
    """A plugin's manifest.

    :param name: the plugin's name, as in the entry point and in ``[plugins] enabled``.
    :param hosts: outside hosts that it talks to, beside those in its settings.
    :param payment_methods: ids of the ways to pay that it brings; no other one of it is believed.
    :param identity_methods: ids of the ways to sign in that it brings; no other one of it is believed.
    :param personal: what its services ask to be told of a resident whom the station has identified.
    :param commands: commands that it adds to ``tramkit``.
    :param demo: commands that ``tramkit demo`` starts beside the station: its sandboxes.
    :param facts: its files of dated values that an operator may replace: fees, rates, forms.
    :param settings: the model of its settings, ``package.module:Class``; empty: it has none.
    """

    api: int
    name: str = Field(pattern=_NAME)
    title: Titles
    services: tuple[ServiceEntry, ...] = ()
    hosts: tuple[str, ...] = ()
    payment_methods: tuple[str, ...] = ()
    identity_methods: tuple[str, ...] = ()
    personal: tuple[PersonalField, ...] = ()
    commands: tuple[str, ...] = ()
    demo: tuple[tuple[str, ...], ...] = ()
    facts: tuple[FactsFile, ...] = ()
    settings: str = Field(default="", pattern=_MODEL)

    @field_validator("api")
    @classmethod
    def _known_api(cls, value: int) -> int:
        if value != API:
            raise ValueError(f"this station has plugin interface {API}, the plugin was made for {value}")
        return value

    @field_validator("commands")
    @classmethod
    def _plain_commands(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", name):
                raise ValueError(f'"{name}" is no name of a command; use small letters, digits and hyphens')
        return value


def find_package(entry: EntryPoint, path: list[str] | None = None) -> Path:
    """Return the folder of the package that an entry point names, without importing it.

    :param path: folders in which packages are looked for; None: Python's own.
    :raises FileError: there is none.
    """
    package = entry.value.partition(":")[0].partition(".")[0]
    for folder in path or ():
        if (Path(folder) / package / "__init__.py").is_file():
            return Path(folder) / package
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        return Path(folder)
    raise FileError(package, ["the package that the plugin's entry point names is not installed"])


def read_manifest(folder: Path, name: str) -> Manifest:
    """Read a plugin's manifest.

    :param folder: of its package.
    :param name: of its entry point, which the manifest must bear.
    :raises FileError: with file, key, what is wrong, and what would be right.
    """
    file = folder / FILE
    data = read_toml(file)
    try:
        manifest = Manifest.model_validate(data)
    except ValidationError as error:
        raise FileError(str(file), describe(error, Manifest)) from None
    problems = [
        f'services.{number}.id: "{service.id}" must begin with the plugin\'s name, "{manifest.name}."'
        for number, service in enumerate(manifest.services)
        if not service.id.startswith(f"{manifest.name}.")
    ]
    if manifest.name != name:
        problems.append(f'name: is "{manifest.name}", but the entry point is "{name}"; they must be the same')
    if manifest.settings and not manifest.settings.startswith(f"{folder.name}."):
        problems.append(f'settings: must lie in the plugin\'s own package, "{folder.name}."')
    if problems:
        raise FileError(str(file), problems)
    return manifest
