"""What is wrong with a page as Chromium has drawn it: what is cut off, small, close, pale; what axe-core finds."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from tramkit.testing.needs import needs

with needs("playwright"):
    from playwright.async_api import Page
with needs("axe-playwright-python"):
    AXE = str(files("axe_playwright_python") / "axe.min.js")

LAYOUT = (Path(__file__).parent / "layout.js").read_text(encoding="utf-8")
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_STILL = "() => document.getAnimations().forEach((each) => each.effect.getTiming().iterations === 1 && each.finish())"
"""A page that comes in is pale for a moment; what turns for ever is left to turn."""
_SLATES = "() => [...document.querySelectorAll('.slate')].every((slate) => !slate.hidden)"
"""Nothing gives a picture here: the words that say so must fit too."""
_RUN = """async (tags) => {
    const found = await axe.run({ runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    const where = (each) => JSON.stringify(each.nodes.map((node) => node.target));
    return found.violations.map((each) => `${each.id}: ${each.help} ${where(each)}`);
}"""


async def prepare(page: Page) -> None:
    """Bring axe-core along into every document that the page opens from now on; once is quicker than at each page."""
    await page.add_init_script(path=AXE)


async def settled(page: Page) -> None:
    """Wait until the page stands still."""
    await page.wait_for_function(_SLATES)
    await page.evaluate(_STILL)


async def faults(page: Page) -> list[str]:
    """Return what breaks a rule of layout, each with its element and the value."""
    return await page.evaluate(LAYOUT)


async def figures(page: Page) -> Mapping[str, float]:
    """Return the least of each figure that :func:`faults` has just measured."""
    return await page.evaluate("() => globalThis.figures")


async def violations(page: Page) -> list[str]:
    """Return what axe-core finds."""
    return await page.evaluate(_RUN, list(WCAG))
