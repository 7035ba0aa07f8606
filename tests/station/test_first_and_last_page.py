"""The first page leads to a service with one touch, the last one to another errand; between them a path is shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tramkit import Icon, Level, Messages, Option, Service, Stage, Tone, Visit, verbatim
from tramkit.conversation.system_pages import nobody_here
from tramkit.testing.station import station
from tramkit_hal.ui.guide import WORDS, Guide, guide_of
from tramkit_hal.ui.pages import Attract, Availability, Capture, Choose, Done, Tell
from tramkit_hal.ui.path import stage_of
from tramkit_hal.words import render

_ = Messages("tests")
NAME = "Nguyễn Thị Hương Giang"


class Bill(Service):
    """Asks, and is done."""

    id = "test.bill"
    title = _("Bill")
    icon = Icon.BILL
    path = (Stage.QUESTIONS, Stage.RECEIPT)

    async def serve(self, visit: Visit) -> None:
        await visit.choose(_("Which bill?"), [Option(value="a", label=verbatim("A"))], name="bill")
        await visit.done(_("It is done"), steps=(_("Go home"),))


class Named(Service):
    """Learns who it is, and tells."""

    id = "test.named"
    title = _("Named")

    async def serve(self, visit: Visit) -> None:
        person = await visit.identify(Level.CLAIMED)
        await visit.done(verbatim(person.name))


async def test_one_touch_leads_into_a_service_and_back_to_the_menu() -> None:
    async with station([Bill()]) as s:
        await s.screen.until(lambda page: page.kind == "attract")
        s.screen.answer("test.bill")
        await s.page("choose", "Which bill?")
        assert s.screen.view.back
        s.screen.press("back")
        menu = await s.page("choose", "What would you like to do?")
        assert isinstance(menu, Choose)
        assert menu.options[0].icon is Icon.BILL


async def test_the_path_is_walked_forwards_and_anew_after_back() -> None:
    async with station([Bill()]) as s:
        await s.menu()
        assert s.screen.view.stage is Stage.CHOOSE
        s.screen.answer("test.bill")
        await s.page("choose", "Which bill?")
        assert (s.screen.view.path, s.screen.view.stage) == (
            (Stage.CHOOSE, Stage.QUESTIONS, Stage.RECEIPT),
            Stage.QUESTIONS,
        )
        s.screen.answer("a")
        await s.page("done")
        assert s.screen.view.stage is Stage.RECEIPT
        s.screen.press("back")
        await s.page("choose", "Which bill?")
        assert s.screen.view.stage is Stage.QUESTIONS


async def test_another_errand_begins_with_a_clean_visit_and_keeps_language_and_letters() -> None:
    async with station([Bill()]) as s:
        await s.menu()
        s.screen.press("language", "en")
        s.screen.answer("test.bill")
        await s.page("choose", "Which bill?")
        s.screen.answer("a")
        done = await s.page("done")
        assert isinstance(done, Done)
        assert "another" in done.answers()
        before = s.screen.view.visit
        s.screen.answer("another")
        await s.page("choose", "What would you like to do?")
        assert s.screen.view.visit != before
        assert s.screen.view.language == "en"
        assert not s.screen.view.back


async def test_who_goes_on_is_asked_and_a_stranger_does_not_act_under_the_name() -> None:
    for answer, known in (("same", True), ("other", False)):
        async with station([Named()]) as s:
            await s.menu()
            s.screen.answer("test.named")
            await s.page("capture")
            s.screen.answer("typed")
            await s.page("ask")
            s.screen.answer(name=NAME, number="079152000018", born="17/05/1952", sex="female")
            done = await s.screen.until(lambda page: page.kind in ("done", "choose", "ask") and NAME in str(page))
            while done.kind != "done":
                s.screen.answer()
                done = await s.screen.until(lambda page: page.kind == "done")
            s.screen.answer("another")
            asked = await s.page("choose", "Who goes on now?")
            assert isinstance(asked, Choose)
            assert NAME in render(asked.options[0].label, "en")
            s.screen.answer(answer)
            await s.page("choose", "What would you like to do?")
            s.screen.answer("test.named")
            page = await s.screen.until(lambda page: page.kind in ("done", "capture"))
            assert (page.kind == "done") is known, answer


async def test_a_face_is_counted_and_never_required() -> None:
    async with station([Bill()]) as s:
        for face in ("face_5", ""):
            await s.menu()
            s.screen.press("start_over")  # type: ignore[arg-type]
            await s.page("leave")
            s.screen.answer("leave")
            told = await s.page("tell", "deleted")
            assert isinstance(told, Tell)
            assert len(told.options) == 5
            if face:
                s.screen.answer(face)
            await s.attract()
        assert dict(s.station.faces) == {"face_5": 1}


async def test_an_emergency_makes_the_call_for_staff_urgent() -> None:
    class Danger(Service):
        id = "test.danger"
        title = _("Danger")

        async def serve(self, visit: Visit) -> None:
            await visit.call_staff(_("Somebody is in danger"))
            await visit.tell(_("Call now"), tone=Tone.EMERGENCY, large=verbatim("115"))

    async with station([Danger()]) as s:
        await s.menu()
        s.screen.answer("test.danger")
        await s.page("tell", "Call now")
        assert s.bell.calls[-1].urgent


@pytest.mark.parametrize(
    ("hour", "says"), [(1, "Good morning"), (5, "Hello"), (9, "Good afternoon"), (14, "Good evening"), (None, "Hello")]
)
def test_the_greeting_suits_the_hour_in_vietnam(hour: int | None, says: str) -> None:
    at = None if hour is None else datetime(2026, 11, 30, hour, tzinfo=UTC)
    assert render(nobody_here((), at=at).title, "en").startswith(says)


def test_six_tiles_lead_and_a_closed_one_says_so_without_its_reason() -> None:
    closed = Option(
        value="bill", label=_("Bill"), icon=Icon.BILL, state=Availability.CLOSED, reason=_("The printer is broken.")
    )
    others = [Option(value=f"other {n}", label=verbatim(str(n))) for n in range(9)]
    page = nobody_here((*others, closed, Option(value="doctor", label=_("Doctor"), icon=Icon.DOCTOR)))
    assert isinstance(page, Attract)
    assert [option.value for option in page.services[:2]] == ["doctor", "bill"]
    assert len(page.services) == 6
    assert page.services[1].reason is None
    assert page.more
    assert page.answers() >= {"continue", "doctor", "bill"}


def test_the_path_is_never_walked_backwards_by_a_page() -> None:
    path = (Stage.CHOOSE, Stage.IDENTITY, Stage.QUESTIONS)
    card = Capture(title=_("Card"), source="card")
    assert stage_of(card, path, Stage.CHOOSE) is Stage.IDENTITY
    assert stage_of(card, path, Stage.QUESTIONS) is Stage.QUESTIONS
    assert stage_of(card, (), None) is None


def test_every_drawing_of_the_guide_has_words_in_both_languages() -> None:
    assert set(WORDS) == set(Guide)
    assert all(render(words, "vi") != render(words, "en") for words in WORDS.values())
    assert guide_of(Capture(title=_("Card"), source="card")) is Guide.READER
