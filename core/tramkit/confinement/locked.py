"""Runs a program in a process that is locked first: ``python -I -B locked.py PROGRAM``.

What parses papers is confined as a plugin is, whatever a file makes of it. Imports nothing of Tramkit but its
neighbour, so that it starts fast.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Lock this process, and run the program that is the first argument."""
    spec = importlib.util.spec_from_file_location("confine", Path(__file__).with_name("confine.py"))
    assert spec is not None
    assert spec.loader is not None
    confine = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(confine)
    confine.lock_process()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
