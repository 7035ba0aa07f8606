"""Settings of the web screen, and the millimetres they stand for."""

from __future__ import annotations

import ipaddress
import math
import re
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from tramkit_hal.data import Data

MM_PER_INCH = 25.4
DEFAULT_COLOUR = "#0A4B84"
LEAST_CONTRAST = 7.0
MAX_EMBLEM = 24 * 1024
"""Bytes: it is part of what a browser loads at first."""
EMBLEM_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
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
    :param start_page: a file that the screen writes at each start, for the kiosk's own browser to open: it leads to the
        address, whose secret then stands in no command line. The folder's group may read it. None: there is none.
    :param emblem: the agency's emblem, an SVG or PNG file; None: a drawing of a public building.
    :param colour: the agency's colour as ``#RRGGBB``, behind white letters on top of every page and on the main
        buttons, and of letters on white: its contrast to white is at least 7:1 (WCAG 2.2, 1.4.6).
    """

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    pixels_per_mm: float | None = Field(default=None, ge=1, le=40)
    diagonal_inches: float | None = Field(default=None, ge=5, le=120)
    resolution: tuple[int, int] = (1080, 1920)
    orientation: Literal["auto", "portrait", "landscape"] = "auto"
    ghost_tap_ms: int = Field(default=250, ge=0, le=2000)
    token: str = Field(default="", max_length=200)
    start_page: Path | None = None
    emblem: Path | None = None
    colour: str = DEFAULT_COLOUR

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

    @field_validator("emblem")
    @classmethod
    def _drawing(cls, emblem: Path | None) -> Path | None:
        if emblem is None:
            return None
        if emblem.suffix.lower() not in EMBLEM_TYPES:
            raise ValueError("the emblem is an .svg or .png file")
        if not emblem.is_file():
            raise ValueError("there is no such file")
        if emblem.stat().st_size > MAX_EMBLEM:
            raise ValueError(f"the emblem has at most {MAX_EMBLEM} bytes")
        return emblem

    @field_validator("colour")
    @classmethod
    def _dark_enough(cls, colour: str) -> str:
        if not re.fullmatch("#[0-9A-Fa-f]{6}", colour):
            raise ValueError("a colour is # and six hexadecimal digits, such as #0A4B84")
        ratio = contrast_to_white(colour)
        if ratio < LEAST_CONTRAST:
            raise ValueError(
                f"white letters on {colour} have a contrast of {ratio:.1f}:1, and need {LEAST_CONTRAST:g}:1"
            )
        return colour

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
        mm = f"--mm:min({self.pitch:.4f}px,calc(100vmin/{short:.2f}),calc(100vmax/{long:.2f}))"
        return f":root{{{mm};--agency:{self.colour}}}\n"


def contrast_to_white(colour: str) -> float:
    """Return the contrast of a colour ``#RRGGBB`` to white (WCAG 2.2, definition of contrast ratio): 1 to 21."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
