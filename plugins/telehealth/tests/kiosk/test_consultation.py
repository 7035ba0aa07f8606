"""From the queue to the summary: real sockets, real WebRTC, a desk that the test plays."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime

import pytest
from clinic import CONCLUSION, NAME, Clinic, clinic, summary_of
from media_kit import Browser, until
from support.scripted_desk import DOCTOR

from tramkit.conversation.timeouts import Timeouts
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.pages import Bar, Call, Done, Tell, Wait
from tramkit_telehealth.protocol import CaseRefused, CaseState, HangUp, LeaveCase, OpenCase, StartLeg, SummaryHandedOver
from tramkit_telehealth.settings import EngineName

ENGINES = ["aiortc", pytest.param("wrtc", marks=pytest.mark.slow)]


class SwiftClock:
    """The machine's clock, which a test makes run faster."""

    def __init__(self) -> None:
        self.speed = 1.0
        self._elapsed, self._since = 0.0, time.monotonic()

    def hurry(self, speed: float) -> None:
        """Run so many times as fast from now on."""
        self._elapsed, self._since, self.speed = self.monotonic(), time.monotonic(), speed

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return self._elapsed + (time.monotonic() - self._since) * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)


async def take_leave(c: Clinic) -> None:
    """Read the summary and the last page."""
    await c.step("tell", "The doctor's summary for you")
    page = await c.page("done", "Your consultation is finished")
    assert isinstance(page, Done)
    c.screen.answer()
    await c.gone()


@pytest.mark.parametrize("engine", ENGINES)
async def test_the_resident_writes_on_the_keyboard_and_the_doctor_reads_it_as_it_is_typed(engine: EngineName) -> None:
    async with clinic(engine=engine) as c:
        await c.to_queue()
        browser = await c.call(77)
        await c.step("call", "Talking with", "write")
        await c.screen.until(lambda page: isinstance(page, Call) and page.reply == "")
        for text in ("Ở", "Ở bụng"):
            c.screen.touch(reply=text)
            await until(lambda text=text: browser.written.theirs == text)
        browser.written.write("Đau từ bao giờ?")
        await c.page("call", "Talking with", "Đau từ bao giờ?")
        c.screen.press(Bar.HELP)  # a page of the station stands over it meanwhile
        await c.step("help", "", "continue")
        page = await c.page("call", "Talking with")
        assert isinstance(page, Call)
        assert page.reply == "Ở bụng"
        assert page.captions is None, "without a recogniser none are offered"
        await c.desk.say(StartLeg(case=c.case, leg=2, doctor=DOCTOR))
        other = await c.answer(2, 91)  # the doctor's page was loaded anew
        await c.sees(91)
        await until(lambda: other.written.theirs == "Ở bụng")
        c.screen.answer("write", reply="Ở bụng từ")
        await until(lambda: other.written.theirs == "Ở bụng từ")
        await c.screen.until(lambda page: isinstance(page, Call) and page.reply is None)
        await c.close_case(summary_of(c.desk))
        await c.page("tell", "The doctor's summary for you")
        assert not any("bụng" in said.model_dump_json() for said in c.desk.said), "nothing of it goes to the desk"


async def test_what_the_doctor_says_stands_as_captions_once_the_resident_wants_them() -> None:
    async with clinic(captions=True) as c:
        await c.to_queue()
        await c.call(77)
        recogniser = c.device(Role.SPEECH_RECOGNISER)
        page = await c.screen.until(lambda page: isinstance(page, Call) and page.captions == "" and not page.captioned)
        assert recogniser.shown() == "", "nobody is listened to before"  # type: ignore[attr-defined]
        c.screen.answer("captions")
        await c.page("call", "Talking with", "Chào ông bà, tôi")
        await c.control(Role.SPEECH_RECOGNISER, "plugged", "off")
        page = await c.screen.until(lambda page: isinstance(page, Call) and page.captions is None)
        assert "captions" not in page.answers(), "no longer offered"
        await c.told_media(state="live")
        await c.close_case(summary_of(c.desk))
        await c.page("tell", "The doctor's summary for you")


# ── the whole way ─────────────────────────────────────────────────────────────────────────────────────────────


HIS_PITCH = re.compile(r"Playing: (9\d|1\d\d) Hz")
"""The doctor's voice is between 100 and 160 Hz."""


@pytest.mark.parametrize("engine", ENGINES)
async def test_from_the_queue_through_the_call_to_the_printed_summary(engine: EngineName) -> None:
    async with clinic(engine=engine) as c:
        intake = (await c.to_queue()).intake
        assert (intake.station, intake.price, intake.patient.level) == ("test-1", 150_000, "CHIP")
        browser = await c.call(77)
        page = await c.page("call", "Talking with")
        assert isinstance(page, Call)
        assert c.shows(DOCTOR.name, DOCTOR.licence, DOCTOR.facility.vi)
        await c.told_media(state="live", camera="on", muted=False)
        await until(lambda: len(browser.numbers) > 10 and bool(browser.loudness) and browser.loudness[-1] > 1000)
        speaker = c.device(Role.SPEAKER)
        await until(lambda: HIS_PITCH.search(speaker.shown()) is not None)  # type: ignore[attr-defined]
        await c.close_case(summary_of(c.desk))
        await c.page("tell", "The doctor's summary for you", "please take the paper")
        for words in (NAME, CONCLUSION, "Paracetamol 500 mg", "10 viên", "150.000", "79001a1b2c3d-c", DOCTOR.licence):
            assert words in c.paper
        assert intake.patient.number not in c.paper
        assert (await c.desk.heard(SummaryHandedOver)).outcome == "printed"
        assert c.desk.count(LeaveCase) == 0
        await take_leave(c)


async def test_without_paper_the_summary_is_codes_on_the_screen() -> None:
    async with clinic(without=(Role.RECEIPT_PRINTER,)) as c:
        await c.to_queue()
        await c.call()
        await c.close_case(summary_of(c.desk))
        page = await c.page("tell", "The doctor's summary for you", "Scan the code with your phone")
        assert isinstance(page, Tell)
        assert CONCLUSION in "".join(page.codes)
        assert (await c.desk.heard(SummaryHandedOver)).outcome == "shown"
        await take_leave(c)


async def test_paper_that_runs_out_in_the_call_is_noticed_and_codes_are_shown() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.call()
        await c.control(Role.RECEIPT_PRINTER, "paper", "out")
        await c.close_case(summary_of(c.desk))
        await c.page("tell", "The doctor's summary for you", "Scan the code with your phone")
        await take_leave(c)


# ── the queue ─────────────────────────────────────────────────────────────────────────────────────────────────


async def test_place_and_estimate_are_what_the_desk_says_and_unknown_is_said_to_be_unknown() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.page("wait", "You are being registered")
        assert not c.shows("Your place in the queue")
        await c.says(CaseState.WAITING, position=3, estimate=24)
        await c.page("wait", "You are in the queue", "about {n} minutes")
        page = c.screen.page
        assert isinstance(page, Wait)
        assert page.facts[0].value.id == "3"
        assert page.facts[1].value.params == {"n": 24}
        await c.says(CaseState.WAITING, position=1, estimate=1)
        await c.page("wait", "You are in the queue", "a minute or two")
        await c.says(CaseState.WAITING, position=1)
        await c.page("wait", "You are in the queue", "Not known now")


async def test_a_claim_that_lapses_puts_the_resident_back_with_words() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.says(CaseState.CLAIMED)
        await c.page("wait", "The doctor is ready for you", DOCTOR.name)
        await c.says(CaseState.WAITING, position=1)
        await c.page("wait", "You are in the queue", "The call did not come about")
        await c.call(5)


async def test_who_leaves_the_queue_is_asked_first_and_the_desk_is_told() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.says(CaseState.WAITING, position=1)
        c.screen.answer("leave")
        await c.step("wait", "Do you really want", "stay")
        await c.step("wait", "You are in the queue", "leave")
        await c.step("wait", "Do you really want", "really_leave")
        await c.told_left("changed_mind")
        await c.step("done", "You have left the queue")
        await c.gone()


async def test_who_presses_leave_in_the_queue_is_taken_out_of_it() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.leave()
        await c.told_left("left")
        await c.gone()


async def test_who_walks_away_in_the_queue_is_taken_out_of_it() -> None:
    async with clinic(timeouts=Timeouts(waiting=1, countdown=1, farewell=0.1)) as c:
        await c.to_queue()
        await c.page("timeout")
        await c.told_left("timed_out")
        await c.gone()


async def test_a_desk_that_restarts_in_the_queue_is_waited_for_and_the_case_goes_on() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.says(CaseState.WAITING, position=2, estimate=8)
        await c.page("wait", "You are in the queue")
        await c.desk.stop()
        await c.page("wait", "You are in the queue", "The connection to the doctors is interrupted")
        await c.desk.start()
        await c.screen.until(lambda page: "interrupted" not in page.model_dump_json())
        await c.says(CaseState.WAITING, position=1, estimate=4)
        await c.call(9)
        assert c.desk.count(OpenCase) == 1


async def test_a_desk_that_restarts_without_memory_of_the_session_gets_the_case_again() -> None:
    async with clinic() as c:
        first = await c.to_queue()
        await c.says(CaseState.WAITING, position=1)
        await c.desk.forget()
        await c.page("wait", "", "The connection to the doctors is interrupted")
        await c.desk.start()
        await until(lambda: c.desk.count(OpenCase) == 2)
        assert (await c.desk.heard(OpenCase)).intake == first.intake
        await c.call(9)


async def test_a_specialty_that_is_no_longer_offered_is_said_kindly() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.desk.say(CaseRefused(code="unknown_specialty", words="no such specialty"))
        await c.step("tell", "This doctor cannot be seen any more today")
        await c.gone()


async def test_a_case_that_the_facility_ends_is_said_so() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.says(CaseState.ABANDONED)
        await c.step("tell", "The facility has closed your case")
        await c.gone()


async def test_a_desk_that_stays_away_gives_a_ticket_for_the_case_it_has() -> None:
    clock = ManualClock()
    async with clinic(clock=clock) as c:
        case = (await c.to_queue()).intake.case
        await c.says(CaseState.WAITING, position=1)
        async with asyncio.timeout(10):
            while not c.shows("Your place in the queue"):
                await clock.advance(0.1)
        await c.desk.stop()
        await until(lambda: not c.gateway.connected)
        await clock.advance(310)
        page = await c.page("tell", "The connection to the doctors did not come back", "no longer in the queue")
        assert isinstance(page, Tell)
        assert page.facts[0].value.id == case[:8].upper()
        assert case[:8].upper() in c.paper
        assert NAME not in c.paper
        c.screen.answer()
        await c.gone()
        await c.desk.start()
        await c.told_left("station_fault")


# ── the call ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_mute_camera_off_and_larger_picture_do_what_they_say() -> None:
    async with clinic() as c:
        await c.to_queue()
        browser = await c.call()
        await until(lambda: bool(browser.loudness) and browser.loudness[-1] > 1000)
        c.screen.answer("mute")
        await c.told_media(muted=True)
        await until(lambda: max(browser.loudness[-25:]) < 10)
        assert c.shows("Your microphone is off")
        c.screen.answer("camera")
        await c.told_media(camera="off")
        assert c.shows("Your camera is off")
        assert "self" not in c.screen.videos
        c.screen.answer("enlarge")
        await c.screen.until(lambda page: isinstance(page, Call) and page.enlarged)
        c.screen.answer("camera")
        c.screen.answer("mute")
        await c.screen.until(lambda page: isinstance(page, Call) and not page.muted and not page.camera_off)
        await until(lambda: browser.loudness[-1] > 1000 and "self" in c.screen.videos)


async def test_a_camera_that_is_pulled_in_the_call_becomes_a_slate_while_the_sound_goes_on() -> None:
    async with clinic() as c:
        await c.to_queue()
        browser = await c.call()
        await c.told_media(camera="on", state="live")
        await c.control(Role.CAMERA, "plugged", "off")
        await c.told_media(camera="slate")
        await c.page("call", "", "The camera gives no picture")
        heard, seen = len(browser.loudness), len(browser.numbers)
        await until(lambda: len(browser.loudness) > heard + 50 and len(browser.numbers) > seen + 3)
        assert max(browser.loudness[-25:]) > 1000, "it swells and fades as speech does"
        await c.control(Role.CAMERA, "plugged", "on")
        await c.screen.until(lambda page: page.kind == "call" and "gives no picture" not in page.model_dump_json())
        assert await c.told_media(camera="on")


async def test_without_camera_microphone_and_speaker_the_call_comes_about_and_says_what_is_missing() -> None:
    async with clinic(without=(Role.CAMERA, Role.MICROPHONE, Role.SPEAKER)) as c:
        await c.to_queue()
        await c.call(42)
        assert c.shows("The microphone does not work", "The camera gives no picture", "The loudspeaker does not work")
        await c.told_media(state="live", muted=True, camera="slate")


async def test_a_call_outlives_a_restart_of_the_desk() -> None:
    async with clinic() as c:
        await c.to_queue()
        browser = await c.call(77)
        await c.desk.stop()
        await until(lambda: not c.gateway.connected)
        seen = len(browser.numbers)
        await until(lambda: len(browser.numbers) > seen + 20)
        page = c.screen.page
        assert isinstance(page, Call)
        assert page.connection == "live"
        await c.desk.start()
        await until(lambda: c.gateway.connected)
        await c.close_case(summary_of(c.desk))
        await take_leave(c)


async def test_a_doctor_who_reloads_the_page_gets_a_new_leg() -> None:
    async with clinic() as c:
        await c.to_queue()
        first = await c.call(77)
        await first.close()
        await c.desk.say(StartLeg(case=c.case, leg=2, doctor=DOCTOR))
        await c.answer(2, 78)
        await c.sees(78)
        await c.told_media(leg=2, state="live")


async def test_a_case_that_is_handed_over_shows_the_other_doctor() -> None:
    other = DOCTOR.model_copy(update={"id": "d2", "name": "BS. Trần Quang Minh"})
    async with clinic() as c:
        await c.to_queue()
        await c.call(77)
        await c.desk.say(StartLeg(case=c.case, leg=2, doctor=other))
        await c.answer(2, 79)
        await c.sees(79)
        assert c.shows("BS. Trần Quang Minh")


async def test_an_interruption_is_shown_and_the_call_comes_back_by_itself() -> None:
    async with clinic() as c:
        await c.to_queue()
        browser = await c.call(77)
        browser.beats = False
        await c.page("call", "", "The connection is interrupted. We are connecting again")
        await c.answer(2, 78)
        await c.sees(78)
        await c.told_media(leg=2, state="live")


async def test_a_claim_that_lapses_in_the_call_leads_back_to_the_queue_and_on_to_the_next_doctor() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.call(77)
        await c.says(CaseState.WAITING, position=1, estimate=3)
        await c.page("wait", "You are in the queue", "The call did not come about")
        assert c.number_shown is None
        await c.call(80, leg=2)


async def hang_up(c: Clinic) -> None:
    """End the call, which is asked about once more."""
    c.screen.answer("end")
    await c.screen.until(lambda page: "keep" in page.answers())
    c.screen.answer("end")


async def test_a_second_thought_keeps_the_call() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.call()
        c.screen.answer("end")
        await c.screen.until(lambda page: "keep" in page.answers())
        c.screen.answer("keep")
        await c.screen.until(lambda page: page.kind == "call" and "mute" in page.answers())


async def test_the_resident_ends_the_call_and_waits_for_the_summary() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.call()
        await hang_up(c)
        assert (await c.desk.heard(HangUp)).case == c.case
        await c.page("wait", "The call is over", "is writing the summary")
        await c.says(CaseState.CLOSING)
        await c.close_case(summary_of(c.desk))
        await take_leave(c)


async def test_a_doctor_who_hangs_up_leads_to_the_summary_and_camera_and_microphone_are_off() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.call()
        await c.desk.say(HangUp(case=c.case))
        await c.says(CaseState.CLOSING)
        await c.page("wait", "The call is over")
        assert not c.screen.videos
        camera, microphone = c.device(Role.CAMERA), c.device(Role.MICROPHONE)
        assert camera.shown() == microphone.shown() == ""  # type: ignore[attr-defined]
        await c.close_case(summary_of(c.desk))
        await take_leave(c)


async def test_who_cannot_wait_for_the_summary_gets_a_ticket_and_the_doctor_learns_that_it_did_not_arrive() -> None:
    async with clinic() as c:
        await c.to_queue()
        await c.call()
        await hang_up(c)
        await c.step("wait", "The call is over", "ticket")
        await c.page("tell", "Ask the facility for your summary", "The doctor is still writing it")
        assert c.case[:8].upper() in c.paper
        await c.told_left("left")
        c.screen.answer()
        await c.gone()
        await c.close_case(summary_of(c.desk))
        assert (await c.desk.heard(SummaryHandedOver)).outcome == "failed"


@pytest.mark.parametrize("how", ["leave", "walk away after the call"])
async def test_who_goes_in_the_call_or_after_it_is_told_to_the_desk(how: str) -> None:
    async with clinic(timeouts=Timeouts(waiting=1, countdown=1, farewell=0.1)) as c:
        await c.to_queue()
        await c.call()
        if how == "leave":
            await c.leave()
            await c.told_left("left")
        else:
            await hang_up(c)
            await c.told_left("timed_out")
        await c.gone()
        assert not c.screen.videos


async def test_a_connection_that_does_not_come_back_ends_with_a_ticket() -> None:
    clock = SwiftClock()
    async with clinic(clock=clock) as c:
        case = (await c.to_queue()).intake.case
        browser: Browser = await c.call()
        await browser.close()
        await c.desk.stop()
        await c.page("call", "", "The connection is interrupted")
        clock.hurry(60)
        await c.page("tell", "The connection to the doctor did not come back")
        assert case[:8].upper() in c.paper
        c.screen.answer()
        await c.gone()
