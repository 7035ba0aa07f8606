"""A resident sees a doctor with real drivers on virtual hardware; the station has no simulator installed.

Scanner on a serial line; card → vpcd → pcscd → pyscard; a health booth's board on a serial line, with presence, lights
and housing; a film before OpenCV's camera; PulseAudio behind PortAudio; ESC/POS over TCP. Both sides in Chromium.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.async_api import Browser
from support import without_simulators
from support.doctor import DOCTORS_TONE, FIRST_FRAME, Doctor, write_microphone
from support.fake_board import VALUES, FakeBoard
from support.hardware import HEIGHT, WIDTH, Hardware, hardware
from support.line import Line
from support.pcscd import Pcscd
from support.pulseaudio import Pulse, pulseaudio
from support.site import PanelClient, Program, panel, start

from tramkit.testing.browser_screen import PORTRAIT
from tramkit.testing.web_driver import WebDriver
from tramkit_hal.sim import framecode
from tramkit_hal.sim.people import PEOPLE

from .steps import COMPLAINT, CONCLUSION, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.sound,
    pytest.mark.asyncio(loop_scope="session"),
]
pytest.importorskip("smartcard.scard", reason="pyscard is not installed: make pyscard", exc_type=ImportError)

AN = PEOPLE[0]
RESIDENTS_TONE = 1000.0
ROOM_FRAME = 3000
FRAMES, FPS = 60, 15
STATION = """
[station]
id = "demo-1"
site = "Đảo Kim Cương"
agency = "UBND phường Bình Trưng"
[panel]
port = 0
[timeouts]
farewell = 0.1
[plugins]
enabled = ["telehealth"]
[settings.telehealth]
desk_url = "{desk}"
station_key = {{ file = "{folder}/desk/station.key" }}
[[roles.screen]]
driver = "web"
port = 0
ghost_tap_ms = 0
{hardware}
[[roles.microphone]]
driver = "sounddevice_microphone"
[[roles.speaker]]
driver = "sounddevice_speaker"
[[roles.vital_sensor]]
driver = "booth"
device = "{folder}/booth"
[[roles.presence]]
driver = "board_presence"
device = "{folder}/booth"
[[roles.lights]]
driver = "board_lights"
device = "{folder}/booth"
[[roles.enclosure]]
driver = "board_enclosure"
device = "{folder}/booth"
"""


@dataclass
class Booth:
    """The station, who stands at both ends, and its hardware."""

    station: Program
    panel: PanelClient
    resident: WebDriver
    doctor: Doctor
    hardware: Hardware
    board: FakeBoard
    pulse: Pulse


def film_room(file: Path) -> None:
    """Write what the resident's camera sees: a room with a frame code."""
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (WIDTH, HEIGHT))
    for number in range(FRAMES):
        luma = np.full((HEIGHT, WIDTH), 110, np.uint8)
        framecode.draw(luma, ROOM_FRAME + number, number)
        writer.write(cv2.merge([luma] * 3))
    writer.release()


@contextlib.asynccontextmanager
async def booth(folder: Path, pcscd: Pcscd, browser: Browser) -> AsyncGenerator[Booth]:
    async with contextlib.AsyncExitStack() as stack:
        wires = await stack.enter_async_context(hardware(folder, pcscd, before_the_camera=AN))
        await asyncio.to_thread(film_room, folder / "resident.avi")
        sound = folder / "sound"
        sound.mkdir()
        pulse = stack.enter_context(pulseaudio(sound, room=True))
        await asyncio.to_thread(write_microphone, folder / "resident.wav", RESIDENTS_TONE)
        stack.enter_context(pulse.saying(folder / "resident.wav"))
        line = Line(str(folder / "booth"))
        board = FakeBoard(line)
        line.plug()
        stack.callback(line.unplug)
        desk = await start(["desk", "--demo", "--port", "0", "--data", str(folder / "desk")], folder)
        stack.push_async_callback(desk.stop)
        text = STATION.format(folder=folder, desk=await desk.address("desk"), hardware=wires.sections)
        await asyncio.to_thread((folder / "station.toml").write_text, text, encoding="utf-8")
        program = [sys.executable, str(Path(without_simulators.__file__))]
        arguments = ["run", "--config", str(folder / "station.toml")]
        station = await start(arguments, folder, tramkit=program, environ=pulse.environ)
        try:
            client = await stack.enter_async_context(panel(await station.address("panel")))
            glass = await browser.new_context(viewport=PORTRAIT)
            stack.push_async_callback(glass.close)
            resident = WebDriver(await glass.new_page())
            await resident.open(await station.address("station"))
            surgery = await browser.new_context(
                viewport={"width": 1440, "height": 900}, permissions=["camera", "microphone"]
            )
            stack.push_async_callback(surgery.close)
            doctor = Doctor(await surgery.new_page())
            password = await desk.address("doctor bs-lan")
            await doctor.sign_in(await desk.address("desk"), "bs-lan", password, "vi")
            await doctor.begin_shift()
            yield Booth(station, client, resident, doctor, wires, board, pulse)
        finally:
            code = await station.stop()
            log = await asyncio.to_thread(station.log.read_text)
            assert code == 0, log[-3000:]


async def known_by_code(site: Booth) -> None:
    """Hold the card's printed code before the scanner: a doctor asks for no more."""
    resident = site.resident
    await resident.at("capture")
    await resident.says("mã")
    site.hardware.hold_code(AN)
    await resident.says(AN.name)
    await resident.go_on()


async def measured(site: Booth) -> None:
    """Have the booth measure everything."""
    for _kind in VALUES:
        await site.resident.at("capture")
        before = site.board.taken
        await site.resident.go_on()
        await until(lambda: _value(site.board.taken), lambda taken, before=before: taken > before)
        await site.resident.says("Đo lại")
        await site.resident.go_on()
        await site.resident.gone("again")


async def _value(value: int) -> int:
    return value


async def intake(site: Booth) -> None:
    """Lead the resident from the attract page into the queue."""
    resident = site.resident
    await resident.begin()
    await resident.choose("telehealth.doctor")
    await resident.choose("none")
    await known_by_code(site)
    await resident.at("read")
    await resident.go_on()
    await resident.at("ask")
    await resident.pick("telehealth")
    await resident.pick("health_data")
    await resident.go_on()
    await resident.choose("general")
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
    await resident.choose("measure")
    await measured(site)
    await resident.at("capture")
    await resident.go_on()
    await resident.at("check")
    assert "128/82" in await resident.read()
    await resident.go_on()
    await resident.at("wait")


async def test_a_resident_sees_a_doctor_with_real_devices(tmp_path: Path, pcscd: Pcscd, browser: Browser) -> None:
    async with booth(tmp_path, pcscd, browser) as site:
        resident, doctor = site.resident, site.doctor
        await intake(site)
        await doctor.accept(AN.name)
        await doctor.live()
        await resident.at("call")
        theirs = await until(lambda: resident.picture("doctor"), bool)
        assert theirs is not None
        assert FIRST_FRAME <= theirs["sequence"] < FIRST_FRAME + 30, "the resident sees the doctor's camera"
        first = await until(doctor.picture, bool)
        assert first is not None
        assert ROOM_FRAME <= first["sequence"] < ROOM_FRAME + FRAMES, "the doctor sees the station's camera"
        await until(doctor.picture, lambda code: code is not None and code != first)
        await until(doctor.tone, lambda tone: abs(tone - RESIDENTS_TONE) < 30)
        await until(site.pulse.tone, lambda tone: abs(tone - DOCTORS_TONE) < 30)
        await doctor.write("conclusion", CONCLUSION)
        await doctor.prescribe(name="Paracetamol", strength="500 mg", amount="10 viên", directions="Uống khi đau")
        await doctor.close_case()
        await resident.at("tell")
        await until(lambda: _value(len(site.hardware.printer.papers)), lambda papers: papers == 1)
        assert site.hardware.printer.papers[0].rows, "there is ink on the paper"
        await resident.go_on()
        await resident.at("done")
        await resident.go_on()
        await resident.at("attract")
        await until(site.panel.state, lambda state: state["visit"] is None and state["last_wipe_certain"] is True)
        assert site.board.purged > 0, "the booth has forgotten the resident"
        assert set(site.board.lights.values()) == {"off"}
        assert resident.problems == []
        assert doctor.problems == []
