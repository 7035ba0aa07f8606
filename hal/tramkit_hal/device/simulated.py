"""What a simulator offers beyond its device contract: controls that an operator or a script uses."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal, Protocol, runtime_checkable

from tramkit_hal.data import Data


class SimControl(Data):
    """One thing that can be done to a simulator while the station runs.

    :param name: names it in scripts and in the panel's address.
    :param label: for the operator, English.
    :param kind: ``press`` does it; ``switch`` takes ``on``/``off``; ``choice`` one of ``options``; ``text`` words.
    :param value: how it is set now.
    """

    name: str
    label: str
    kind: Literal["press", "switch", "choice", "text"]
    options: tuple[str, ...] = ()
    value: str = ""


@runtime_checkable
class Simulated(Protocol):
    """A simulator, as the device panel sees it."""

    @abstractmethod
    def controls(self) -> tuple[SimControl, ...]:
        """Return what can be done to it now."""
        ...

    @abstractmethod
    async def control(self, name: str, value: str = "") -> None:
        """Do it.

        :raises ValueError: an unknown control or a value it does not take, in words for the operator.
        """
        ...

    @abstractmethod
    def shown(self) -> str:
        """Return what a bystander would see of it, plain text (the paper hanging out, the light …)."""
        ...
