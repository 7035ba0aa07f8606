"""Page changes of the web screen beside those of a bare page with the same content, in two browsers alike."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, Page, async_playwright

from bench.chromium import chromium
from bench.options import Options
from bench.records import emit, median, percentile, say
from bench.screen.bare import bare
from bench.screen.finger import Finger
from bench.screen.station import KINDS

PEER = "bare page: fetch and innerHTML"
CHANGES, QUICK_CHANGES = 300, 2 * KINDS
BLOCK = 25
"""Changes in a row before it is the peer's turn."""

WIDTH, HEIGHT = 1080, 1920


@dataclass
class Copied:
    """What the bare page shows: the station's document, pages and styles."""

    document: str = ""
    pages: list[str] = field(default_factory=list)
    styles: dict[str, str] = field(default_factory=dict)


async def page_changes(options: Options) -> None:
    """Measure and print."""
    changes = QUICK_CHANGES if options.quick else CHANGES
    ours: list[float] = []
    theirs: list[float] = []
    async with (
        async_playwright() as playwright,
        _station(options.seed) as address,
        chromium(playwright, WIDTH, HEIGHT, touch=True) as browser,
        chromium(playwright, WIDTH, HEIGHT, touch=True) as other,
    ):
        page = await browser.context.new_page()
        await page.goto(address)
        station = await Finger.on(page)
        await _enter(page, station)
        copied = await _copy(page, station)
        async with bare(copied.document, copied.pages, copied.styles) as floor_address:
            floor = await _floor(other.context, floor_address)
            for start in range(0, changes, BLOCK):
                block = min(BLOCK, changes - start)
                for finger, into in ((station, ours), (floor, theirs)):
                    into += [await finger.touch() for _ in range(block)]
                say(f"{start + block} page changes: {median(ours) * 1000:.0f} ms, peer {median(theirs) * 1000:.0f} ms")
    for name, value in (("p50", median), ("p95", lambda values: percentile(values, 0.95))):
        emit("screen", f"tap_to_painted_{name}", value(ours) * 1000, "ms", PEER, value(theirs) * 1000)
    emit("screen", "page_changes", len(ours), "")


@contextlib.asynccontextmanager
async def _station(seed: int) -> AsyncGenerator[str]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.screen.station", str(seed), stdout=PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.terminate()
        await process.wait()


async def _enter(page: Page, finger: Finger) -> None:
    """Go from the attract page through the menu to the first page of the service."""
    await page.wait_for_selector("#main.attract")
    await page.touchscreen.tap(WIDTH / 2, HEIGHT / 2)
    await page.wait_for_selector("#main.choose")
    await finger.touch()


async def _copy(page: Page, finger: Finger) -> Copied:
    """Go round all pages once, which also warms up, and keep what they look like."""
    await page.wait_for_selector("body:not(.settling)")
    copied = Copied(document=re.sub(r'<script[^>]*src="[^"]*"', '<script src="/bare.js"', await page.content()))
    for _ in range(KINDS):
        copied.pages.append(await page.inner_html("#root"))
        await finger.touch()
    for link in await page.query_selector_all("link[rel=stylesheet]"):
        path = await link.get_attribute("href")
        assert path is not None
        copied.styles[path] = await page.evaluate("async (path) => (await fetch(path)).text()", path)
    return copied


async def _floor(context: BrowserContext, address: str) -> Finger:
    page = await context.new_page()
    await page.goto(address)
    floor = await Finger.on(page)
    for _ in range(KINDS):
        await floor.touch()
    return floor
