"""What the station's steps with devices give a service."""

from __future__ import annotations

from typing import Literal

from tramkit_hal.data import Data


class HandedOver(Data):
    """What became of a document for the resident.

    :param outcome: ``printed``; ``shown``: no paper, the codes hold it; ``failed``; ``unknown``: it may have printed.
    """

    outcome: Literal["printed", "shown", "failed", "unknown"]
    codes: tuple[str, ...] = ()


class CameraTest(Data):
    """What the camera and microphone test found.

    :param camera: a picture was seen.
    :param microphone: the microphone gave sound.
    """

    camera: bool
    microphone: bool
