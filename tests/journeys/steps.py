"""The steps of the journey, shared by its tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tramkit.testing.drivers import AnyDriver
from tramkit.testing.web_driver import WebDriver
from tramkit.testing.wipe_search import found_in, found_in_files, heap_strings

from .conftest import Site

NAME = "Nguyễn Thị Chim Hoàng Yến"
NUMBER = "079152000123"
COMPLAINT = "chóng mặt khi đứng dậy"
CONCLUSION = "Huyết áp thấp khi đứng dậy"
CANARIES = (NAME, NUMBER, COMPLAINT, CONCLUSION)
CARD = {"number": NUMBER, "name": NAME, "born": "1952-05-17", "sex": "female"}

T = TypeVar("T")


async def until(look: Callable[[], Awaitable[T]], true: Callable[[T], bool], seconds: float = 30) -> T:
    """Look again until what is seen is true."""
    async with asyncio.timeout(seconds):
        while not true(found := await look()):
            await asyncio.sleep(0.1)
    return found


async def intake(site: Site, resident: AnyDriver, language: str = "vi") -> None:
    """Lead the resident from the attract page into the queue."""
    await resident.begin()
    await resident.choose("telehealth.doctor")
    await resident.choose("none")
    await resident.at("capture")
    await site.panel.control("id_reader", "card_data", json.dumps(CARD))
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
    await resident.choose(language)
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


async def measure(resident: AnyDriver) -> None:
    """Have the blood pressure measured and skip the other measurements."""
    await resident.at("capture")
    await resident.go_on()
    await resident.says("mmHg")
    await resident.go_on()
    for _other in range(5):
        await resident.choose("skip")
        await resident.gone("skip")


async def nothing_stays(site: Site, resident: AnyDriver) -> None:
    """Search everything of the station for what the resident said."""
    await until(site.panel.state, lambda state: state["visit"] is None and state["last_wipe_certain"] is True)
    if isinstance(resident, WebDriver):
        assert found_in(await heap_strings(resident.page), CANARIES) == [], "in the screen's memory"
    assert found_in_files(site.folder, CANARIES, but=["desk"]) == [], "in files and logs"
    state = await site.panel.state()
    assert found_in([json.dumps(state, ensure_ascii=False)], CANARIES) == [], "in the simulators' buffers"
