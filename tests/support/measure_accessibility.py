"""Measures every page of the core and of every installed plugin and writes the report: ``make accessibility``.

What is measured: letters, targets and gaps in millimetres at the pitch of the screen, the height of capitals as an
angle, contrast, axe-core's findings, the longest piece of speech. A page that breaks a rule is told with
its element and the value, and the command fails.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from support import looking
from support.emptiness import MAX_MEDIAN, emptiness
from support.golden_pages import golden_pages, view_of
from support.resident import LANDSCAPE, PORTRAIT, Resident
from tramkit.conversation.speech import language_of, parts_of
from tramkit_hal.contracts.audio import SAMPLE_RATE
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.roles import Role
from tramkit_hal.drivers.espeak import Espeak
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.ui.pages import AnyPage, Contrast, Mode

ENOUGH = 20
"""Of fewer pages a median says nothing."""
TITLE_AT = """() => {
    const box = document.getElementById("title").getBoundingClientRect();
    return `${Math.round(box.left)}, ${Math.round(box.top)}`;
}"""
READING_MM = 500.0
CAPITAL_DEGREES = 0.7
"""Of all text that is needed (EN 301 549 §5.1.4)."""
SPOKEN_SECONDS = 12.0
LANGUAGES = ("vi", "en")
SHAPES = {"portrait": PORTRAIT, "landscape": LANDSCAPE}
MODES = {
    "normal": Mode(),
    "×1.5": Mode(text_scale=1.5),
    "×2": Mode(text_scale=2.0),
    "high contrast": Mode(contrast=Contrast.HIGH),
    "dark": Mode(contrast=Contrast.DARK),
    "lowered": Mode(lowered=True),
}


@dataclass
class Least:
    """The least value of a figure and where it stands."""

    value: float
    where: str


@dataclass
class Measured:
    """What was measured.

    :ivar least: by figure: ``capital_mm``, ``place_mm``, ``primary_mm``, ``target_mm``, ``gap_mm``, ``contrast``.
    :ivar faults: what breaks a rule: page, element, value.
    :ivar empty: how empty each page is, by shape, in the normal mode; see :mod:`support.emptiness`.
    :ivar titles: where titles begin, pixels, by shape and mode; one place a mode is right.
    :ivar axe: those of them that axe-core found.
    """

    pages: int = 0
    looks: int = 0
    least: dict[str, Least] = field(default_factory=dict[str, Least])
    by_mode: dict[tuple[str, str], Least] = field(default_factory=dict[tuple[str, str], Least])
    axe: list[str] = field(default_factory=list[str])
    axe_runs: int = 0
    faults: list[str] = field(default_factory=list[str])
    empty: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    titles: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    spoken: Least = field(default_factory=lambda: Least(0.0, ""))

    def take(self, figures: Mapping[str, float], mode: str, where: str) -> None:
        """Keep the least of each figure, of all and of its mode."""
        for name, value in figures.items():
            if name not in self.least or value < self.least[name].value:
                self.least[name] = Least(value, where)
            if (name, mode) not in self.by_mode or value < self.by_mode[name, mode].value:
                self.by_mode[name, mode] = Least(value, where)


async def measure(
    browser: Browser,
    pages: Mapping[str, AnyPage],
    shapes: Sequence[str] = tuple(SHAPES),
    modes: Sequence[str] = tuple(MODES),
) -> Measured:
    """Show each page in both languages, in these shapes and modes, and measure it."""
    found = Measured(pages=len(pages))
    await asyncio.gather(*(_measure_shape(browser, pages, shape, modes, found) for shape in shapes))
    await _speak(pages, found)
    found.faults += found.axe
    for where, places in found.titles.items():
        if len(places) > 1:
            found.faults.append(f"titles begin at {sorted(places)} ({where})")
    for shape, shares in found.empty.items():
        if len(shares) >= ENOUGH and (median := statistics.median(shares)) > MAX_MEDIAN:
            found.faults.append(f"half of the pages are emptier than {median:.0%} ({shape})")
    found.faults.sort()
    return found


async def _measure_shape(
    browser: Browser, pages: Mapping[str, AnyPage], shape: str, modes: Sequence[str], found: Measured
) -> None:
    screen = WebScreen(WebScreen.Settings(ghost_tap_ms=0, port=0), DeviceContext(Role.SCREEN))
    await screen.open()
    resident = Resident(screen, await browser.new_page(viewport=SHAPES[shape]))
    await looking.prepare(resident.page)
    await resident.open()
    for number, mode in enumerate(modes):
        for language in LANGUAGES:
            for nth, (name, page) in enumerate(pages.items()):
                await resident.show(view_of(page, language=language, mode=MODES[mode]))
                await looking.settled(resident.page)
                where = f"{name} ({language}, {shape}, {mode})"
                found.faults += [f"{where}: {fault}" for fault in await looking.faults(resident.page)]
                found.take(await looking.figures(resident.page), mode, where)
                found.looks += 1
                at = await resident.page.evaluate(TITLE_AT)
                found.titles.setdefault(f"{shape}, {mode}", set()).add(at)
                if mode == "normal":
                    picture = await resident.page.screenshot(animations="disabled")
                    found.empty.setdefault(shape, []).append(emptiness(picture))
                # axe-core takes far longer than the rest: it sees each page in each mode and shape in one language
                if LANGUAGES[(nth + number) % len(LANGUAGES)] == language:
                    found.axe += [f"{where}: {each}" for each in await looking.violations(resident.page)]
                    found.axe_runs += 1
    await resident.page.close()
    await screen.close()


def degrees_of(height: float) -> float:
    """Return the angle of a height in millimetres at the distance of reading."""
    return math.degrees(2 * math.atan(height / 2 / READING_MM))


async def _speak(pages: Mapping[str, AnyPage], found: Measured) -> None:
    """Have every piece of every page said; keep the longest, and tell which are too long for one breath."""
    voice = Espeak(Espeak.Settings(), DeviceContext(Role.VOICE))
    await voice.open()
    lengths: dict[tuple[str, str], float] = {}
    for name, page in pages.items():
        for language in LANGUAGES:
            for part in parts_of(page, language, private=True):
                if (part, language) not in lengths:
                    lengths[part, language] = (
                        len(await voice.say(part, language_of(part, voice, language))) / SAMPLE_RATE
                    )
                seconds = lengths[part, language]
                if seconds > found.spoken.value:
                    found.spoken = Least(seconds, f"{name} ({language})")
                if seconds > SPOKEN_SECONDS:
                    found.faults.append(f"{name} ({language}): {seconds:.1f} s of speech in one piece: “{part[:40]}…”")
    await voice.close()


async def main(file: Path) -> int:
    """Measure, write the report, and return how many rules are broken."""
    from support.accessibility_report import report

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        found = await measure(browser, golden_pages())
        await browser.close()
    await asyncio.to_thread(file.write_text, report(found), encoding="utf-8")
    for fault in found.faults:
        print(fault, file=sys.stderr)
    print(f"{file}: {found.pages} pages, {found.looks} looks, {len(found.faults)} faults")
    return len(found.faults)


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main(Path(sys.argv[1]))) else 0)
