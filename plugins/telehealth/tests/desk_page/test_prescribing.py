"""The doctor's page keeps the doctor from harm: allergies in sight, warnings answered, codes and names found."""

from __future__ import annotations

import re

import pytest
from desk_page.page_kit import Doctor, PageDesk, intake, waiting
from playwright.async_api import Locator, expect

from tramkit_telehealth.desk.page_protocol import Close
from tramkit_telehealth.protocol import CaseState

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def prescribe(doctor: Doctor, name: str, directions: str = "Uống 1 viên × 2 lần/ngày") -> Locator:
    """Write one medicine; return its row."""
    await doctor.of("add-medicine").click()
    row = doctor.of("medicine").last
    await row.get_by_label("International name (INN)").fill(name)
    await row.get_by_label("Amount").fill("10 viên")
    await row.get_by_label("Directions").fill(directions)
    return row


async def test_a_stated_allergy_stands_above_the_record_and_in_the_confirmation(doctor: Doctor, desk: PageDesk) -> None:
    await desk.hold(state=CaseState.CLOSING)
    await expect(doctor.of("allergy")).to_have_text("Allergy stated: Penicillin")
    await expect(doctor.of("allergy")).to_have_attribute("data-state", "stated")
    await doctor.page.get_by_label("Conclusion").fill("Cảm lạnh")
    await doctor.of("close-case").click()
    await expect(doctor.of("close-allergy")).to_have_text("Allergy stated: Penicillin")


async def test_against_an_allergy_the_case_closes_only_with_a_reason_in_words(doctor: Doctor, desk: PageDesk) -> None:
    await desk.hold(state=CaseState.CLOSING)
    await doctor.page.get_by_label("Diagnosis (ICD-10)").fill("j00")
    await doctor.page.get_by_label("Conclusion").fill("Viêm họng")
    await prescribe(doctor, "Amoxicilin 500 mg")
    await expect(doctor.of("warnings")).to_contain_text("Amoxicilin 500 mg: the patient has stated an allergy")
    await doctor.of("close-case").click()
    dialog = doctor.of("close-dialog")
    await expect(dialog).to_contain_text("J00")
    await expect(doctor.of("close-yes")).to_be_disabled()
    await doctor.of("reason").fill(" .")
    await expect(doctor.of("close-yes")).to_be_disabled()
    await doctor.of("reason").fill("đã dùng amoxicilin năm 2025, không phản ứng")
    await doctor.of("close-yes").click()
    closed = await desk.next(Close)
    assert closed.draft.reasons == {
        "allergy_class-0-amoxicillin": "đã dùng amoxicilin năm 2025, không phản ứng",
    }


async def test_a_narcotic_is_marked_while_it_is_written_and_never_goes_to_the_confirmation(
    doctor: Doctor, desk: PageDesk
) -> None:
    await desk.hold(state=CaseState.CLOSING)
    await doctor.page.get_by_label("Conclusion").fill("Đau lưng")
    row = await prescribe(doctor, "Codéine 30 mg")
    await expect(row.get_by_label("International name (INN)")).to_have_attribute("aria-invalid", "true")
    await doctor.of("close-case").click()
    await expect(doctor.of("notices")).to_contain_text("Not allowed in a remote prescription")
    await expect(doctor.of("close-dialog")).to_be_hidden()
    await row.get_by_label("International name (INN)").fill("Paracetamol")
    await doctor.of("close-case").click()
    await expect(doctor.of("close-dialog")).to_be_visible()


async def test_codes_and_medicines_are_found_without_accents_and_taken_by_keyboard(
    doctor: Doctor, desk: PageDesk
) -> None:
    await desk.hold(state=CaseState.CLOSING)
    code = doctor.page.get_by_label("Diagnosis (ICD-10)")
    await code.press_sequentially("tang huyet ap")
    await expect(doctor.page.get_by_role("option").first).to_contain_text("I10")
    await code.press("ArrowDown")
    await code.press("Enter")
    await expect(code).to_have_value("I10")
    await expect(doctor.page.get_by_role("listbox")).to_have_count(0)
    await doctor.of("add-medicine").click()
    name = doctor.of("medicine").last.get_by_label("International name (INN)")
    await name.press_sequentially("amoxicilin")
    await doctor.page.get_by_role("option").filter(has_text="Amoxicillin").click()
    await expect(name).to_have_value("Amoxicillin")


async def test_twelve_residents_are_in_sight_and_a_row_opens_for_a_preview(doctor: Doctor, desk: PageDesk) -> None:
    await doctor.page.set_viewport_size({"width": 1366, "height": 768})
    rows = [waiting(number % 4, case=f"case-{number}", abnormal=number == 0) for number in range(12)]
    await desk.change(queue=tuple(rows))
    shown = doctor.of("waiting")
    await expect(shown).to_have_count(12)
    last = await shown.last.bounding_box()
    assert last is not None
    assert last["y"] + last["height"] <= 768, "the twelfth is seen without scrolling"
    await expect(shown.first).to_contain_text("measurement!")
    await expect(shown.first.locator(".site")).to_be_hidden()
    await shown.first.get_by_role("button", name=re.compile("N.T.H")).first.click()
    await expect(shown.first.locator(".site")).to_have_text(intake().site)


async def test_a_measurement_outside_the_usual_range_is_marked_and_named_in_the_doctors_language(
    doctor: Doctor, desk: PageDesk
) -> None:
    desk.language = "vi"
    await doctor.open()
    await desk.hold()
    pressure = doctor.of("vitals").locator("[data-kind=blood_pressure]")
    await expect(pressure).to_have_class(re.compile("outside"))
    await expect(doctor.of("vitals").locator("[data-kind=pulse]")).to_contain_text("88 lần/phút")
    await expect(doctor.of("vitals")).not_to_contain_text("sim-vitals")
