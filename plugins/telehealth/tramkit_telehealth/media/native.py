"""Finds libopus and libvpx: the copies that PyAV's wheel carries, else those of the system.

aiortc speaks to both through FFmpeg, whose wrappers cannot change a bit rate, ask for in-band FEC or conceal a lost
packet; the libraries themselves can.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from functools import lru_cache
from pathlib import Path

import av

from tramkit import TramkitError


class MissingLibraryError(TramkitError, ImportError):
    """A shared library that the call's media need is neither in PyAV's wheel nor in the system."""


@lru_cache(maxsize=4)
def library(name: str) -> ctypes.CDLL:
    """Return a shared library.

    :param name: ``opus`` or ``vpx``.
    :raises MissingLibraryError: there is none.
    """
    beside = Path(av.__file__).parent.parent / "av.libs"
    for path in sorted(beside.glob(f"lib{name}-*.so*")):
        return ctypes.CDLL(str(path))
    found = ctypes.util.find_library(name)
    if found is None:
        raise MissingLibraryError(f"lib{name} is not installed")
    return ctypes.CDLL(found)
