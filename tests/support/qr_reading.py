"""Reading a QR code out of a picture as a banking app does: near and far, by more than one way to look."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

SCALES = (1.0, 0.5, 1.5, 0.75, 2.0)


def read_code(picture: np.ndarray[Any, Any]) -> str:
    """Return what a code in a grey or colour picture says; empty: none is found at any distance.

    OpenCV's own way to look misses some codes at some sizes, whatever they say.
    """
    for scale in SCALES:
        seen = picture if scale == 1 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for detector in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()):
            if text := detector.detectAndDecode(seen)[0]:
                return text
    return ""
