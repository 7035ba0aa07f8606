"""The contract of a speech recogniser: a device that turns a voice into words, for captions."""

from __future__ import annotations

from abc import abstractmethod

from tramkit_hal.contracts.audio import Sound
from tramkit_hal.device.base import Capabilities, Device

MAX_SAID = 400
"""Characters that are told at once: what was said last."""


class SpeechRecogniserCapabilities(Capabilities):
    """What a recogniser can do.

    :param languages: those it understands.
    """

    languages: tuple[str, ...] = ()


class SpeechRecogniser(Device):
    """A recogniser. It works at the station: what it hears and understands is kept nowhere and sent nowhere.

    One voice at a time. Words may be put right while more of the voice comes: what is told last counts.
    """

    @property
    @abstractmethod
    def capabilities(self) -> SpeechRecogniserCapabilities: ...

    @abstractmethod
    async def start(self, language: str, deadline: float = 5.0) -> None:
        """Begin to understand, anew where it did already; what was said before is forgotten.

        :raises DeviceError: ``unsupported`` where it does not understand that language.
        """

    @abstractmethod
    def hear(self, sound: Sound) -> None:
        """Take a piece of the voice; it never waits, what is too much is left out. Not started: nothing is done."""

    @abstractmethod
    async def said(self) -> str | None:
        """Return what was said last, at most :data:`MAX_SAID` characters, once it is different from what was returned
        before; None: it was stopped, or was never started.
        """

    @abstractmethod
    async def stop(self) -> None:
        """Stop and forget what was heard."""
