"""What a resident and a doctor see when something fails, in real Chromium on both sides."""

from __future__ import annotations

import signal

import pytest

from .conftest import RESIDENTS_TONE, Site
from .steps import CONCLUSION, NAME, intake, nothing_stays, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_with_the_desk_without_power_an_emergency_still_gets_115_and_staff(site: Site) -> None:
    await site.desk.stop(signal.SIGKILL)
    resident = await site.resident(landscape=True)
    await resident.press("language-en")
    await resident.begin()
    await resident.says("The doctors cannot be reached now")
    await resident.choose("telehealth.doctor")
    await resident.choose("chest_pain")
    await resident.at("tell", "You need emergency help now")
    words = await resident.read()
    for said in ("115", "Sit down and rest", "Staff of this station have been called", "1022"):
        assert said in words
    calls = (await site.panel.state())["calls"]
    assert len(calls) == 1
    await resident.choose("finish")
    await resident.at("attract")
    assert resident.problems == []


async def test_with_the_desk_without_power_a_resident_is_told_what_to_do_instead(site: Site) -> None:
    resident = await site.resident()
    await site.desk.stop(signal.SIGKILL)
    await resident.begin()
    await resident.choose("telehealth.doctor")
    await resident.choose("none")
    await resident.at("tell", "Hiện chưa liên lạc được với bác sĩ")
    await site.start_desk()
    doctor = await site.doctor()
    await resident.choose("again")
    await resident.at("capture")
    assert doctor.problems == []


async def test_a_call_outlives_a_pulled_camera_a_reloaded_page_and_a_restarted_desk(site: Site) -> None:
    doctor = await site.doctor()
    resident = await site.resident()
    await intake(site, resident)
    await doctor.accept(NAME)
    await doctor.live()
    await resident.at("call")
    await until(doctor.picture, bool)

    await site.panel.control("camera", "plugged", "off")
    await resident.says("Camera không lên hình")
    await until(doctor.picture, lambda code: code is None)
    assert await until(doctor.tone, lambda tone: abs(tone - RESIDENTS_TONE) < 30), "the sound goes on"
    await site.panel.control("camera", "plugged", "on")
    await until(doctor.picture, bool)

    await doctor.page.reload()
    await doctor.connected()
    await doctor.live()
    await until(doctor.picture, bool)
    await until(lambda: resident.picture("doctor"), bool)

    await site.desk.stop(signal.SIGKILL)
    await doctor.page.wait_for_selector('[data-testid="lost"]:not([hidden])')
    before = await until(doctor.picture, bool)
    assert await until(doctor.picture, lambda code: code is not None and code != before), "media outlive the desk"
    await site.start_desk()
    await doctor.connected()
    await until(doctor.picture, bool)

    await site.panel.control("receipt_printer", "paper", "out")
    await doctor.write("conclusion", CONCLUSION)
    await doctor.close_case()
    await resident.at("tell")
    await resident.says("Hiện không in được ra giấy")
    assert await resident.page.locator(".code[role=img]").count() >= 1
    await doctor.page.wait_for_selector('[data-testid="past-case"]')
    await resident.go_on()
    await resident.at("done")
    await resident.go_on()
    await resident.at("attract")
    await nothing_stays(site, resident)


async def test_a_resident_who_leaves_in_the_call_leaves_nothing_and_the_doctor_is_told(site: Site) -> None:
    doctor = await site.doctor()
    resident = await site.resident()
    await intake(site, resident)
    await doctor.accept(NAME)
    await doctor.live()
    await resident.at("call")
    await resident.press("bar-start_over")
    await resident.at("leave")
    await resident.choose("leave")
    await resident.at("attract")
    await doctor.page.wait_for_selector('[data-testid="call"][data-state="closing"]')
    await nothing_stays(site, resident)


@pytest.mark.slow
async def test_a_case_is_handed_over_in_the_call(site: Site) -> None:
    first = await site.doctor("bs-lan")
    second = await site.doctor("bs-minh", "en")
    resident = await site.resident()
    await intake(site, resident)
    await first.accept(NAME)
    await first.live()
    await first.write("notes", "đã hỏi bệnh")
    await first.page.select_option('[data-testid="colleague"]', "bs-minh")
    await first.page.click('[data-testid="hand-over"]')
    await second.live()
    await resident.says("Trần Quang Minh")
    await until(second.picture, bool)
    await until(lambda: resident.picture("doctor"), bool)
    assert await second.page.input_value("#notes") == "đã hỏi bệnh"
    await first.page.wait_for_selector('[data-testid="call"][data-state="none"]')
