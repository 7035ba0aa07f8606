"""What needs root is told apart from what fails."""

from __future__ import annotations

import os
import shutil

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = [name for name in ("ip", "nft", "turnserver", "nsenter") if shutil.which(name) is None]
    why = "root makes network namespaces" if os.geteuid() != 0 else f"missing: {', '.join(missing)}" if missing else ""
    for item in items:
        if why and item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason=why))
