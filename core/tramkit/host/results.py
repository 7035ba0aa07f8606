"""What the station's steps with devices give a service."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class HandedOver(BaseModel):
    """What became of a document for the resident.

    :param outcome: ``printed``; ``shown``: no paper, the codes hold it; ``failed``; ``unknown``: it may have printed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Literal["printed", "shown", "failed", "unknown"]
    codes: tuple[str, ...] = ()


class CameraTest(BaseModel):
    """What the camera and microphone test found.

    :param camera: a picture was seen.
    :param microphone: the microphone gave sound.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    camera: bool
    microphone: bool
