"""Cold start: a station with every plugin until its first page is painted, beside the bare import of its libraries."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE
from importlib.metadata import entry_points
from pathlib import Path

from playwright.async_api import BrowserContext, async_playwright

from bench.chromium import chromium
from bench.options import Options
from bench.records import emit, median, percentile, say

PEER = "a bare import of the same libraries"
STARTS, QUICK_STARTS = 10, 1
WIDTH, HEIGHT = 1080, 1920

LIBRARIES = "aiohttp, aiortc, av, babel, click, cv2, jinja2, numpy, PIL.Image, pluggy, pydantic, segno, structlog"
"""What a station with every plugin and the simulated devices has loaded when its first page stands."""

STATION = """
[station]
id = "bench-1"
site = "Đảo Kim Cương"
agency = "UBND phường Bình Trưng"

[panel]
port = 0

[plugins]
enabled = [{plugins}]

[settings.telehealth]
desk_url = "http://127.0.0.1:9"
station_key = "bench"

[[roles.screen]]
driver = "web"
port = 0
"""
DEVICES = (
    "id_reader",
    "code_scanner",
    "camera",
    "microphone",
    "speaker",
    "receipt_printer",
    "vital_sensor",
    "presence",
)

PAINTED = """
() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => done(document.getElementById("main").className)));
})
"""


async def cold_start(options: Options) -> None:
    """Measure and print."""
    ours: list[float] = []
    theirs: list[float] = []
    starts = QUICK_STARTS if options.quick else STARTS
    with tempfile.TemporaryDirectory() as folder:
        config = _config(Path(folder))
        async with async_playwright() as playwright, chromium(playwright, WIDTH, HEIGHT, touch=True) as browser:
            for number in range(starts + 1):
                station, bare = await _station(config, browser.context), await _bare()
                if number:  # the first one fills the page cache
                    ours.append(station)
                    theirs.append(bare)
                    say(f"cold start {number}: {station:.2f} s, bare import {bare:.2f} s")
    for name, value in (("p50", median), ("p95", lambda values: percentile(values, 0.95))):
        emit("screens", f"cold_start_{name}", value(ours), "s", PEER, value(theirs))


def _config(folder: Path) -> Path:
    plugins = ", ".join(f'"{entry.name}"' for entry in entry_points(group="tramkit.plugins"))
    roles = "".join(f'\n[[roles.{role}]]\ndriver = "sim_{role}"\n' for role in DEVICES)
    file = folder / "station.toml"
    file.write_text(STATION.format(plugins=plugins) + roles, encoding="utf-8")
    return file


async def _station(config: Path, context: BrowserContext) -> float:
    """Start a station and return the seconds until its first page is painted."""
    page = await context.new_page()
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "tramkit"), "run", "--config", str(config), stdout=PIPE, stderr=DEVNULL
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            while not (line := (await process.stdout.readline()).decode()).startswith("station: "):
                if not line:
                    raise RuntimeError("the station ended before it told its address")
            await page.goto(line.removeprefix("station: ").strip())
            await page.evaluate(PAINTED)
        return time.monotonic() - began
    finally:
        await page.close()
        process.terminate()
        await process.wait()


async def _bare() -> float:
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", f"import {LIBRARIES}")
    if await process.wait() != 0:
        raise RuntimeError("a library of the station cannot be imported")
    return time.monotonic() - began
