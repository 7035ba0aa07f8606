"""What every camera of the bench shows: a still room and a head that moves, the same in Chromium and in the station.

A real call is mostly a still background; how much moves decides what an encoder costs and what bit rate it takes. All
sides draw it from the same planes, so that no side has the easier picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 1280, 720, 30
HEAD_WIDTH, HEAD_HEIGHT = 320, 400
SWING, NOD = 80, 24
"""Pixels that the head moves to each side, and up and down."""

Plane = NDArray[np.uint8]


@dataclass(frozen=True)
class Scene:
    """The planes of the room and of the head, I420."""

    room: Plane
    head: Plane

    def planes(self) -> bytes:
        """Return room and head for a page: planes Y, U, V of one, then of the other."""
        return self.room.tobytes() + self.head.tobytes()

    def bgr(self) -> tuple[Plane, Plane]:
        """Return room and head as a USB camera's driver would give them."""
        return (
            cv2.cvtColor(self.room, cv2.COLOR_YUV2BGR_I420).astype(np.uint8, copy=False),
            cv2.cvtColor(self.head, cv2.COLOR_YUV2BGR_I420).astype(np.uint8, copy=False),
        )


def head_at(number: int) -> tuple[int, int]:
    """Return left and top of the head in the frame of that number, even pixels. ``scene.js`` does the same."""
    x = (WIDTH - HEAD_WIDTH) // 2 + 2 * round(SWING / 2 * math.sin(2 * math.pi * number / 90))
    y = (HEIGHT - HEAD_HEIGHT) // 2 + 40 + 2 * round(NOD / 2 * math.sin(2 * math.pi * number / 50))
    return x, y


def make_scene(seed: int) -> Scene:
    """Draw room and head from a seed."""
    random = np.random.default_rng(seed)
    return Scene(_texture(random, WIDTH, HEIGHT, 110.0), _texture(random, HEAD_WIDTH, HEAD_HEIGHT, 160.0))


def _texture(random: np.random.Generator, width: int, height: int, brightness: float) -> Plane:
    """Return a cloudy picture: coarse shapes and finer detail, with a little colour."""
    luma = np.full((height, width), brightness)
    for cell, strength in ((160, 60.0), (40, 30.0), (10, 12.0), (4, 5.0)):
        luma += _cloud(random, width, height, cell) * strength
    chroma = [128 + _cloud(random, width // 2, height // 2, 80) * 40 for _ in range(2)]
    planes = [np.clip(plane, 16, 235).astype(np.uint8).reshape(-1) for plane in (luma, *chroma)]
    return np.concatenate(planes).reshape(height * 3 // 2, width)


def _cloud(random: np.random.Generator, width: int, height: int, cell: int) -> NDArray[np.float64]:
    coarse = random.uniform(-0.5, 0.5, (height // cell + 2, width // cell + 2))
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float64, copy=False)
