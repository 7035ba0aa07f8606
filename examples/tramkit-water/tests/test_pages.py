"""The plugin's golden pages: what they are, on each screen, and whether everybody can use them."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
import tramkit_water
from playwright.async_api import Browser
from residents import pay, services, to_the_end
from tramkit_water.sandbox import DECLINED, WaterworksSandbox

from tramkit.testing import KitStation, Make, StandingClock, hold, met, pages_in
from tramkit.testing.accessibility import faults_of
from tramkit.translations import problems_of

FOLDER = Path(str(files(tramkit_water)))


async def report(s: KitStation) -> None:
    """Report a leak, without a photo."""
    await s.start("water.leak")
    await s.driver.choose("home")
    await s.driver.at("ask")
    await s.driver.type("address", "12 Phan Xích Long")
    await s.driver.type("since", "20/11/2026")
    await s.driver.type("phone", "0901234567")
    await s.driver.go_on()
    await s.driver.choose("later")
    await s.driver.at("check")
    await s.driver.go_on()
    await s.driver.at("done")
    await s.driver.go_on()


async def test_the_golden_pages_are_those_that_it_shows(station: Make, sandbox: WaterworksSandbox) -> None:
    pages: dict[str, object] = {}
    s = await station(*services(sandbox.address), clock=StandingClock())
    await pay(s)
    await s.ended()
    names = ["ask · Please enter the customer code", "check · Is everything right?", "done · It is paid. Thank you"]
    pages |= met("pay", s.views, names)
    s = await station(*services(sandbox.address), clock=StandingClock())
    await to_the_end(s, DECLINED)
    await s.driver.at("tell")
    pages |= met("declined", s.views, ["tell · It could not be carried out · warning"])
    s = await station(*services(sandbox.address), clock=StandingClock())
    await report(s)
    await s.ended()
    names = ["choose · Where does water run?", "ask · Where is the leak?", "choose · A photo of the leak"]
    pages |= met("leak", s.views, [*names, "check · Is this right?"])
    hold(FOLDER / "golden.json", pages)


def test_its_words_are_translated() -> None:
    assert problems_of(FOLDER, "vi") == []


@pytest.mark.parametrize("mode", ["normal", "×2", "high contrast"])
async def test_everybody_can_use_its_pages(tramkit_browser: Browser, mode: str) -> None:
    found = await faults_of(tramkit_browser, pages_in("tramkit_water"), shapes=("portrait",), modes=(mode,))
    assert found == []


@pytest.mark.parametrize("screen", ["web", "terminal"])
async def test_a_bill_is_paid_before_each_screen(
    station: Make, sandbox: WaterworksSandbox, tramkit_browser: Browser, screen: str
) -> None:
    browser = tramkit_browser if screen == "web" else None
    s = await station(*services(sandbox.address), screen=screen, browser=browser)
    await to_the_end(s, "PN123456")
    await s.driver.at("done")
    await s.driver.go_on()
    await s.ended()
    assert s.money.collected == 185_000
