"""Accessibility measured: pages in a real Chromium, looked at for layout and contrast and by axe-core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tramkit.testing import layout
from tramkit.testing.browser_screen import LANDSCAPE, PORTRAIT, BrowserScreen
from tramkit.testing.needs import needs
from tramkit.testing.views import view_of
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.ui.pages import AnyPage, Contrast, Mode

with needs("playwright"):
    from playwright.async_api import Browser

SHAPES = {"portrait": PORTRAIT, "landscape": LANDSCAPE}
MODES = {
    "normal": Mode(),
    "×1.5": Mode(text_scale=1.5),
    "×2": Mode(text_scale=2.0),
    "high contrast": Mode(contrast=Contrast.HIGH),
    "dark": Mode(contrast=Contrast.DARK),
    "lowered": Mode(lowered=True),
}


async def faults_of(
    browser: Browser,
    pages: Mapping[str, AnyPage],
    *,
    languages: Sequence[str] = ("vi", "en"),
    shapes: Sequence[str] = tuple(SHAPES),
    modes: Sequence[str] = tuple(MODES),
) -> list[str]:
    """Show each page in each language, shape and mode; return what breaks a rule: page, element, value.

    The rules are EN 301 549 §5.1.4 (capitals of 0.7° at 500 mm), targets of 16 mm and gaps of 4 mm, a contrast of 7,
    nothing cut off, and WCAG 2.2 AA as axe-core finds it.

    :param pages: by name, e.g. what ``golden.json`` holds (:func:`tramkit.testing.golden.pages_in`).
    """
    found: list[str] = []
    for shape in shapes:
        screen = WebScreen(WebScreen.Settings(ghost_tap_ms=0, port=0), DeviceContext(Role.SCREEN))
        await screen.open()
        resident = BrowserScreen(screen, await browser.new_page(viewport=SHAPES[shape]))
        await layout.prepare(resident.page)
        await resident.open()
        for mode in modes:
            for language in languages:
                for name, page in pages.items():
                    await resident.show(view_of(page, language=language, mode=MODES[mode]))
                    await layout.settled(resident.page)
                    looked = [*await layout.faults(resident.page), *await layout.violations(resident.page)]
                    found += [f"{name} ({language}, {shape}, {mode}): {fault}" for fault in looked]
        await resident.page.close()
        await screen.close()
    return found
