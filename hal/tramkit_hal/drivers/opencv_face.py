"""Faces compared by OpenCV's own two classes, with models that the operator supplies: YuNet finds, SFace compares.

Neither tells a person from a photograph of one, so this matcher does not claim to: where nobody stands by, a matcher
with the capability ``liveness`` is needed.
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, Field

from tramkit_hal import TramkitError
from tramkit_hal.card.portrait import Portrait
from tramkit_hal.contracts.face import FaceFinding, FaceMatcher, FaceMatcherCapabilities
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.video import Frame

SAME_PERSON = 0.363
"""Cosine from which SFace counts two faces as one person's (OpenCV's tutorial on face detection and recognition)."""

LOOKED_AT = 640
"""Pixels of a picture's longer side when faces are looked for; larger faces are not found better, only later."""

MAX_PIXELS = 16_000_000
"""Of a portrait: those on chips have well below a million."""


class OpenCvFaceSettings(Data):
    """Settings of the driver ``opencv_face``.

    :param detector: YuNet, an ONNX file for ``cv2.FaceDetectorYN``.
    :param recognizer: SFace, an ONNX file for ``cv2.FaceRecognizerSF``.
    :param threshold: cosine from which two faces are one person's; higher refuses more.
    :param score: how sure the detector must be of a face.
    :param smallest: share of a picture's shorter side that a face must fill to count; smaller ones are bystanders.
    """

    detector: Path
    recognizer: Path
    threshold: float = Field(default=SAME_PERSON, gt=0, lt=1)
    score: float = Field(default=0.9, gt=0, lt=1)
    smallest: float = Field(default=0.15, gt=0, lt=1)


class OpenCvFace(FaceMatcher):
    """A face matcher that is a library; it works in a thread and keeps nothing of a face."""

    driver = "opencv_face"
    Settings = OpenCvFaceSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._own = OpenCvFaceSettings.model_validate(self.settings.model_dump())
        self._detector: Any = None
        self._recognizer: Any = None
        self._one_at_a_time = threading.Lock()
        """A comparison whose deadline is over may still run; the models serve one thread only."""

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model=self._own.recognizer.stem, serial="0")

    @property
    def capabilities(self) -> FaceMatcherCapabilities:
        return FaceMatcherCapabilities(liveness=False)

    async def compare(self, portrait: Portrait, frames: Sequence[Frame], deadline: float = 10.0) -> FaceFinding:
        if not frames:
            raise ValueError("there is no picture to compare with")
        async with self._operation(deadline):
            return await asyncio.to_thread(self._compare, portrait, tuple(frames))

    async def _open(self) -> None:
        self._detector, self._recognizer = await asyncio.to_thread(self._load)

    async def _close(self) -> None:
        self._detector = self._recognizer = None

    async def _wipe(self) -> None:
        return  # nothing outlives a comparison

    def _load(self) -> tuple[Any, Any]:
        """Load both models and have each try a picture; tell of both what is wrong.

        :raises DeviceError: a file is missing or is not that model; the detail names each setting.
        """
        with self._one_at_a_time, _quiet():
            found = [_tried(load) for load in (self._load_detector, self._load_recognizer)]
        if wrong := [each for each in found if isinstance(each, str)]:
            raise DeviceError(Trouble.MISCONFIGURED, "; ".join(wrong))
        return found[0], found[1]

    def _load_detector(self) -> Any:
        path = _there("detector", self._own.detector)
        try:
            detector: Any = cv2.FaceDetectorYN.create(str(path), "", (320, 320))
            detector.setScoreThreshold(self._own.score)
            detector.detect(np.zeros((320, 320, 3), np.uint8))
        except (cv2.error, SystemError):
            raise _UnusableError(_no_model("detector", path, "YuNet", "FaceDetectorYN")) from None
        return detector

    def _load_recognizer(self) -> Any:
        path = _there("recognizer", self._own.recognizer)
        recognizer: Any = None
        try:
            recognizer = cv2.FaceRecognizerSF.create(str(path), "")
            found = recognizer.feature(np.zeros((112, 112, 3), np.uint8))
        except (cv2.error, SystemError):
            found = None
        if found is None or np.size(found) == 0:
            raise _UnusableError(_no_model("recognizer", path, "SFace", "FaceRecognizerSF"))
        return recognizer

    # ── in a thread ───────────────────────────────────────────────────────────────────────────────────────

    def _compare(self, portrait: Portrait, frames: tuple[Frame, ...]) -> FaceFinding:
        with self._one_at_a_time:
            picture = _picture_of(portrait)
            faces = self._faces(picture)
            if len(faces) != 1:
                raise DeviceError(Trouble.UNREADABLE, "the portrait is no picture of one face")
            wanted = self._features(picture, faces[0])
            alike: list[bool] = []
            for frame in frames:
                seen = _bgr(frame)
                faces = self._faces(seen)
                if len(faces) != 1:
                    return FaceFinding.SEVERAL if faces else FaceFinding.NO_FACE
                cosine = self._recognizer.match(wanted, self._features(seen, faces[0]), cv2.FaceRecognizerSF_FR_COSINE)
                alike.append(bool(cosine >= self._own.threshold))  # not a number is not the same person
            return FaceFinding.SAME if all(alike) else FaceFinding.ANOTHER

    def _faces(self, picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return the faces that count, each (15,) in pixels of the picture."""
        rows, columns = picture.shape[:2]
        scale = min(1.0, LOOKED_AT / max(rows, columns))
        size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
        resize: Any = cv2.resize
        small = picture if scale == 1.0 else resize(picture, size, interpolation=cv2.INTER_AREA)
        self._detector.setInputSize(size)
        _count, found = self._detector.detect(small)
        if found is None:
            return []
        smallest = self._own.smallest * min(size)
        counted = [face.copy() for face in found if min(face[2], face[3]) >= smallest]
        for face in counted:
            face[:14] /= scale
        return counted

    def _features(self, picture: NDArray[np.uint8], face: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what SFace makes of a face; a copy, since the network's own memory is used again."""
        return self._recognizer.feature(self._recognizer.alignCrop(picture, face)).copy()


class _quiet:
    """OpenCV prints what it thinks of a file to the terminal; the operator gets our words instead."""

    def __enter__(self) -> None:
        self._before = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

    def __exit__(self, *raised: object) -> None:
        cv2.utils.logging.setLogLevel(self._before)


class _UnusableError(TramkitError):
    """A model that cannot be used, in words for the operator."""


def _tried(load: Callable[[], Any]) -> Any:
    try:
        return load()
    except _UnusableError as why:
        return str(why)


def _there(setting: str, path: Path) -> Path:
    if not path.is_file():
        raise _UnusableError(f"{setting}: there is no file {path}")
    return path


def _no_model(setting: str, path: Path, model: str, library: str) -> str:
    return f"{setting}: {path.name} is no model that OpenCV's {library} can use ({model}, ONNX); is the file whole?"


def _picture_of(portrait: Portrait) -> NDArray[np.uint8]:
    """Return a portrait as BGR (height, width, 3).

    :raises DeviceError: it is no picture, or an absurdly large one.
    """
    try:
        with Image.open(io.BytesIO(portrait.image), formats=("JPEG", "JPEG2000")) as image:
            if image.width * image.height <= MAX_PIXELS:
                return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        pass
    raise DeviceError(Trouble.UNREADABLE, "the portrait is no picture")


def _bgr(frame: Frame) -> NDArray[np.uint8]:
    if frame.pixel_format == "bgr24":
        return frame.image
    convert: Any = cv2.cvtColor
    return convert(frame.image, cv2.COLOR_YUV2BGR_I420)
