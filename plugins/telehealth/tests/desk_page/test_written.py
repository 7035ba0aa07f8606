"""The written line between the doctor's page in Chromium and the station's media, as it is typed."""

from __future__ import annotations

import pytest
from desk_page.page_kit import Doctor, PageDesk
from desk_page.test_call import Kiosk, chromium  # noqa: F401  # a browser whose camera is a film
from kiosk.media_kit import until
from playwright.async_api import expect

from tramkit_telehealth.protocol import CaseState
from tramkit_telehealth.settings import EngineName

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("engine", ["aiortc", pytest.param("wrtc", marks=pytest.mark.slow)])
async def test_the_patient_reads_what_the_doctor_types_and_the_doctor_what_the_patient_types(
    desk: PageDesk, doctor: Doctor, engine: EngineName
) -> None:
    async with Kiosk(desk, engine) as kiosk:
        await desk.hold(state=CaseState.RINGING)
        kiosk.media.start_leg(1)
        await expect(doctor.of("call")).to_have_attribute("data-media", "live")
        await desk.held(state=CaseState.LIVE, leg=1)
        box = doctor.of("written-own")
        await box.press_sequentially("Ông đau ở đua")
        await until(lambda: kiosk.media.written.theirs == "Ông đau ở đua")
        for _ in range(3):
            await box.press("Backspace")
        await box.press_sequentially("đâu?")
        await until(lambda: kiosk.media.written.theirs == "Ông đau ở đâu?")
        kiosk.media.written.write("Ở bụng")
        await expect(doctor.of("written-theirs")).to_have_text("Ở bụng")
        kiosk.media.start_leg(2)
        await until(lambda: kiosk.media.leg == 2 and kiosk.media.connection == "live")
        await until(lambda: kiosk.media.written.theirs == "Ông đau ở đâu?")
        await expect(doctor.of("written-theirs")).to_have_text("Ở bụng")
        assert "Ở bụng" not in await doctor.page.locator("#notes").input_value()
        await doctor.of("written-keep").click()
        assert await doctor.page.locator("#notes").input_value() == "Ông đau ở đâu?\nỞ bụng"
