"""Services of every plugin at the other end of a pipe: their golden walks show the same pages, byte for byte."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from support.golden_walks import WALKS, pages_of
from support.services import SIDE

from tramkit.testing.golden import hold


@pytest.mark.slow
@pytest.mark.parametrize("plugin", list(WALKS))
async def test_the_golden_pages_are_the_same_where_every_call_crosses_as_bytes(
    tmp_path: Path, plugin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SIDE, "serialising")
    hold(Path(str(files(f"tramkit_{plugin}") / "golden.json")), await pages_of(plugin, tmp_path), recording=False)
