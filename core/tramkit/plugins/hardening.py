"""What a process that knows residents' data does first: no memory of it gets out, no file of it is another's."""

from __future__ import annotations

import ctypes
import os
import resource

PR_SET_DUMPABLE = 4
"""prctl(2): not dumpable also means that no other process of the same user can attach to it or read its memory."""


def harden_process() -> None:
    """Make no core dumps, let no other program of this user read the memory, and make files for this user only."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl = getattr(ctypes.CDLL(None, use_errno=True), "prctl", None)
    if prctl is not None:  # Linux
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
