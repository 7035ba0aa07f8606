"""How empty a picture of the screen is: the share of its cells in which nothing is drawn; flat fills are nothing."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

CELL = 40
"""Pixels, each way."""
EDGE = 12
"""The least difference of luminance within a cell, of 255, that is something to see."""
MAX_MEDIAN = 0.45
"""The median of all pages, in each orientation, is no emptier than this."""


def emptiness(picture: bytes) -> float:
    """Return the share of empty cells of a PNG picture, 0 to 1."""
    grey = np.asarray(Image.open(io.BytesIO(picture)).convert("L"), dtype=np.int16)
    high, wide = (side // CELL for side in grey.shape)
    cells = grey[: high * CELL, : wide * CELL].reshape(high, CELL, wide, CELL)
    return float(np.mean(np.ptp(cells, axis=(1, 3)) < EDGE))
