"""The fixtures of the kit; pytest finds them once ``tramkit`` is installed.

``station`` opens a station, ``tramkit_browser`` is a Chromium for the web screen. Both need pytest-asyncio.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tramkit.testing.needs import needs

with needs("pytest-asyncio"):
    import pytest_asyncio

if TYPE_CHECKING:
    from playwright.async_api import Browser

    from tramkit.testing.kit import KitStation, Make
    from tramkit.visit.service import Service

CHROMIUM = "TRAMKIT_CHROMIUM"
"""Names the program where it is not found by itself."""


@pytest_asyncio.fixture
async def station(tmp_path: Path) -> AsyncGenerator[Make]:
    """Open stations, each with ``await station(Service(), …)``; they are closed after the test.

    The arguments are those of :func:`tramkit.testing.kit.open_station`.
    """
    from tramkit.testing.kit import open_station

    async with contextlib.AsyncExitStack() as stack:
        number = 0

        async def make(*services: Service, **more: Any) -> KitStation:
            nonlocal number
            number += 1
            folder = tmp_path / f"station-{number}"
            folder.mkdir()
            given: dict[str, Any] = {"folder": folder} | more
            if given.get("screen") == "web" and "browser" not in given:
                raise ValueError("the web screen needs browser=tramkit_browser")
            return await stack.enter_async_context(open_station(*services, **given))

        yield make


@pytest_asyncio.fixture
async def tramkit_browser() -> AsyncGenerator[Browser]:
    """A Chromium without a window, closed after the test."""
    with needs("playwright"):
        from playwright.async_api import async_playwright
    program = os.environ.get(CHROMIUM) or shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        await browser.close()
