"""Records which files of ours a run enters, in their order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
OURS = tuple(str(ROOT / each) + "/" for each in ("core/tramkit", "hal/tramkit_hal", "plugins"))
NOT_ON_THE_WAY = ("/tests/", "/words.py", "/log.py", "/device/clock.py", "/tramkit_hal/clock.py")
"""Left out: words and time are asked for everywhere, and say nothing of the way."""


class Way:
    """The files that a run has entered.

    :ivar entered: in their order, none twice in a row.
    """

    def __init__(self) -> None:
        self.entered: list[str] = []

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call":
            return
        name = frame.f_code.co_filename
        if name.startswith(OURS) and not any(part in name for part in NOT_ON_THE_WAY):
            file = str(Path(name).relative_to(ROOT))
            if not self.entered or self.entered[-1] != file:
                self.entered.append(file)

    @property
    def files(self) -> int:
        """How many files it enters."""
        return len(set(self.entered))

    @property
    def returns(self) -> int:
        """How often it returns to a file that it had left."""
        return len(self.entered) - self.files

    @property
    def rooms(self) -> int:
        """How many folders it enters."""
        return len({str(Path(each).parent) for each in self.entered})


@contextmanager
def traced(way: Way, *, on: Callable[[Any], None] = sys.setprofile) -> Iterator[Way]:
    """Record what runs in the block."""
    on(way)
    try:
        yield way
    finally:
        on(None)
