"""A resident sees a doctor: both sides in real Chromium, real WebRTC, and nothing of theirs stays behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from support.hands import Hands

from .conftest import Site

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


async def test_a_resident_sees_a_doctor_and_leaves_with_paper(site: Site) -> None:
    doctor = await site.doctor()
    resident = await site.resident()
    await intake(site, resident)
    print(await resident.title())
