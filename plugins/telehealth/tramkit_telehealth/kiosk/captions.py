"""Captions: what the doctor says, in words on the resident's screen, where the station has a recogniser of speech."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from tramkit import DeviceError, SpeechRecogniserHandle, Visit
from tramkit_hal.contracts.audio import Sound


class Captions:
    """The captions of one call; nothing is listened to until the resident wants them, and nothing is kept.

    :ivar offered: the station has a recogniser for the resident's language.
    :ivar text: what the doctor said last.
    """

    def __init__(self, visit: Visit) -> None:
        self.offered = False
        self.text = ""
        self._visit = visit
        self._wanted = asyncio.Event()
        self._handle: SpeechRecogniserHandle | None = None

    def want(self, wanted: bool) -> None:
        """Begin to listen, or listen no longer."""
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()
            self.text = ""

    def beside(self, play: Callable[[Sound], None]) -> Callable[[Sound], None]:
        """Return what plays the doctor's voice and hears it too; a recogniser that is gone stops no sound."""

        def heard(sound: Sound) -> None:
            play(sound)
            if self._handle is not None and self._wanted.is_set():
                try:
                    self._handle.hear(sound)
                except DeviceError:
                    self._handle = None

        return heard

    async def run(self) -> None:
        """Offer captions while there is a recogniser, and make them while they are wanted."""
        try:
            handle = await self._visit.speech_recogniser()
            self.offered = self._visit.language in handle.languages
            if not self.offered:
                return
            await self._wanted.wait()
            await handle.start(self._visit.language)
            self._handle = handle
            while (text := await handle.said()) is not None:
                self.text = text if self._wanted.is_set() else ""
        except DeviceError:
            return  # there is none, or no longer: the call goes on without
        finally:
            started, self._handle = self._handle, None
            self.offered, self.text = False, ""
            if started is not None:
                with contextlib.suppress(DeviceError):
                    await started.stop()
