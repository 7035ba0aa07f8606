"""The station's camera, microphone and speaker during a call: started with it, tried again when one is missing."""

from __future__ import annotations

import asyncio
import logging

from tramkit import CameraHandle, DeviceError, MicrophoneHandle, NewestFrame, SpeakerHandle, Visit
from tramkit_hal.contracts.audio import Sound, SoundQueue
from tramkit_hal.contracts.voice_processing import VoiceProcessor
from tramkit_telehealth.media.tracks import FPS, SIZE, SoundFan

_log = logging.getLogger(__name__)


class CallDevices:
    """What a call uses of the station; a device that is missing leaves a hole, not a fault."""

    def __init__(self, visit: Visit) -> None:
        self.fan = SoundFan()
        self.camera: CameraHandle | None = None
        self.camera_works = False
        """As it was when :meth:`open` looked last."""
        self.microphone: MicrophoneHandle | None = None
        self.speaker: SpeakerHandle | None = None
        self._visit = visit
        self._voice: VoiceProcessor | None = None
        self._listening: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()

    def picture(self) -> NewestFrame | None:
        """Return the slot of the camera's newest frame; None while there is no camera."""
        return self.camera.picture if self.camera is not None else None

    def play(self, sound: Sound) -> None:
        """Play a piece of the doctor's voice."""
        if self.speaker is not None:
            try:
                self.speaker.play(sound)
            except DeviceError:
                self.speaker = None
                return
            if self._voice is not None:
                self._voice.played(sound)

    def backlog(self) -> float:
        """Return the seconds of sound that wait at the speaker."""
        return self.speaker.backlog if self.speaker is not None else 0.0

    def _clean(self, sound: Sound) -> Sound:
        return self._voice.clean(sound, self.backlog()) if self._voice is not None else sound

    async def open(self) -> None:
        """Start whatever is there and not started yet."""
        async with self._opening:
            await asyncio.gather(self._open_camera(), self._open_microphone(), self._open_speaker())

    async def close(self) -> None:
        """Stop everything; a device that is gone is no obstacle."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        for device in (self.camera, self.microphone, self.speaker):
            if device is not None:
                try:
                    await device.stop()
                except DeviceError as error:
                    _log.warning("device not stopped", extra={"trouble": error.trouble.value})
        self.camera = self.microphone = self.speaker = None

    async def _open_camera(self) -> None:
        self.camera_works = self.camera is not None and await self.camera.usable()
        if self.camera_works:
            return
        was = self.camera
        try:
            self.camera = await self._visit.camera()
            await self.camera.start(*SIZE, FPS)
            self.camera_works = True
        except DeviceError as error:
            _log.debug("call without camera", extra={"trouble": error.trouble.value})
            self.camera = was  # one that was pulled goes on by itself when it is back

    async def _open_microphone(self) -> None:
        if self._listening is not None and not self._listening.done():
            return
        self.microphone = None
        try:
            microphone = await self._visit.microphone()
            sounds = await microphone.start()
        except DeviceError as error:
            _log.debug("call without microphone", extra={"trouble": error.trouble.value})
            return
        self.microphone = microphone
        if self._voice is None and not microphone.capabilities.get("echo_cancellation"):
            self._voice = await asyncio.to_thread(VoiceProcessor)  # loading it takes a second
            self.fan.clean = self._clean
        self._listening = asyncio.create_task(self._listen(sounds), name="microphone")

    async def _listen(self, sounds: SoundQueue) -> None:
        await self.fan.run(sounds)
        self.microphone = None

    async def _open_speaker(self) -> None:
        if self.speaker is not None and await self.speaker.usable():
            return
        self.speaker = None
        try:
            speaker = await self._visit.speaker()
            await speaker.start()
        except DeviceError as error:
            _log.debug("call without speaker", extra={"trouble": error.trouble.value})
            return
        self.speaker = speaker
