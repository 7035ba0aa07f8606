"""A plugin's settings as it gets them: a pydantic model, made of what its ``plugin.toml`` says of each key.

The description is data and stands in one place, since the station needs it without the plugin's code: which keys are
addresses that the plugin may reach, files that it may read, secrets that are never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, SecretStr, create_model

from tramkit.plugins.manifest import Manifest, Setting
from tramkit_hal.data import Data

KINDS: Mapping[str, Any] = {
    "string": str,
    "url": str,
    "file": Path,
    "integer": int,
    "number": float,
    "boolean": bool,
    "list": tuple[str, ...],
}


class PluginSettings(Data):
    """The settings of a plugin, an attribute for each key; frozen.

    A file is a ``Path``, a secret a ``pydantic.SecretStr``, which no log and no ``repr`` tells. What was left out and
    has no default is None.
    """

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def typed_settings(manifest: Manifest, settled: Mapping[str, Any]) -> PluginSettings:
    """Return a plugin's settings as it gets them.

    :param settled: checked, with defaults, as :func:`tramkit.plugins.manifest.settle` returns them.
    """
    fields: dict[str, Any] = {name: _field(setting) for name, setting in manifest.settings.items()}
    model = create_model(f"{manifest.name.title().replace('_', '')}Settings", __base__=PluginSettings, **fields)
    given = {name: value for name, value in settled.items() if value not in (None, "")}
    return model.model_validate(given)


def _field(setting: Setting) -> tuple[Any, Any]:
    kind: Any = SecretStr if setting.secret else Literal[setting.choices] if setting.choices else KINDS[setting.type]
    if setting.required:
        return kind, Field(description=setting.help)
    return (kind | None if setting.default is None else kind), Field(default=setting.default, description=setting.help)
