"""What a screen reader has of the web screen is what the model says, on every golden page: no more and no less."""

from __future__ import annotations

from collections import Counter

import pytest
from playwright.async_api import CDPSession
from support.golden_pages import golden_pages, view_of
from support.rendered import expected, rendered
from support.resident import Resident

from tramkit_hal import labels
from tramkit_hal.pages import Ask, Contrast, Mode, View
from tramkit_hal.screen import Shown
from tramkit_hal.words import render

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGES = golden_pages()
MODES = {"normal": Mode(), "largest": Mode(text_scale=2.0), "high": Mode(contrast=Contrast.HIGH)}
KEYS = "() => document.querySelectorAll('.keyboard').forEach((board) => board.setAttribute('aria-hidden', 'true'))"
"""The keys of the on-screen keyboard are the web screen's own way of typing, not content."""


async def test_there_are_enough_golden_pages() -> None:
    assert len(PAGES) >= 60


async def found(resident: Resident, session: CDPSession, view: View) -> list[Shown]:
    """Return what stands on all parts of a page, turning over the answers that do not fit at once."""
    await resident.page.evaluate(KEYS)
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


@pytest.mark.timeout(240)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_rendered_tree_says_what_the_model_says(resident: Resident, language: str, mode: str) -> None:
    wrong: list[str] = []
    session = await resident.page.context.new_cdp_session(resident.page)
    for name, page in PAGES.items():
        view = view_of(page, language=language, mode=MODES[mode])
        await resident.show(view)
        said = await found(resident, session, view)
        model = expected(view)
        missing, extra = Counter(model) - Counter(said), Counter(said) - Counter(model)
        if missing or extra:
            wrong.append(f"{name}: missing {list(missing)}, extra {list(extra)}")
        ordered = ("heading", "field", "option", "fact", "code", "picture")
        if not wrong:
            assert [i for i in said if i.role in ordered] == [i for i in model if i.role in ordered], name
    assert wrong == [], "\n".join(wrong)
