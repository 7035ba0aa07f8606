"""What an operator sets of bills and top-ups under ``[settings.billing]``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tramkit import PluginSettings, Url


class BillingSettings(PluginSettings):
    """The keys; each one's description is told where it is missing."""

    aggregator_url: Url = Field(description="Address of the bill aggregator, e.g. https://bills.example.vn")
    providers_file: Path | None = Field(
        default=None, description="A providers.toml of your own instead of the plugin's"
    )
