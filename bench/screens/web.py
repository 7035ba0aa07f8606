"""Page changes in the browser: the station's, its peers', and a bare page's, in turns in the same Chromium."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from playwright.async_api import Page, async_playwright

from bench.chromium import Chromium, chromium
from bench.options import Options
from bench.records import emit, median, percentile, say
from bench.screens.applications import DAYS, application
from bench.screens.bare import bare
from bench.screens.finger import Change, Finger
from bench.screens.form import CHANGES, PAGES

ROUNDS, QUICK_ROUNDS = 15, 1
BARE = "bare page: fetch and innerHTML"
WIDTH, HEIGHT = 1080, 1920


@dataclass
class Runner:
    """One application in the race.

    :ivar changes: of pages, in the order made.
    """

    finger: Finger
    changes: list[Change] = field(default_factory=list[Change])

    async def round(self) -> None:
        """Go through the form once."""
        await self.finger.page.bring_to_front()
        await self.finger.begin()
        for number in range(CHANGES):
            self.changes.append(await self.finger.go(number))


async def page_changes(options: Options, names: Sequence[str]) -> None:
    """Measure and print.

    :param names: the peers.
    """
    async with (
        async_playwright() as playwright,
        chromium(playwright, WIDTH, HEIGHT, touch=True) as browser,
        contextlib.AsyncExitStack() as stack,
    ):
        runners: dict[str, Runner] = {}
        for name in ("Tramkit", *names):
            app = await stack.enter_async_context(application(name))
            runners[name] = Runner(await finger_on(browser, app.address, app.day))
        document, pages, styles = await _copy(runners["Tramkit"].finger)
        address = await stack.enter_async_context(bare(document, pages, styles))
        runners[BARE] = Runner(await finger_on(browser, address, DAYS["Tramkit"]))
        for number in range((QUICK_ROUNDS if options.quick else ROUNDS) + 1):
            for runner in runners.values():
                await runner.round()
                if not number:
                    runner.changes.clear()  # the first round warms up
            figures = [f"{name} {_ms(each, 'tapped', median):.0f}" for name, each in runners.items() if each.changes]
            say(f"round {number}: {', '.join(figures)} ms" if figures else "warm")
    ours = runners.pop("Tramkit")
    for begin in Change._fields:
        for metric, value in (("p50", median), ("p95", lambda values: percentile(values, 0.95))):
            for name, runner in runners.items():
                figure = f"{begin.removesuffix('ped')}_to_painted_{metric}"
                emit("screens", figure, _ms(ours, begin, value), "ms", name, _ms(runner, begin, value))
    emit("screens", "page_changes", len(ours.changes), "")


def _ms(runner: Runner, begin: str, value: Callable[[list[float]], float]) -> float:
    return value([getattr(change, begin) for change in runner.changes]) * 1000


async def finger_on(browser: Chromium, address: str, day: str) -> Finger:
    """Open an application in a context of its own."""
    context = await browser.browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, has_touch=True)
    page = await context.new_page()
    finger = await Finger.on(page, day)
    await page.goto(address)
    return finger


async def _copy(finger: Finger) -> tuple[str, list[str], Mapping[str, str]]:
    """Go through the station's form and return its document, what stands in ``#root`` on each page, and its styles."""
    page = finger.page
    await page.bring_to_front()
    await finger.begin()
    await page.wait_for_selector("body:not(.settling)")
    document = re.sub(r'<script[^>]*src="[^"]*"', '<script src="/bare.js"', await page.content())
    pages = [await page.inner_html("#root")]
    for number in range(CHANGES):
        await finger.go(number)
        pages.append(await page.inner_html("#root"))
    assert len(pages) == len(PAGES)
    return document, pages, await _styles(page)


async def _styles(page: Page) -> dict[str, str]:
    styles: dict[str, str] = {}
    for link in await page.query_selector_all("link[rel=stylesheet]"):
        path = await link.get_attribute("href")
        assert path is not None
        styles[path] = await page.evaluate("async (path) => (await fetch(path)).text()", path)
    return styles
