"""Journeys written once, made before each screen: a real Chromium, a real Textual, and the robot's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from support.slow import quick_and_slow

from .conftest import Site, run_site, run_site_here
from .steps import CONCLUSION, NAME, intake, nothing_stays

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCREENS = ("web", "terminal", "scripted")


def first_at(screen: str) -> pytest.MarkDecorator:
    """Make a journey before each screen, and at once before this one.

    A Chromium stands before residents in :mod:`test_see_a_doctor` and :mod:`test_without_touch`, too.
    """
    return pytest.mark.parametrize("site", quick_and_slow([screen], SCREENS), indirect=True)


@pytest_asyncio.fixture(loop_scope="session")
async def site(request: pytest.FixtureRequest, tmp_path: Path, browser: Browser) -> AsyncIterator[Site]:
    """A site with the screen of the test's parameter."""
    running = run_site if request.param == "web" else run_site_here
    arguments = () if request.param == "web" else (request.param,)
    async with running(tmp_path, browser, *arguments) as site:
        yield site


@first_at("terminal")
async def test_a_resident_waits_is_seen_by_a_doctor_and_gets_the_paper(site: Site) -> None:
    doctor = await site.doctor()
    resident = await site.anyone()
    await intake(site, resident)
    await doctor.accept(NAME)
    await doctor.live()
    await resident.at("call")
    await doctor.write("conclusion", CONCLUSION)
    await doctor.close_case()
    await resident.at("tell")
    assert CONCLUSION in await site.panel.shown("receipt_printer")
    await resident.go_on()
    await resident.at("done")
    await resident.go_on()
    await resident.at("attract")
    await nothing_stays(site, resident)


@first_at("scripted")
async def test_a_resident_types_everything_changes_the_language_corrects_an_answer_and_leaves(site: Site) -> None:
    await site.doctor()
    resident = await site.anyone()
    await resident.begin()
    await resident.press("language-en")
    await resident.at("choose", "What")
    await resident.press("language-vi")
    await resident.choose("telehealth.doctor")
    await resident.choose("none")
    await resident.at("capture")
    await resident.choose("typed")
    await resident.at("ask")
    await resident.type("name", "lê văn tám")
    await resident.type("number", "079054001234")
    await resident.type("born", "02091954")
    await resident.pick("sex", "male")
    await resident.go_on()
    await resident.at("read")
    await resident.press("back")
    await resident.at("ask")
    assert "079054001234" in (await resident.read()).replace(" ", ""), "what was typed stands there still"
    await resident.go_on()
    await resident.at("read")
    await resident.press("bar-help")
    await resident.at("help")
    await resident.go_on()
    await resident.at("read")
    await resident.press("bar-start_over")
    await resident.at("leave")
    await resident.choose("leave")
    await resident.at("attract")
    await nothing_stays(site, resident)
