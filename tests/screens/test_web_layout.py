"""Nothing is cut off, too small, too close or too pale, on any page, in any size of text, on either long side."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.golden_pages import golden_pages, view_of
from support.resident import LANDSCAPE, PORTRAIT, Resident

from tramkit_hal.pages import TEXT_SCALES, Contrast, Mode
from tramkit_hal.words import PSEUDO, lengthen

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PAGES = golden_pages()
LOOK = (Path(__file__).parent / "layout.js").read_text(encoding="utf-8")


async def faults_of(resident: Resident, **how: object) -> list[str]:
    """Show every golden page and return what is wrong with any."""
    found: list[str] = []
    for name, page in PAGES.items():
        await resident.show(view_of(page, **how))
        await resident.page.wait_for_function(
            "() => [...document.querySelectorAll('.slate')].every((slate) => !slate.hidden)"
        )  # nothing gives a picture: the words that say so must fit too
        found += [f"{name}: {fault}" for fault in await resident.page.evaluate(LOOK)]
    return found


@pytest.mark.timeout(120)
@pytest.mark.parametrize("viewport", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
@pytest.mark.parametrize("scale", TEXT_SCALES)
async def test_nothing_is_cut_off_or_too_small_or_too_close(resident, viewport, scale):
    await resident.page.set_viewport_size(viewport)
    for language in ("vi", "en"):
        faults = await faults_of(resident, language=language, mode=Mode(text_scale=scale))
        assert faults == [], f"{language}\n" + "\n".join(faults)


@pytest.mark.parametrize("contrast", list(Contrast))
async def test_every_text_stands_out_from_its_ground(resident, contrast):
    faults = await faults_of(resident, mode=Mode(contrast=contrast))
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("viewport", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
async def test_a_lowered_page_is_whole(resident, viewport):
    await resident.page.set_viewport_size(viewport)
    faults = await faults_of(resident, mode=Mode(lowered=True))
    assert faults == [], "\n".join(faults)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("viewport", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
async def test_words_two_fifths_longer_break_no_page(resident, viewport):
    await resident.page.set_viewport_size(viewport)
    faults = await faults_of(resident, language=PSEUDO)
    assert "ấ" in await resident.page.inner_text("#bar"), "the words are the long ones"
    assert faults == [], "\n".join(faults)


async def test_the_long_language_is_two_fifths_longer():
    words = "Please place your identity card on the reader, {name}"
    longer = lengthen(words)
    assert 1.35 <= len(longer) / len(words) <= 1.45
    assert "{name}" in longer
