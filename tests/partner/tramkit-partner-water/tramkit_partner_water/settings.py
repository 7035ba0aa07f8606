"""What an operator sets of the water company under ``[settings.partner_water]``."""

from __future__ import annotations

from pydantic import Field

from tramkit import PluginSettings


class WaterSettings(PluginSettings):
    """The keys; each one's description is told where it is missing."""

    hotline: str = Field(description="Number that residents can call")
