"""Real headless Chromium for the benches, each in a process tree of its own whose CPU time can be read."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import psutil
from playwright.async_api import Browser, BrowserContext, Playwright

EXECUTABLE = "/usr/bin/chromium"
ARGS = (
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-dev-shm-usage",
)


@dataclass
class Chromium:
    """A running browser.

    :param process: its first process; the others are its children.
    """

    browser: Browser
    context: BrowserContext
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return the CPU time of all its processes so far."""
        return sum(cpu_seconds(process) for process in (self.process, *self.process.children(recursive=True)))


def cpu_seconds(process: psutil.Process) -> float:
    """Return the CPU time of one process so far, user and system; 0 for one that has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        times = process.cpu_times()
        return times.user + times.system
    return 0.0


@contextlib.asynccontextmanager
async def chromium(playwright: Playwright, width: int, height: int, *, touch: bool = False) -> AsyncGenerator[Chromium]:
    """Run a browser with one context until the block ends.

    :param width: CSS pixels of the window.
    :param height: CSS pixels of the window.
    :param touch: whether it has a touch screen.
    """
    mark = f"--tramkit-bench={uuid.uuid4().hex}"  # an unknown switch is ignored; it tells the process by
    browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=[*ARGS, mark])
    try:
        context = await browser.new_context(
            viewport={"width": width, "height": height}, has_touch=touch, permissions=["camera", "microphone"]
        )
        yield Chromium(browser, context, _first_process(mark))
    finally:
        await browser.close()


def _first_process(mark: str) -> psutil.Process:
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if mark in process.cmdline():
                return process
    raise RuntimeError("Chromium's process was not found")
