"""A resident sees a doctor: both sides in real Chromium, real WebRTC, and nothing of theirs stays behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from support.hands import Hands

from .conftest import DOCTORS_TONE, FIRST_FRAME, RESIDENTS_TONE, Site

pytestmark = [pytest.mark.browser]

NAME = "Nguyễn Văn An"
COMPLAINT = "chong mat khi dung day"
CONCLUSION = "Huyết áp thấp khi đứng dậy"

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T]], true: Callable[[T], bool], seconds: float = 30) -> T:
    """Look again until what is seen is true."""
    async with asyncio.timeout(seconds):
        while not true(found := await look()):
            await asyncio.sleep(0.1)
    return found


async def intake(site: Site, resident: Hands) -> None:
    """Lead the resident from the attract page into the queue."""
    await resident.begin()
    await resident.choose("telehealth.doctor")
    await resident.choose("none")
    await resident.at("capture")
    await site.panel.control("id_reader", "card", NAME)
    await resident.says(NAME)
    await resident.go_on()
    await site.panel.control("id_reader", "card", "none")
    await resident.at("read")
    await resident.go_on()
    await resident.at("ask")
    await resident.pick("telehealth")
    await resident.pick("health_data")
    await resident.go_on()
    await resident.at("choose")
    await resident.choose("general")
    await resident.at("choose")
    await resident.choose("vi")
    await resident.at("tell")
    await resident.says("150.000 ₫")
    await resident.go_on()
    await resident.at("ask")
    await resident.type("complaint", COMPLAINT)
    await resident.pick("since", "today")
    await resident.type("pain", "3")
    await resident.pick("fever", "no")
    await resident.go_on()
    await resident.at("ask")
    await resident.go_on()
    await resident.at("choose")
    await resident.choose("measure")
    await measure(resident)
    await resident.at("capture")
    await resident.go_on()
    await resident.at("check")
    assert COMPLAINT in await resident.read()
    await resident.go_on()
    await resident.at("wait")


async def measure(resident: Hands) -> None:
    """Have the blood pressure measured and skip the other measurements."""
    await resident.at("capture")
    await resident.go_on()
    await resident.says("mmHg")
    await resident.go_on()
    for _other in range(5):
        await resident.choose("skip")
        await resident.gone("skip")


async def test_a_resident_sees_a_doctor_and_leaves_with_paper(site: Site) -> None:
    doctor = await site.doctor()
    resident = await site.resident()
    await intake(site, resident)
    await resident.page.screenshot(path="/tmp/look/j1.png")
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
    await resident.page.screenshot(path="/tmp/look/j2.png")
    await doctor.page.screenshot(path="/tmp/look/j3.png")
    await doctor.write("conclusion", CONCLUSION)
    await doctor.prescribe(name="Paracetamol", strength="500 mg", amount="10 viên", directions="Uống khi đau")
    await doctor.close_case()
    await resident.at("tell")
    await resident.page.screenshot(path="/tmp/look/j4.png")
    paper = await site.panel.shown("receipt_printer")
    for words in (NAME, CONCLUSION, "Paracetamol 500 mg", "10 viên", "Nguyễn Thị Lan"):
        assert words in paper
    assert resident.problems == []
    assert doctor.problems == []
