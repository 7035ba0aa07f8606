"""A finger on the glass: touches a button by the browser's own input and measures until the next page is painted."""

from __future__ import annotations

import asyncio

from playwright.async_api import CDPSession, Page

ARM = """
() => {
  window.painted = new Promise((done) => {
    let lifted = 0;
    const lift = (event) => { lifted = event.timeStamp; };
    addEventListener("pointerup", lift, { capture: true, once: true });
    const watch = new MutationObserver((changes) => {
      if (!changes.some((change) => [...change.addedNodes].some((node) => node.id === "main"))) return;
      watch.disconnect();
      // The first frame after the swap paints it; when the next one begins it has been handed to the display.
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - lifted)));
    });
    watch.observe(document.getElementById("root"), { childList: true });
  });
}
"""
TARGET = """
() => {
  const button = [...document.querySelectorAll("#main [data-choice]")].find((one) => one.offsetParent !== null);
  const box = button.getBoundingClientRect();
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
"""
PAUSE = 0.3
"""Seconds between two touches: the screen takes none within 250 ms of a page change, as meant for the page before."""

PRESS = 0.03
"""Seconds that the finger stays down; the measure begins when it is lifted."""


class Finger:
    """Touches one page.

    :param cdp: a session with the page, for real input events.
    """

    def __init__(self, page: Page, cdp: CDPSession) -> None:
        self._page = page
        self._cdp = cdp

    @classmethod
    async def on(cls, page: Page) -> Finger:
        """Return a finger on a page."""
        return cls(page, await page.context.new_cdp_session(page))

    async def touch(self) -> float:
        """Touch the first button that answers the page; return seconds from lifting to the new page painted."""
        await asyncio.sleep(PAUSE)
        await self._page.evaluate(ARM)
        at = await self._page.evaluate(TARGET)
        await self._cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
        await asyncio.sleep(PRESS)
        await self._cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        async with asyncio.timeout(10):
            return float(await self._page.evaluate("painted")) / 1000
