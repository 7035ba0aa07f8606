"""The operator's models compare faces; where a file is missing or no such model, the operator reads which setting."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from tramkit_hal.card.portrait import Portrait
from tramkit_hal.contracts.face import FaceFinding
from tramkit_hal.device.base import DeviceContext, DeviceState
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.opencv_face import OpenCvFace
from tramkit_hal.sim.chip import portrait
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.video import Frame

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
