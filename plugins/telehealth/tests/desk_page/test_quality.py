"""What the doctor is told of the call's quality, counted by the browser, and that it is kept with the case."""

from __future__ import annotations

import pytest
from desk_page.page_kit import Doctor, PageDesk
from desk_page.test_call import Kiosk, chromium  # noqa: F401  # a browser whose camera is a film
from playwright.async_api import expect

from tramkit_telehealth.desk.page_protocol import Quality
from tramkit_telehealth.media.emodel import rating
from tramkit_telehealth.protocol import CaseState

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_page_rates_sound_as_the_station_does(doctor: Doctor) -> None:
    cases = [(delay / 100, missing / 100) for delay in range(0, 80, 7) for missing in (0, 1, 2, 5, 10, 30, 100)]
    rated = await doctor.page.evaluate(
        "async (cases) => { const q = await import('/static/quality.js'); return cases.map((c) => q.rating(...c)); }",
        [list(each) for each in cases],
    )
    assert rated == pytest.approx([rating(*each) for each in cases])


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"points": 1280 * 720, "fps": 30, "frozen": 0, "delay": 0.1, "missing": 0}, (True, True, True)),
        ({"points": 640 * 360, "fps": 30, "frozen": 0, "delay": 0.15, "missing": 0.03}, (True, False, True)),
        ({"points": 426 * 240, "fps": 15, "frozen": 0.1, "delay": 0.2, "missing": 0.05}, (True, False, False)),
        ({"points": 1280 * 720, "fps": 5, "frozen": 0.1, "delay": 0.1, "missing": 0}, (True, True, False)),
        ({"points": 320 * 180, "fps": 1, "frozen": 1, "delay": 0.6, "missing": 0.25}, (False, False, False)),
    ],
)
async def test_what_it_is_good_enough_for_follows_the_thresholds(doctor: Doctor, figures, expected) -> None:
    found = await doctor.page.evaluate(
        "async (figures) => (await import('/static/quality.js')).verdict(figures)", figures
    )
    assert (found["speech"], found["skin"], found["gait"]) == expected


async def test_the_doctor_sees_it_in_the_call_and_it_is_kept_with_the_case(desk: PageDesk, doctor: Doctor) -> None:
    async with Kiosk(desk) as kiosk:
        await desk.hold(state=CaseState.RINGING)
        kiosk.media.start_leg(1)
        await expect(doctor.of("call")).to_have_attribute("data-media", "live")
        await desk.held(state=CaseState.LIVE, leg=1)
        await expect(doctor.of("quality")).to_be_visible(timeout=10_000)
        kept = await desk.next(Quality)
        assert kept.case == "case-0"
        assert (kept.width, kept.height) == (320, 240)
        assert not kept.skin  # the test's camera has 320 × 240 points
        await expect(doctor.of("quality")).to_contain_text("Skin detail: not good enough")
        await desk.held(state=CaseState.CLOSING)
        await expect(doctor.of("quality")).to_be_hidden()
