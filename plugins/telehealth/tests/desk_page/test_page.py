"""The doctor's page in Chromium: queue, record, closing, and what it says when something goes wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from desk_page.page_kit import HERE, Doctor, PageDesk, intake, waiting
from playwright.async_api import expect

from tramkit_telehealth.desk.page.words import words
from tramkit_telehealth.desk.page_protocol import (
    Accept,
    Close,
    Draft,
    EndCall,
    HandOver,
    Release,
    SaveDraft,
    SetAvailable,
    SetShift,
    Trouble,
)
from tramkit_telehealth.protocol import CaseState, Medicine

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEDICINE = Medicine(name="Paracetamol", strength="500 mg", amount="10 viên", directions="Uống 1 viên khi sốt")


async def test_signing_in_says_what_was_wrong_and_both_languages_can_be_chosen(desk: PageDesk, doctor: Doctor) -> None:
    desk.error = "wrong"
    page = doctor.page
    await page.goto(f"{desk.address}/sign-in")
    await expect(page.get_by_role("alert")).to_contain_text("The user name or the password is not right")
    await expect(page.get_by_label("User name")).to_have_value("lan")
    await expect(page.get_by_label("Password")).to_be_focused()
    assert await page.locator("form").first.get_attribute("action") == "/sign-in"
    await doctor.click("Tiếng Việt")
    await expect(page.locator("html")).to_have_attribute("lang", "vi")
    await expect(page.get_by_role("switch", name="Đang trực")).to_be_checked()


async def test_a_waiting_patient_is_accepted_with_the_keyboard_alone(desk: PageDesk, doctor: Doctor) -> None:
    await expect(doctor.of("queue-hint")).to_have_text("Nobody is waiting.")
    taken = waiting(3, state=CaseState.LIVE, doctor="BS. Võ Hoài Nam")
    await desk.change(queue=(waiting(0), waiting(1), waiting(2, mine=False), taken))
    rows = doctor.of("waiting")
    await expect(rows).to_have_count(4)
    await expect(rows.nth(0)).to_contain_text("Urgent")
    await expect(rows.nth(0)).to_contain_text("waits 4 min")
    await expect(rows.nth(2)).to_contain_text("Another specialty or language")
    await expect(rows.nth(3)).to_contain_text("With BS. Võ Hoài Nam")
    await expect(rows.locator(".accept:visible")).to_have_count(2)
    assert await doctor.page.title() == "(3) Doctor's desk"
    accept = doctor.page.get_by_role("button", name="Accept T.V.B")
    for _step in range(12):
        await doctor.page.keyboard.press("Tab")
        if await accept.evaluate("node => node === document.activeElement"):
            break
    await doctor.page.keyboard.press("Enter")
    assert await desk.next(Accept) == Accept(do="accept", case="case-1")
    await expect(doctor.page.get_by_role("heading", name="Trần Văn Bình")).to_be_focused()
    await expect(doctor.of("vitals")).to_contain_text("184/102 mmHg")
    await expect(doctor.of("vitals").locator(".outside")).to_have_count(1)  # neutral mark, blood pressure only
    await expect(doctor.of("vitals")).to_contain_text("the station's device")
    await expect(doctor.of("answers")).to_contain_text("Penicillin")
    await expect(doctor.of("consents").locator("[data-given=false]")).to_contain_text("Keeping the phone number")
    await expect(rows.locator(".accept:visible")).to_have_count(0)
    await expect(doctor.page.get_by_role("button", name="Sign out")).to_be_disabled()


async def test_shift_and_availability_are_switches(desk: PageDesk, doctor: Doctor) -> None:
    await desk.change(queue=(waiting(0),))
    available = doctor.page.get_by_role("switch", name="Taking patients")
    await available.click()
    assert await desk.next(SetAvailable) == SetAvailable(do="set_available", available=False)
    await expect(available).not_to_be_checked()
    await expect(doctor.page.get_by_role("button", name="Accept")).to_be_disabled()
    await expect(doctor.of("queue-hint")).to_contain_text("You take no new patients now")
    await doctor.page.get_by_role("switch", name="On shift").click()
    assert await desk.next(SetShift) == SetShift(do="set_shift", on=False)
    await expect(doctor.of("queue-hint")).to_contain_text("You are off shift")


async def test_a_refused_accept_says_why(desk: PageDesk, doctor: Doctor) -> None:
    await desk.change(queue=(waiting(0),))
    desk.refuse["accept"] = (Trouble.TAKEN, "")
    await doctor.click("Accept N.T.H")
    await expect(doctor.of("notices")).to_contain_text("Another doctor has just accepted this patient.")
    await expect(doctor.of("call")).to_have_attribute("data-state", "none")
    await expect(doctor.page.locator("#own-video")).to_have_js_property("srcObject.active", False)


@pytest.mark.shows("ASVS V1", "ASVS V3")
async def test_what_others_wrote_is_never_markup(desk: PageDesk, doctor: Doctor) -> None:
    evil = '<img src=x onerror="document.title=1">{name}</script><script>alert(1)</script>'
    await desk.change(queue=(waiting(0, initials=evil, site=evil),))
    await expect(doctor.of("waiting").locator(".name")).to_have_text(evil)
    patient = intake().patient.model_copy(update={"name": evil, "level": evil})
    await desk.hold(intake=intake().model_copy(update={"patient": patient, "complaint": evil}))
    await expect(doctor.page.locator("#call-title")).to_have_text(evil)
    await expect(doctor.of("complaint")).to_have_text(evil)
    assert await doctor.page.locator("img, script").count() == 2  # the page's own script and its words


async def test_what_is_written_is_saved_after_a_pause_and_survives_a_reload(desk: PageDesk, doctor: Doctor) -> None:
    await desk.hold()
    await doctor.page.get_by_label("Notes").fill("ho khan")
    await doctor.page.get_by_label("Diagnosis (ICD-10)").fill("j0")
    await expect(doctor.of("saved")).to_have_text("Saved")
    saved = await desk.next(SaveDraft)
    assert (saved.case, saved.version, saved.draft.notes, saved.draft.diagnosis) == ("case-0", 0, "ho khan", "")
    await doctor.page.get_by_label("Diagnosis (ICD-10)").fill("j00")
    await doctor.page.get_by_label("Advice").fill("Nghỉ ngơi".encode().decode())
    await desk.until(lambda: desk.state.held is not None and desk.state.held.draft.advice == "Nghỉ ngơi")
    assert [each.version for each in desk.all(SaveDraft)] == list(range(len(desk.all(SaveDraft))))
    await doctor.page.reload()
    await expect(doctor.page.get_by_label("Diagnosis (ICD-10)")).to_have_value("J00")
    await expect(doctor.page.get_by_label("Notes")).to_have_value("ho khan")


async def test_a_state_from_before_the_last_save_takes_nothing_back(desk: PageDesk, doctor: Doctor) -> None:
    await desk.hold()
    before = desk.state
    notes = doctor.page.get_by_label("Notes")
    await notes.fill("ho khan")
    await expect(doctor.of("saved")).to_have_text("Saved")
    await desk.tell(before.model_copy(update={"now": datetime.now(UTC), "available": False}))
    await expect(doctor.page.get_by_role("switch", name="Taking patients")).not_to_be_checked()
    await expect(notes).to_have_value("ho khan")


async def test_notes_changed_in_another_window_are_shown_and_the_own_ones_can_be_put_back(
    desk: PageDesk, doctor: Doctor
) -> None:
    await desk.hold()
    notes = doctor.page.get_by_label("Notes")
    desk.refuse["save_draft"] = (Trouble.STALE, "")
    await notes.fill("mine")
    await desk.next(SaveDraft)
    await desk.held(draft=Draft(notes="theirs"), version=5)
    await expect(doctor.of("conflict")).to_be_visible()
    await expect(notes).to_have_value("theirs")
    await doctor.click("Put my text back")
    await expect(notes).to_have_value("mine")
    await desk.until(lambda: desk.state.held is not None and desk.state.held.draft.notes == "mine")
    assert desk.all(SaveDraft)[-1].version == 5
    await expect(doctor.of("conflict")).to_be_hidden()


async def test_a_case_is_closed_after_a_look_at_what_the_patient_gets(desk: PageDesk, doctor: Doctor) -> None:
    await desk.hold(state=CaseState.LIVE, live_since=datetime.now(UTC))
    page = doctor.page
    await doctor.click("Add a medicine")
    row = page.get_by_role("group", name="Medicine 1")
    await row.get_by_label("International name (INN)").fill(MEDICINE.name)
    await doctor.click("Add a medicine")  # an empty row does not count
    await doctor.of("close-case").click()
    await expect(page.get_by_label("Conclusion")).to_be_focused()
    await expect(page.get_by_label("Conclusion")).to_have_attribute("aria-invalid", "true")
    await expect(row.get_by_label("Amount")).to_have_attribute("aria-invalid", "true")
    assert not desk.all(EndCall)

    await page.get_by_label("Conclusion").fill("Cảm lạnh")
    await row.get_by_label("Strength").fill(MEDICINE.strength)
    await row.get_by_label("Amount").fill(MEDICINE.amount)
    await row.get_by_label("Directions").fill(MEDICINE.directions)
    await doctor.of("close-case").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("The call ends too.")
    await expect(dialog).to_contain_text("Paracetamol 500 mg · 10 viên · Uống 1 viên khi sốt")
    await page.keyboard.press("Escape")
    assert not desk.all(Close)

    desk.refuse["close"] = (Trouble.BLOCKED, "draft.prescription.0.name")
    await doctor.of("close-case").click()
    await doctor.of("close-yes").click()
    await expect(doctor.of("notices")).to_contain_text("Not allowed in a remote prescription")
    await expect(row.get_by_label("International name (INN)")).to_be_focused()
    assert len(desk.all(EndCall)) == 1
    await expect(doctor.of("call-state")).to_have_text("The call has ended. Write the summary, then close the case.")

    await doctor.of("close-case").click()
    await doctor.of("close-yes").click()
    await expect(doctor.of("past-case")).to_contain_text("Summary: not known yet")
    closed = desk.all(Close)[-1]
    assert (closed.draft.conclusion, closed.draft.prescription) == ("Cảm lạnh", (MEDICINE,))
    assert len(desk.all(EndCall)) == 1
    await expect(doctor.of("close-case")).to_be_hidden()
    await expect(page.get_by_label("Conclusion")).to_have_value("")
    past = desk.state.past[0].model_copy(update={"handed_over": "failed"})
    await desk.change(past=(past,))
    await expect(doctor.of("past-case")).to_contain_text("did not reach the patient")


async def test_a_case_is_handed_over_to_a_free_doctor_with_what_is_written(desk: PageDesk, doctor: Doctor) -> None:
    await desk.hold()
    await doctor.page.get_by_label("Notes").fill("xem giúp")
    who = doctor.page.get_by_label("Hand over to")
    await expect(who.get_by_role("option", name="BS. Đỗ Thu Hà (has a patient)")).to_be_disabled()
    await who.select_option("BS. Võ Hoài Nam")
    await doctor.click("Hand over")
    assert (await desk.next(HandOver)).doctor == "nam"
    order = [each.command.do for each in desk.commands if each.command.do in ("save_draft", "hand_over")]
    assert order == ["save_draft", "hand_over"]
    assert desk.all(SaveDraft)[0].draft.notes == "xem giúp"
    await expect(doctor.of("notices")).to_contain_text("The case was handed over to BS. Võ Hoài Nam.")


async def test_a_patient_who_leaves_and_a_kiosk_that_is_gone_are_said(desk: PageDesk, doctor: Doctor) -> None:
    await desk.hold(state=CaseState.LIVE, kiosk="gone")
    await expect(doctor.of("over")).to_contain_text("The station has lost its connection to the desk.")
    await desk.change(held=None)
    await expect(doctor.of("notices")).to_contain_text("The case is no longer with you")


async def test_a_desk_that_goes_away_and_comes_back_loses_nothing(desk: PageDesk, doctor: Doctor) -> None:
    await desk.hold(state=CaseState.CLOSING)
    notes = doctor.page.get_by_label("Notes")
    await desk.stop()
    await expect(doctor.of("lost")).to_contain_text("No connection to the desk.")
    await expect(doctor.of("close-case")).to_be_disabled()
    await notes.fill("viết khi mất mạng")
    await expect(doctor.of("saved")).to_contain_text("your text is kept in this window")
    await desk.start()
    await expect(doctor.of("lost")).to_be_hidden(timeout=15_000)
    saved = await desk.next(SaveDraft)
    assert saved.draft.notes == "viết khi mất mạng"
    await expect(doctor.of("saved")).to_have_text("Saved")


async def test_a_session_that_has_ended_leads_to_the_sign_in_page(desk: PageDesk, doctor: Doctor) -> None:
    desk.signed_in = False
    await desk.stop()
    await desk.start()
    await expect(doctor.page).to_have_url(f"{desk.address}/sign-in", timeout=15_000)
    desk.signed_in = True
    await doctor.open()
    await desk.change(reload=True)
    await expect(doctor.page).to_have_url(f"{desk.address}/sign-in")


async def test_every_word_the_page_uses_is_there_and_every_trouble_has_words() -> None:
    said = words("vi")
    used: set[str] = set()
    for file in [*HERE.glob("static/*.js"), *HERE.glob("templates/*.html")]:
        text = file.read_text()
        used |= set(re.findall(r'(?:say\(|words\[)"([\w.]+)"', text))
        used |= set(re.findall(r'"((?:call|record|queue|close|media)\.[\w]+)"', text))
    assert {key for key in used if key not in said and not key.endswith(".")} == set()
    assert {f"trouble.{trouble.value}" for trouble in Trouble} - said.keys() == set()
    assert said.keys() == words("en").keys()
    same = {key for key, text in words("en").items() if said[key] == text}
    assert {key for key in same if not key.startswith(("band.", "language.")) and "{" not in said[key]} <= {
        "record.strength_example"
    }


async def test_a_patient_is_given_back_with_a_reason_and_not_without(desk: PageDesk, doctor: Doctor) -> None:
    await desk.hold(state=CaseState.RINGING)
    await doctor.of("release").click()
    dialog = doctor.of("release-dialog")
    await doctor.of("release-yes").click()
    await expect(dialog).to_be_visible()  # no reason is chosen
    await dialog.get_by_label("I know this person in private").check()
    await doctor.of("release-yes").click()
    assert await desk.next(Release) == Release(do="release", case="case-0", reason="know_resident")
    await expect(dialog).to_be_hidden()
