"""The money's tests use the plugins' sandboxes over real sockets."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from support.money_station import MoneyStation

os.environ["PYTHONPATH"] = os.pathsep.join(
    each for each in (str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")) if each
)  # the process that forks stations imports support.money


@pytest_asyncio.fixture
async def kiosk(tmp_path: Path) -> AsyncIterator[MoneyStation]:
    """A station that takes money, with all that is outside it."""
    kiosk = MoneyStation(tmp_path)
    await kiosk.open()
    yield kiosk
    await kiosk.close()
