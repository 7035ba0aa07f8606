"""Pictures and codes in half blocks: two pixels to a cell, one above the other."""

from __future__ import annotations

import cv2
import segno
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from tramkit_hal.screen import Shown
from tramkit_hal.screens.terminal.parts import Part
from tramkit_hal.video import NewestFrame

PICTURES_PER_SECOND = 5
_QUIET = 2
"""Modules left white around a code: half of what ISO/IEC 18004 asks; readers of phones take it on a white ground."""


class Picture(Part):
    """A moving picture: enough to see whether the face is in it.

    :param newest: gives the picture now; None: there is none.
    """

    def __init__(self, item: Shown, newest: NewestFrame | None) -> None:
        super().__init__(item, None)
        self._newest = newest
        self._strips: list[Strip] = []

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(1 / PICTURES_PER_SECOND, self._look)

    def _look(self) -> None:
        frame = self._newest.frame if self._newest is not None else None
        width, lines = self.size.width, self.size.height - 1
        if frame is None or width < 2 or lines < 1:
            self._strips = []
        else:
            rgb = cv2.resize(
                cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), (width, lines * 2), interpolation=cv2.INTER_AREA
            )
            self._strips = [
                Strip(
                    Segment("▀", Style(color=_colour(top), bgcolor=_colour(below)))
                    for top, below in zip(rgb[line * 2], rgb[line * 2 + 1], strict=True)
                )
                for line in range(lines)
            ]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if 0 < y <= len(self._strips):
            return self._strips[y - 1]
        return super().render_line(y)


def _colour(pixel: object) -> Color:
    red, green, blue = (int(part) for part in pixel)  # type: ignore[attr-defined]
    return Color.from_rgb(red, green, blue)


class Code(Part):
    """A QR code, where it fits; else words that say so.

    :param room: cells across and lines down that there are.
    :param too_large: what is said where it does not fit.
    """

    def __init__(self, item: Shown, room: tuple[int, int], too_large: str) -> None:
        super().__init__(item, None)
        self._room = room
        self._too_large = too_large

    def text(self) -> str:
        return code_text(self.item.name, self._room) or self._too_large

    def draw(self) -> None:
        text = self.text()
        self.set_class(text != self._too_large, "fits")
        self.update(Content(text))

    def shown(self) -> Shown:
        return self.item


def code_text(content: str, room: tuple[int, int]) -> str:
    """Return a QR code as half blocks, dark on light; empty: it does not fit into the room."""
    try:
        code = segno.make_qr(content, error="l")
    except segno.DataOverflowError:
        return ""
    rows = [[bool(module) for module in row] for row in code.matrix_iter(border=_QUIET)]
    across, down = len(rows[0]), (len(rows) + 1) // 2
    if across > room[0] or down > room[1]:
        return ""
    rows += [[False] * across] * (len(rows) % 2)
    blocks = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
    return "\n".join(
        "".join(blocks[pair] for pair in zip(rows[line], rows[line + 1], strict=True))
        for line in range(0, len(rows), 2)
    )
