"""The call between the page in Chromium and a real aiortc peer as the kiosk: picture and sound by their content."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from random import Random

import pytest
import pytest_asyncio
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from desk_page.page_kit import CHROMIUM, Doctor, PageDesk
from kiosk.media_kit import HEIGHT, WIDTH, NumberCamera, NumberTrack, VoiceTrack, number_in, picture_of, until, voice
from playwright.async_api import Browser, async_playwright, expect

from tramkit_hal.contracts.audio import Sound, SoundQueue
from tramkit_hal.device.clock import SystemClock
from tramkit_telehealth.desk.page_protocol import AnswerLeg, AskLeg, EndCall, LegOffer, MediaState
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.media.tracks import SoundFan
from tramkit_telehealth.protocol import CaseState
from tramkit_telehealth.settings import EngineName

pytestmark = pytest.mark.asyncio(loop_scope="module")

DOCTORS_NUMBER = 0b10110010

READ_NUMBER = """() => {
    const video = document.querySelector("[data-testid=remote-video]");
    if (!video || !video.videoWidth) return -1;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [64, 8];
    const pen = canvas.getContext("2d");
    pen.drawImage(video, 0, 0, 64, 8);
    const pixels = pen.getImageData(0, 4, 64, 1).data;
    return [...Array(8).keys()].reduce((sum, bit) => sum + (pixels[(bit * 8 + 4) * 4] > 125 ? 1 << bit : 0), 0);
}"""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    """Chromium whose camera is a film of one number."""
    film = tmp_path_factory.mktemp("film") / "doctor.y4m"
    film.write_bytes(
        b"YUV4MPEG2 W%d H%d F30:1 Ip A1:1 C420jpeg\n" % (WIDTH, HEIGHT)
        + (b"FRAME\n" + picture_of(DOCTORS_NUMBER).tobytes()) * 30
    )
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*CHROMIUM, f"--use-file-for-fake-video-capture={film}"]
        )
        yield browser
        await browser.close()


class Kiosk:
    """The kiosk's own media engine, at a desk that only carries offers and answers."""

    def __init__(self, desk: PageDesk, engine: EngineName = "aiortc") -> None:
        self.desk = desk
        self.camera = NumberCamera()
        self.fan = SoundFan()
        self.sounds = SoundQueue()
        self.heard: list[Sound] = []
        self.media = CallMedia(
            servers=lambda: (),
            picture=lambda: self.camera.picture,
            fan=self.fan,
            output=Output(self.heard.append),
            send_offer=self._offer,
            reachable=lambda: True,
            clock=SystemClock(),
            random=Random(1),
            engine=engine,
        )
        self.tasks: set[asyncio.Task[None]] = set()
        self.answered: set[int] = set()

    async def __aenter__(self) -> Kiosk:
        for work in (self.media.run(), self.camera.run(), self.fan.run(self.sounds), self._speak(), self._carry()):
            self._spawn(work)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.media.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _spawn(self, work) -> None:
        task = asyncio.create_task(work)
        self.tasks.add(task)

    def _offer(self, leg: int, sdp: str) -> None:
        self._spawn(self.desk.offer(leg, sdp))

    async def _carry(self) -> None:
        while True:
            await self.desk.until(lambda: {each.leg for each in self.desk.all(AnswerLeg)} > self.answered, 3600)
            for answer in self.desk.all(AnswerLeg):
                if answer.leg not in self.answered:
                    self.answered.add(answer.leg)
                    await self.media.answer(answer.leg, answer.sdp)

    async def _speak(self) -> None:
        clock = SystemClock()
        began = clock.monotonic()
        for piece in range(1_000_000):
            self.sounds.put(Sound(voice(piece), clock.monotonic()))
            await asyncio.sleep(max(0.0, began + (piece + 1) * 0.02 - clock.monotonic()))

    @property
    def number_shown(self) -> int:
        frame = self.media.output.picture.frame
        return -1 if frame is None else number_in(frame.image)


async def test_picture_and_sound_go_both_ways_and_a_new_leg_replaces_the_old_one(
    desk: PageDesk, doctor: Doctor
) -> None:
    async with Kiosk(desk) as kiosk:
        await desk.hold(state=CaseState.RINGING)
        kiosk.media.start_leg(1)
        live = await desk.next(MediaState)
        assert (live.case, live.leg, live.state) == ("case-0", 1, "live")
        await desk.held(state=CaseState.LIVE, leg=1)
        await expect(doctor.of("call")).to_have_attribute("data-media", "live")
        await until(lambda: kiosk.media.connection == "live" and kiosk.number_shown == DOCTORS_NUMBER)
        await until(lambda: len(kiosk.heard) > 50 and max(sound.level for sound in kiosk.heard[-200:]) > 0.01)
        seen: set[int] = set()
        async with asyncio.timeout(10):
            while len(seen) < 8:
                seen.add(number := await doctor.page.evaluate(READ_NUMBER))
                assert 0 <= (kiosk.camera.number - number) % 256 < 90  # the newest pictures, not old ones

        stats = await doctor.stats()
        assert (stats["leg"], stats["state"], stats["connection"]) == (1, "live", "connected")
        assert stats["video_in"]["framesDecoded"] > 10
        assert stats["video_in"]["frameWidth"] == WIDTH
        assert stats["audio_in"]["totalAudioEnergy"] > 0

        await doctor.page.evaluate("""() => {
            window.dark = 0;
            setInterval(() => {
                const video = document.querySelector("[data-testid=remote-video]");
                if (!video || video.readyState < 2 || !document.querySelector("#over").hidden) window.dark += 1;
            }, 20);
        }""")
        kiosk.media.start_leg(2)
        await until(lambda: kiosk.media.leg == 2 and kiosk.media.connection == "live")
        await desk.until(lambda: desk.all(MediaState)[-1].leg == 2)
        assert [each.state for each in desk.all(MediaState)] == ["live", "live"]
        assert (await doctor.stats())["leg"] == 2
        assert await doctor.page.evaluate("window.dark") == 0  # made before the old one was broken

        await doctor.click("Camera off")
        await doctor.click("Mute")
        await until(lambda: kiosk.number_shown == 0)
        await until(lambda: max(sound.level for sound in kiosk.heard[-20:]) < 0.001)
        await doctor.click("Camera on")
        await doctor.click("Unmute")
        await until(lambda: kiosk.number_shown == DOCTORS_NUMBER)

        await doctor.of("end-call").click()
        await doctor.of("end-yes").click()
        await desk.next(EndCall)
        await expect(doctor.of("call")).to_have_attribute("data-media", "none")
        assert await doctor.page.evaluate("document.querySelector('#own-video').srcObject.getTracks().length") == 0
        assert (await doctor.stats())["leg"] == 0


class Offerer:
    """A kiosk reduced to one peer, whose heartbeat can stop."""

    def __init__(self, desk: PageDesk) -> None:
        self.desk = desk
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.addTrack(VoiceTrack())
        self.pc.addTrack(NumberTrack(77))
        self.channel = self.pc.createDataChannel("beat", ordered=False, maxRetransmits=0)
        self.channel.on("message", lambda _beat: self.beats.append(1))
        self.beats: list[int] = []
        self.beating = True
        self.task: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def call(self, leg: int) -> None:
        await self.desk.offer(leg, await self.offer())
        await self.take_answer(leg)

    async def take_answer(self, leg: int) -> None:
        await self.desk.until(lambda: any(each.leg == leg for each in self.desk.all(AnswerLeg)))
        answer = next(each for each in self.desk.all(AnswerLeg) if each.leg == leg)
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp=answer.sdp, type="answer"))
        self.task = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            if self.beating and self.channel.readyState == "open":
                self.channel.send("1")
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.task
        await self.pc.close()


async def test_a_silent_kiosk_is_shown_as_an_interruption_until_it_beats_again(desk: PageDesk, doctor: Doctor) -> None:
    kiosk = Offerer(desk)
    await desk.hold(state=CaseState.LIVE)
    await kiosk.call(3)
    await expect(doctor.of("call")).to_have_attribute("data-media", "live")
    await until(lambda: len(kiosk.beats) >= 2)
    kiosk.beating = False
    await expect(doctor.of("over")).to_have_text("The picture is interrupted. It is being set up again.")
    await desk.until(lambda: desk.all(MediaState)[-1].state == "interrupted")
    kiosk.beating = True
    await expect(doctor.of("over")).to_be_hidden()
    await desk.until(lambda: desk.all(MediaState)[-1].state == "live")

    await desk.stop()  # the media outlive the desk
    await expect(doctor.of("lost")).to_be_visible()
    await expect(doctor.of("call")).to_have_attribute("data-media", "live")
    told = len(desk.all(MediaState))
    await desk.start()
    await desk.until(lambda: len(desk.all(MediaState)) == told + 1)  # told again to a desk that may be new
    await kiosk.close()


async def test_an_offer_that_is_faster_than_the_desks_state_is_answered(desk: PageDesk, doctor: Doctor) -> None:
    kiosk = Offerer(desk)
    await desk.tell(LegOffer(case="case-0", leg=1, sdp=await kiosk.offer()))
    await desk.hold(state=CaseState.CLAIMED)
    await kiosk.take_answer(1)
    await expect(doctor.of("call")).to_have_attribute("data-media", "live")
    assert not desk.all(AskLeg)
    await kiosk.close()


async def test_a_page_that_gets_no_leg_asks_for_one(desk: PageDesk, doctor: Doctor) -> None:
    await desk.hold(state=CaseState.LIVE)
    asked = await desk.next(AskLeg)
    assert asked.case == "case-0"
    await desk.offer(1, "v=0\r\nthis is no offer\r\n")
    await desk.until(lambda: len(desk.all(AskLeg)) == 2, 20)
    await expect(doctor.of("call")).to_have_attribute("data-media", "connecting")


async def test_without_camera_and_microphone_the_doctor_still_sees_the_patient(desk: PageDesk) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        doctor = Doctor(await browser.new_page(), desk)
        await doctor.open()
        await desk.hold(state=CaseState.RINGING)
        kiosk = Offerer(desk)
        await kiosk.call(1)
        await expect(doctor.of("media-trouble")).to_contain_text("You can see and hear the patient all the same.")
        await expect(doctor.of("call")).to_have_attribute("data-media", "live")
        await until_number(doctor, 77)
        await expect(doctor.of("mute")).to_be_disabled()
        await kiosk.close()
        await browser.close()
        assert doctor.complaints == []


async def until_number(doctor: Doctor, number: int) -> None:
    async with asyncio.timeout(10):
        while await doctor.page.evaluate(READ_NUMBER) != number:
            await asyncio.sleep(0.05)
