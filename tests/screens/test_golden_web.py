"""Every golden page of the core and of all plugins in Chromium, in every way it can look, each shown once:

what a screen reader has is what the model says, no more and no less; nothing is cut off, too small, too close or too
pale; axe-core finds nothing to complain of (WCAG 2.2 A and AA). ``make test`` looks at all pages in six ways, with each
shape, language and contrast and the largest letters among them; ``make test-slow`` in all others. axe-core sees each
page once in the six, once or twice in the others; ``make accessibility`` has it see every page in every way.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import pytest
from playwright.async_api import CDPSession
from support.golden_pages import golden_pages, view_of
from support.rendered import expected, rendered

from tramkit.testing import layout
from tramkit.testing.browser_screen import LANDSCAPE, PORTRAIT, BrowserScreen
from tramkit_hal.ui import labels
from tramkit_hal.ui.pages import Ask, Contrast, Mode, View
from tramkit_hal.ui.screen import Shown
from tramkit_hal.words import PSEUDO, lengthen, render

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = golden_pages()
SHAPES = {"portrait": PORTRAIT, "landscape": LANDSCAPE}
MODES = {
    "normal": Mode(),
    "larger": Mode(text_scale=1.5),
    "largest": Mode(text_scale=2.0),
    "high": Mode(contrast=Contrast.HIGH),
    "dark, lowered": Mode(contrast=Contrast.DARK, lowered=True),
    "high, lowered": Mode(contrast=Contrast.HIGH, lowered=True),
}


class Look(NamedTuple):
    """A way to show all pages.

    :ivar tree: the accessibility tree and the words of the page are held against the model, too.
    :ivar moves: pages come in as residents see it; otherwise as for who wants no motion. The page that stands there is
        the same, and a third of the work is not done.
    """

    shape: str
    language: str
    mode: str
    tree: bool = False
    moves: bool = False

    def __str__(self) -> str:
        return f"{self.shape}, {self.language}, {self.mode}"


MIXED = "vi, en"
"""Every other page in the one language, every other in the other."""
AXE_SHARE = 5
"""axe-core takes longer than all the rest: of so many pages it sees one, another one in each look."""
LOOKS = (
    Look("portrait", "vi", "normal", tree=True, moves=True),
    Look("portrait", "en", "largest", tree=True),
    Look("portrait", "en", "dark, lowered"),
    Look("landscape", MIXED, "normal"),
    Look("landscape", "vi", "high, lowered"),
    Look("landscape", PSEUDO, "normal"),
)
MORE_LOOKS = (
    Look("portrait", "en", "normal", tree=True, moves=True),
    Look("portrait", "vi", "largest", tree=True),
    Look("portrait", "vi", "high", tree=True),
    Look("portrait", "en", "high", tree=True),
    Look("portrait", "vi", "larger"),
    Look("landscape", MIXED, "largest"),
    Look("landscape", "en", "larger"),
    Look("portrait", PSEUDO, "normal"),
)
OWN = """() => {
    document.querySelectorAll('.keyboard').forEach((board) => board.setAttribute('aria-hidden', 'true'));
    for (const clock of document.querySelectorAll('[data-seconds]')) {
        clock.firstElementChild.textContent = clock.dataset.seconds;
        delete clock.dataset.seconds;
    }
}"""
"""The keys of the on-screen keyboard are the web screen's own way of typing, no content; its countdown stands still."""
WRITTEN = ("heading", "text", "button", "option", "fact")
ORDERED = ("heading", "field", "option", "fact", "code", "picture")


async def test_there_are_enough_golden_pages() -> None:
    assert len(PAGES) >= 60


async def test_axe_sees_every_page_in_the_looks_of_make_test() -> None:
    assert sum(look.language != PSEUDO for look in LOOKS) >= AXE_SHARE


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("nth_look", "look"),
    [
        *(pytest.param(nth, look, id=str(look)) for nth, look in enumerate(LOOKS)),
        *(pytest.param(nth, look, id=str(look), marks=pytest.mark.slow) for nth, look in enumerate(MORE_LOOKS)),
    ],
)
async def test_every_page_is_whole_and_says_what_the_model_says(
    resident: BrowserScreen, nth_look: int, look: Look
) -> None:
    wrong: list[str] = []
    page = resident.page
    await layout.prepare(page)
    await page.set_viewport_size(SHAPES[look.shape])
    await page.emulate_media(reduced_motion="no-preference" if look.moves else "reduce")
    await page.reload()
    session = await page.context.new_cdp_session(page)
    languages = look.language.split(", ")
    for nth, (name, golden) in enumerate(PAGES.items()):
        view = view_of(golden, language=languages[nth % len(languages)], mode=MODES[look.mode])
        await resident.show(view)
        await layout.settled(page)
        wrong += [f"{name}: {fault}" for fault in await layout.faults(page)]
        if look.language != PSEUDO and (nth + nth_look) % AXE_SHARE == 0:  # no browser knows that one
            wrong += [f"{name}: {violation}" for violation in await layout.violations(page)]
        if look.tree:
            wrong += [f"{name}: {words}" for words in await unwritten(resident)]
            wrong += [f"{name}: {difference}" for difference in await differences(resident, session, view)]
    if look.language == PSEUDO:
        assert "ấ" in await page.inner_text("#bar"), "the words are the long ones"
    assert wrong == [], "\n".join(wrong)
    assert resident.problems == []


async def unwritten(resident: BrowserScreen) -> list[str]:
    """Return what ``describe()`` tells of the screen and the page does not have, on whichever of its parts."""
    text = await resident.page.evaluate("document.getElementById('root').textContent.replace(/\\s+/g, ' ')")
    told = [item for item in await resident.screen.describe() if item.role in WRITTEN]
    missing = [f"{item.role} {item.name!r} is not there" for item in told if " ".join(item.name.split()) not in text]
    return missing + [f"{item.value!r} is not there" for item in told if item.role == "fact" and item.value not in text]


async def differences(resident: BrowserScreen, session: CDPSession, view: View) -> list[str]:
    """Return in what the rendered accessibility tree is not what the model says."""
    said, model = await found(resident, session, view), expected(view)
    missing, extra = Counter(model) - Counter(said), Counter(said) - Counter(model)
    if missing or extra:
        return [f"missing {list(missing)}, extra {list(extra)}"]
    ours, theirs = ([item for item in items if item.role in ORDERED] for items in (model, said))
    return [] if ours == theirs else [f"order: {theirs} instead of {ours}"]


async def found(resident: BrowserScreen, session: CDPSession, view: View) -> list[Shown]:
    """Return what stands on all parts of a page, turning over the answers that do not fit at once."""
    await resident.page.evaluate(OWN)
    said = await rendered(session)
    following = resident.page.locator('.step[data-step="1"]')
    while await following.count() and await following.is_visible():
        await following.click()
        known = Counter(said)
        said += list((Counter(await rendered(session)) - known).elements())
    own = own_words(view)
    return [item for item in said if item.name not in own]


def own_words(view: View) -> set[str]:
    """Return what the web screen adds in words of its own: how it turns over, scrolls and stands in for a picture."""
    own = [labels.PREVIOUS_PAGE, labels.NEXT_PAGE, labels.NO_PICTURE, labels.NO_OTHER_PICTURE]
    if isinstance(view.page, Ask):
        own += [labels.PROBLEM_SUMMARY, labels.STAFF_OFFER]
    said = {render(words, view.language) for words in own}
    more, top = (render(words, view.language) for words in (labels.MORE, labels.TO_TOP))
    count = render(labels.PAGE_OF, view.language)
    pages = {count.replace("{n}", str(n)).replace("{m}", str(m)) for m in range(2, 20) for n in range(1, m + 1)}
    return said | pages | {more, top, f"{more} {top}"}


async def test_axe_finds_what_is_wrong(resident: BrowserScreen) -> None:
    await layout.prepare(resident.page)
    await resident.page.reload()
    await resident.show(view_of(PAGES["read"]))
    await resident.page.evaluate("() => document.getElementById('main').append(document.createElement('button'))")
    await layout.settled(resident.page)
    assert [found.partition(":")[0] for found in await layout.violations(resident.page)] == ["button-name"]


async def test_a_broken_layout_is_told_with_element_and_value(resident: BrowserScreen) -> None:
    await resident.show(view_of(PAGES["read"]))
    await resident.page.evaluate(
        "() => Object.assign(document.getElementById('continue').style, { minHeight: 0, height: '40px', padding: 0 })"
    )
    (fault, *_others) = [each for each in await layout.faults(resident.page) if each.startswith("target")]
    assert "× 9.9 mm: button#continue" in fault


async def test_the_tree_tells_what_is_missing_and_what_is_too_much(resident: BrowserScreen) -> None:
    view = view_of(PAGES["check"])
    await resident.show(view)
    session = await resident.page.context.new_cdp_session(resident.page)
    await resident.page.evaluate("() => document.querySelector('dd').append(' and more')")
    (difference,) = await differences(resident, session, view)
    assert "Nguyễn Thị Hương Giang and more" in difference


async def test_the_long_language_is_two_fifths_longer() -> None:
    words = "Please place your identity card on the reader, {name}"
    longer = lengthen(words)
    assert 1.35 <= len(longer) / len(words) <= 1.45
    assert "{name}" in longer
