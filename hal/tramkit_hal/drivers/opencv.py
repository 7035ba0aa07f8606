"""A camera, or a video file, through OpenCV.

OpenCV goes on giving the last frame after some cameras are pulled, and "succeeds" on a device that is gone. So one
thread reads, only the newest frame counts, and a picture that repeats to the last byte for a second is no picture.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydantic import BaseModel, Field

from tramkit_hal.contracts.camera import Camera, CameraCapabilities
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.library import LibraryCalls, call_soon
from tramkit_hal.video import NewestFrame
from tramkit_hal.words import noted

_log = logging.getLogger(__name__)
_CALLS = LibraryCalls("OpenCV")

STALL_SECONDS = 1.0
"""Without a new picture for this long the slot is emptied."""

LOST_SECONDS = 3.0
"""Without a new picture for this long the camera counts as pulled."""


class OpenCvSettings(Data):
    """Settings of a camera through OpenCV.

    :param device: index, path of a device (better by id: ``/dev/v4l/by-id/…``), or path of a video file.
    :param loop: begin a video file again at its end.
    """

    device: int | str = 0
    width: int = Field(1280, ge=160, le=3840)
    height: int = Field(720, ge=120, le=2160)
    fps: int = Field(30, ge=1, le=60)
    loop: bool = True


class OpenCvCamera(Camera):
    """A camera of the machine, or a video file that stands in for one."""

    driver = "opencv"
    Settings = OpenCvSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._slot: NewestFrame | None = None
        self._capture: Any = None
        self._thread: threading.Thread | None = None
        self._quit = threading.Event()
        self._wanted: tuple[int, int, int] | None = None

    @property
    def _is_file(self) -> bool:
        device = self.settings.device
        return isinstance(device, str) and not device.startswith("/dev/")

    @property
    def info(self) -> DeviceInfo:
        model = noted("video file") if self._is_file else noted("camera")
        return DeviceInfo(driver=self.driver, model=model, serial=str(self.settings.device))

    @property
    def capabilities(self) -> CameraCapabilities:
        return CameraCapabilities(width=self.settings.width, height=self.settings.height, fps=self.settings.fps)

    @property
    def picture(self) -> NewestFrame:
        if self._slot is None:
            self._slot = NewestFrame()
        return self._slot

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _open(self) -> None:
        if not self._there():
            raise DeviceError(Trouble.UNPLUGGED)
        self._capture = await _CALLS.call(self._connect)
        if self._wanted is not None:  # it was pulled while it ran
            self._run(*self._wanted)

    async def _close(self) -> None:
        await self._halt()
        capture, self._capture = self._capture, None
        if capture is not None:
            await _CALLS.call(capture.release)

    async def _wipe(self) -> None:
        await self.stop()

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        frame = self._slot.frame if self._slot else None
        return {
            noted("age of the last frame"): f"{time.monotonic() - frame.captured_at:.2f} s"
            if frame
            else noted("no frame")
        }

    def _there(self) -> bool:
        device = self.settings.device
        return Path(f"/dev/video{device}" if isinstance(device, int) else device).exists()

    def _connect(self) -> Any:
        quiet = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            capture = cv2.VideoCapture(self.settings.device)
        finally:
            cv2.utils.logging.setLogLevel(quiet)
        if not capture.isOpened():
            capture.release()
            raise DeviceError(Trouble.MISCONFIGURED if self._is_file else Trouble.UNPLUGGED, "cannot be opened")
        return capture

    # ── pictures ──────────────────────────────────────────────────────────────────────────────────────────

    async def start(self, width: int, height: int, fps: int, deadline: float = 5.0) -> None:
        async with self._operation(deadline, exclusive=False):
            wanted = (
                min(width, self.settings.width),
                min(height, self.settings.height),
                min(fps, self.settings.fps),
            )
            if wanted != self._wanted or self._thread is None:
                await self._halt()
                self._run(*wanted)
                self._wanted = wanted
            await self.picture.next()

    async def stop(self) -> None:
        self._wanted = None
        await self._halt()

    async def _halt(self) -> None:
        thread, self._thread = self._thread, None
        self._quit.set()
        if thread is not None:
            await asyncio.to_thread(thread.join, 5)
        if self._slot is not None:
            self._slot.clear()

    def _run(self, width: int, height: int, fps: int) -> None:
        self._quit = threading.Event()
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._read, args=(self._quit, self.picture, loop, width, height, fps), name="camera", daemon=True
        )
        self._thread.start()

    def _read(
        self,
        quit: threading.Event,
        picture: NewestFrame,
        loop: asyncio.AbstractEventLoop,
        width: int,
        height: int,
        fps: int,
    ) -> None:
        """Read until told to stop or the camera is gone; runs in a thread of its own."""
        capture = self._capture
        if not self._is_file:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
            capture.set(cv2.CAP_PROP_FPS, fps)
        newest, digest, due, stalled = time.monotonic(), 0, time.monotonic(), False
        while not quit.is_set():
            got, image = capture.read()
            now = time.monotonic()
            if self._is_file:
                if not got and self.settings.loop and capture.set(cv2.CAP_PROP_POS_FRAMES, 0):
                    got, image = capture.read()
                due = max(due + 1 / fps, now - 1)
                quit.wait(max(0.0, due - now))
                now = time.monotonic()
            seen = zlib.adler32(image[::8].tobytes()) if got else digest
            if got and (self._is_file or seen != digest):
                newest, digest, stalled = now, seen, False
                picture.put(_fit(image, width, height), "bgr24", now)
                continue
            if now - newest > STALL_SECONDS and not stalled:
                stalled = True
                picture.clear()
                call_soon(loop, self._emit, "frame_stalled")
            if now - newest > LOST_SECONDS or not self._there():
                call_soon(loop, self._gone)
                return
            if not got:
                quit.wait(0.02)

    def _gone(self) -> None:
        self._thread = None
        self.picture.clear()
        self._lost(Trouble.UNPLUGGED)


def _fit(image: Any, width: int, height: int) -> Any:
    """Scale a picture down to the wished size, keeping its shape and even sides."""
    rows, columns = image.shape[:2]
    scale = min(1.0, width / columns, height / rows)
    if scale == 1.0 and rows % 2 == 0 and columns % 2 == 0:
        return np.ascontiguousarray(image)
    size = (int(columns * scale) // 2 * 2, int(rows * scale) // 2 * 2)
    resize: Any = cv2.resize
    return resize(image, size, interpolation=cv2.INTER_AREA)
