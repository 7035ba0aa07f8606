"""A printed code is read by the scanner, or by the camera where no scanner works."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated

import pytest

from tramkit import Form, Level, Messages, Service, Visit, forms, verbatim
from tramkit.testing.station import Running, station
from tramkit_hal import qr_detect
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.camera import CameraSettings, SimCamera, draw_code
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.video import Frame
from tramkit_hal.words import render

_ = Messages("tramkit")
SHE = PEOPLE[1]


class Bill(Form):
    """What stands on a bill."""

    code: Annotated[str, forms.code(_("Customer code"), max_length=100)]


class Known(Service):
    """Learns who somebody is."""

    id = "test.known"
    title = verbatim("Known")

    async def serve(self, visit: Visit) -> None:
        person = await visit.identify(Level.CLAIMED)
        await visit.done(verbatim(f"{person.name} {person.level.name}"))


class Asked(Service):
    """Asks for a code."""

    id = "test.asked"
    title = verbatim("Asked")

    async def serve(self, visit: Visit) -> None:
        found = await visit.ask(Bill, verbatim("Which bill?"), scanned="code", name="bill")
        await visit.done(verbatim(f"read {found.code}"))


def devices(*kinds: Role) -> Mapping[Role, list[Device]]:
    made = {
        Role.ID_READER: (SimIdReader, SimIdReader.Settings()),
        Role.CODE_SCANNER: (SimCodeScanner, SimCodeScanner.Settings()),
        Role.CAMERA: (SimCamera, CameraSettings(code=False)),
    }
    return {kind: [made[kind][0](made[kind][1], DeviceContext(kind, SystemClock()))] for kind in kinds}


async def begin(s: Running, service: str) -> None:
    await s.menu()
    s.screen.answer(service)


async def control(s: Running, role: Role, name: str, value: str) -> None:
    (device,) = s.devices.of(role)
    await device.control(name, value)  # type: ignore[attr-defined]


async def light_is_on(s: Running) -> None:
    (device,) = s.devices.of(Role.CODE_SCANNER)
    async with asyncio.timeout(10):
        while not device.shown():  # type: ignore[attr-defined]
            await asyncio.sleep(0)


def said(s: Running) -> str:
    return " ".join(render(part, "en") for part in s.screen.page.parts())


async def test_where_no_scanner_works_the_camera_reads_the_code_of_a_card() -> None:
    async with station([Known()], clock=SystemClock(), bound=devices(Role.ID_READER, Role.CAMERA)) as s:
        await begin(s, "test.known")
        page = await s.page("capture", "identity card")
        assert "scanner" not in said(s)
        assert "camera" in page.answers()
        s.screen.answer("camera")
        await s.page("capture", "to the camera")
        await control(s, Role.CAMERA, "card", SHE.name)
        await s.page("capture", "Is this you?")
        s.screen.answer()
        await s.page("done", f"{SHE.name} CLAIMED")


async def test_a_code_that_is_no_card_is_said_to_be_none_and_the_other_ways_stay_open() -> None:
    async with station([Known()], clock=SystemClock(), bound=devices(Role.ID_READER, Role.CAMERA)) as s:
        await begin(s, "test.known")
        await s.page("capture", "identity card")
        s.screen.answer("camera")
        await s.page("capture", "to the camera")
        await control(s, Role.CAMERA, "code", "PE01000123456")
        await s.page("capture", "identity card")
        assert "not the code of an identity card" in said(s)
        s.screen.answer("camera")
        await control(s, Role.CAMERA, "card", "none")
        await s.page("capture", "to the camera")
        s.screen.answer("other")
        await s.page("capture", "identity card")
        s.screen.answer("typed")
        await s.page("ask", "Please enter your details")


async def test_a_camera_that_breaks_meanwhile_is_said_to_be_broken() -> None:
    async with station([Known()], clock=SystemClock(), bound=devices(Role.ID_READER, Role.CAMERA)) as s:
        await begin(s, "test.known")
        await s.page("capture", "identity card")
        await control(s, Role.CAMERA, "plugged", "off")
        s.screen.answer("camera")
        await s.screen.until(lambda page: page.kind == "capture" and "camera does not work" in said(s))


@pytest.mark.parametrize("there", [(Role.ID_READER, Role.CODE_SCANNER, Role.CAMERA), (Role.ID_READER,)])
async def test_the_camera_is_offered_only_where_it_is_the_only_one_that_reads(there: tuple[Role, ...]) -> None:
    async with station([Known()], clock=SystemClock(), bound=devices(*there)) as s:
        await begin(s, "test.known")
        page = await s.page("capture", "identity card")
        assert "camera" not in page.answers()
        assert ("scanner" in said(s)) is (Role.CODE_SCANNER in there)


async def test_a_code_held_before_the_scanner_answers_the_question() -> None:
    async with station([Asked()], clock=SystemClock(), bound=devices(Role.CODE_SCANNER)) as s:
        await begin(s, "test.asked")
        await s.page("ask", "Which bill?")
        assert "in front of the scanner" in said(s)
        await light_is_on(s)
        await control(s, Role.CODE_SCANNER, "code", "PE01000123456")
        await s.page("done", "read PE01000123456")


async def test_what_is_held_before_the_scanner_may_still_be_typed_and_a_bad_code_is_told() -> None:
    async with station([Asked()], clock=SystemClock(), bound=devices(Role.CODE_SCANNER)) as s:
        await begin(s, "test.asked")
        await s.page("ask", "Which bill?")
        await light_is_on(s)
        await control(s, Role.CODE_SCANNER, "code", "x" * 5000)
        await s.screen.until(lambda page: page.kind == "ask" and bool(page.errors))
        s.screen.answer(code="PE1")
        await s.page("done", "read PE1")


@pytest.mark.parametrize("text", ["PE01000123456", "079150004213||Trần Thị Thu Hà|08031950|Nữ|Đảo Kim Cương|01012022"])
def test_a_code_in_a_picture_is_read(text: str) -> None:
    import numpy as np

    image = np.full((1080, 1280), 90, np.uint8)
    code = draw_code(text, 400)
    image[100 : 100 + len(code), 300 : 300 + len(code)] = code
    assert qr_detect.find_code(Frame(image=image, pixel_format="i420", sequence=1, captured_at=0.0)) == text
    too_coarse = Frame(image=image[::2, ::16], pixel_format="i420", sequence=2, captured_at=0.0)
    assert qr_detect.find_code(too_coarse) == ""
