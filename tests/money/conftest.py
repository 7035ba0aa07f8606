"""The money's tests use the plugins' sandboxes over real sockets."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["PYTHONPATH"] = os.pathsep.join(
    each for each in (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")) if each
)  # the process that forks stations imports support.money
