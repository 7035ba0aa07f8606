"""What is wrong with a file of settings, for the person who wrote it: file, key, what is wrong, what would be right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import rtoml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from tramkit_hal import TramkitError

M = TypeVar("M", bound=BaseModel)

MAX_FILE = 1024 * 1024
"""Most bytes of a settings file; anything larger is some other file."""


class FileError(TramkitError):
    """A file that cannot be used.

    :param file: which file.
    :param problems: a line for each thing that is wrong.
    """

    def __init__(self, file: str, problems: list[str]) -> None:
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))
        self.file = file
        self.problems = problems


def read_toml(path: Path, most: int = MAX_FILE) -> dict[str, Any]:
    """Read a TOML file.

    :param most: bytes; a larger one is refused.
    :raises FileError: it is missing, unreadable, too large, not UTF-8, or not TOML; with the line where it is known.
    """
    try:
        if path.stat().st_size > most:
            raise FileError(str(path), [f"the file is larger than {most} bytes; this is no settings file"])
        return rtoml.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileError(str(path), ["there is no such file"]) from None
    except UnicodeDecodeError:
        raise FileError(str(path), ["the file is not UTF-8 text; save it as UTF-8"]) from None
    except OSError as error:
        raise FileError(str(path), [f"the file cannot be read: {error.strerror}"]) from None
    except rtoml.TomlParsingError as error:
        raise FileError(str(path), [f"this is not TOML: {error}"]) from None


def read_settings(path: Path, model: type[M], most: int = MAX_FILE) -> M:
    """Read a TOML file into a model.

    :param most: bytes; a larger one is refused.
    :raises FileError: with a line for each thing that is wrong.
    """
    data = read_toml(path, most)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise FileError(str(path), describe(error, model)) from None


def describe(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[str]:
    """Return a line for each thing that pydantic found: key, what is wrong, what would be right.

    :param model: the model that the data were read into; its fields are suggested for unknown keys.
    :param prefix: keys that lead to the model, ``roles.camera.0``.
    """
    return [_line(detail, model, prefix) for detail in error.errors(include_url=False)]


def _line(detail: ErrorDetails, model: type[BaseModel], prefix: str) -> str:
    keys = [str(part) for part in detail["loc"]]
    path = ".".join([*([prefix] if prefix else []), *keys]) or "the file"
    given = detail.get("input")
    match detail["type"]:
        case "missing":
            field = model.model_fields.get(keys[-1]) if len(keys) == 1 else None
            what = f" ({field.description})" if field is not None and field.description else ""
            return f"{path}: this is needed and missing{what}"
        case _ if _is_secret(model, keys):
            return f"{path}: the value given is not possible; {detail['msg'][0].lower()}{detail['msg'][1:]}"
        case "extra_forbidden":
            return f"{path}: there is no such key{did_you_mean(keys[-1], _fields(model, detail['loc'][:-1]))}"
        case "enum" | "literal_error":
            expected = str(detail.get("ctx", {}).get("expected", ""))
            known = [part.strip(" '") for part in expected.replace(" or ", ", ").split(",")]
            return f'{path}: "{_short(given)}" is not possible{did_you_mean(str(given), known)}'
        case "value_error":
            return f"{path}: {detail['ctx']['error'] if 'ctx' in detail else detail['msg']}"
        case _:
            return f"{path}: {detail['msg'][0].lower()}{detail['msg'][1:]}, not {_kind(given)}"


def _fields(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys that are possible at a place of a model."""
    current: Any = model
    for part in loc:
        if not (isinstance(current, type) and issubclass(current, BaseModel)):
            return []
        info = current.model_fields.get(str(part))
        current = info.annotation if info else None
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _is_secret(model: type[BaseModel], keys: list[str]) -> bool:
    """Tell whether a key holds a secret, whose value is never repeated."""
    field = model.model_fields.get(keys[0]) if keys else None
    return field is not None and "Secret" in str(field.annotation)


def _kind(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'the text "{_short(value)}"'
        case int() | float():
            return f"the number {value}"
        case Mapping():
            return "a table"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return f"a {type(value).__name__}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` where a known name is near, otherwise the known names, or nothing."""
    names = sorted(known)
    near = get_close_matches(wrong, names, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    return f"; there are: {', '.join(names)}" if names and len(names) <= 20 else ""
