"""What the web screen draws: the agency's emblem and colour, an icon for every name, the guide in every state."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.demo_menu import demo_menu
from support.golden_pages import golden_pages, view_of

from tramkit.testing import layout
from tramkit.testing.browser_screen import LANDSCAPE, PORTRAIT
from tramkit_hal.screens.web.rendering import HERE, Renderer
from tramkit_hal.screens.web.settings import WebSettings, contrast_to_white
from tramkit_hal.ui.guide import Guide
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import Choose, Mode, Stage
from tramkit_hal.words import Text

pytestmark = pytest.mark.browser
in_browser = pytest.mark.asyncio(loop_scope="session")

MAX_FIRST_LOAD = 80_000
"""Bytes, unpacked."""
TITLE = Text(id="What would you like to do?", domain="tramkit")
MENU = {(1.0, "portrait"): 8, (1.0, "landscape"): 8, (2.0, "portrait"): 4, (2.0, "landscape"): 4}


def test_every_icon_and_every_state_of_the_guide_is_drawn() -> None:
    icons = (HERE / "templates" / "icons.html").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^'(\w+)':", icons, re.MULTILINE))
    assert {icon.value for icon in Icon} <= drawn
    assert {f"at_{stage.value}" for stage in Stage} <= drawn
    guide = (HERE / "templates" / "guide.html").read_text(encoding="utf-8")
    assert {state.value for state in Guide} <= set(re.findall(r"state == '(\w+)'", guide))


def test_a_pale_colour_is_refused_when_the_configuration_is_read() -> None:
    assert contrast_to_white("#000000") == pytest.approx(21)
    assert contrast_to_white("#FFFFFF") == pytest.approx(1)
    assert WebSettings(colour="#7A1020").colour == "#7A1020"
    for wrong in ("#3388FF", "red", "#12345", "#0A4B84;}body{"):
        with pytest.raises(ValidationError, match=r"contrast|hexadecimal"):
            WebSettings(colour=wrong)


def test_an_emblem_is_a_small_picture_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "emblem.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    assert WebSettings(emblem=tmp_path / "emblem.svg").emblem
    (tmp_path / "large.png").write_bytes(b"x" * 30_000)
    for name in ("large.png", "gone.svg", "emblem.html"):
        with pytest.raises(ValidationError):
            WebSettings(emblem=tmp_path / name)


def test_the_first_load_of_every_page_stays_within_its_budget() -> None:
    static = sum(file.stat().st_size for file in (HERE / "static").iterdir())
    renderer = Renderer("boot", 250, "auto")
    longest = max(len(str(renderer.fragment(view_of(page), {})).encode()) for page in golden_pages().values())
    assert static + longest <= MAX_FIRST_LOAD


@in_browser
async def test_the_first_page_of_the_menu_has_eight_services_and_four_in_the_largest_letters(resident) -> None:
    services = demo_menu()
    assert len(services) > 8
    seen = resident.page.locator("#options li:not([hidden]) button")
    for (scale, shape), least in MENU.items():
        await resident.page.set_viewport_size(PORTRAIT if shape == "portrait" else LANDSCAPE)
        for language in ("vi", "en"):
            menu = Choose(id=f"{scale}{shape}{language}", title=TITLE, options=services)
            await resident.show(view_of(menu, language=language, mode=Mode(text_scale=scale)))
            assert await seen.count() >= least, (scale, shape, language)
            met = [await each.get_attribute("data-choice") for each in await seen.all()]
            while await resident.page.locator('[data-step="1"]').is_visible():
                await resident.page.click('[data-step="1"]')
                met += [await each.get_attribute("data-choice") for each in await seen.all()]
                assert await layout.faults(resident.page) == []
            assert met == [option.value for option in services], "each one stands on one page"


@in_browser
async def test_motion_is_calm_and_there_is_none_for_who_wants_none(resident) -> None:
    running = """() => document.getAnimations().filter((each) => each.effect.getTiming().duration > 0)
        .map((each) => [each.animationName ?? each.transitionProperty, each.effect.getTiming().duration])"""
    await resident.page.emulate_media(reduced_motion="reduce")
    await resident.show(view_of(golden_pages()["attract"]))
    assert await resident.page.evaluate(running) == []
    await resident.page.emulate_media(reduced_motion="no-preference")
    await resident.show(view_of(golden_pages()["check"]))
    for name, duration in await resident.page.evaluate(running):
        assert name in ("turn", "drift") or 120 <= duration <= 200, name
