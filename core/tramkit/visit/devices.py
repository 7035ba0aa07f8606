"""The station's devices as a service holds them: handles, whose pictures and sound are streams."""

from __future__ import annotations

from tramkit.host.host import Host, Opened
from tramkit_hal.contracts.audio import Sound, SoundQueue
from tramkit_hal.video import NewestFrame


class DeviceHandle:
    """A device that this visit has taken; the station gives it back at the end."""

    def __init__(self, host: Host, opened: Opened) -> None:
        self._host = host
        self._handle = opened.handle
        self.capabilities = opened.capabilities

    async def usable(self) -> bool:
        """Return whether it can be used now."""
        return bool(await self._host.do(self._handle, "usable", {}))

    async def stop(self) -> None:
        """End what was started; what it has seen or heard is forgotten.

        :raises DeviceError: it is gone.
        """
        await self._host.do(self._handle, "stop", {})


class CameraHandle(DeviceHandle):
    """A camera."""

    @property
    def picture(self) -> NewestFrame:
        """The slot of the newest frame."""
        return self._host.picture(self._handle)

    async def start(self, width: int, height: int, fps: int) -> None:
        """Begin to take pictures, as near to the wish as the camera can.

        :param width: pixels.
        :param height: pixels.
        :raises DeviceError: it does not.
        """
        await self._host.do(self._handle, "start", {"width": width, "height": height, "fps": fps})


class MicrophoneHandle(DeviceHandle):
    """A microphone."""

    async def start(self) -> SoundQueue:
        """Begin to listen; return the queue of pieces (48 kHz, mono, 20 ms), closed when the microphone stops or goes.

        :raises DeviceError: it does not, or it listens already.
        """
        await self._host.do(self._handle, "start", {})
        return self._host.sound(self._handle)


class SpeakerHandle(DeviceHandle):
    """A speaker."""

    async def start(self) -> None:
        """Make ready to play.

        :raises DeviceError: it cannot.
        """
        await self._host.do(self._handle, "start", {})

    def play(self, sound: Sound) -> None:
        """Play a piece (48 kHz, mono, 20 ms); it never waits.

        :raises DeviceError: it is gone.
        """
        self._host.play(self._handle, sound)

    @property
    def backlog(self) -> float:
        """Seconds of sound that were given and have not played yet."""
        return self._host.backlog(self._handle)


class SpeechRecogniserHandle(DeviceHandle):
    """A recogniser of speech."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that it understands."""
        found = self.capabilities.get("languages")
        return tuple(str(each) for each in found) if isinstance(found, list) else ()

    async def start(self, language: str) -> None:
        """Begin to understand.

        :raises DeviceError: it does not understand that language, or is gone.
        """
        await self._host.do(self._handle, "start", {"language": language})

    def hear(self, sound: Sound) -> None:
        """Give it a piece of the voice (48 kHz, mono, 20 ms); it never waits.

        :raises DeviceError: it is gone.
        """
        self._host.play(self._handle, sound)

    async def said(self) -> str | None:
        """Return what was said last, once it is different from what was returned before; None: it was stopped.

        :raises DeviceError: it is gone.
        """
        said = await self._host.do(self._handle, "said", {})
        return said if isinstance(said, str) else None
