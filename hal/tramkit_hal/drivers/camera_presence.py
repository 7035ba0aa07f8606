"""Presence by a camera: somebody stands there while a face is large enough. Whose face it is nobody asks.

OpenCV's YuNet finds faces; the model is the operator's, as for :mod:`tramkit_hal.drivers.opencv_face`. A picture is
looked at in memory twice a second and forgotten; what is kept is how wide the widest face was, and when.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from tramkit_hal.contracts.camera import Camera
from tramkit_hal.contracts.presence import Presence, PresenceCapabilities, PresenceNow
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo, HealthLevel
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.video import Frame

FACE_METRES = 0.15
"""How wide a grown person's face is, from ear to ear (bizygomatic breadth and a little)."""

LOOKED_AT = 320
"""Pixels of the longer side at which faces are looked for: who stands at a station fills a tenth of them and more."""

STALE_SECONDS = 2.0
"""Without a picture for so long nobody knows whether somebody is there."""


class CameraPresenceSettings(Data):
    """Settings of the driver ``camera_presence``; a camera of its own, since a node is opened once.

    :param device: index or ``/dev/v4l/by-id/…``; a video file for a trial.
    :param detector: YuNet, an ONNX file for ``cv2.FaceDetectorYN``.
    :param smallest: share of the picture's width that a face must fill to count; smaller ones pass by.
    :param view: how wide the camera sees, degrees from its left edge to its right.
    :param score: how sure the detector must be of a face.
    :param looks: looks a second.
    :param gone: seconds without a face after which somebody has left; who bends over a form has not.
    """

    device: int | str = 0
    detector: Path
    smallest: float = Field(default=0.1, gt=0, lt=1)
    view: float = Field(default=70.0, gt=10, lt=170)
    score: float = Field(default=0.8, gt=0, lt=1)
    looks: float = Field(default=2.0, gt=0, le=10)
    gone: float = Field(default=4.0, ge=0, le=60)


class CameraPresence(Presence):
    """A presence sensor that is a camera."""

    driver = "camera_presence"
    Settings = CameraPresenceSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._own = CameraPresenceSettings.model_validate(self.settings.model_dump())
        self._camera: Camera | None = None
        self._detector: Any = None
        self._looking: asyncio.Task[None] | None = None
        self._forget()

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="camera", serial=str(self._own.device))

    @property
    def capabilities(self) -> PresenceCapabilities:
        return PresenceCapabilities(distance=True)

    async def snapshot(self, deadline: float = 2.0) -> PresenceNow:
        async with self._operation(deadline, exclusive=False):
            if self._present is None:
                return PresenceNow(present=None, confidence=0.0)
            return PresenceNow(
                present=self._present, distance=self._distance if self._present else None, confidence=self._sure
            )

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    def _make_camera(self) -> Camera:
        """Return the camera, not opened; a library that is missing is looked for anew at the next opening."""
        try:
            from tramkit_hal.drivers.opencv import OpenCvCamera
        except ImportError:
            raise DeviceError(Trouble.MISCONFIGURED, "the library opencv-python is not installed") from None
        return OpenCvCamera(OpenCvCamera.Settings(device=self._own.device), self.context)

    async def _open(self) -> None:
        await self._close()
        camera = self._make_camera()
        self._detector = await asyncio.to_thread(self._load)
        try:
            await camera.open()
            await camera.start(640, 480, 15)
        except DeviceError:
            await camera.close()
            raise
        self._camera = camera
        self._looking = asyncio.create_task(self._look(camera), name="camera presence")

    async def _close(self) -> None:
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
        camera, self._camera = self._camera, None
        if camera is not None:
            await camera.close()
        self._forget()

    async def _wipe(self) -> None:
        """Nothing of a picture is kept."""

    async def _check(self, level: HealthLevel) -> dict[str, str]:
        if self._present is None:
            raise DeviceError(Trouble.DEADLINE, "the camera gives no picture")
        return {"faces": "yes" if self._present else "no"}

    def _forget(self) -> None:
        self._present: bool | None = None
        self._announced = False
        self._distance: float | None = None
        self._sure = 0.0
        self._seen_at = -math.inf

    def _load(self) -> Any:
        """Load the detector and have it try a picture.

        :raises DeviceError: the file is missing or is no such model.
        """
        import cv2
        import numpy as np

        path = self._own.detector
        if not path.is_file():
            raise DeviceError(Trouble.MISCONFIGURED, f"detector: there is no file {path}")
        try:
            detector: Any = cv2.FaceDetectorYN.create(str(path), "", (LOOKED_AT, LOOKED_AT))
            detector.setScoreThreshold(self._own.score)
            detector.detect(np.zeros((LOOKED_AT, LOOKED_AT, 3), np.uint8))
        except (cv2.error, SystemError):
            raise DeviceError(
                Trouble.MISCONFIGURED, f"detector: {path.name} is no model for OpenCV's FaceDetectorYN (YuNet, ONNX)"
            ) from None
        return detector

    # ── looking ───────────────────────────────────────────────────────────────────────────────────────────

    async def _look(self, camera: Camera) -> None:
        """Look at the newest picture again and again, until cancelled or the camera has gone."""
        after = 0
        while camera.state.usable:
            frame = None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STALE_SECONDS):
                    frame = await camera.picture.next(after)
            if frame is None:
                self._present = None
                continue
            after = frame.sequence
            share, sure = await asyncio.to_thread(self._widest, frame)
            del frame
            self._judge(share, sure)
            await asyncio.sleep(1 / self._own.looks)
        self._present = None
        self._lost(Trouble.UNPLUGGED)

    def _judge(self, share: float, sure: float) -> None:
        """Take what a look found: who turns away for a moment has not left."""
        now = self.clock.monotonic()
        if share >= self._own.smallest:
            self._seen_at = now
            self._distance = FACE_METRES / (2 * share * math.tan(math.radians(self._own.view / 2)))
            self._sure = sure
            self._present = True
        elif now - self._seen_at >= self._own.gone:
            self._present, self._sure = False, 1.0
        if self._present is not None and self._present is not self._announced:
            self._announced = self._present
            self._emit("arrived" if self._present else "left")

    def _widest(self, frame: Frame) -> tuple[float, float]:
        """Return the share of the picture's width that the widest face fills, and how sure the detector is of it."""
        import cv2

        library: Any = cv2
        picture: Any = frame.image
        if frame.pixel_format == "i420":
            picture = library.cvtColor(picture, library.COLOR_YUV2BGR_I420)
        scale = LOOKED_AT / max(frame.height, frame.width)
        size = (max(32, round(frame.width * scale)), max(32, round(frame.height * scale)))
        self._detector.setInputSize(size)
        _count, faces = self._detector.detect(library.resize(picture, size, interpolation=library.INTER_AREA))
        found = [(float(face[2]) / size[0], min(1.0, float(face[-1]))) for face in (() if faces is None else faces)]
        return max(found, default=(0.0, 0.0))
