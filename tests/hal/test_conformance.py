"""Every simulator, driver and screen of the house keeps the contract."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.pulseaudio import pulseaudio

from tramkit_hal.card.groups import read_card
from tramkit_hal.card.portrait import Portrait
from tramkit_hal.contracts.audio import PIECE, SAMPLE_RATE, Sound
from tramkit_hal.contracts.face import FaceFinding
from tramkit_hal.contracts.payment_terminal import Charge
from tramkit_hal.contracts.vital import Vital
from tramkit_hal.device.base import Device, DeviceContext
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Document, Paragraph
from tramkit_hal.drivers.opencv import OpenCvCamera
from tramkit_hal.drivers.qr_receipt import QrReceipt
from tramkit_hal.drivers.sounddevice import SoundDeviceMicrophone, SoundDeviceSpeaker
from tramkit_hal.screens.scripted import ScriptedScreen
from tramkit_hal.screens.web import WebScreen
from tramkit_hal.sim.audio import SimMicrophone, SimSpeaker
from tramkit_hal.sim.camera import SimCamera
from tramkit_hal.sim.chip import portrait
from tramkit_hal.sim.code_scanner import SimCodeScanner
from tramkit_hal.sim.face_matcher import SimFaceMatcher
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.payment_terminal import SimPaymentTerminal
from tramkit_hal.sim.people import PEOPLE
from tramkit_hal.sim.presence import SimPresence
from tramkit_hal.sim.receipt_printer import SimReceiptPrinter
from tramkit_hal.sim.speech_recogniser import SimSpeechRecogniser
from tramkit_hal.sim.vital_sensor import SimVitalSensor
from tramkit_hal.sim.voice import SimVoice
from tramkit_hal.ui.pages import Tell, View
from tramkit_hal.video import Frame
from tramkit_hal.words import verbatim

from .conformance import DeviceConformance

DOCUMENT = Document(title=verbatim("Biên nhận"), blocks=(Paragraph(text=verbatim("Cảm ơn ông/bà")),))
PORTRAIT = Portrait(image=portrait(PEOPLE[0]), kind="jpeg")
FRAME = Frame(np.zeros((180, 320, 3), np.uint8), "bgr24", 0.0, 1)
VIEW = View(
    page=Tell(id="t", title=verbatim("Xin chào")),
    language="vi",
    languages=("vi", "en"),
    head=verbatim("UBND"),
    site=verbatim("Trạm"),
)


class Sim(DeviceConformance):
    """A simulator is pulled, plugged and made to hang by its controls."""

    pluggable = True
    driver: type[Device]
    role: Role

    def make(self) -> Device:
        return self.driver(self.driver.Settings(), DeviceContext(self.role))

    async def unplug(self, device: Device) -> None:
        await device.control("plugged", "off")  # type: ignore[attr-defined]

    async def plug(self, device: Device) -> None:
        await device.control("plugged", "on")  # type: ignore[attr-defined]

    async def test_each_fault_that_it_can_have_is_told_by_its_health(self) -> None:
        faults = [Trouble(value) for value in self._faults()]
        for trouble in faults:
            async with self.opened() as device:
                await device.control("fault", trouble.value)
                assert (await device.health()).trouble is trouble
                await device.control("fault", "none")

    def _faults(self) -> list[str]:
        (fault,) = [control for control in self.make().controls() if control.name == "fault"]  # type: ignore[attr-defined]
        return [value for value in fault.options if value != "none"]

    async def test_a_control_that_it_does_not_have_is_refused(self) -> None:
        async with self.opened() as device:
            with pytest.raises(ValueError, match="there is no control of that name"):
                await device.control("no_such_control")
            with pytest.raises(ValueError, match="on or off"):
                await device.control("plugged", "perhaps")


class TestSimIdReader(Sim):
    driver, role = SimIdReader, Role.ID_READER

    async def operate(self, device: Device) -> None:
        await device.control("card", "Nguyễn Văn An")  # type: ignore[attr-defined]
        files = await device.read(deadline=1)  # type: ignore[attr-defined]
        assert read_card(files).name == "Nguyễn Văn An"

    async def hang(self, device: Device) -> bool:
        await device.control("fault", "deadline")  # type: ignore[attr-defined]
        return True

    async def operate_shortly(self, device: Device) -> None:
        await device.read(deadline=0.1)  # type: ignore[attr-defined]

    async def test_a_card_that_was_read_is_forgotten(self) -> None:
        async with self.opened() as device:
            await self.operate(device)
            await device.wipe()
            with pytest.raises(DeviceError):
                await device.read(deadline=0.1)


class TestSimCodeScanner(Sim):
    driver, role = SimCodeScanner, Role.CODE_SCANNER

    async def operate(self, device: Device) -> None:
        with contextlib.suppress(DeviceError):
            await device.scan(deadline=0.05)  # type: ignore[attr-defined]
        if not device.state.usable:
            raise DeviceError(device.trouble or Trouble.NOT_OPEN)


class TestSimCamera(Sim):
    driver, role = SimCamera, Role.CAMERA

    async def operate(self, device: Device) -> None:
        await device.start(320, 180, 15)  # type: ignore[attr-defined]
        frame = await asyncio.wait_for(device.picture.next(0), 5)  # type: ignore[attr-defined]
        assert frame is not None
        await device.stop()  # type: ignore[attr-defined]


class TestSimMicrophone(Sim):
    driver, role = SimMicrophone, Role.MICROPHONE

    async def operate(self, device: Device) -> None:
        await device.start()  # type: ignore[attr-defined]
        await device.stop()  # type: ignore[attr-defined]


class TestSimSpeaker(Sim):
    driver, role = SimSpeaker, Role.SPEAKER

    async def operate(self, device: Device) -> None:
        await device.start()  # type: ignore[attr-defined]
        device.play(Sound(np.zeros(PIECE, np.int16), 0.0))  # type: ignore[attr-defined]
        await device.stop()  # type: ignore[attr-defined]


class TestSimVoice(Sim):
    driver, role = SimVoice, Role.VOICE

    async def operate(self, device: Device) -> None:
        assert len(await device.say("một hai ba", "vi")) > SAMPLE_RATE  # type: ignore[attr-defined]


class TestSimSpeechRecogniser(Sim):
    driver, role = SimSpeechRecogniser, Role.SPEECH_RECOGNISER

    async def operate(self, device: Device) -> None:
        assert isinstance(device, SimSpeechRecogniser)
        await device.start("vi")
        for _each in range(100):
            device.hear(Sound(np.full(PIECE, 3000, np.int16), 0.0))
        assert await device.said() == "Chào ông bà, tôi là"
        await device.stop()
        assert device.shown() == ""


class TestSimFaceMatcher(Sim):
    driver, role = SimFaceMatcher, Role.FACE_MATCHER

    async def operate(self, device: Device) -> None:
        assert isinstance(device, SimFaceMatcher)
        assert await device.compare(PORTRAIT, [FRAME]) is FaceFinding.SAME

    async def hang(self, device: Device) -> bool:
        await device.control("fault", "deadline")  # type: ignore[attr-defined]
        return True

    async def operate_shortly(self, device: Device) -> None:
        await device.compare(PORTRAIT, [FRAME], deadline=0.1)  # type: ignore[attr-defined]

    async def test_it_finds_what_the_operator_says_and_a_wipe_forgets_what_it_found(self) -> None:
        async with self.opened() as device:
            for finding in FaceFinding:
                await device.control("finds", finding.value)
                assert await device.compare(PORTRAIT, [FRAME]) is finding
                assert finding.value in device.shown()
            await device.wipe()
            assert not device.shown()

    async def test_without_a_picture_or_a_portrait_nobody_is_the_same(self) -> None:
        async with self.opened() as device:
            with pytest.raises(ValueError, match="no picture"):
                await device.compare(PORTRAIT, [])
            with pytest.raises(DeviceError, match="unreadable"):
                await device.compare(Portrait(image=b"", kind="jpeg"), [FRAME])


class TestSimReceiptPrinter(Sim):
    driver, role = SimReceiptPrinter, Role.RECEIPT_PRINTER

    async def operate(self, device: Device) -> None:
        await device.print(DOCUMENT, "vi", f"visit:{id(device)}")  # type: ignore[attr-defined]

    async def test_nothing_hangs_out_after_a_wipe(self) -> None:
        async with self.opened() as device:
            await device.print(DOCUMENT, "vi", "visit:1")
            assert "Cảm ơn ông/bà" in device.shown()
            await device.wipe()
            assert "Cảm ơn ông/bà" not in device.shown()


class TestSimVitalSensor(Sim):
    driver, role = SimVitalSensor, Role.VITAL_SENSOR

    async def operate(self, device: Device) -> None:
        reading = await device.measure(Vital.PULSE)  # type: ignore[attr-defined]
        assert reading.plausible

    async def test_the_same_seed_measures_the_same(self) -> None:
        values: list[object] = []
        for _time in range(2):
            async with self.opened() as device:
                values.append((await device.measure(Vital.SPO2)).values)
        assert values[0] == values[1]


class TestSimPaymentTerminal(Sim):
    driver, role = SimPaymentTerminal, Role.PAYMENT_TERMINAL

    async def operate(self, device: Device) -> None:
        assert isinstance(device, SimPaymentTerminal)
        for _again in range(2):  # the same number again is the same payment
            assert (await device.start("ref-1", 50_000)).charge is Charge.PENDING
        await device.control("card")
        assert (await device.start("ref-1", 50_000)).charge is Charge.SETTLED
        for _again in range(2):
            assert (await device.refund("ref-1", "back-1", 30_000)).charge is Charge.SETTLED
        assert (await device.refund("ref-1", "back-2", 30_000)).charge is Charge.DECLINED
        assert (await device.inquire("ref-2")).charge is Charge.NOT_FOUND


class TestSimPresence(Sim):
    driver, role = SimPresence, Role.PRESENCE


class TestQrReceipt(DeviceConformance):
    """No paper: the document as codes for a phone."""

    def make(self) -> Device:
        return QrReceipt(QrReceipt.Settings(), DeviceContext(Role.RECEIPT_PRINTER))

    async def operate(self, device: Device) -> None:
        printed = await device.print(DOCUMENT, "vi", "visit:1")  # type: ignore[attr-defined]
        assert printed.medium == "screen"
        assert "Cảm ơn ông/bà" in "".join(printed.codes)


class TestScriptedScreen(DeviceConformance):
    def make(self) -> Device:
        return ScriptedScreen(ScriptedScreen.Settings(), DeviceContext(Role.SCREEN))

    async def operate(self, device: Device) -> None:
        await device.show(VIEW)  # type: ignore[attr-defined]


class TestWebScreen(DeviceConformance):
    def make(self) -> Device:
        return WebScreen(WebScreen.Settings(), DeviceContext(Role.SCREEN))

    async def operate(self, device: Device) -> None:
        await device.show(VIEW)  # type: ignore[attr-defined]
        assert await device.describe()  # type: ignore[attr-defined]


class TestOpenCvCameraOnAFile(DeviceConformance):
    """A video file in place of a camera; taking it away is pulling the camera out."""

    pluggable = True

    @pytest.fixture(autouse=True)
    def _film(self, tmp_path: Path) -> None:
        self.file = tmp_path / "film.avi"
        writer = cv2.VideoWriter(str(self.file), cv2.VideoWriter.fourcc(*"MJPG"), 15, (320, 180))
        for number in range(15):
            writer.write(np.full((180, 320, 3), number * 10, np.uint8))
        writer.release()

    def make(self) -> Device:
        return OpenCvCamera(
            OpenCvCamera.Settings(device=str(self.file), width=320, height=180, fps=15), DeviceContext(Role.CAMERA)
        )

    async def operate(self, device: Device) -> None:
        await device.start(320, 180, 15)  # type: ignore[attr-defined]
        frame = await asyncio.wait_for(device.picture.next(0), 10)  # type: ignore[attr-defined]
        assert frame is not None
        await device.stop()  # type: ignore[attr-defined]

    async def unplug(self, device: Device) -> None:
        await asyncio.to_thread(self.file.rename, self.file.with_suffix(".away"))
        with contextlib.suppress(DeviceError):
            await device.reset()

    async def plug(self, device: Device) -> None:
        await asyncio.to_thread(self.file.with_suffix(".away").rename, self.file)

    async def test_a_camera_that_is_not_there_is_absent(self) -> None:
        device = OpenCvCamera(OpenCvCamera.Settings(device="/dev/v4l/by-id/none"), DeviceContext(Role.CAMERA))
        with pytest.raises(DeviceError) as caught:
            await device.open()
        assert caught.value.trouble is Trouble.UNPLUGGED


@pytest.fixture(scope="module")
def pulse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A PulseAudio of this test's own, with a speaker whose sound its microphone hears."""
    folder = tmp_path_factory.mktemp("pulse")
    before = dict(os.environ)
    try:
        with pulseaudio(folder) as running:
            os.environ |= running.environ
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.mark.sound
@pytest.mark.usefixtures("pulse")
class TestSoundDeviceMicrophone(DeviceConformance):
    def make(self) -> Device:
        return SoundDeviceMicrophone(SoundDeviceMicrophone.Settings(), DeviceContext(Role.MICROPHONE))

    async def operate(self, device: Device) -> None:
        await device.start()  # type: ignore[attr-defined]
        await device.stop()  # type: ignore[attr-defined]


@pytest.mark.sound
@pytest.mark.usefixtures("pulse")
class TestSoundDeviceSpeaker(DeviceConformance):
    def make(self) -> Device:
        return SoundDeviceSpeaker(SoundDeviceSpeaker.Settings(), DeviceContext(Role.SPEAKER))

    async def operate(self, device: Device) -> None:
        await device.start()  # type: ignore[attr-defined]
        device.play(Sound(np.zeros(PIECE, np.int16), 0.0))  # type: ignore[attr-defined]
        await device.stop()  # type: ignore[attr-defined]
