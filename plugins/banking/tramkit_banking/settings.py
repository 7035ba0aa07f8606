"""What an operator sets of banking under ``[settings.banking]``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tramkit import PluginSettings


class BankingSettings(PluginSettings):
    """The keys; each one's description is told where it is missing."""

    banks_file: Path | None = Field(
        default=None, description="A banks.toml of your own instead of the plugin's sandboxes"
    )
    rules_file: Path | None = Field(
        default=None,
        description="A rules.toml of your own: ages, levels of identity, most that can be borrowed",
    )
    consents_file: Path | None = Field(
        default=None,
        description="A consents.toml of your own instead of the plugin's: the words that applicants agree to",
    )
