"""What a plugin says of itself in ``plugin.toml``, read without importing the plugin."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator

from tramkit.facts import FactsFile
from tramkit.host.person import Level
from tramkit.problems import FileError, describe, read_toml
from tramkit.suggest import did_you_mean
from tramkit_hal.data import Data
from tramkit_hal.device.roles import Role
from tramkit_hal.words import Nfc

FILE = "plugin.toml"
API = 1
"""The version of the plugin interface; a manifest for another one is refused before anything is imported."""

PersonalField = Literal["name", "number", "born", "sex", "address", "issued", "expires"]
"""What the station can tell a service of a resident whom it has identified."""

_NAME = r"^[a-z][a-z0-9_]{0,39}$"


class Titles(Data):
    """Words in every language of the station."""

    vi: Nfc = Field(min_length=1, max_length=120)
    en: Nfc = Field(min_length=1, max_length=120)


class ServiceEntry(Data):
    """One service that the plugin offers.

    :param id: ``plugin.name``.
    :param identity: name of the identity level that it needs.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    title: Titles
    hint: Titles | None = None
    needs: tuple[Role, ...] = ()
    wants: tuple[Role, ...] = ()
    identity: Literal["none", "claimed", "chip", "chip_face", "vneid"] = "none"

    @property
    def level(self) -> Level:
        return Level(self.identity)


class Setting(Data):
    """One setting that ``station.toml`` may give under ``[settings.NAME]``.

    :param secret: never shown, never logged; best given as ``{ env = "NAME" }``.
    """

    type: Literal["string", "url", "file", "integer", "number", "boolean", "list"]
    default: Any = None
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""

    def read(self, text: str) -> object:
        """Return what an environment variable's text says; text that does not fit is returned as it is."""
        try:
            match self.type:
                case "integer":
                    return int(text)
                case "number":
                    return float(text)
                case "boolean":
                    return {"true": True, "false": False}.get(text.lower(), text)
                case "list":
                    return [part.strip() for part in text.split(",") if part.strip()]
                case _:
                    return text
        except ValueError:
            return text

    def check(self, value: object) -> str:
        """Return what is wrong with a value; empty: nothing."""
        given = f"{value}"
        shown = "the value given" if self.secret else f'"{given}"' if isinstance(value, str) else given
        match self.type:
            case "integer":
                fine, right = isinstance(value, int) and not isinstance(value, bool), "a whole number"
            case "number":
                fine, right = isinstance(value, int | float) and not isinstance(value, bool), "a number"
            case "boolean":
                fine, right = isinstance(value, bool), "true or false"
            case "list":
                fine = isinstance(value, list) and all(isinstance(item, str) for item in cast(list[object], value))
                right = 'a list of texts, e.g. ["a", "b"]'
            case "url":
                fine = isinstance(value, str) and _is_url(value)
                right = "an address, e.g. https://desk.example.vn; http is for this machine only"
            case "string" | "file":
                fine, right = isinstance(value, str), "a text"
        if not fine:
            return f"{shown} is not {right}"
        if self.choices and given not in self.choices:
            return f"{shown} is not possible{did_you_mean(given, self.choices)}"
        return ""


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
    settings: dict[str, Setting] = Field(default_factory=dict[str, Setting])

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
    if problems:
        raise FileError(str(file), problems)
    return manifest


def settle(manifest: Manifest, given: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the plugin's settings, defaults filled in and ``{ env = "NAME" }`` looked up.

    :param given: the keys of ``[settings.NAME]``.
    :raises ValueError: a line for each thing that is wrong.
    """
    prefix = f"settings.{manifest.name}"
    problems = [
        f"{prefix}.{key}: there is no such key{did_you_mean(key, manifest.settings)}"
        for key in given
        if key not in manifest.settings
    ]
    settled: dict[str, Any] = {}
    for key, setting in manifest.settings.items():
        value = given.get(key, setting.default)
        if isinstance(value, dict):
            text = _from_environment(value, f"{prefix}.{key}", environ, problems)  # pyright: ignore[reportUnknownArgumentType]
            if text is None:
                continue
            value = setting.read(text)
        if value is None and setting.required:
            problems.append(
                f"{prefix}.{key}: this is needed and missing" + (f" ({setting.help})" if setting.help else "")
            )
        elif value is not None and (wrong := setting.check(value)):
            problems.append(f"{prefix}.{key}: {wrong}")
        settled[key] = value
    if problems:
        raise ValueError("\n".join(problems))
    return settled


def _from_environment(
    value: Mapping[str, Any], where: str, environ: Mapping[str, str], problems: list[str]
) -> str | None:
    name = value.get("env")
    if set(value) != {"env"} or not isinstance(name, str):
        problems.append(f'{where}: a table here is {{ env = "NAME" }}, the name of an environment variable')
        return None
    if name not in environ:
        problems.append(f"{where}: the environment variable {name} is not set")
    return environ.get(name)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        safe = parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))
        return safe and bool(host) and parts.port != 0
    except ValueError:
        return False


def _is_here(host: str) -> bool:
    """Tell whether a host is this machine: what goes there crosses no network."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
