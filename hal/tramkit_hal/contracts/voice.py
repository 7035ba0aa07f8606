"""The contract of a voice: a device that turns words into sound."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from tramkit_hal.contracts.audio import SAMPLE_RATE
from tramkit_hal.device.base import Capabilities, Device


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

        :param words: as they are to be said, see :func:`tramkit_hal.verbalise.verbalise`.
        :raises DeviceError: the voice does not speak that language, or is broken.
        """


def at_station_rate(given: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """Return sound at the station's rate of 48 kHz.

    :param given: int16 (n,), mono.
    :param rate: its samples a second.
    """
    if not len(given):
        return np.zeros(0, dtype=np.int16)
    at = np.arange(int(len(given) * SAMPLE_RATE / rate)) * (rate / SAMPLE_RATE)
    return np.interp(at, np.arange(len(given)), given).astype(np.int16)
