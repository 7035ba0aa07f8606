"""What an operator sets of telehealth under ``[settings.telehealth]``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from tramkit import PluginSettings, Url

EngineName = Literal["aiortc", "wrtc"]
"""The engines that a call can be made with."""


class TelehealthSettings(PluginSettings):
    """The keys; each one's description is told where it is missing."""

    desk_url: Url = Field(description="Address of the doctors' desk, e.g. https://desk.example.vn")
    station_key: SecretStr = Field(
        min_length=1, description="This station's key at the desk, from `tramkit desk station add`"
    )
    engine: EngineName = Field(
        "aiortc", description="What makes the calls: aiortc, or libwebrtc by the package wrtc (extra [wrtc])"
    )
