"""What an operator sets of phone subscriptions under ``[settings.sim_identity]``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tramkit import PluginSettings


class SimIdentitySettings(PluginSettings):
    """The keys; each one's description is told where it is missing."""

    operators_file: Path | None = Field(
        default=None, description="An operators.toml of your own instead of the plugin's sandboxes"
    )
    rules_file: Path | None = Field(
        default=None,
        description="A rules.toml of your own instead of the plugin's: how many numbers, ages, levels of identity",
    )
    prefixes_file: Path | None = Field(
        default=None, description="A prefixes.toml of your own instead of the plugin's: whom prefixes were given to"
    )
