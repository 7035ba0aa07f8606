"""What the tests share: the waterworks' stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tramkit_water.sandbox import WaterworksSandbox


@pytest_asyncio.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[WaterworksSandbox]:
    """The waterworks."""
    works = WaterworksSandbox(tmp_path / "outside" / "waterworks.sqlite")
    async with works.running():
        yield works
