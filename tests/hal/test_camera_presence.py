"""Presence by camera: OpenCV's own detector class finds what is wide enough; the camera is a film or the test's own."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError
from support.onnx_detector import write_bright_square_detector

from tramkit_hal.contracts.camera import Camera, CameraCapabilities
from tramkit_hal.device.base import Device, DeviceContext, DeviceInfo, DeviceState, NoSettings
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.camera_presence import LOOKED_AT, CameraPresence
from tramkit_hal.testing import DeviceConformance
from tramkit_hal.video import NewestFrame

WIDTH, HEIGHT = 640, 480


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "bright.onnx"
    write_bright_square_detector(file, LOOKED_AT, LOOKED_AT * HEIGHT // WIDTH)
    return file


def picture(face: int) -> Any:
    """Return a hall with a bright square of so many pixels in it; 0: nobody."""
    image = np.full((HEIGHT, WIDTH, 3), 20, np.uint8)
    image[120 : 120 + face, 200 : 200 + face] = 250
    return image


class StagedCamera(Camera):
    """A camera before which the test lets somebody stand; 25 pictures a second."""

    driver = "staged"

    def __init__(self) -> None:
        super().__init__(NoSettings(), DeviceContext(Role.CAMERA))
        self._slot: NewestFrame | None = None
        self._task: asyncio.Task[None] | None = None
        self.face = 0
        self.stalled = False
        self.pulled = False

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="staged", serial="1")

    @property
    def capabilities(self) -> CameraCapabilities:
        return CameraCapabilities(width=WIDTH, height=HEIGHT, fps=25)

    @property
    def picture(self) -> NewestFrame:
        if self._slot is None:
            self._slot = NewestFrame()
        return self._slot

    async def _open(self) -> None:
        if self.pulled:
            raise DeviceError(Trouble.UNPLUGGED)

    async def _close(self) -> None:
        await self.stop()

    async def _wipe(self) -> None: ...

    async def start(self, width: int, height: int, fps: int, deadline: float = 5.0) -> None:
        await self.stop()
        self._task = asyncio.create_task(self._film())

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _film(self) -> None:
        while True:
            if self.pulled:
                self._lost()
                return
            if not self.stalled:
                self.picture.put(picture(self.face), "bgr24", time.monotonic())
            await asyncio.sleep(0.04)


class Staged(CameraPresence):
    """The driver with that camera."""

    stage: StagedCamera

    def _make_camera(self) -> Camera:
        return self.stage


def staged(detector: Path, **settings: Any) -> Staged:
    given = {"detector": detector, "looks": 10, "gone": 0.3, **settings}
    device = Staged(Staged.Settings.model_validate(given), DeviceContext(Role.PRESENCE))
    device.stage = StagedCamera()
    return device


async def until(device: CameraPresence, present: bool | None) -> None:
    async with asyncio.timeout(15):
        while (await device.snapshot()).present is not present:
            await asyncio.sleep(0.02)


async def test_a_face_that_is_wide_enough_is_somebody_and_its_width_says_how_far_away(detector: Path) -> None:
    device = staged(detector)
    await device.open()
    await until(device, False)
    device.stage.face = 32  # a twentieth of the picture: somebody passes by behind
    for _look in range(10):
        await asyncio.sleep(0.05)
        assert (await device.snapshot()).present is False
    far, near = await _distance(device, 96), await _distance(device, 192)
    assert near == pytest.approx(0.36, abs=0.05)  # 0.15 m over 2 · 0.3 · tan 35°
    assert far == pytest.approx(2 * near, rel=0.2)
    await device.close()


async def _distance(device: Staged, face: int) -> float:
    device.stage.face = face
    before = device._distance
    async with asyncio.timeout(15):
        while device._distance in (before, None):
            await asyncio.sleep(0.02)
    now = await device.snapshot()
    assert now.present is True
    assert now.distance is not None
    return now.distance


async def test_who_bends_over_a_form_has_not_left(detector: Path) -> None:
    device = staged(detector, gone=60)
    await device.open()
    device.stage.face = 160
    await until(device, True)
    device.stage.face = 0
    for _look in range(10):
        await asyncio.sleep(0.05)
        assert (await device.snapshot()).present is True
    await device.close()


async def test_of_a_picture_nothing_is_kept(detector: Path) -> None:
    device = staged(detector)
    await device.open()
    device.stage.face = 160
    await until(device, True)
    kept = [value for value in vars(device).values() if isinstance(value, np.ndarray)]
    assert kept == []
    await device.close()


async def test_a_film_is_seen_through_the_real_camera_driver(detector: Path, tmp_path: Path) -> None:
    film = tmp_path / "hall.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 15, (WIDTH, HEIGHT))
    for _frame in range(30):
        writer.write(picture(160))
    writer.release()
    settings = CameraPresence.Settings.model_validate({"device": str(film), "detector": detector, "looks": 10})
    device = CameraPresence(settings, DeviceContext(Role.PRESENCE))
    async with device.events() as events:
        await device.open()
        async with asyncio.timeout(15):
            async for event in events:
                if event.name == "arrived":
                    break
    assert (await device.snapshot()).present is True
    await device.close()


async def test_a_model_that_is_missing_or_none_is_misconfigured_and_heals(detector: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    device = staged(file)
    for content, words in ((None, "there is no file"), (b"no model", "is no model")):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(DeviceError, match=words) as caught:
            await device.open()
        assert caught.value.trouble is Trouble.MISCONFIGURED
    shutil.copyfile(detector, file)
    await device.open()
    assert device.state is DeviceState.READY
    await device.close()
    with pytest.raises(ValidationError):
        CameraPresence.Settings.model_validate({"detector": file, "smallest": 0})


class TestCameraPresence(DeviceConformance):
    """The driver over OpenCV's detector, before the test's camera."""

    contract = CameraPresence
    pluggable = True

    @pytest.fixture(autouse=True)
    def _stage(self, detector: Path) -> None:
        self.model = detector
        self.stage: StagedCamera | None = None

    def make(self) -> Device:
        device = staged(self.model)
        self.stage = self.stage or device.stage
        device.stage = self.stage
        return device

    @property
    def camera(self) -> StagedCamera:
        assert self.stage is not None
        return self.stage

    async def unplug(self, device: Any) -> None:
        self.camera.pulled = True

    async def plug(self, device: Any) -> None:
        self.camera.pulled = False

    async def do(self, device: Any, name: str, value: str = "") -> None:
        match name:
            case "unknown":
                await until(device, False)
                self.camera.stalled = True
                await until(device, None)
            case "arrive" | "leave":
                self.camera.face = 160 if name == "arrive" else 0
                await until(device, name == "arrive")
            case _:
                await super().do(device, name, value)
