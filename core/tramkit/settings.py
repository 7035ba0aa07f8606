"""A plugin's settings: a pydantic model that it declares, filled from ``[settings.NAME]`` of ``station.toml``."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import to_json

from tramkit.plugins.secrets import look_up
from tramkit.problems import describe
from tramkit_hal.data import Data

S = TypeVar("S", bound="PluginSettings")


class PluginSettings(Data):
    """What a plugin's settings inherit: frozen, and a key that it does not know is an error.

    ``plugin.toml`` names the model, ``settings = "tramkit_water.settings:WaterSettings"``; the module holds nothing
    else that matters at import, since it is read where settings are only checked. A field's description says what the
    setting is; a secret is a ``pydantic.SecretStr``, a file a ``Path``, an address a :data:`Url`.
    """


def _an_address(text: str) -> str:
    if not _is_url(text):
        raise ValueError(f'"{text}" is not an address, e.g. https://desk.example.vn; http is for this machine only')
    return text


Url = Annotated[str, AfterValidator(_an_address)]
"""An address of the outside world: https, or http on this machine."""


def settle(model: type[S], name: str, given: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> S:
    """Return a plugin's settings.

    :param name: of the plugin.
    :param given: the keys of ``[settings.NAME]``; what stands for a secret is looked up, see
        :mod:`tramkit.plugins.secrets`.
    :raises ValueError: a line for each thing that is wrong, with the key of ``station.toml``; never a secret's value.
    """
    prefix = f"settings.{name}"
    problems: list[str] = []
    values: dict[str, Any] = {}
    unset: set[str] = set()
    for key, value in given.items():
        field = model.model_fields.get(key)
        if value == "" and field is not None and field.default is None:
            continue  # left out, as in a file with all keys
        if not isinstance(value, Mapping) or field is None or _is_table(field):
            values[key] = value
            continue
        try:
            values[key] = _read(look_up(cast("Mapping[str, Any]", value), f"{prefix}.{key}", environ), field)
        except ValueError as wrong:
            problems.append(str(wrong))
            unset.add(key)
    try:
        settled = model.model_validate_json(to_json(values), strict=True)
    except ValidationError as error:
        problems += [
            line
            for line in describe(error, model, prefix)
            if not any(line.startswith(f"{prefix}.{key}: this is needed") for key in unset)
        ]
    else:
        if not problems:
            return settled
    raise ValueError("\n".join(problems))


def _kinds(annotation: Any) -> list[Any]:
    """Return the types that an annotation allows, unions taken apart."""
    parts = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _kinds(parts[0])
    if parts and get_origin(annotation) not in (list, tuple, dict, frozenset, set):
        return [kind for part in parts for kind in _kinds(part)]
    return [annotation]


def _is_table(field: FieldInfo) -> bool:
    kinds = [get_origin(kind) or kind for kind in _kinds(field.annotation)]
    return any(isinstance(kind, type) and issubclass(kind, dict | BaseModel) for kind in kinds)


def _read(text: str, field: FieldInfo) -> object:
    """Return what an environment variable's text says; text that does not fit is returned as it is."""
    kinds = [get_origin(kind) or kind for kind in _kinds(field.annotation)]
    try:
        if bool in kinds:
            return {"true": True, "false": False}.get(text.lower(), text)
        if int in kinds:
            return int(text)
        if float in kinds:
            return float(text)
    except ValueError:
        return text
    if list in kinds or tuple in kinds:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


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


def secret_keys(model: type[PluginSettings]) -> list[str]:
    """Return the keys of a plugin's settings that are secrets."""
    return [name for name, field in model.model_fields.items() if SecretStr in _kinds(field.annotation)]
