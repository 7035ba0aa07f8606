"""Before the queue: red flags, consents, price, measurements; and what a resident is told where it ends there."""

from __future__ import annotations

import pytest
from clinic import COMPLAINT, NAME, SERVICE, Clinic, clinic
from media_kit import until
from support.scripted_desk import FACILITY, SKIN, ScriptedDesk

from tramkit import Availability, Vital
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.device.roles import Role
from tramkit_hal.ui.pages import Ask, Choose, Tell, Tone
from tramkit_hal.words import render
from tramkit_telehealth.protocol import LeaveCase, OpenCase
from tramkit_telehealth.triage import RED_FLAGS


def words(page: object) -> str:
    """Return everything on a page as data."""
    return page.model_dump_json()  # type: ignore[attr-defined]


# ── red flags ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("up", [True, False], ids=["desk up", "desk down"])
async def test_a_red_flag_shows_115_and_calls_staff_whether_the_desk_is_up_or_not(up: bool) -> None:
    async with clinic(up=up) as c:
        await c.station.menu()
        c.screen.answer(SERVICE)
        await c.step("choose", "Do you have any of these", "chest_pain")
        page = await c.page("tell", "You need emergency help now")
        assert isinstance(page, Tell)
        assert page.tone is Tone.EMERGENCY
        assert page.large is not None
        assert page.large.id == "115"
        assert c.shows("Sit down and rest", "Staff of this station have been called", "1022")
        assert len(c.station.bell.calls) == 1
        c.screen.answer("finish")
        await c.gone()


async def test_every_red_flag_has_advice_of_its_own_in_both_languages() -> None:
    for flag in RED_FLAGS:
        assert render(flag.advice, "vi") != render(flag.advice, "en")
    assert len({flag.advice.id for flag in RED_FLAGS}) == len(RED_FLAGS)


async def test_who_goes_on_after_a_red_flag_is_seen_first_and_staff_are_called_once() -> None:
    async with clinic() as c:
        await c.station.menu()
        c.screen.answer(SERVICE)
        await c.step("choose", "Do you have any of these", "breathing")
        await c.step("tell", "You need emergency help now", "doctor")
        await c.known_by_card()
        await c.consent()
        await c.to_measurements()
        await c.step("choose", "Would you like to take measurements", "skip")
        await c.finish_intake()
        opened = await c.desk.heard(OpenCase)
        assert opened.intake.urgency == 1
        assert "Khó thở" in opened.intake.answers[0].answer
        assert len(c.station.bell.calls) == 1


# ── a doctor cannot be reached ────────────────────────────────────────────────────────────────────────────────


async def test_with_the_desk_down_the_menu_says_so_and_the_page_says_what_to_do_instead() -> None:
    async with clinic(up=False) as c:
        menu = await c.station.menu()
        assert isinstance(menu, Choose)
        option = next(option for option in menu.options if option.value == SERVICE)
        assert option.state is Availability.LIMITED
        assert option.reason is not None
        assert "cannot be reached" in option.reason.id
        c.screen.answer(SERVICE)
        await c.step("choose", "Do you have any of these", "none")
        await c.page("tell", "The doctors cannot be reached now")
        assert c.shows("It is not your fault", "In an emergency call 115", "nearest health station")
        await c.desk.start()
        await until(lambda: c.gateway.offer is not None)
        c.screen.answer("again")
        await c.page("capture", "identity card")


async def test_who_finishes_while_the_desk_is_down_was_asked_for_nothing_personal() -> None:
    async with clinic(up=False) as c:
        await c.station.menu()
        c.screen.answer(SERVICE)
        await c.step("choose", "Do you have any of these", "none")
        await c.step("tell", "The doctors cannot be reached now")
        await c.gone()
        assert not c.desk.said


async def test_without_a_doctor_on_shift_nobody_is_put_into_a_queue() -> None:
    desk = ScriptedDesk()
    desk.specialties = (SKIN,)
    async with clinic(desk=desk) as c:
        menu = await c.station.menu()
        assert "No doctor is on shift now" in words(menu)
        c.screen.answer(SERVICE)
        await c.step("choose", "Do you have any of these", "none")
        await c.page("capture", "identity card")
        await c.known_by_card()
        await c.consent()
        await c.page("tell", "No doctor is on shift now")
        assert c.shows("028 3722 1234")
        c.screen.answer()
        await c.gone()
        assert desk.count(OpenCase) == 0


async def test_a_specialty_without_a_doctor_is_shown_closed_with_the_reason() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        page = await c.page("choose", "Which doctor")
        assert isinstance(page, Choose)
        states = {option.value: option.state for option in page.options}
        assert states == {"general": Availability.AVAILABLE, "skin": Availability.CLOSED}
        c.screen.answer("skin")
        await c.screen.until(lambda _page: c.screen.view.note is not None)
        assert c.screen.view.note is not None
        assert "No doctor of this specialty" in c.screen.view.note.id


# ── consents ──────────────────────────────────────────────────────────────────────────────────────────────────


async def test_no_consent_is_ticked_beforehand_and_what_it_is_for_is_said_first() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.page("read", "Before you see a doctor")
        assert c.shows("sensitive data by Law 91/2025/QH15", FACILITY.name.vi, "not recorded", "You may say no")
        c.screen.answer()
        page = await c.page("ask", "Do you agree?")
        assert isinstance(page, Ask)
        assert [field.name for field in page.fields] == ["telehealth", "health_data", "contact_phone"]
        assert all(field.value == "" for field in page.fields)


@pytest.mark.parametrize("refused", ["telehealth", "health_data"])
async def test_who_refuses_a_needed_consent_is_told_kindly_what_to_do_instead(refused: str) -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent(**{refused: ""})
        await c.page("tell", "Without the first two consents")
        assert c.shows("028 3722 1234", "nearest health station")
        c.screen.answer("again")
        page = await c.page("ask", "Do you agree?")
        assert isinstance(page, Ask)
        c.screen.answer(telehealth="", health_data="", contact_phone="")
        await c.step("tell", "Without the first two consents")
        await c.gone()
        assert c.desk.count(OpenCase) == 0


async def test_each_consent_is_recorded_with_its_text_version_language_and_time() -> None:
    async with clinic() as c:
        intake = (await c.to_queue()).intake
        given = {consent.purpose: consent.given for consent in intake.consents}
        assert given == {"telehealth": True, "health_data": True, "contact_phone": False}
        assert {consent.text_version for consent in intake.consents} == {"2026-11-1", "2026-11-2"}
        assert {consent.language for consent in intake.consents} == {"vi"}
        assert all(consent.at <= intake.opened_at for consent in intake.consents)


async def test_a_phone_number_is_asked_for_only_with_its_consent() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent(contact_phone="yes")
        await c.page("ask", "At which number")
        c.screen.answer(phone="0912345678")
        await c.to_measurements()
        await c.step("choose", "Would you like to take measurements", "skip")
        await c.finish_intake()
        answers = {answer.id: answer.answer for answer in (await c.desk.heard(OpenCase)).intake.answers}
        assert answers["phone"].replace(" ", "").endswith("912345678")


async def test_a_child_comes_with_a_guardian_and_agrees_too() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card("Đặng Minh Khôi")
        await c.consent()
        await c.page("ask", "A parent or guardian comes with the child")
        c.screen.answer(name="Đặng Văn Bình", relation="father", guardian="yes", child="")
        await c.step("tell", "Without these consents the child", "again")
        await c.page("ask", "A parent or guardian comes with the child")
        c.screen.answer(name="Đặng Văn Bình", relation="father", guardian="yes", child="yes")
        await c.to_measurements()
        await c.step("choose", "Would you like to take measurements", "skip")
        await c.finish_intake()
        intake = (await c.desk.heard(OpenCase)).intake
        assert {c.purpose for c in intake.consents if c.given} == {"telehealth", "health_data", "guardian", "child"}
        assert any("Đặng Văn Bình" in answer.answer for answer in intake.answers)


# ── price, measurements, camera ───────────────────────────────────────────────────────────────────────────────


async def test_price_and_facility_are_shown_before_anything_is_sent() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.step("choose", "Which doctor", "general")
        await c.step("choose", "In which language", "vi")
        await c.page("tell", "What it costs")
        assert c.shows("150000", FACILITY.licence, FACILITY.name.vi, "Health insurance (BHYT) does not pay")
        assert c.desk.count(OpenCase) == 0


async def test_measurements_reach_the_desk_with_device_and_time() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.to_measurements()
        await c.step("choose", "Would you like to take measurements", "measure")
        await c.measured()
        await c.finish_intake()
        intake = (await c.desk.heard(OpenCase)).intake
        (reading,) = intake.vitals
        assert reading.kind is Vital.BLOOD_PRESSURE
        assert reading.device.startswith("sim_vital_sensor")
        assert reading.taken_at <= intake.opened_at


async def test_an_alarming_measurement_calls_staff_and_makes_the_case_urgent() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.to_measurements()
        await c.control(Role.VITAL_SENSOR, "blood_pressure", "230/120")
        await c.step("choose", "Would you like to take measurements", "measure")
        await c.measured()
        await c.page("tell", "A measurement is far from the usual range")
        assert c.shows("This is not a diagnosis", "call 115")
        assert len(c.station.bell.calls) == 1
        c.screen.answer()
        await c.finish_intake()
        assert (await c.desk.heard(OpenCase)).intake.urgency == 1


async def test_without_sensors_nothing_about_measuring_is_asked() -> None:
    async with clinic(without=(Role.VITAL_SENSOR,)) as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.to_measurements()
        await c.finish_intake()
        assert (await c.desk.heard(OpenCase)).intake.vitals == ()


async def test_the_camera_page_shows_the_residents_own_picture_and_a_meter() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.to_measurements()
        await c.step("choose", "Would you like to take measurements", "skip")
        await c.screen.until(lambda page: page.kind == "capture" and bool(getattr(page, "level", None)))
        await until(lambda: "self" in c.screen.videos and c.screen.videos["self"].frame is not None)
        c.screen.answer()
        await c.page("check", "Is everything right?")
        assert "self" not in c.screen.videos


async def test_the_camera_page_says_what_is_missing() -> None:
    async with clinic(without=(Role.CAMERA, Role.MICROPHONE)) as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.to_measurements()
        await c.step("choose", "Would you like to take measurements", "skip")
        await c.page("capture", "Can the doctor see")
        assert c.shows("camera does not work now", "microphone does not work now")


# ── Back, changes, leaving ────────────────────────────────────────────────────────────────────────────────────


async def test_back_in_the_intake_keeps_the_answers_and_changes_nothing_in_the_case() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.to_measurements()
        await c.page("choose", "Would you like to take measurements")
        for title in ("What the doctor should know", "What brings you", "What it costs", "In which language"):
            c.screen.press("back")
            page = await c.screen.until(lambda page, title=title: title in page.title.id)
            if isinstance(page, Ask) and "brings" in title:
                assert page.fields[0].value == COMPLAINT
        await c.to_measurements_again()
        await c.step("choose", "Would you like to take measurements", "skip")
        await c.finish_intake()
        intake = (await c.desk.heard(OpenCase)).intake
        assert (intake.complaint, intake.patient.name, len(intake.consents)) == (COMPLAINT, NAME, 3)
        assert c.desk.count(OpenCase) == 1


async def test_a_change_on_the_check_page_leads_straight_back_to_it() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.to_measurements()
        await c.step("choose", "Would you like to take measurements", "skip")
        await c.step("capture", "Can the doctor see")
        await c.page("check", "Is everything right?")
        c.screen.press("change", "symptoms")
        await c.page("ask", "What brings you")
        c.screen.answer(complaint="ho khan", since="week", pain="0", fever="no")
        await c.page("check", "Is everything right?", "ho khan")
        c.screen.answer()
        assert (await c.desk.heard(OpenCase)).intake.complaint == "ho khan"


async def test_in_the_queue_back_explains_that_the_doctors_have_the_answers() -> None:
    async with clinic() as c:
        await c.to_queue()
        c.screen.press("back")
        await c.screen.until(lambda _page: c.screen.view.note is not None)
        assert c.screen.view.note is not None
        assert "The doctors have your answers now" in c.screen.view.note.id


async def test_who_leaves_during_the_intake_was_never_told_to_the_desk() -> None:
    async with clinic() as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.page("choose", "Which doctor")
        await c.leave()
        await c.gone()
        assert c.desk.count(OpenCase) == c.desk.count(LeaveCase) == 0


async def test_a_desk_that_goes_away_before_it_has_the_case_gets_an_honest_page_no_ticket() -> None:
    clock = ManualClock()
    async with clinic(clock=clock) as c:
        await c.to_identity()
        await c.known_by_card()
        await c.consent()
        await c.to_measurements()
        await c.step("choose", "Would you like to take measurements", "skip")
        await c.step("capture", "Can the doctor see")
        await c.page("check", "Is everything right?")
        await c.desk.stop()
        await until(lambda: not c.gateway.connected)
        c.screen.answer()
        await c.page("wait", "You are being registered", "interrupted")
        await advance(c, clock, 320)
        await c.page("tell", "The doctors cannot be reached now")
        assert c.paper == ""
        c.screen.answer()
        await c.gone()


async def advance(c: Clinic, clock: ManualClock, seconds: float) -> None:
    """Let time pass in steps in which everybody can act."""
    for _each in range(round(seconds / 5)):
        await clock.advance(5)
