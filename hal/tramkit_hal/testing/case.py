"""Numbered cases, each one sentence that a device keeps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tramkit_hal import TramkitError
from tramkit_hal.device.base import Device

Run = Callable[[Any], Awaitable[None]]
"""Takes a :class:`tramkit_hal.testing.Rig`."""


class NotApplicableError(TramkitError):
    """A case that cannot be tried here: nobody can pull the device out, or it has no such part. Says why."""


class ConformanceError(TramkitError, AssertionError):
    """What a device should have kept and did not."""


@dataclass(frozen=True)
class Case:
    """One thing that a device keeps.

    :param id: ``HAL-<class>-nnn``; never given to another case.
    :param title: what it keeps, as a sentence.
    :param contract: the class of device that it is for.
    """

    id: str
    title: str
    contract: type[Device]
    run: Run


_CASES: dict[str, Case] = {}


def case(id: str, contract: type[Device], title: str) -> Callable[[Run], Run]:
    """Make a coroutine function a case."""

    def register(run: Run) -> Run:
        if id in _CASES:
            raise ValueError(f"{id} is taken")
        _CASES[id] = Case(id, title, contract, run)
        return run

    return register


def registered() -> list[Case]:
    """Return the cases that have been made so far."""
    return list(_CASES.values())


def check(kept: Any, what: str) -> None:
    """Say what was not kept.

    :raises ConformanceError: it was not.
    """
    if not kept:
        raise ConformanceError(what)
