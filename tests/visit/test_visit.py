"""A visit as a resident lives it: pages, Back, changes, time-outs, endings."""

from __future__ import annotations

from typing import Annotated

from tramkit import Fact, Form, Messages, Option, Service, Visit, forms, verbatim
from tramkit.testing.station import PHONE, station
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.ui.pages import Ask, Choose, Done, Help

_ = Messages("tests")


class Pet(Form):
    name: Annotated[str, forms.name(_("What is it called?"))]
    legs: Annotated[str, forms.digits(_("How many legs?"), high=2)]


class Pets(Service):
    """Asks, fetches, lets change, and remembers what came out of it."""

    id = "test.pets"
    title = _("Pets")

    def __init__(self) -> None:
        self.results: list[tuple[str, str, str, int]] = []
        self.fetched = 0

    async def look_up(self, kind: str) -> list[str]:
        self.fetched += 1
        return [kind, str(self.fetched)]

    async def serve(self, visit: Visit) -> None:
        kind = await visit.choose(
            _("Which pet?"), [Option(value=v, label=verbatim(v)) for v in ("cat", "dog")], name="kind"
        )
        found = await visit.fetch(self.look_up, kind)
        pet = await visit.ask(Pet, _("Your pet"))
        dice = visit.random.randrange(10**6)
        await visit.tell(_("Thank you"))
        await visit.check(
            _("Is all right?"),
            [
                Fact(label=_("Kind"), value=verbatim(found[0]), change="kind"),
                Fact(label=_("Name"), value=verbatim(pet.name), change="Pet"),
            ],
            action=_("Register the pet"),
        )
        self.results.append((found[0], pet.name, pet.legs, dice))
        await visit.done(_("Registered"))


async def test_a_visit_goes_from_touch_to_wipe() -> None:
    pets = Pets()
    async with station([pets]) as s:
        menu = await s.menu()
        assert isinstance(menu, Choose)
        s.screen.answer("test.pets")
        await s.page("choose", "Which pet")
        s.screen.answer("cat")
        await s.page("ask")
        s.screen.answer(name="Mèo Mun", legs="4")
        await s.page("tell")
        s.screen.answer()
        await s.page("check")
        s.screen.answer()
        await s.page("done")
        s.screen.answer()
        await s.page("tell", "deleted")
        await s.attract()
        assert [r[:3] for r in pets.results] == [("cat", "Mèo Mun", "4")]
        assert s.station.last_wipe_certain
        assert all("Mun" not in v.model_dump_json() for v in s.screen.history)


async def test_wrong_answers_are_named_at_the_field_and_nothing_typed_is_lost() -> None:
    async with station([Pets()]) as s:
        await s.menu()
        s.screen.answer("test.pets")
        await s.page("choose", "Which pet")
        s.screen.answer("dog")
        await s.page("ask")
        s.screen.answer(name="", legs="nhiều")
        page = await s.screen.until(lambda page: isinstance(page, Ask) and page.attempts == 1)
        assert isinstance(page, Ask)
        assert [field.name for field in page.errors] == ["name", "legs"]
        assert page.fields[1].value == "nhiều"


async def test_back_shows_the_old_answer_and_keeps_the_later_ones() -> None:
    pets = Pets()
    async with station([pets]) as s:
        await s.menu()
        s.screen.answer("test.pets")
        await s.page("choose", "Which pet")
        s.screen.answer("cat")
        await s.page("ask")
        s.screen.press("back", "", name="nửa chừng", legs="")
        page = await s.page("choose", "Which pet")
        assert isinstance(page, Choose)
        assert page.selected == "cat"
        s.screen.answer("cat")
        page = await s.page("ask")
        assert isinstance(page, Ask)
        assert page.fields[0].value == "nửa chừng"
        s.screen.press("back")
        await s.page("choose", "Which pet")
        s.screen.press("back")
        page = await s.page("choose", "What would you like")
        assert isinstance(page, Choose)
        assert page.selected == "test.pets"


async def test_a_change_link_leads_straight_back_to_the_check_page() -> None:
    pets = Pets()
    async with station([pets]) as s:
        await s.menu()
        s.screen.answer("test.pets")
        await s.page("choose", "Which pet")
        s.screen.answer("cat")
        await s.page("ask")
        s.screen.answer(name="Mun", legs="4")
        await s.page("tell")
        s.screen.answer()
        await s.page("check")
        s.screen.press("change", "kind")
        await s.page("choose", "Which pet")
        s.screen.answer("dog")
        await s.page("check")
        s.screen.answer()
        await s.page("done")
        assert [r[:3] for r in pets.results] == [("dog", "Mun", "4")]


async def test_the_language_changes_in_the_middle_of_a_page_and_keeps_what_is_typed() -> None:
    async with station([Pets()]) as s:
        await s.menu()
        s.screen.answer("test.pets")
        await s.page("choose", "Which pet")
        s.screen.answer("cat")
        await s.page("ask")
        s.screen.press("language", "en", name="Mun", legs="")
        await s.screen.until(lambda page: s.screen.view.language == "en")
        page = s.screen.page
        assert isinstance(page, Ask)
        assert page.fields[0].value == "Mun"


async def test_an_idle_resident_is_warned_and_then_wiped() -> None:
    clock = ManualClock()
    async with station([Pets()], clock=clock) as s:
        await s.menu()
        s.screen.answer("test.pets")
        await s.page("choose", "Which pet")
        await clock.advance(91)
        await s.page("timeout")
        s.screen.answer("stay")
        await s.page("choose", "Which pet")
        await clock.advance(91)
        await s.page("timeout")
        await clock.advance(30)
        await s.page("tell", "deleted")
        await s.attract()


async def test_leaving_asks_first() -> None:
    async with station([Pets()]) as s:
        await s.menu()
        s.screen.press("start_over")
        await s.page("leave")
        s.screen.answer("stay")
        await s.page("choose")
        s.screen.press("start_over")
        await s.page("leave")
        s.screen.answer("leave")
        await s.page("tell", "deleted")
        await s.attract()


async def test_help_is_acknowledged_and_names_a_phone_number() -> None:
    async with station([Pets()]) as s:
        await s.menu()
        s.screen.press("help")
        page = await s.page("help")
        assert isinstance(page, Help)
        assert page.phone == PHONE
        s.bell.acknowledge(s.bell.calls[0].id)
        await s.page("help", "on their way")
        s.screen.answer()
        await s.page("choose")


async def test_a_service_that_raises_ends_its_visit_honestly_and_the_station_goes_on() -> None:
    class Broken(Service):
        id = "test.broken"
        title = _("Broken")

        async def serve(self, visit: Visit) -> None:
            await visit.tell(_("So far so good"))
            raise RuntimeError("Nguyễn Văn An")

    async with station([Broken(), Pets()]) as s:
        await s.menu()
        s.screen.answer("test.broken")
        await s.page("tell", "So far")
        s.screen.answer()
        await s.page("tell", "sorry")
        s.screen.answer()
        await s.attract()
        await s.menu()
        s.screen.answer("test.pets")
        page = await s.page("choose", "Which pet")
        assert isinstance(page, Choose)
        assert not isinstance(page, Done)
