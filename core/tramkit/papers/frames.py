"""Frames of a camera as pictures, and pictures as a frame to be looked at."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tramkit_hal.video import Frame

SHEET = (1280, 720)
"""Pixels of the sheet on which pictures are looked over."""
GROUND = (16, 36, 58)
GAP = 8

_LUMA = [min(255, max(0, round((value - 16) * 255 / 219))) for value in range(256)]
_CHROMA = [min(255, max(0, round((value - 128) * 255 / 224 + 128))) for value in range(256)]
"""Of a camera's range (ITU-R BT.601) the picture's whole one."""


def picture_of(frame: Frame) -> Image.Image:
    """Return a camera's frame as a picture."""
    if frame.pixel_format == "bgr24":
        return Image.fromarray(np.ascontiguousarray(frame.image[:, :, ::-1]))
    width, height = frame.width, frame.height
    flat = frame.image.reshape(-1)
    size, quarter = width * height, width * height // 4
    luma = Image.frombytes("L", (width, height), flat[:size].tobytes()).point(_LUMA)
    planes = [flat[size : size + quarter], flat[size + quarter : size + 2 * quarter]]
    chroma = [
        Image.frombytes("L", (width // 2, height // 2), plane.tobytes()).point(_CHROMA).resize((width, height))
        for plane in planes
    ]
    return Image.merge("YCbCr", (luma, *chroma)).convert("RGB")


def sheet_of(pictures: Sequence[bytes]) -> NDArray[np.uint8]:
    """Return pictures, given as JPEG, side by side, blue, green and red as a frame has them."""
    sheet = Image.new("RGB", SHEET, GROUND)
    width = SHEET[0] // max(1, len(pictures))
    for number, data in enumerate(pictures):
        image = Image.open(io.BytesIO(data), formats=("JPEG",))
        image.draft("RGB", (width, SHEET[1]))
        image.thumbnail((width - GAP * (len(pictures) > 1), SHEET[1]))
        sheet.paste(image, (number * width + (width - image.width) // 2, (SHEET[1] - image.height) // 2))
    return np.ascontiguousarray(np.asarray(sheet, dtype=np.uint8)[:, :, ::-1])
