"""A QR code that somebody holds before a camera."""

from __future__ import annotations

from importlib.util import find_spec

from tramkit_hal.video import Frame
from tramkit_hal.words import nfc


def available() -> bool:
    """Tell whether pictures can be looked through: the library that does it is an extra of the cameras."""
    return find_spec("cv2") is not None


def find_code(frame: Frame) -> str:
    """Return what a QR code in a picture says, NFC; empty: there is none that can be read. Blocks for some ms."""
    import cv2  # heavy: only where a camera reads

    grey = (
        frame.image[: frame.height] if frame.pixel_format == "i420" else cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
    )
    try:
        text, _corners, _straight = cv2.QRCodeDetector().detectAndDecode(grey)
    except UnicodeDecodeError:  # bytes that are no UTF-8: nothing that is shown to a station
        return ""
    return nfc(text)
