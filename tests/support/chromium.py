"""One Chromium for all tests of a worker; each test has profiles of its own, which are gone after it.

Its camera and microphone are a doctor's, for the pages that are allowed to have them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from support.doctor import DOCTORS_TONE, FIRST_FRAME, chromium_args, write_camera, write_microphone

CLOSE_SECONDS = 10.0


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """A Chromium that runs as long as the worker."""
    folder = tmp_path_factory.mktemp("doctor")
    camera, microphone = folder / "doctor.y4m", folder / "doctor.wav"
    write_camera(camera, FIRST_FRAME)
    write_microphone(microphone, DOCTORS_TONE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=chromium_args(camera, microphone)
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Browser) -> AsyncIterator[Browser]:
    """The worker's Chromium; what a test opens in it is closed after the test."""
    before = set(chromium.contexts)
    yield chromium
    with suppress(TimeoutError):  # a page that is loading while it is closed may never be closed
        async with asyncio.timeout(CLOSE_SECONDS):
            for context in chromium.contexts:
                if context not in before:
                    await context.close()


__all__ = ["browser", "chromium"]
