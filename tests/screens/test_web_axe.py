"""axe-core finds nothing to complain of on any page, in any mode, in either language (WCAG 2.2 A and AA)."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from support.golden_pages import golden_pages, view_of

from tramkit_hal.pages import Contrast, Mode

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
STILL = "() => document.getAnimations().forEach((each) => each.effect.getTiming().iterations === 1 && each.finish())"
"""A page that comes in is pale for a moment; what turns for ever is left to turn."""

MODES = {
    "normal": Mode(),
    "largest": Mode(text_scale=2.0),
    "high": Mode(contrast=Contrast.HIGH),
    "dark": Mode(contrast=Contrast.DARK),
    "lowered": Mode(lowered=True),
}


@pytest.mark.timeout(180)
@pytest.mark.parametrize("mode", MODES)
async def test_axe_finds_nothing(resident, mode: str) -> None:
    found: list[str] = []
    for number, (name, page) in enumerate(golden_pages().items()):
        language = ("vi", "en")[number % 2 if mode != "normal" else 0]
        await resident.show(view_of(page, language=language, mode=MODES[mode]))
        await resident.page.evaluate(STILL)
        result = await Axe().run(resident.page, options=RULES)
        for violation in result.response["violations"]:
            where = [node["target"] for node in violation["nodes"]]
            found.append(f"{name} ({language}): {violation['id']}: {violation['help']} {where}")
    assert found == [], "\n".join(found)


async def test_axe_finds_what_is_wrong(resident) -> None:
    await resident.show(view_of(golden_pages()["read"]))
    await resident.page.evaluate("() => document.getElementById('main').append(document.createElement('button'))")
    result = await Axe().run(resident.page, options=RULES)
    assert [violation["id"] for violation in result.response["violations"]] == ["button-name"]
