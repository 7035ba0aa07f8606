"""Settings of the web screen, and the millimetres they stand for."""

from __future__ import annotations

import ipaddress
import math
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from tramkit_hal.data import Data

MM_PER_INCH = 25.4
DEFAULT_DIAGONAL = 21.5
"""Inches; the commonest kiosk display, 1080 × 1920 pixels."""


class WebSettings(Data):
    """What ``station.toml`` may say of a web screen.

    :param host: a loopback address; nothing else may reach the screen.
    :param port: TCP port; 0 takes a free one.
    :param pixels_per_mm: pixel pitch of the display, or
    :param diagonal_inches: its diagonal; with ``resolution`` the pitch follows.
    :param resolution: pixels, in either order.
    :param orientation: ``auto`` follows the window.
    :param ghost_tap_ms: taps this soon after a page change are not meant for the new page.
    :param token: a fixed secret for a kiosk whose browser opens the same address at every boot; empty: a new
        one is made at each boot.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    pixels_per_mm: float | None = Field(default=None, ge=1, le=40)
    diagonal_inches: float | None = Field(default=None, ge=5, le=120)
    resolution: tuple[int, int] = (1080, 1920)
    orientation: Literal["auto", "portrait", "landscape"] = "auto"
    ghost_tap_ms: int = Field(default=250, ge=0, le=2000)
    token: str = Field(default="", max_length=200)

    @field_validator("host")
    @classmethod
    def _loopback(cls, host: str) -> str:
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise ValueError("the screen is served on a loopback address only, such as 127.0.0.1")
        return host

    @field_validator("resolution")
    @classmethod
    def _pixels(cls, resolution: tuple[int, int]) -> tuple[int, int]:
        if not all(320 <= side <= 16_384 for side in resolution):
            raise ValueError("each side of the resolution is between 320 and 16384 pixels")
        return resolution

    @field_validator("token")
    @classmethod
    def _secret(cls, token: str) -> str:
        if token and (len(token) < 24 or not token.isascii() or not token.replace("-", "_").isidentifier()):
            raise ValueError("a fixed token has at least 24 letters, digits, - or _, and begins with a letter")
        return token

    @model_validator(mode="after")
    def _one_pitch(self) -> Self:
        if self.pixels_per_mm is not None and self.diagonal_inches is not None:
            raise ValueError("give pixels_per_mm or diagonal_inches, not both")
        return self

    @property
    def pitch(self) -> float:
        """Pixels per millimetre."""
        if self.pixels_per_mm is not None:
            return self.pixels_per_mm
        diagonal = DEFAULT_DIAGONAL if self.diagonal_inches is None else self.diagonal_inches
        return math.hypot(*self.resolution) / (diagonal * MM_PER_INCH)

    def sizes_css(self) -> str:
        """Return the style sheet that says how many pixels a millimetre has.

        A window smaller than the display (a developer's browser) shows the same layout, reduced.
        """
        short, long = sorted(side / self.pitch * 0.99 for side in self.resolution)
        return f":root{{--mm:min({self.pitch:.4f}px,calc(100vmin/{short:.2f}),calc(100vmax/{long:.2f}))}}\n"
