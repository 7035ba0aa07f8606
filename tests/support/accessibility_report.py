# ruff: noqa: E501  (a table is read one row a line)
"""The report on accessibility, point by point against EN 301 549 (chapters 5 and 8) and WCAG 2.2 AA."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime
from typing import NamedTuple

from support.emptiness import CELL, MAX_MEDIAN
from support.measure_accessibility import CAPITAL_DEGREES, MODES, SPOKEN_SECONDS, Measured, degrees_of
from tramkit.conversation.timeouts import Timeouts

FIGURES = {
    "capital_mm": "capital height of what is needed, mm",
    "place_mm": "capital height of the place's name, mm",
    "primary_mm": "main targets, mm",
    "target_mm": "other targets, mm",
    "gap_mm": "gaps, mm",
    "contrast": "contrast of text",
}
FARTHEST = "not measurable here"
TREE = "tests/screens/test_golden_web.py, tests/screens/test_terminal_pages.py"
LAYOUT = "tests/screens/test_golden_web.py"
KEYPAD = "tests/journeys/test_without_touch.py"
PAGES = "tests/screens/test_web_pages.py"
SPEECH = "tests/conversation/test_speech.py"
FORMS = "tests/visit/test_visit.py"
STILL_THERE = "tests/station/test_endings.py"


class Point(NamedTuple):
    """One requirement, what came of it, and how that is known."""

    number: str
    what: str
    result: str
    how: str


def points_of(found: Measured) -> list[Point]:
    """Return all points, those with figures from what was measured."""
    return [
        *_closed_functionality(found),
        *_hardware(),
        *_perceivable(found),
        *_operable(found),
        *_understandable(found),
    ]


def report(found: Measured) -> str:
    """Write the report in Markdown."""
    points = points_of(found)
    results = [point.result for point in points]
    met, not_met, farthest = (results.count(each) for each in ("met", "not met", FARTHEST))
    rows = "\n".join(f"| {' | '.join(point)} |" for point in points)
    figures = "\n".join(
        f"| {mode} | " + " | ".join(f"{found.by_mode[name, mode].value:.1f}" for name in FIGURES) + " |"
        for mode in MODES
        if ("capital_mm", mode) in found.by_mode
    )
    where = "\n".join(
        f"- {title}: {found.least[name].value:.2f}, on {found.least[name].where}" for name, title in FIGURES.items()
    )
    return f"""# Accessibility

Written by `make accessibility` on {datetime.now(UTC):%d/%m/%Y}: {found.pages} pages of the core and of the installed
plugins, each in Vietnamese and English, portrait and landscape, in {len(MODES)} modes: {found.looks} looks, {found.axe_runs} of
them by axe-core. The figures are millimetres on a screen of 21.5 inches, what `station.toml` assumes where it names no
other.

{len(points)} points: {met} met, {not_met} not met, {farthest} {FARTHEST}. A plugin whose page breaks a rule makes the command
fail with the page, the element and the value; {len(found.faults)} do.

## Figures

The least of all pages, by mode:

| mode | {" | ".join(FIGURES.values())} |
|---|{"---|" * len(FIGURES)}
{figures}

{where}
- longest piece of speech: {found.spoken.value:.1f} s (most {SPOKEN_SECONDS:.0f}), on {found.spoken.where}

{_emptiness(found)}

What is needed is all that is written on a page but two lines of the head: whose station it is and where it stands. They
are a little smaller, and grow with the text.

## Time-outs

{_timeouts()}

## EN 301 549 chapters 5 and 8, WCAG 2.2 AA

What has a figure was measured for this report; what names a file is held by that test on every run of the tests; the rest
follows from how pages are built.

| point | what | result | how |
|---|---|---|---|
{rows}
"""


def _emptiness(found: Measured) -> str:
    """Return how empty the pages are, and in how many places their titles begin."""
    rows = [
        f"- empty cells of {CELL} px, {shape}, normal: median {statistics.median(shares):.0%} (most {MAX_MEDIAN:.0%}),"
        f" emptiest page {max(shares):.0%}"
        for shape, shares in sorted(found.empty.items())
    ]
    places = max((len(each) for each in found.titles.values()), default=0)
    return "\n".join([*rows, f"- places where a title begins, in each shape and mode: {places}"])


def _timeouts() -> str:
    """Return after how long the station asks whether somebody is still there."""
    waits = Timeouts()
    kinds = (
        ("in the menu", waits.menu),
        ("at a question", waits.question),
        ("while reading", waits.reading),
        ("with larger text or another contrast, on each of these", waits.accessibility),
        ("in a queue", waits.waiting),
        ("after the sensor has seen somebody go", waits.presence),
    )
    rows = "\n".join(f"| {name} | {seconds:.0f} |" for name, seconds in kinds)
    return f"""The station asks whether somebody is still there, and hides what was typed, after:

| where | seconds |
|---|---|
{rows}

Then {waits.countdown:.0f} seconds are counted down, with a sound; any touch goes on, as often as wanted. Paying, measuring,
printing and calls are not interrupted. Every figure can be set in `station.toml`, section `[timeouts]`."""


def _closed_functionality(found: Measured) -> list[Point]:
    smallest = degrees_of(found.least["capital_mm"].value)
    place = degrees_of(found.least["place_mm"].value)
    large = smallest >= CAPITAL_DEGREES - 0.01
    return [
        Point("5.1.3.1", "Speech output", "met", f"Every page is read aloud; headphones start it; {SPEECH}"),
        Point("5.1.3.3", "Private listening", "met", f"What is personal is said in headphones only; {SPEECH}"),
        Point("5.1.3.6", "Speech for non-text content", "met", "Pictures have words; codes say what they are for"),
        Point("5.1.3.8", "Masked entry", "met", f"Dots, and not said without headphones; {PAGES}"),
        Point("5.1.3.10", "Speech is interrupted by any action", "met", SPEECH),
        Point("5.1.3.12", "Volume is put back", "met", f"With the wipe of the visit; {SPEECH}"),
        Point(
            "5.1.4",
            "Text for people with low vision",
            _ok(large),
            f"All that is needed has capitals of {smallest:.2f}° or more at 500 mm, without asking for larger text; "
            f"the place's name in the head has {place:.2f}°",
        ),
        Point("5.1.5", "Visual output for auditory information", "met", "The station tells nothing by sound alone"),
        Point("5.1.6.1", "Operable without a keyboard", "met", f"Touch; or five keys; {KEYPAD}"),
        Point(
            "5.2", "Accessibility features can be activated", "met", "Text size, contrast, lower, Listen: on every page"
        ),
        Point("5.3", "Biometrics", "met", "A face is never the only way: a card, a sign-in, or the branch will do"),
        Point("5.4", "Information is preserved on conversion", "met", f"Each screen shows all of a page; {TREE}"),
        Point(
            "5.5.1",
            "Means of operation",
            "met",
            "One finger, no force; a signature can be given at the counter instead",
        ),
        Point("5.7", "Key repeat", "met", "A held Enter counts once"),
        Point("5.8", "Double-strike", "met", f"A press just after a page change is dropped; {PAGES}"),
        Point("5.9", "Simultaneous actions", "met", "None is asked for"),
    ]


def _hardware() -> list[Point]:
    return [
        Point("5.5.2", "Operable parts are discernible", FARTHEST, "Needs the keypad of the station"),
        Point(
            "8.3.2",
            "Forward and side reach",
            FARTHEST,
            "The lowered page stays in the lower part; the rest is furniture",
        ),
        Point("8.5", "Tactile indication of speech mode", FARTHEST, "Needs the headphone socket's mark"),
    ]


def _perceivable(found: Measured) -> list[Point]:
    axe = _axe(found)
    whole = _ok(not found.faults)
    contrast = found.least["contrast"].value
    return [
        Point("1.1.1", "Non-text content", _ok(not found.axe), axe),
        Point("1.3.1", "Information and relationships", _ok(not found.axe), f"{axe}; {TREE}"),
        Point("1.3.2", "Meaningful sequence", "met", f"The order of the page, held equal on each screen; {TREE}"),
        Point("1.3.3", "Sensory characteristics", "met", "Buttons are called by their words, not by place or colour"),
        Point("1.3.4", "Orientation", "met", "Both are measured"),
        Point("1.4.1", "Use of colour", "met", "States have words and signs"),
        Point("1.4.3", "Contrast of text (least 4.5)", _ok(contrast >= 4.5), f"{contrast:.1f}"),
        Point("1.4.4", "Resize text to 200 %", whole, "×2 measured, nothing cut off"),
        Point("1.4.5", "Images of text", "met", "None"),
        Point("1.4.10", "Reflow", whole, "No page scrolls sideways"),
        Point("1.4.11", "Non-text contrast (least 3)", "met", "Borders 5.5, signs 7 or more, by palette"),
        Point("1.4.12", "Text spacing", whole, f"Words two fifths longer break no page; {LAYOUT}"),
        Point("1.4.13", "Content on hover or focus", "met", "None"),
    ]


def _operable(found: Measured) -> list[Point]:
    target = found.least["target_mm"].value
    waits = Timeouts()
    return [
        Point("2.1.1", "Keyboard", "met", KEYPAD),
        Point("2.1.2", "No keyboard trap", "met", KEYPAD),
        Point("2.1.4", "Character key shortcuts", "met", "None"),
        Point(
            "2.2.1",
            "Timing adjustable",
            "met",
            f"After {waits.menu:.0f} s or more the resident is asked, with {waits.countdown:.0f} s to answer by any touch, "
            f"as often as wanted; {STILL_THERE}",
        ),
        Point(
            "2.2.2", "Pause, stop, hide", "met", "Nothing moves by itself but a call's picture and what says “working”"
        ),
        Point("2.3.1", "Three flashes", "met", "Nothing flashes"),
        Point("2.4.2", "Page titled", _ok(not found.axe), _axe(found)),
        Point("2.4.3", "Focus order", "met", f"The order of the page; {TREE}"),
        Point("2.4.6", "Headings and labels", "met", f"One heading a page, a label at each field; {TREE}"),
        Point("2.4.7", "Focus visible", "met", "A yellow band with a dark ring on every target"),
        Point("2.4.11", "Focus not obscured", "met", f"A field that is reached is scrolled into view; {PAGES}"),
        Point("2.5.1", "Pointer gestures", "met", "None"),
        Point("2.5.2", "Pointer cancellation", "met", "What counts is the release"),
        Point("2.5.3", "Label in name", _ok(not found.axe), _axe(found)),
        Point(
            "2.5.7", "Dragging movements", "met", "Only a signature is drawn; it can be given at the counter instead"
        ),
        Point("2.5.8", "Target size (least 24 CSS px)", _ok(target >= 6.4), f"{target:.1f} mm"),
    ]


def _understandable(found: Measured) -> list[Point]:
    axe = _axe(found)
    return [
        Point("3.1.1", "Language of page", _ok(not found.axe), axe),
        Point("3.1.2", "Language of parts", _ok(not found.axe), "Each language's button says its own name in itself"),
        Point("3.2.1", "On focus", "met", "Nothing happens"),
        Point("3.2.2", "On input", "met", f"Nothing is judged before Continue; {FORMS}"),
        Point("3.2.3", "Consistent navigation", "met", "Frame and bar are the core's on every page"),
        Point("3.2.6", "Consistent help", "met", "Help stands last in the bar of every page"),
        Point("3.3.1", "Error identification", "met", f"At the field and on top, on Continue; {PAGES}"),
        Point("3.3.2", "Labels or instructions", "met", f"Each field has a label, many a hint; {TREE}"),
        Point("3.3.3", "Error suggestion", "met", "An example after two failures, staff after three"),
        Point("3.3.4", "Error prevention", "met", "A Check page before anything is sent; Back at every page"),
        Point("3.3.7", "Redundant entry", "met", "What was answered is filled in again"),
        Point("3.3.8", "Accessible authentication", "met", "No memory test: a card, or typing what is on it"),
        Point("4.1.2", "Name, role, value", _ok(not found.axe), f"{axe}; {TREE}"),
        Point("4.1.3", "Status messages", "met", "Live regions; said where reading is on"),
    ]


def _axe(found: Measured) -> str:
    return f"axe-core: {len(found.axe)} violations in {found.axe_runs} looks"


def _ok(met: bool) -> str:
    return "met" if met else "not met"
