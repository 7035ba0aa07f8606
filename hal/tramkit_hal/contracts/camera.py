"""The contract of a camera."""

from __future__ import annotations

from abc import abstractmethod

from tramkit_hal.device.base import Capabilities, Device
from tramkit_hal.video import NewestFrame


class CameraCapabilities(Capabilities):
    """What a camera can do.

    :param width: largest picture, pixels.
    :param height: largest picture, pixels.
    :param fps: most frames a second at that size.
    :param privacy_led: whether a light shows that it is on.
    """

    width: int
    height: int
    fps: int
    privacy_led: bool = False


class Camera(Device):
    """A camera. Events: ``frame_stalled`` (no new picture for a second), ``state``."""

    @property
    @abstractmethod
    def capabilities(self) -> CameraCapabilities: ...

    @property
    @abstractmethod
    def picture(self) -> NewestFrame:
        """The slot of the newest frame; the same object for the life of the device.

        It is empty until :meth:`start` and while the camera gives no pictures (unplugged, stalled).
        A frame that repeats because the camera is gone is never put.
        """

    @abstractmethod
    async def start(self, width: int, height: int, fps: int, deadline: float = 5.0) -> None:
        """Begin to take pictures, as near to the wish as the camera can; a second call changes the size.

        A camera that is pulled while started goes on by itself when it is plugged in again.

        :param width: pixels.
        :param height: pixels.
        :param deadline: seconds until the first frame.
        """

    @abstractmethod
    async def stop(self) -> None:
        """Stop taking pictures and forget the last one."""
