"""The operator's models compare faces; where a file is missing or no such model, the operator reads which setting."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError
from support.hardware import HEIGHT, WIDTH, face_of
from support.onnx_detector import write_bright_square_detector, write_brightness_recognizer

from tramkit_hal.card.portrait import Portrait
from tramkit_hal.contracts.face import FaceFinding
from tramkit_hal.device.base import Device, DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.opencv_face import OpenCvFace
from tramkit_hal.sim.chip import portrait
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.video import Frame

from .conformance import DeviceConformance

DETECTOR = os.environ.get("TRAMKIT_FACE_DETECTOR", "")
RECOGNIZER = os.environ.get("TRAMKIT_FACE_RECOGNIZER", "")
PICTURE = os.environ.get("TRAMKIT_FACE_PICTURE", "")
PORTRAIT = Portrait(image=portrait(PEOPLE[0]), kind="jpeg")
EMPTY_ROOM = Frame(np.full((480, 640, 3), 90, np.uint8), "bgr24", 0.0, 1)


def _matcher(detector: Path, recognizer: Path) -> OpenCvFace:
    return OpenCvFace(OpenCvFace.Settings(detector=detector, recognizer=recognizer), DeviceContext(Role.FACE_MATCHER))


async def _refused(matcher: OpenCvFace) -> str:
    with pytest.raises(DeviceError) as refused:
        await matcher.open()
    assert refused.value.trouble is Trouble.MISCONFIGURED
    assert matcher.state is DeviceState.FAULT
    assert matcher.detail == refused.value.detail  # what `tramkit devices` and the panel show
    with pytest.raises(DeviceError):
        await matcher.compare(PORTRAIT, [EMPTY_ROOM])
    return refused.value.detail


async def test_a_file_that_is_not_there_is_named_with_its_setting(tmp_path: Path) -> None:
    detector = tmp_path / "detector.onnx"
    recognizer = tmp_path / "recognizer.onnx"
    detail = await _refused(_matcher(detector, recognizer))
    assert detail == f"detector: there is no file {detector}; recognizer: there is no file {recognizer}"


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x07" + bytes(4096), b"<html>404</html>"])
async def test_a_file_that_is_no_such_model_is_refused(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "detector.onnx", tmp_path / "recognizer.onnx"]
    for file in files:
        file.write_bytes(content)
    about_detector, about_recognizer, *_more = (await _refused(_matcher(*files))).split("; recognizer: ")
    assert about_detector.startswith("detector: detector.onnx is no model")
    assert "YuNet" in about_detector
    assert about_recognizer.startswith("recognizer.onnx is no model")
    assert "SFace" in about_recognizer
    assert not capfd.readouterr().err.count("ERROR")  # our words, not the library's


def test_both_models_and_a_sensible_threshold_are_wanted(tmp_path: Path) -> None:
    for settings in ({"detector": tmp_path}, {"detector": tmp_path, "recognizer": tmp_path, "threshold": 1.5}):
        with pytest.raises(ValidationError):
            OpenCvFace.Settings.model_validate(settings)


def test_it_does_not_claim_to_know_a_person_from_a_picture(tmp_path: Path) -> None:
    assert not _matcher(tmp_path, tmp_path).capabilities.liveness


def test_no_portrait_is_shown_by_what_a_log_would_write() -> None:
    for shown in (repr(PORTRAIT), str(PORTRAIT), repr([PORTRAIT])):
        assert "JFIF" not in shown
        assert "image" not in shown
    assert Portrait.model_validate_json(PORTRAIT.model_dump_json()) == PORTRAIT


# ── over OpenCV's own classes, with models of the tests' own ──


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("models")
    write_bright_square_detector(folder / "detector.onnx", WIDTH, HEIGHT)
    write_brightness_recognizer(folder / "recognizer.onnx")
    return folder / "detector.onnx", folder / "recognizer.onnx"


def own_matcher(models: tuple[Path, Path]) -> OpenCvFace:
    settings = {"detector": models[0], "recognizer": models[1], "smallest": 0.05}
    return OpenCvFace(OpenCvFace.Settings.model_validate(settings), DeviceContext(Role.FACE_MATCHER))


def own_portrait(number: str) -> Portrait:
    file = io.BytesIO()
    Image.fromarray(face_of(number)[:, :, ::-1]).save(file, "JPEG", quality=95)
    return Portrait(image=file.getvalue(), kind="jpeg")


async def test_the_same_face_is_known_another_is_not_and_an_empty_hall_is_nobody(models: tuple[Path, Path]) -> None:
    matcher = own_matcher(models)
    await matcher.open()
    seen = {number: Frame(face_of(number), "bgr24", 0.0, 1) for number in ("079090123458", "079150004213")}
    nobody = Frame(np.full((HEIGHT, WIDTH, 3), 20, np.uint8), "bgr24", 0.0, 2)
    here, other = seen.values()
    asked = own_portrait("079090123458")
    assert await matcher.compare(asked, [here, here]) is FaceFinding.SAME
    assert await matcher.compare(asked, [other]) is FaceFinding.ANOTHER
    assert await matcher.compare(asked, [here, other]) is FaceFinding.ANOTHER
    assert await matcher.compare(asked, [nobody]) is FaceFinding.NO_FACE
    await matcher.close()


class TestOpenCvFaceOverItsLibrary(DeviceConformance):
    """The matcher with those models."""

    contract = OpenCvFace

    @pytest.fixture(autouse=True)
    def _models(self, models: tuple[Path, Path]) -> None:
        self.models = models

    def make(self) -> Device:
        return own_matcher(self.models)

    async def operate(self, device: Any) -> None:
        face = Frame(face_of("079090123458"), "bgr24", 0.0, 1)
        assert await device.compare(own_portrait("079090123458"), [face]) is FaceFinding.SAME


if DETECTOR and RECOGNIZER and PICTURE:
    # No package ships the models, so this is run by hand: with YuNet, SFace and a JPEG of one face named in
    # TRAMKIT_FACE_DETECTOR, TRAMKIT_FACE_RECOGNIZER and TRAMKIT_FACE_PICTURE.

    async def test_the_person_of_the_portrait_is_known_and_an_empty_room_is_nobody() -> None:
        import cv2

        matcher = _matcher(Path(DETECTOR), Path(RECOGNIZER))
        await matcher.open()
        data = await asyncio.to_thread(Path(PICTURE).read_bytes)
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        face, both = Frame(image, "bgr24", 0.0, 1), Frame(np.hstack([image, image]), "bgr24", 0.0, 2)
        asked = Portrait(image=data, kind="jpeg")
        assert await matcher.compare(asked, [face, face]) is FaceFinding.SAME
        assert await matcher.compare(asked, [face, EMPTY_ROOM]) is FaceFinding.NO_FACE
        assert await matcher.compare(asked, [both]) is FaceFinding.SEVERAL
        with pytest.raises(DeviceError, match="unreadable"):
            await matcher.compare(Portrait(image=b"no picture", kind="jpeg"), [face])
        await matcher.close()
