"""``tramkit`` as it is where ``tramkit[sim]`` is not installed: whoever imports a simulator fails."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class NotInstalled(MetaPathFinder):
    """Finds no simulator, as if its package were not there."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "tramkit_hal.sim" or fullname.startswith(("tramkit_hal.sim.", "tramkit_hal.testing")):
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


if __name__ == "__main__":
    sys.meta_path.insert(0, NotInstalled())
    from tramkit.app.cli import main

    try:
        main()
    finally:
        assert not [name for name in sys.modules if name.startswith("tramkit_hal.sim")]
