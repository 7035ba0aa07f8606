"""The contract of a voice: a device that turns words into sound."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from tramkit_hal.device import Capabilities, Device


class VoiceCapabilities(Capabilities):
    """What a voice can do.

    :param languages: those it speaks.
    """

    languages: tuple[str, ...] = ()


class Voice(Device):
    """A voice. What it is given to say is a resident's own and is kept nowhere: no log, no file, no command line."""

    @property
    @abstractmethod
    def capabilities(self) -> VoiceCapabilities: ...

    @abstractmethod
    async def say(self, words: str, language: str, deadline: float = 10.0) -> NDArray[np.int16]:
        """Return words as sound: int16 (n,), mono, 48 kHz.

        :param words: as they are to be said, see :func:`tramkit_hal.aloud.aloud`.
        :raises DeviceError: the voice does not speak that language, or is broken.
        """
