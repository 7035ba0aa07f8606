"""Pictures and codes in half blocks: two pixels to a cell, one above the other."""

from __future__ import annotations

import cv2
import numpy as np
import segno
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tramkit_hal.screens.terminal.parts import Part, centre, wrap
from tramkit_hal.ui.screen import Shown
from tramkit_hal.video import NewestFrame

PICTURES_PER_SECOND = 5
QUIET = 4
"""Modules left white around a code (ISO/IEC 18004, 9.1)."""


class Picture(Part):
    """A moving picture: enough to see whether the face is in it.

    :param newest: gives the picture now; None: there is none.
    :param high: lines that it may take, its name among them.
    :param none: what is said while there is none.
    :param mirrored: as in a mirror, for who looks for the own face.
    """

    def __init__(
        self, item: Shown, newest: NewestFrame | None, high: int, none: str, *, mirrored: bool = False
    ) -> None:
        super().__init__(item)
        self._newest = newest
        self._high = max(2, high)
        self._none = none
        self._mirrored = mirrored
        self._image: NDArray[np.uint8] | None = None
        self._pixels: NDArray[np.uint8] | None = None

    def lines(self, width: int) -> list[str]:
        below = [""] * (self._high - 1)
        none = [centre(line, width) for line in wrap(self._none, width)][: len(below)]
        top = (len(below) - len(none)) // 2
        below[top : top + len(none)] = none  # a picture is drawn over it
        return [*wrap(self.item.name, width)[:1], *below]

    def look_again(self) -> None:
        """Take the newest picture."""
        frame = self._newest.frame if self._newest is not None else None
        to_rgb = cv2.COLOR_YUV2RGB_I420 if frame and frame.pixel_format == "i420" else cv2.COLOR_BGR2RGB
        self._image = None if frame is None else np.asarray(cv2.cvtColor(frame.image, to_rgb), np.uint8)
        self._pixels = None

    def shown(self) -> Shown:
        return super().shown().model_copy(update={"value": self.item.value})

    def strip(self, line: int, width: int) -> Strip | None:
        if line == 0 or self._image is None:
            return None
        if self._pixels is None or self._pixels.shape[1] != width:
            image = self._image[:, ::-1] if self._mirrored else self._image
            self._pixels = _fitted(image, width, 2 * (self._high - 1))
        top, below = self._pixels[2 * (line - 1)], self._pixels[2 * (line - 1) + 1]
        return Strip(
            Segment("▀", Style(color=_colour(upper), bgcolor=_colour(lower)))
            for upper, lower in zip(top, below, strict=True)
        )


def _fitted(image: NDArray[np.uint8], across: int, down: int) -> NDArray[np.uint8]:
    """Return a picture as large as it can be in so many pixels, undistorted; the rest is grey."""
    share = min(across / image.shape[1], down / image.shape[0])
    wide, high = max(1, round(image.shape[1] * share)), max(1, round(image.shape[0] * share))
    small = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA)
    canvas = np.full((down, across, 3), 0xEE, np.uint8)
    left, top = (across - wide) // 2, (down - high) // 2
    canvas[top : top + high, left : left + wide] = small
    return canvas


def _colour(pixel: NDArray[np.uint8]) -> Color:
    red, green, blue = (int(part) for part in pixel)
    return Color.from_rgb(red, green, blue)


class Code(Part):
    """A QR code, where it fits with the white around it; else words that say what to do.

    :param room: cells across and lines down that there are.
    :param too_large: what is said where it does not fit.
    """

    def __init__(self, item: Shown, room: tuple[int, int], too_large: str) -> None:
        self._code = code_lines(item.name, room)
        super().__init__(item, None, "code" if self._code else "warning")
        self._too_large = too_large

    @property
    def fits(self) -> bool:
        """Whether the code is drawn."""
        return bool(self._code)

    def lines(self, width: int) -> list[str]:
        return self._code or wrap(self._too_large, width, "▲ ", "  ")

    def shown(self) -> Shown:
        return self.item


def code_lines(content: str, room: tuple[int, int]) -> list[str]:
    """Return a QR code as lines of half blocks, dark on light; none: it does not fit into the room.

    :param room: cells across and lines down.
    """
    try:
        code = segno.make_qr(content, error="l", boost_error=False)
    except segno.DataOverflowError:
        return []
    rows = [[bool(module) for module in row] for row in code.matrix_iter(border=QUIET)]
    across, down = len(rows[0]), (len(rows) + 1) // 2
    if across > room[0] or down > room[1]:
        return []
    rows += [[False] * across] * (len(rows) % 2)
    blocks = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    return [
        "".join(blocks[pair] for pair in zip(rows[line], rows[line + 1], strict=True))
        for line in range(0, len(rows), 2)
    ]
