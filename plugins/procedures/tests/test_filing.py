"""What a dossier asks and costs depends on its answers: a birth that is told late, somebody who is entered twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import pytest_asyncio

from tramkit.testing.station import Running, station
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.ui.pages import Check, Read, Tell
from tramkit_hal.words import render
from tramkit_procedures.catalogue import Question, bundled, form_of
from tramkit_procedures.filing import FileDossier
from tramkit_procedures.gateway import Authority

BIRTH, RESIDENCE = "1.001193", "1.004222"
NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def s() -> AsyncIterator[Running]:
    service = FileDossier(Authority("http://127.0.0.1:9"), bundled())
    async with station([service], clock=ManualClock(NOW)) as running:
        yield running


async def into(s: Running, group: str, procedure: str) -> Read:
    """Lead the resident to what a procedure needs and costs, and on."""
    await s.menu()
    s.screen.answer("procedures.file")
    await s.page("capture")
    s.screen.answer("typed")
    await s.page("ask", "Please enter your details")
    s.screen.answer(name="Lê Văn Tám", number="079054001234", born="02091954", sex="male")
    await s.page("choose", "What is it about")
    s.screen.answer(group)
    await s.page("choose", "Which procedure")
    s.screen.answer(procedure)
    page = await s.page("read")
    assert isinstance(page, Read)
    s.screen.answer()
    return page


@pytest.mark.parametrize(
    ("born", "late"), [("24/11/2026", False), ("25/09/2026", False), ("24/09/2026", True), ("01/01/2020", True)]
)
def test_a_birth_is_registered_on_time_within_sixty_days(born: str, late: bool) -> None:
    """Law on Civil Status 60/2014/QH13, articles 11 and 15."""
    birth = next(each for each in bundled().procedures if each.code == BIRTH)
    assert birth.late({"child_born": born}, date(2026, 11, 24)) is late


@pytest.mark.parametrize(
    ("born", "fee"), [("25/09/2026", "0 ₫"), ("24/09/2026", "Nộp tại cơ quan")], ids=["on time", "late"]
)
async def test_who_registers_a_birth_late_is_told_that_the_authority_sets_the_fee(
    s: Running, born: str, fee: str
) -> None:
    page = await into(s, "civil", BIRTH)
    said = " ".join(render(each, "vi") for each in page.body)
    assert "Không phải nộp lệ phí." in said
    assert "trong 60 ngày, tính từ ngày sinh của trẻ. Quá hạn, ông/bà nộp lệ phí tại cơ quan." in said
    await s.page("ask")
    s.screen.answer(child="Lê Thị An", child_born=born, child_sex="female", child_place="Bệnh viện Từ Dũ")
    await s.screen.until(lambda page: page.kind == "ask" and page.fields[0].name == "mother")
    s.screen.answer(mother="Trần Thị Ba", father="", phone="0901234567")
    last = await s.page("check")
    assert isinstance(last, Check)
    assert next(render(fact.value, "vi") for fact in last.facts if fact.label.id == "Fee") == fee


@pytest.mark.parametrize(
    ("years", "on", "born", "said"),
    [
        (6, "2026-11-24", "25/11/2020", ""),
        (6, "2026-11-24", "24/11/2020", "Thủ tục này dành cho người dưới 6 tuổi."),
        (6, "2026-11-24", "25/11/2026", "Ngày này không hợp lệ. Mời ông/bà xem lại."),
        (6, "2028-02-29", "01/03/2022", ""),
        (6, "2028-02-29", "28/02/2022", "Thủ tục này dành cho người dưới 6 tuổi."),
        (16, "2028-02-29", "01/03/2012", ""),
        (16, "2028-02-29", "29/02/2012", "Thủ tục này dành cho người dưới 16 tuổi."),
    ],
)
def test_a_procedure_for_the_young_is_not_for_who_has_completed_the_years(
    years: int, on: str, born: str, said: str
) -> None:
    kind: dict[str, Any] = {"kind": "day", "when": "past", "under": years}
    question = Question.model_validate({"id": "born", "label": {"vi": "Ngày sinh", "en": "Born"}} | kind)
    form = form_of(bundled().procedures[0], 0, (question,), date.fromisoformat(on))
    _found, errors = form.read({"born": born})
    assert {name: render(text, "vi") for name, text in errors.items()} == ({"born": said} if said else {})


@pytest.mark.parametrize("number", ["079054001234", "079160001234"], ids=["the resident", "the first member"])
async def test_somebody_who_is_entered_twice_is_noticed(s: Running, number: str) -> None:
    await into(s, "residence", RESIDENCE)
    await s.page("ask")
    s.screen.answer(new_address="12 Trần Não", phone="0901234567", head="Lê Văn Tám", relation="self")
    await s.page("choose", "Who else of the household")
    s.screen.answer("2")
    await s.page("ask", "Household member")
    s.screen.answer(name="Lê Thị Chín", number="079160001234", born="03041960")
    await s.screen.until(lambda page: page.title.params.get("number") == 2)
    born = "02091954" if number == "079054001234" else "03041960"
    s.screen.answer(name="Lê Thị Chín", number=number, born=born)
    page = await s.page("tell", "This person is on the list already")
    assert isinstance(page, Tell)
    s.screen.answer()
    await s.page("ask", "Household member")
    s.screen.answer(name="Lê Văn Mười", number="079086001234", born="03041986")
    await s.page("choose")
