# ruff: noqa: E501  (a table is read one row a line)
"""Measures every page of the core and of every installed plugin and writes the report: ``make accessibility``.

What is measured: letters, targets and gaps in millimetres at the pitch of the screen, the height of capitals as an angle,
contrast, axe-core's findings, the longest piece of speech, what stops the clock. A page that breaks a rule is told with
its element and the value, and the command fails.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

from support.golden_pages import golden_pages, view_of
from support.resident import LANDSCAPE, PORTRAIT, Resident
from tramkit.speech import parts_of, tongue_of
from tramkit.timeouts import Timeouts
from tramkit_hal.audio import SAMPLE_RATE
from tramkit_hal.device import DeviceContext
from tramkit_hal.drivers.espeak import Espeak
from tramkit_hal.pages import AnyPage, Contrast, Mode
from tramkit_hal.roles import Role
from tramkit_hal.screens.web import WebScreen

LOOK = (Path(__file__).parents[1] / "screens" / "layout.js").read_text(encoding="utf-8")
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}
STILL = "() => document.getAnimations().forEach((each) => each.effect.getTiming().iterations === 1 && each.finish())"
READING_MM = 500.0
CAPITAL_DEGREES = 0.7
"""Of all text that is needed, in a mode offered on every page (EN 301 549 §5.1.4)."""
LARGER = "×2"
SPOKEN_SECONDS = 12.0
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

    :ivar least: by figure: ``capital_mm``, ``primary_mm``, ``target_mm``, ``gap_mm``, ``contrast``.
    :ivar faults: what breaks a rule: page, element, value.
    """

    pages: int = 0
    looks: int = 0
    least: dict[str, Least] = field(default_factory=dict[str, Least])
    by_mode: dict[tuple[str, str], Least] = field(default_factory=dict[tuple[str, str], Least])
    axe: list[str] = field(default_factory=list[str])
    axe_runs: int = 0
    faults: list[str] = field(default_factory=list[str])
    spoken: Least = field(default_factory=lambda: Least(0.0, ""))

    def take(self, figures: Mapping[str, float], mode: str, where: str) -> None:
        """Keep the least of each figure, of all and of its mode."""
        for name, value in figures.items():
            if name not in self.least or value < self.least[name].value:
                self.least[name] = Least(value, where)
            if (name, mode) not in self.by_mode or value < self.by_mode[name, mode].value:
                self.by_mode[name, mode] = Least(value, where)


async def measure(pages: Mapping[str, AnyPage]) -> Measured:
    """Show each page in both languages, both shapes and every mode, and measure it."""
    found = Measured(pages=len(pages))
    screen = WebScreen(WebScreen.Settings(ghost_tap_ms=0, port=0), DeviceContext(Role.SCREEN))
    await screen.open()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for shape, viewport in SHAPES.items():
            resident = Resident(screen, await browser.new_page(viewport=viewport))
            await resident.open()
            for mode, how in MODES.items():
                for name, page in pages.items():
                    for language in ("vi", "en"):
                        await resident.show(view_of(page, language=language, mode=how))
                        await resident.page.evaluate(STILL)
                        where = f"{name} ({language}, {shape}, {mode})"
                        found.faults += [f"{where}: {fault}" for fault in await resident.page.evaluate(LOOK)]
                        found.take(await resident.page.evaluate("() => globalThis.figures"), mode, where)
                        found.looks += 1
                    if shape == "portrait":
                        result = await Axe().run(resident.page, options=WCAG)
                        found.axe_runs += 1
                        found.axe += [
                            f"{name} ({mode}): {each['id']}: {[node['target'] for node in each['nodes']]}"
                            for each in result.response["violations"]
                        ]
            await resident.page.close()
        await browser.close()
    await screen.close()
    await speak(pages, found)
    smallest = found.by_mode["capital_mm", LARGER]
    if degrees_of(smallest.value) < CAPITAL_DEGREES:
        found.faults.append(
            f"{smallest.where}: capitals of {degrees_of(smallest.value):.2f}°, least {CAPITAL_DEGREES}°"
        )
    if found.spoken.value > SPOKEN_SECONDS:
        found.faults.append(f"{found.spoken.where}: {found.spoken.value:.1f} s of speech in one piece")
    found.faults += found.axe
    return found


def degrees_of(height: float) -> float:
    """Return the angle of a height in millimetres at the distance of reading."""
    return math.degrees(2 * math.atan(height / 2 / READING_MM))


async def speak(pages: Mapping[str, AnyPage], found: Measured) -> None:
    """Have every piece of every page said and keep the longest."""
    voice = Espeak(Espeak.Settings(), DeviceContext(Role.VOICE))
    await voice.open()
    lengths: dict[tuple[str, str], float] = {}
    for name, page in pages.items():
        for language in ("vi", "en"):
            for part in parts_of(page, language, private=True):
                if (part, language) not in lengths:
                    lengths[part, language] = len(await voice.say(part, tongue_of(part, voice, language))) / SAMPLE_RATE
                if lengths[part, language] > found.spoken.value:
                    found.spoken = Least(lengths[part, language], f"{name} ({language})")
    await voice.close()


def report(found: Measured) -> str:
    """Write the report in Markdown, point by point."""
    least, axe = found.least, f"axe-core: {len(found.axe)} violations in {found.axe_runs} looks"
    degrees = degrees_of(found.by_mode["capital_mm", LARGER].value)
    normal = degrees_of(found.by_mode["capital_mm", "normal"].value)
    waits = Timeouts()
    points = (
        ("5.1.3.1", "Speech output", "met", "Every page is read aloud; headphones start it; keypad moves are said"),
        ("5.1.3.3", "Private listening", "met", "What is personal is said in headphones only"),
        ("5.1.3.6", "Speech output for non-text content", "met", "Pictures have words; codes say what they are for"),
        ("5.1.3.8", "Masked entry", "met", "Secret fields are drawn as dots and not said without headphones"),
        ("5.1.3.10", "Speech is interrupted by any action", "met", "tests/core/test_speech.py"),
        ("5.1.3.12", "Volume is put back", "met", "Wiped with the visit"),
        (
            "5.1.4",
            "Text for people with low vision",
            _ok(degrees >= CAPITAL_DEGREES),
            f"In the largest text every capital has {degrees:.2f}° or more at 500 mm; normally the smallest notes have {normal:.2f}°",
        ),
        (
            "5.1.5",
            "Visual output for auditory information",
            "met",
            "The station tells nothing by sound alone",
        ),
        ("5.1.6.1", "Operable without a keyboard", "met", "Touch; or five keys: previous, next, OK, back, help"),
        (
            "5.2",
            "Accessibility features can be activated",
            "met",
            "Text size, contrast, lowered page, Listen: on every page",
        ),
        ("5.3", "Biometrics", "met", "Nothing needs a face or a finger; a card or typing will do"),
        (
            "5.4",
            "Information is preserved on conversion",
            "met",
            "The pages' words are data; each screen shows all of it",
        ),
        ("5.5.1", "Means of operation", "met", "One finger, no force, no gesture"),
        ("5.5.2", "Operable parts are discernible", "not measurable here", "Needs the keypad of the station"),
        ("5.7", "Key repeat", "met", "A held Enter counts once"),
        ("5.8", "Double-strike", "met", "A press just after a page change is dropped"),
        ("5.9", "Simultaneous actions", "met", "None is asked for"),
        (
            "8.3.2",
            "Forward and side reach",
            "not measurable here",
            "The lowered page stays in the lower half; the rest is furniture",
        ),
        ("8.5", "Tactile indication of speech mode", "not measurable here", "Needs the headphone socket's mark"),
        ("1.1.1", "Non-text content", _ok(not found.axe), axe),
        (
            "1.3.1",
            "Information and relationships",
            _ok(not found.axe),
            axe + "; the accessibility tree equals the page",
        ),
        ("1.3.4", "Orientation", "met", "Both are measured"),
        ("1.4.1", "Use of colour", "met", "States have words and signs"),
        ("1.4.3", "Contrast (least 4.5)", _ok(least["contrast"].value >= 4.5), f"{least['contrast'].value:.1f}"),
        ("1.4.4", "Resize text to 200 %", _ok(not found.faults), "×2 measured, nothing cut off"),
        ("1.4.10", "Reflow", _ok(not found.faults), "No page scrolls sideways"),
        ("1.4.12", "Text spacing", _ok(not found.faults), "Words two fifths longer break no page"),
        ("2.1.1", "Keyboard", "met", "tests/journeys/test_without_touch.py"),
        ("2.1.2", "No keyboard trap", "met", "tests/journeys/test_without_touch.py"),
        (
            "2.2.1",
            "Timing adjustable",
            "met",
            f"After {waits.menu:.0f} s the resident is asked, with {waits.countdown:.0f} s to answer",
        ),
        ("2.2.2", "Pause, stop, hide", "met", "Nothing moves by itself but a call's picture"),
        ("2.3.1", "Three flashes", "met", "Nothing flashes"),
        ("2.4.3", "Focus order", "met", "The order of the page, held equal on each screen"),
        ("2.4.7", "Focus visible", _ok(not found.axe), "Drawn on every target"),
        ("2.5.1", "Pointer gestures", "met", "None"),
        ("2.5.2", "Pointer cancellation", "met", "What counts is the release"),
        (
            "2.5.8",
            "Target size (least 24 CSS px)",
            _ok(least["target_mm"].value >= 6.4),
            f"{least['target_mm'].value:.1f} mm",
        ),
        ("3.1.1", "Language of page", _ok(not found.axe), axe),
        ("3.2.3", "Consistent navigation", "met", "Frame and bar are the core's on every page"),
        ("3.3.1", "Error identification", "met", "At the field and on top, on Continue"),
        ("3.3.3", "Error suggestion", "met", "An example after two failures, staff after three"),
        ("3.3.4", "Error prevention", "met", "A Check page before anything is sent; Back at every page"),
        ("3.3.7", "Redundant entry", "met", "What was answered is filled in again"),
        ("3.3.8", "Accessible authentication", "met", "No memory test: a card, or typing what is on it"),
        ("4.1.2", "Name, role, value", _ok(not found.axe), axe),
        ("4.1.3", "Status messages", "met", "Live regions; said where reading is on"),
    )
    rows = "\n".join(f"| {number} | {what} | {how} | {why} |" for number, what, how, why in points)
    figures = "\n".join(
        f"| {mode} | "
        + " | ".join(f"{found.by_mode[name, mode].value:.1f}" for name in FIGURES if (name, mode) in found.by_mode)
        + " |"
        for mode in MODES
    )
    where = "\n".join(f"- {title}: {least[name].value:.2f}, on {least[name].where}" for name, title in FIGURES.items())
    not_met = sum(how == "not met" for _number, _what, how, _why in points)
    unknown = sum(how.startswith("not measurable") for _number, _what, how, _why in points)
    return f"""# Accessibility

Written by `make accessibility` on {datetime.now(UTC):%d/%m/%Y}: {found.pages} pages of the core and of the installed
plugins, each in Vietnamese and English, portrait and landscape, in {len(MODES)} modes: {found.looks} looks. The figures
are millimetres on the screen of `station.toml` (21.5 inches unless it says otherwise).

{len(points)} points: {len(points) - not_met - unknown} met, {not_met} not met, {unknown} not measurable here. A plugin
whose page breaks a rule makes the command fail with the page, the element and the value.

## Figures

The least of all pages, by mode:

| mode | {" | ".join(FIGURES.values())} |
|---|{"---|" * len(FIGURES)}
{figures}

{where}
- longest piece of speech: {found.spoken.value:.1f} s (most {SPOKEN_SECONDS:.0f}), on {found.spoken.where}

## EN 301 549 chapters 5 and 8, WCAG 2.2 AA

What is *met* by the way pages are built is held by the tests; what has a figure was measured for this report.

| point | what | result | how |
|---|---|---|---|
{rows}
"""


FIGURES = {
    "capital_mm": "capital height, mm",
    "primary_mm": "main targets, mm",
    "target_mm": "other targets, mm",
    "gap_mm": "gaps, mm",
    "contrast": "contrast",
}


def _ok(met: bool) -> str:
    return "met" if met else "not met"


async def main(file: Path) -> int:
    """Measure, write the report, and return how many rules are broken."""
    found = await measure(golden_pages())
    await asyncio.to_thread(file.write_text, report(found), encoding="utf-8")
    for fault in found.faults:
        print(fault, file=sys.stderr)
    print(f"{file}: {found.pages} pages, {found.looks} looks, {len(found.faults)} faults")
    return len(found.faults)


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main(Path(sys.argv[1]))) else 0)
