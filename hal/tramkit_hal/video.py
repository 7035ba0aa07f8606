"""Moving pictures inside the station: frames, and the slot that holds the newest one."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PixelFormat = Literal["bgr24", "i420"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture.

    :param image: ``bgr24``: uint8 (height, width, 3); ``i420``: uint8 (height * 3 / 2, width), planes Y, U, V.
    :param captured_at: seconds of ``time.monotonic()`` when the camera took it (or the network gave it).
    :param sequence: rises by one with each frame of a slot; set by :meth:`NewestFrame.put`.
    """

    image: NDArray[np.uint8]
    pixel_format: PixelFormat
    captured_at: float
    sequence: int = 0

    @property
    def width(self) -> int:
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        rows = int(self.image.shape[0])
        return rows * 2 // 3 if self.pixel_format == "i420" else rows


class NewestFrame:
    """The slot between one producer of frames and any number of consumers: only the newest counts.

    A slow consumer misses frames; nothing queues, so nothing grows old. ``put`` may be called from any thread.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._frame: Frame | None = None
        self._sequence = 0
        self._changed = asyncio.Event()
        self.closed = False

    @property
    def frame(self) -> Frame | None:
        """The newest frame; None before the first one and after :meth:`clear`."""
        return self._frame

    def put(self, image: NDArray[np.uint8], pixel_format: PixelFormat, captured_at: float) -> None:
        """Replace the newest frame."""
        with self._lock:
            self._sequence += 1
            self._frame = Frame(image, pixel_format, captured_at, self._sequence)
        self._wake()

    def clear(self) -> None:
        """Forget the frame (the camera stopped, or the visit ended)."""
        with self._lock:
            self._frame = None

    def close(self) -> None:
        """Forget the frame and end every consumer's wait."""
        self.clear()
        self.closed = True
        self._wake()

    async def next(self, after: int = 0) -> Frame | None:
        """Return the newest frame with a sequence above ``after``, waiting for it; None: the slot is closed."""
        while True:
            frame = self._frame
            if self.closed:
                return None
            if frame is not None and frame.sequence > after:
                return frame
            self._changed.clear()
            if self._frame is not frame or self.closed:
                continue
            await self._changed.wait()

    def _wake(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._changed.set)
        except RuntimeError:  # the loop has closed: nobody waits any more
            return

    def __reduce__(self) -> Any:
        raise TypeError("a picture slot is never serialised: name it instead")
