"""A visit without touching the glass, by keypad; and one without seeing it, by keypad and headphones."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser
from support.keypad import Ears, KeypadDriver

from tramkit.testing.browser_screen import PORTRAIT

from .conftest import STATION, run_site
from .steps import CONCLUSION, NAME, intake, nothing_stays

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

VOICE = """
[[roles.voice]]
driver = "sim_voice"
words_per_minute = 60000
"""


@pytest.mark.parametrize("eyes", [pytest.param("open", marks=pytest.mark.slow), "shut"])
async def test_a_resident_sees_a_doctor_by_keypad(tmp_path: Path, browser: Browser, eyes: str) -> None:
    async with run_site(tmp_path, browser, STATION + VOICE) as site:
        doctor = await site.doctor()
        page = await (await browser.new_context(viewport=PORTRAIT)).new_page()
        resident = KeypadDriver(page) if eyes == "open" else Ears(page, site.panel)
        await resident.open(await site.station.address("station"))
        await intake(site, resident)
        await doctor.accept(NAME)
        await doctor.live()
        await KeypadDriver.at(resident, "call")
        await doctor.write("conclusion", CONCLUSION)
        await doctor.close_case()
        await resident.at("tell")
        await resident.go_on()
        await resident.at("done")
        await resident.go_on()
        if eyes == "shut":
            await site.panel.control("speaker", "headset", "off")
        await resident.at("attract")
        await nothing_stays(site, resident)
        assert resident.problems == []
