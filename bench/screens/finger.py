"""A finger on the glass, the same for every application: it fills a page in, touches a button and sees the next page.

What is measured is the time until the frame that paints the next page's heading has been drawn: the same observer, in
the page, for all. It begins twice: at the time stamp of the finger's lifting, and when the page hears of it. DevTools
hold a touch back until the next frame, up to 17 ms that no finger on a glass would wait; only the second figure is
without them.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import NamedTuple

from playwright.async_api import CDPSession, Locator, Page

from bench.screens.form import AGAIN, GO_ON, PAGES, SERVICE, Question

OBSERVER = """
window.await_heading = (heading) => {
  window.painted = new Promise((done) => {
    let lifted = 0;
    let heard = 0;
    addEventListener("pointerup", (event) => {
      lifted = event.timeStamp;
      heard = performance.now();
    }, { capture: true, once: true });
    const stands = () => [...document.querySelectorAll("h1")].find(
      (each) => each.textContent.trim() === heading && each.checkVisibility());
    const watch = new MutationObserver(() => {
      const found = stands();
      if (!found) return;
      watch.disconnect();
      const frame = new ResizeObserver(() => {  // in the frame that paints it; a message posted here comes after it
        frame.disconnect();
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => done([performance.now() - lifted, performance.now() - heard]);
        port2.postMessage("");
      });
      frame.observe(found);
    });
    watch.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
  });
};
"""
PAUSE = 0.3
"""Seconds between two touches: Tramkit takes none within 250 ms of a page change, as meant for the page before."""

PRESS = 0.03
"""Seconds that the finger stays down."""

PATIENCE_MS = 20_000


class Change(NamedTuple):
    """Seconds until the next page was painted.

    :param tapped: from the time stamp of the finger's lifting.
    :param heard: from when the page heard of it.
    """

    tapped: float
    heard: float


class Finger:
    """Touches one page.

    :param cdp: a session with the page, for real input events.
    :param day: how a date is typed, as for :meth:`datetime.date.strftime`'s order of ``{y}``, ``{m}``, ``{d}``.
    """

    def __init__(self, page: Page, cdp: CDPSession, day: str) -> None:
        self.page = page
        self.cdp = cdp
        self._day = day

    @classmethod
    async def on(cls, page: Page, day: str) -> Finger:
        """Return a finger on a page."""
        await page.add_init_script(OBSERVER)
        return cls(page, await page.context.new_cdp_session(page), day)

    async def begin(self) -> None:
        """Come to the first page of the form, from wherever the application stands: a start page, a menu, its end."""
        heading = self.page.get_by_role("heading", name=PAGES[0].heading, exact=True, level=1)
        for _ in range(20):
            if await heading.is_visible():
                return
            for button in (self._button(AGAIN), self._button(SERVICE), self.page.locator("[data-anywhere]")):
                if await button.is_visible():
                    with contextlib.suppress(Exception):  # the page has changed meanwhile: look again
                        await button.click(timeout=1000)
                    break
            with contextlib.suppress(Exception):
                await heading.wait_for(timeout=1000)
        raise TimeoutError("the form's first page does not come")

    async def answer(self, page: Question) -> Locator:
        """Do what the page asks; return the button that then leads on."""
        match page.kind:
            case "text" | "number" | "date":
                value = page.answer
                if page.kind == "date":
                    year, month, day = value.split("-")
                    value = self._day.format(y=year, m=month, d=day)
                await self.page.locator("input:enabled:visible, textarea:enabled:visible").last.fill(
                    value, timeout=PATIENCE_MS
                )
            case "yes_no":
                await self.page.get_by_text(page.answer, exact=True).first.click(timeout=PATIENCE_MS)
            case "choice":
                return self._button(page.answer)
            case _:
                pass
        return self._button(GO_ON)

    async def go(self, number: int) -> Change:
        """Answer page ``number``, touch its button; return how long the next page took to be painted."""
        await asyncio.sleep(PAUSE)
        button = await self.answer(PAGES[number])
        await button.scroll_into_view_if_needed(timeout=PATIENCE_MS)
        box = await button.bounding_box()
        if box is None:
            raise TimeoutError(f"page {number} has no button that leads on")
        await self.page.evaluate("(heading) => await_heading(heading)", PAGES[number + 1].heading)
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        await self.cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
        await asyncio.sleep(PRESS)
        await self.cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        async with asyncio.timeout(PATIENCE_MS / 1000):
            tapped, heard = await self.page.evaluate("painted")
        return Change(tapped / 1000, heard / 1000)

    async def rush(self, number: int) -> None:
        """Answer page ``number`` and click its button without a pause."""
        button = await self.answer(PAGES[number])
        await button.evaluate("(button) => button.click()", timeout=PATIENCE_MS)
        heading = self.page.get_by_role("heading", name=PAGES[number + 1].heading, exact=True, level=1)
        await heading.wait_for(timeout=PATIENCE_MS)

    def _button(self, words: str) -> Locator:
        # PyWebIO shows the next heading before it has taken the answered form away, disabled
        return self.page.get_by_role("button", name=words, exact=True, disabled=False).last
