"""What a first load weighs: every byte that reaches the browser until the first page of the form stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from playwright.async_api import async_playwright

from bench.chromium import chromium
from bench.options import Options
from bench.records import emit, say
from bench.screens.applications import application
from bench.screens.finger import Finger
from bench.screens.web import HEIGHT, WIDTH

SETTLED_MS = 1000
"""Milliseconds in which what is still under way arrives."""


class Scales:
    """Sums what the network of a page brings, as Chromium's DevTools count it: headers, bodies as sent, frames."""

    def __init__(self) -> None:
        self._bodies: dict[str, int] = defaultdict(int)
        self._finished: dict[str, int] = {}
        self._frames = 0

    async def weigh(self, finger: Finger) -> None:
        """Begin."""
        cdp: Any = finger.cdp
        cdp.on("Network.responseReceived", lambda e: self._add(e["requestId"], e["response"]["encodedDataLength"]))
        cdp.on("Network.dataReceived", lambda e: self._add(e["requestId"], e["encodedDataLength"]))
        cdp.on("Network.loadingFinished", self._finish)
        cdp.on("Network.webSocketFrameReceived", self._frame)
        await cdp.send("Network.enable")
        await cdp.send("Network.setCacheDisabled", {"cacheDisabled": True})

    @property
    def bytes(self) -> int:
        """The sum; of a response that is still open (a stream) what has come of it."""
        return sum({**self._bodies, **self._finished}.values()) + self._frames

    def _add(self, request: str, length: float) -> None:
        self._bodies[request] += int(length)

    def _finish(self, event: dict[str, Any]) -> None:
        self._finished[event["requestId"]] = int(event["encodedDataLength"])

    def _frame(self, event: dict[str, Any]) -> None:
        self._frames += len(event["response"]["payloadData"].encode())


async def first_load(options: Options, names: Sequence[str]) -> None:
    """Measure and print.

    :param names: the peers.
    """
    weights: dict[str, int] = {}
    async with async_playwright() as playwright, chromium(playwright, WIDTH, HEIGHT, touch=True) as browser:
        for name in ("Tramkit", *names):
            async with application(name) as app:
                context = await browser.browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
                page = await context.new_page()
                finger = await Finger.on(page, app.day)
                scales = Scales()
                await scales.weigh(finger)
                await page.goto(app.address)
                await page.locator("h1").first.wait_for()
                await page.wait_for_timeout(SETTLED_MS)
                weights[name] = scales.bytes
                await context.close()
            say(f"first load of {name}: {weights[name] / 1000:.0f} kB")
    ours = weights.pop("Tramkit")
    if not weights:
        emit("screens", "first_load", ours / 1000, "kB")
    for name, theirs in weights.items():
        emit("screens", "first_load", ours / 1000, "kB", name, theirs / 1000)
