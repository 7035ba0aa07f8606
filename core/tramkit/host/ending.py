"""How a visit ends, and what takes a service away from the page it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tramkit_hal import TramkitError
from tramkit_hal.data import Data

VisitEnding = Literal["done", "left", "timed_out", "fault", "ended_by_staff", "shutdown"]
"""How a visit ended; ``ended_by_staff``: by the operator, at the panel."""


class BackPressed(Data):
    """The resident wants the page before.

    :param typed: what stands on the page that they leave, by field.
    """

    typed: Mapping[str, str] = {}


class ChangePressed(Data):
    """The resident wants to change the answer of that name."""

    name: str


class Ended(Data):
    """The visit is over."""

    ending: VisitEnding


Signal = BackPressed | ChangePressed | Ended

Followed = Literal["taken", "exhausted", "did_not_stop", "killed"]
"""What became of a signal: the service goes on elsewhere; it has nothing left to take back; it did not stop in time;
it did not, and its process was ended."""


class VisitIsOverError(TramkitError):
    """Somebody goes on with a visit that has ended: a service that did not stop when it was told to."""
