"""A code drawn into a picture: which frame it is and when it was made, read again on the other side of a call.

The picture is a grid of 64 columns by 36 rows of cells (20 by 20 pixels at 1280×720). The code stands twice: in rows
1–3 and in rows 32–34, in columns 1–34. Column 1 is white, column 2 is black (the references), columns 3–34 hold 32
bits a row, white for 1. The three rows are, row after row and most significant bit first, 12 bytes::

    sequence   4 bytes
    stamp_us   6 bytes   microseconds
    crc        2 bytes   CRC-16/CCITT-FALSE (polynomial 1021, start FFFF) over the ten bytes before

A reader takes the mean of the middle half of each cell and compares it with the middle between the references of the
same row; a copy counts when its CRC is right.
"""

from __future__ import annotations

import binascii
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

COLUMNS, ROWS = 64, 36
FIRST_COLUMN, BITS = 1, 32
COPIES = (1, 32)
"""First rows of the two copies."""
LINES = 3
CONTRAST = 40
"""Least difference of the references, of 255, for a row to be read at all."""

WHITE, BLACK = 235, 16

Grey = NDArray[np.uint8]


def draw(luma: Grey, sequence: int, stamp_us: int) -> None:
    """Draw the code into the luminance of a picture, in place.

    :param luma: uint8 (height, width).
    :param sequence: modulo 2³².
    :param stamp_us: microseconds, modulo 2⁴⁸.
    """
    height, width = luma.shape
    data = (sequence % 2**32).to_bytes(4, "big") + (stamp_us % 2**48).to_bytes(6, "big")
    data += binascii.crc_hqx(data, 0xFFFF).to_bytes(2, "big")
    cells = np.empty((LINES, BITS + 2), np.uint8)
    cells[:, 0], cells[:, 1] = WHITE, BLACK
    bits = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(LINES, BITS)
    cells[:, 2:] = np.where(bits, WHITE, BLACK)
    columns = _edges(width, COLUMNS)[FIRST_COLUMN : FIRST_COLUMN + BITS + 3]
    wide = np.repeat(cells, np.diff(columns), axis=1)
    for first in COPIES:
        rows = _edges(height, ROWS)[first : first + LINES + 1]
        luma[rows[0] : rows[-1], columns[0] : columns[-1]] = np.repeat(wide, np.diff(rows), axis=0)


def read(luma: Grey) -> tuple[int, int] | None:
    """Return the sequence and the stamp (microseconds) of a picture; None: it has no readable code.

    :param luma: uint8 (height, width), of any size from about 320×180.
    """
    for first in COPIES:
        found = _read_copy(luma, first)
        if found is not None:
            return found
    return None


def _read_copy(luma: Grey, first: int) -> tuple[int, int] | None:
    height, width = luma.shape
    columns, rows = _edges(width, COLUMNS), _edges(height, ROWS)
    means = np.empty((LINES, BITS + 2))
    for line in range(LINES):
        top, bottom = _middle(rows, first + line)
        for cell in range(BITS + 2):
            left, right = _middle(columns, FIRST_COLUMN + cell)
            means[line, cell] = luma[top:bottom, left:right].mean()
    white, black = means[:, 0:1], means[:, 1:2]
    if bool(np.any(white - black < CONTRAST)):
        return None
    data = np.packbits(means[:, 2:] > (white + black) / 2).tobytes()
    if binascii.crc_hqx(data[:10], 0xFFFF) != int.from_bytes(data[10:], "big"):
        return None
    return int.from_bytes(data[:4], "big"), int.from_bytes(data[4:10], "big")


@lru_cache(maxsize=16)
def _edges(size: int, parts: int) -> tuple[int, ...]:
    return tuple(int(size * part / parts + 0.5) for part in range(parts + 1))


def _middle(edges: tuple[int, ...], cell: int) -> tuple[int, int]:
    start, end = edges[cell], edges[cell + 1]
    quarter = (end - start) // 4
    return start + quarter, max(end - quarter, start + quarter + 1)
