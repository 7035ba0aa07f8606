"""A resident sees a doctor: both sides in real Chromium, real WebRTC, and nothing of theirs stays behind."""

from __future__ import annotations

import json

import pytest
from support.doctor import DOCTORS_TONE, FIRST_FRAME

from tramkit.testing.wipe_search import found_in, found_in_files, heap_strings

from .conftest import RESIDENTS_TONE, Site
from .steps import CANARIES, CONCLUSION, NAME, intake, nothing_stays, until

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


TITLES = {"vi": "Kết quả khám qua video", "en": "Summary of the video consultation"}


@pytest.mark.parametrize(("language", "landscape"), [("vi", False), pytest.param("en", True, marks=pytest.mark.slow)])
async def test_a_resident_sees_a_doctor_and_leaves_with_paper(site: Site, language: str, landscape: bool) -> None:
    doctor = await site.doctor(language=language)
    resident = await site.resident(landscape=landscape)
    await resident.press(f"language-{language}")
    await intake(site, resident, language)
    await doctor.accept(NAME)
    await doctor.live()
    await resident.at("call")
    theirs = await until(lambda: resident.picture("doctor"), bool)
    assert theirs is not None
    assert FIRST_FRAME <= theirs["sequence"] < FIRST_FRAME + 30, "the resident sees the doctor's camera"
    first = await until(doctor.picture, bool)
    later = await until(doctor.picture, lambda code: code is not None and code != first)
    assert first is not None
    assert later["sequence"] > first["sequence"], "the doctor sees the kiosk's camera move"
    heard = await until(doctor.tone, lambda tone: abs(tone - RESIDENTS_TONE) < 30)
    assert heard
    played = await until(lambda: site.panel.shown("speaker"), lambda shown: f"{DOCTORS_TONE:.0f} Hz" in shown)
    assert played
    await doctor.write("conclusion", CONCLUSION)
    await doctor.prescribe(name="Paracetamol", strength="500 mg", amount="10 viên", directions="Uống khi đau")
    await doctor.close_case()
    await resident.at("tell")
    paper = await site.panel.shown("receipt_printer")
    for words in (TITLES[language], NAME, CONCLUSION, "Paracetamol 500 mg", "10 viên", "Nguyễn Thị Lan"):
        assert words in paper
    assert found_in(await heap_strings(resident.page), CANARIES) == [CONCLUSION], "the search finds what is there"
    assert NAME in found_in([json.dumps(await site.panel.state(), ensure_ascii=False)], CANARIES)
    await resident.go_on()
    await resident.at("done")
    await resident.go_on()
    await resident.at("attract")
    await nothing_stays(site, resident)
    assert resident.problems == []
    assert doctor.problems == []


QUESTION, ANSWER = "Bà đau ở đâu?", "ở bụng"


@pytest.mark.slow
async def test_a_deaf_resident_sees_a_doctor_in_writing_and_leaves_with_paper(site: Site) -> None:
    doctor = await site.doctor()
    resident = await site.resident()
    await intake(site, resident)
    await doctor.accept(NAME)
    await doctor.live()
    await resident.at("call")
    await doctor.page.get_by_test_id("written-own").press_sequentially(QUESTION)
    await resident.says(QUESTION)
    await resident.choose("write")
    await resident.type("reply", ANSWER)
    theirs = doctor.page.get_by_test_id("written-theirs")
    assert await until(theirs.text_content, lambda said: said == ANSWER), "without any button that sends it"
    await resident.says(QUESTION)
    assert await doctor.page.input_value("#notes") == "", "nothing is kept by itself"
    await doctor.page.get_by_test_id("written-keep").click()
    assert await doctor.page.input_value("#notes") == f"{QUESTION}\n{ANSWER}"
    await doctor.write("conclusion", CONCLUSION)
    await doctor.close_case()
    await resident.at("tell")
    paper = await site.panel.shown("receipt_printer")
    assert CONCLUSION in paper
    assert ANSWER not in paper
    await resident.go_on()
    await resident.at("done")
    await resident.go_on()
    await resident.at("attract")
    await nothing_stays(site, resident)
    assert found_in(await heap_strings(resident.page), (QUESTION, ANSWER)) == []
    assert found_in_files(site.folder, (QUESTION, ANSWER), but=["desk"]) == []
    assert (resident.problems, doctor.problems) == ([], [])
