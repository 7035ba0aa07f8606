"""What an operator sets of the waterworks under ``[settings.water]``."""

from __future__ import annotations

from pydantic import Field

from tramkit import PluginSettings, Url


class WaterSettings(PluginSettings):
    """The keys; each one's description is told where it is missing."""

    url: Url = Field(description="Address of the waterworks' system, e.g. https://stations.example.vn")
    hotline: str = Field(default="1900 1234", description="Number that residents can call")
