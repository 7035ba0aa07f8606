"""The contract of a face matcher: a device that tells whether the person before the camera is the one on a portrait."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from enum import StrEnum

from tramkit_hal.card.portrait import Portrait
from tramkit_hal.device.base import Capabilities, Device
from tramkit_hal.video import Frame
from tramkit_hal.words import noted


class FaceFinding(StrEnum):
    """What a comparison has found: a closed set. Only ``SAME`` says who somebody is."""

    SAME = noted("same")
    """One face in every picture, and it is the portrait's."""
    ANOTHER = noted("another")
    """One face in every picture, and it is not the portrait's in all of them."""
    NO_FACE = noted("no_face")
    """Some picture has no face that is large and clear enough."""
    SEVERAL = noted("several")
    """Some picture has more than one face."""
    NOT_LIVE = noted("not_live")
    """The face may be a picture of a face; only of a matcher with the capability ``liveness``."""


class FaceMatcherCapabilities(Capabilities):
    """What a face matcher can do.

    :param liveness: tells a person from a picture of one; where False, staff must see to that.
    """

    liveness: bool = False


class FaceMatcher(Device):
    """A face matcher. Portraits, pictures and all that is made of them end with the comparison: no log, no file."""

    @property
    @abstractmethod
    def capabilities(self) -> FaceMatcherCapabilities: ...

    @abstractmethod
    async def compare(self, portrait: Portrait, frames: Sequence[Frame], deadline: float = 10.0) -> FaceFinding:
        """Tell whether the one person in the pictures is the person on the portrait.

        :param portrait: as the chip holds it.
        :param frames: pictures of one moment, oldest first, at least one.
        :raises DeviceError: ``unreadable`` where the portrait is no picture of one face; ``deadline``; ``faulty``.
        :raises ValueError: there are no pictures.
        """
