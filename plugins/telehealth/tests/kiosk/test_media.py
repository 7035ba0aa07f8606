"""The kiosk's peer against a second aiortc peer over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from typing import cast

import numpy as np
import pytest
from media_kit import Browser, NumberCamera, number_in, until, voice

from tramkit import Call, Visit
from tramkit_hal.contracts.audio import Sound, SoundQueue
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import render
from tramkit_telehealth.kiosk.call_page import CallChoices, call_page
from tramkit_telehealth.kiosk.captions import Captions
from tramkit_telehealth.media import engine
from tramkit_telehealth.media.call import CallMedia
from tramkit_telehealth.media.leg import Leg
from tramkit_telehealth.media.playout import Output
from tramkit_telehealth.media.slate import NO_PICTURE, slate, words
from tramkit_telehealth.media.tracks import CameraTrack, MicrophoneTrack, SoundFan
from tramkit_telehealth.settings import EngineName


class Kiosk:
    """A call's media with a camera, a microphone with a voice, and a speaker that remembers."""

    def __init__(self, engine: EngineName = "aiortc") -> None:
        self.camera = NumberCamera()
        self.camera_there = True
        self.fan = SoundFan()
        self.sounds = SoundQueue()
        self.heard: list[Sound] = []
        self.offers: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self.reachable = True
        self.media = CallMedia(
            servers=lambda: (),
            picture=lambda: self.camera.picture if self.camera_there else None,
            fan=self.fan,
            output=Output(self.heard.append),
            send_offer=lambda leg, sdp: self.offers.put_nowait((leg, sdp)),
            reachable=lambda: self.reachable,
            clock=SystemClock(),
            random=Random(1),
            engine=engine,
        )
        self.browsers: list[Browser] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Kiosk:
        self._tasks = [
            asyncio.create_task(work)
            for work in (self.media.run(), self.camera.run(), self.fan.run(self.sounds), self._speak())
        ]
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.media.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for browser in self.browsers:
            await browser.close()

    async def _speak(self) -> None:
        clock = SystemClock()
        began = clock.monotonic()
        for piece in range(1_000_000):
            self.sounds.put(Sound(voice(piece), clock.monotonic()))
            await asyncio.sleep(max(0.0, began + (piece + 1) * 0.02 - clock.monotonic()))

    async def meet(
        self, number: int, *, leg: int | None = None, spoil: Callable[[str], str] = lambda sdp: sdp
    ) -> Browser:
        """Let a browser answer the next offer.

        :param spoil: makes of its answer what another browser would have said.
        """
        async with asyncio.timeout(10):
            found, sdp = await self.offers.get()
        assert leg is None or found == leg
        browser = Browser(number)
        self.browsers.append(browser)
        await self.media.answer(found, spoil(await browser.answer(sdp)))
        return browser

    @property
    def number_shown(self) -> int:
        frame = self.media.output.picture.frame
        return -1 if frame is None else number_in(frame.image)


@pytest.fixture(params=["aiortc", pytest.param("wrtc", marks=pytest.mark.slow)])
async def kiosk(request: pytest.FixtureRequest):
    if request.param == "wrtc":
        pytest.importorskip("webrtc", reason="the optional engine is not installed")
    async with Kiosk(request.param) as kiosk:
        assert kiosk.media.engine == request.param
        yield kiosk


async def test_picture_sound_and_heartbeat_go_both_ways(kiosk: Kiosk) -> None:
    await kiosk.media.prepare()
    kiosk.media.start_leg(1)
    browser = await kiosk.meet(77)
    await until(lambda: kiosk.media.connection == "live" and kiosk.number_shown == 77)
    await until(lambda: len(browser.numbers) > 20 and browser.beats_heard > 1)
    rising = sum((b - a) % 256 in range(1, 5) for a, b in zip(browser.numbers[5:], browser.numbers[6:], strict=False))
    assert rising > len(browser.numbers[6:]) * 0.8  # the numbers of the camera, in order
    await until(lambda: len(kiosk.heard) > 50 and max(s.level for s in kiosk.heard[-20:]) > 0.05)
    assert all(len(sound.samples) == 960 for sound in kiosk.heard)
    await until(lambda: len(browser.loudness) > 20 and browser.loudness[-1] > 1000)
    assert (browser.pc.connectionState, kiosk.media.leg) == ("connected", 1)


def _video(change: Callable[[str], str]) -> Callable[[str], str]:
    """Change the section of an answer that is about pictures."""

    def spoil(sdp: str) -> str:
        sections = re.split(r"(?m)^(?=m=)", sdp)
        return "".join(change(each) if each.startswith("m=video") else each for each in sections)

    return spoil


def _direction(word: str) -> Callable[[str], str]:
    return _video(lambda each: re.sub(r"a=sendrecv", f"a={word}", each))


NO_PICTURE_AT_ALL = "Cuộc gọi này không có hình. Ông/bà và bác sĩ vẫn nghe được nhau."
NOT_SHOWN = "Không nhận được hình của bác sĩ. Ông/bà vẫn nghe được bác sĩ."
NOT_SEEN = "Hình của ông/bà không đến được bác sĩ: bác sĩ nghe được nhưng không nhìn thấy ông/bà."
WITHOUT_A_PICTURE: dict[str, tuple[Callable[[str], str], str]] = {
    "port 0": (_video(lambda each: re.sub(r"^m=video \d+", "m=video 0", each)), NO_PICTURE_AT_ALL),
    "a codec that nobody here has": (
        _video(lambda each: re.sub(r"(VP8|rtx)/90000", "AV9/90000", each)),
        NO_PICTURE_AT_ALL,
    ),
    "only what repairs a codec that is missing": (
        _video(lambda each: each.replace("VP8/90000", "AV1/90000")),
        NO_PICTURE_AT_ALL,
    ),
    "put to rest": (_direction("inactive"), NO_PICTURE_AT_ALL),
    "a doctor without a camera": (_direction("recvonly"), NOT_SHOWN),
    "a doctor who takes no picture": (_direction("sendonly"), NOT_SEEN),
}


@pytest.mark.parametrize("kind", WITHOUT_A_PICTURE)
async def test_where_a_picture_is_missing_the_sound_goes_on_and_the_resident_is_told(kiosk: Kiosk, kind: str) -> None:
    spoil, said = WITHOUT_A_PICTURE[kind]
    await kiosk.media.prepare()
    kiosk.media.start_leg(1)
    browser = await kiosk.meet(77, spoil=spoil)
    await until(lambda: kiosk.media.connection == "live")
    await until(lambda: len(kiosk.heard) > 20 and len(browser.loudness) > 20)
    shown = page_of(kiosk)
    assert [render(each, "vi") for each in shown.body] == [said]
    assert kiosk.media.leg == 1  # no other attempt was needed


def page_of(kiosk: Kiosk) -> Call:
    works = {"microphone": True, "speaker": True, "camera": True, "desk": True}
    captions = Captions(cast("Visit", None))  # of a station without a recogniser
    return call_page(kiosk.media, doctor=None, choices=CallChoices(), captions=captions, **works)


async def test_where_no_picture_is_missing_nothing_is_said_of_it(kiosk: Kiosk) -> None:
    await kiosk.media.prepare()
    kiosk.media.start_leg(1)
    await kiosk.meet(77)
    await until(lambda: kiosk.media.connection == "live" and kiosk.number_shown == 77)
    shown = page_of(kiosk)
    assert shown.body == ()


async def test_the_offer_has_sound_picture_heartbeat_and_candidates_and_no_h264(kiosk: Kiosk) -> None:
    kiosk.media.start_leg(1)
    async with asyncio.timeout(10):
        _leg, sdp = await kiosk.offers.get()
    assert [line.split()[0] for line in sdp.splitlines() if line.startswith("m=")] == [
        "m=audio",
        "m=video",
        "m=application",
    ]
    assert "a=candidate" in sdp
    assert "VP8" in sdp
    assert "H264" not in sdp
    assert "stun" not in sdp


async def test_a_leg_whose_closing_is_cut_short_leaves_no_socket_open() -> None:
    fan, output = SoundFan(), Output(lambda _sound: None)
    camera, microphone = CameraTrack(lambda: None, lambda: False, 0.0), MicrophoneTrack(fan, lambda: False, 0.0)
    leg = Leg((), camera, microphone, output, SystemClock(), lambda: None)
    ports = {int(line.split()[5]) for line in (await leg.offer()).splitlines() if line.startswith("a=candidate")}
    assert ports & open_ports()
    closing = asyncio.create_task(leg.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    await until(lambda: not ports & open_ports())


def open_ports() -> set[int]:
    """Return the UDP ports that are bound on this machine."""
    lines = [line for name in ("udp", "udp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {int(line.split()[1].rpartition(":")[2], 16) for line in lines}


async def test_a_camera_that_is_pulled_becomes_a_slate_while_the_sound_goes_on(kiosk: Kiosk) -> None:
    kiosk.media.start_leg(1)
    browser = await kiosk.meet(3)
    await until(lambda: len(browser.numbers) > 5)
    kiosk.camera.pull()
    await until(lambda: kiosk.media.slating)
    frames, pieces = len(browser.numbers), len(browser.loudness)
    await until(lambda: len(browser.numbers) > frames + 5 and len(browser.loudness) > pieces + 25)
    # A single piece says little: where one comes late on a busy machine, it and those beside it are faint.
    assert median(browser.loudness[pieces:]) > 4000, "what the microphone hears has 6290"
    kiosk.camera.pulled = False
    await until(lambda: not kiosk.media.slating)


async def test_without_a_camera_or_microphone_the_call_is_live_all_the_same(kiosk: Kiosk) -> None:
    kiosk.camera_there = False
    kiosk.sounds.close()
    kiosk.media.start_leg(1)
    browser = await kiosk.meet(9)
    await until(lambda: kiosk.media.connection == "live" and kiosk.number_shown == 9)
    await until(lambda: len(browser.loudness) > 20 and len(browser.sizes) > 0)
    assert browser.loudness[-1] < 10
    assert all(abs(width * 9 - height * 16) < 16 for width, height in browser.sizes)  # the shape of a camera's picture


async def test_muting_sends_silence_and_camera_off_sends_the_slate(kiosk: Kiosk) -> None:
    kiosk.media.start_leg(1)
    browser = await kiosk.meet(5)
    await until(lambda: bool(browser.loudness) and browser.loudness[-1] > 1000)
    kiosk.media.muted = True
    await until(lambda: browser.loudness[-1] < 10)
    kiosk.media.camera_off = True
    await until(lambda: len(set(browser.numbers[-4:])) == 1)
    assert not kiosk.media.slating  # it is off by wish, not broken


async def test_a_new_leg_is_made_before_the_old_one_is_broken(kiosk: Kiosk) -> None:
    kiosk.media.start_leg(1)
    first = await kiosk.meet(10)
    await until(lambda: kiosk.number_shown == 10)
    await until(lambda: kiosk.media.connection == "live")
    kiosk.media.start_leg(2)
    assert kiosk.media.connection == "live"
    second = await kiosk.meet(20, leg=2)
    seen = set()
    async with asyncio.timeout(10):
        while kiosk.number_shown != 20:
            seen.add(kiosk.media.connection)
            await asyncio.sleep(0.02)
    assert seen <= {"live"}
    await until(lambda: first.pc.connectionState in ("closed", "failed"))
    assert kiosk.media.leg == 2
    await until(lambda: len(second.numbers) > 5)


async def test_a_silent_link_is_shown_as_interrupted_and_gets_a_new_leg(kiosk: Kiosk) -> None:
    kiosk.media.start_leg(1)
    first = await kiosk.meet(10)
    await until(lambda: kiosk.media.connection == "live")
    first.beats = False
    await until(lambda: kiosk.media.connection == "interrupted", 3.5)
    await kiosk.meet(30, leg=2)
    await until(lambda: kiosk.media.connection == "live" and kiosk.number_shown == 30)
    assert kiosk.media.down_for == 0


async def test_no_offer_is_made_while_the_desk_cannot_be_reached(kiosk: Kiosk) -> None:
    kiosk.media.start_leg(1)
    first = await kiosk.meet(10)
    await until(lambda: kiosk.media.connection == "live")
    kiosk.reachable = False
    first.beats = False
    await until(lambda: kiosk.media.down_for > 5)
    assert kiosk.offers.empty()
    kiosk.reachable = True
    await kiosk.meet(40, leg=2)
    await until(lambda: kiosk.number_shown == 40)


async def test_an_answer_that_cannot_be_used_costs_one_leg(kiosk: Kiosk, caplog: pytest.LogCaptureFixture) -> None:
    kiosk.media.start_leg(1)
    async with asyncio.timeout(10):
        await kiosk.offers.get()
    await kiosk.media.answer(1, "v=0\r\nnonsense-of-the-desk")
    await kiosk.meet(50, leg=2)
    await until(lambda: kiosk.number_shown == 50)
    assert "nonsense" not in caplog.text


async def test_neither_sdp_nor_addresses_are_logged(kiosk: Kiosk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        engine.set_up()
        kiosk.media.start_leg(1)
        await kiosk.meet(5)
        await until(lambda: kiosk.media.connection == "live")
    said = caplog.text
    assert "a=candidate" not in said
    assert "ice-ufrag" not in said


async def test_a_doctor_who_reloads_twice_gets_the_newest_leg_only(kiosk: Kiosk) -> None:
    kiosk.media.start_leg(1)
    kiosk.media.start_leg(1)
    kiosk.media.start_leg(2)
    offered = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2):
            while True:
                offered.append(await kiosk.offers.get())
    assert [leg for leg, _sdp in offered][-1] == 2
    assert len(offered) <= 2


def test_the_slate_says_why_in_both_languages() -> None:
    picture = slate(words(NO_PICTURE), 640, 360)
    assert picture.shape == (540, 640)
    assert picture[:360].max() > 150
    assert int(np.median(picture[:360])) == 40
    assert "\n" in words(NO_PICTURE)
