"""The slate: the still picture with words that is sent while the camera gives none."""

from __future__ import annotations

import logging
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tramkit import Messages, Text, render

_ = Messages("tramkit_telehealth")
_log = logging.getLogger(__name__)

CAMERA_OFF = _("The patient has switched the camera off")
NO_PICTURE = _("The kiosk's camera gives no picture")
WEAK_LINE = _("The connection is too weak for pictures: sound only")

FONTS = ("BeVietnamPro-Medium.ttf", "NotoSans-Regular.ttf", "DejaVuSans.ttf")
"""Fonts with all Vietnamese letters, from the system."""

GREY, LIGHT = 40, 220


@lru_cache(maxsize=8)
def slate(text: str, width: int, height: int) -> NDArray[np.uint8]:
    """Return a grey picture with words in its middle.

    :param width: pixels, even.
    :param height: pixels, even.
    :return: ``i420``, uint8 (height * 3 / 2, width).
    """
    image = Image.new("L", (width, height), GREY)
    draw = ImageDraw.Draw(image)
    lines = text.split("\n")
    font, has_vietnamese = _font(max(14, width // 28))
    if not has_vietnamese:
        lines = [line for line in lines if line.isascii()]
    draw.multiline_text(
        (width / 2, height / 2), "\n".join(lines), fill=LIGHT, font=font, anchor="mm", align="center", spacing=12
    )
    picture = np.full((height * 3 // 2, width), 128, np.uint8)
    picture[:height] = np.asarray(image)
    picture.flags.writeable = False
    return picture


def words(text: Text) -> str:
    """Return the words of a slate, in Vietnamese and English: it is the doctor who reads them."""
    return f"{render(text, 'vi')}\n{render(text, 'en')}"


def _font(size: int) -> tuple[ImageFont.ImageFont | ImageFont.FreeTypeFont, bool]:
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size), True
        except OSError:
            continue
    _log.warning("no font with Vietnamese letters found, the slate says it in English")
    return ImageFont.load_default(size), False
