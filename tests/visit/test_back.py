"""Back at any page, as often as one likes, then Continue: the visit ends in the same result."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

from hypothesis import given, note, settings
from hypothesis import strategies as st

from tramkit import Fact, Form, Level, Messages, Option, Service, Visit, Vital, forms, verbatim
from tramkit.host.plugin_side import PluginSide
from tramkit.testing.serialising import SerialisingPlugin
from tramkit.testing.station import Running, as_it_is, station
from tramkit_hal.device.base import DeviceContext
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.device.roles import Role
from tramkit_hal.sim.id_reader import SimIdReader
from tramkit_hal.sim.vital_sensor import SimVitalSensor
from tramkit_hal.ui.events import Pressed
from tramkit_hal.ui.pages import AnyPage, Ask, Capture, Check, Choose, Tell

_ = Messages("tests")

Step = str
STEPS = ("choose", "ask", "read", "check", "tell", "measure", "fetch", "now", "random", "branch")
MENU = "What would you like"


class Details(Form):
    """Two questions of one page."""

    who: Annotated[str, forms.name(_("Who?"))]
    many: Annotated[str, forms.digits(_("How many?"), high=3)]
    why: Annotated[str | None, forms.text(_("Why?"), required=False)]


@dataclass
class Program(Service):
    """A service made of random steps, each of which depends on the answers before it."""

    id = "test.program"
    title = _("Program")
    steps: Sequence[Step]
    results: list[tuple[str, ...]] = field(default_factory=list)

    async def look_up(self, question: str) -> list[str]:
        return [f"found for {question}"]

    async def serve(self, visit: Visit) -> None:
        said: list[str] = []
        for number, step in enumerate(self.steps):
            said.append(await self._do(visit, step, f"{number} {_mark(said)}"))
        self.results.append(tuple(said))
        await visit.done(_("Done"))

    async def _do(self, visit: Visit, step: Step, about: str) -> str:
        title = verbatim(f"{step} {about}")
        options = [Option(value=value, label=verbatim(value)) for value in ("a", "b", "c")]
        match step:
            case "choose":
                return await visit.choose(title, options, name=_name(about))
            case "ask":
                return str((await visit.ask(Details, title, name=_name(about))).typed())
            case "read":
                await visit.read(title, verbatim("long words"))
            case "check":
                facts = [Fact(label=verbatim("x"), value=verbatim(about), change=_name(about, n)) for n in range(8)]
                await visit.check(title, facts, action=verbatim("Send"))
            case "tell":
                return await visit.tell(title, options=options[:2])
            case "measure":
                reading = await visit.measure(Vital.PULSE, title)
                return str(reading and reading.values)
            case "fetch":
                found = await visit.fetch(self.look_up, about)
                found.append("used")  # what a service does with its copy is its own
                return str(found)
            case "now":
                return visit.now().isoformat()
            case "random":
                return str(visit.random.randrange(10**9))
            case _:
                if await visit.choose(title, options) == "a":
                    return await visit.choose(verbatim(f"deeper {about}"), options)
        return ""


def _name(about: str, step: int | None = None) -> str:
    """Return the name of the answer of a step, by default the step that is asked now."""
    return f"step {about.split(maxsplit=1)[0] if step is None else step}"


def _mark(said: Sequence[str]) -> str:
    return hashlib.sha256("|".join(said).encode()).hexdigest()[:8]


Side = Callable[[PluginSide], PluginSide]
"""What stands between the service and the station."""

Answer = tuple[str, dict[str, str]]


def answers(page: AnyPage, other: set[str]) -> Answer | None:
    """Return what this resident answers, the same for the same page; None: the station is at work.

    :param other: titles of the pages where the resident has thought better of it.
    """
    number = int(hashlib.sha256(page.title.id.encode()).hexdigest(), 16) + (page.title.id in other)
    match page:
        case Choose() if page.title.id.startswith(MENU):
            return "test.program", {}
        case Choose():
            return page.options[number % len(page.options)].value, {}
        case Tell() if page.options:
            return (*(option.value for option in page.options), "continue")[number % 3], {}
        case Ask():
            return "continue", {"who": "An" * (1 + number % 3), "many": str(number % 900), "why": "vì" * (number % 2)}
        case _:
            return ("continue", {}) if "continue" in page.answers() else None


def prefilled(page: AnyPage) -> Answer | None:
    """Return the answer that stands on the page already; None: none does."""
    match page:
        case Choose() if page.selected:
            return page.selected, {}
        case Ask() if page.fields[0].value:
            return "continue", {each.name: each.value for each in page.fields}
    return None


@asynccontextmanager
async def running(program: Program, side: Side = as_it_is) -> AsyncGenerator[Running]:
    """A station with a sensor that measures at once, whose resident has chosen the program."""
    clock = ManualClock()
    sensor = SimVitalSensor(SimVitalSensor.Settings(seconds=0), DeviceContext(Role.VITAL_SENSOR, clock))
    async with station([program], clock=clock, bound={Role.VITAL_SENSOR: [sensor]}, side=side) as s:
        await s.menu()
        yield s


class Resident:
    """Walks through a visit, going back and forth.

    :param moves: what is done at each page before it is answered: ``n`` presses Back n times, ``-n`` at a Check page
        follows the Change link of step n - 1, ``RETHINK`` answers differently from now on.
    """

    def __init__(self, moves: Sequence[int], other: set[str] | None = None) -> None:
        self.moves = list(moves)
        self.other = set(other or ())
        self.given: dict[str, Answer] = {}
        self.named: set[str] = set()
        self.wrong: list[str] = []

    async def live(self, steps: Sequence[Step], side: Side = as_it_is) -> tuple[str, ...]:
        """Live through a visit; return what came of it."""
        program = Program(steps)
        async with running(program, side) as s:
            page = s.screen.page
            while page.kind != "done":
                page = await self._turn(s, page)
            s.screen.answer()
            await s.attract()
        return program.results[-1]

    async def _turn(self, s: Running, page: AnyPage) -> AnyPage:
        if answers(page, self.other) is None:  # who goes back while the sensor works is measured anew
            return await _after(s, page, lambda: None)
        move = self.moves.pop(0) if self.moves else 0
        if move == RETHINK and not page.title.id.startswith(MENU):
            self.other ^= {page.title.id}
        elif move > 0:
            return await self._back(s, page, move)
        elif isinstance(page, Check) and (fact := page.facts[-move - 1].change) in self.named:
            return await _after(s, page, lambda: s.screen.press("change", fact))
        answer = answers(page, self.other)
        assert answer is not None
        if page.id in self.given and isinstance(page, Choose | Ask) and prefilled(page) != self.given[page.id]:
            self.wrong.append(f"{page.title.id}: {prefilled(page)}, answered was {self.given[page.id]}")
        self.given[page.id] = answer
        if page.title.id.split()[0] in ("choose", "ask"):
            self.named.add(_name(page.title.id.split(maxsplit=1)[1]))
        return await _after(s, page, lambda: s.screen.answer(answer[0], **answer[1]))

    async def _back(self, s: Running, page: AnyPage, times: int) -> AnyPage:
        for _again in range(times):
            if page.title.id.startswith(MENU):
                break
            page = await _after(s, page, lambda: s.screen.press("back"))
        return page


RETHINK = -9


async def _after(s: Running, before: AnyPage, act: Callable[[], None]) -> AnyPage:
    """Do something on a page and return the page that comes of it."""
    act()
    return await s.screen.until(lambda page: (page.id, page.revision) != (before.id, before.revision), deadline=3)


programs = st.lists(st.sampled_from(STEPS), min_size=1, max_size=7)


@settings(max_examples=300, deadline=None, derandomize=True, print_blob=True)
@given(steps=programs, moves=st.lists(st.integers(-8, 5), max_size=14))
def test_back_at_any_page_then_continue_changes_nothing(steps: list[Step], moves: list[int]) -> None:
    straight = asyncio.run(Resident([]).live(steps))
    resident = Resident(moves)
    wandering = asyncio.run(resident.live(steps))
    note(f"{straight} {wandering}")
    assert wandering == straight
    assert resident.wrong == []


@settings(max_examples=200, deadline=None, derandomize=True, print_blob=True)
@given(steps=programs, moves=st.lists(st.integers(-8, 5) | st.just(RETHINK), max_size=14))
def test_a_resident_who_thinks_better_of_it_gets_what_the_last_answers_give(
    steps: list[Step], moves: list[int]
) -> None:
    resident = Resident(moves)
    wandering = asyncio.run(resident.live(steps))
    straight = asyncio.run(Resident([], resident.other).live(steps))
    note(f"{straight} {wandering}")
    assert wandering == straight
    assert resident.wrong == []


@settings(max_examples=40, deadline=None, derandomize=True, print_blob=True)
@given(steps=programs, moves=st.lists(st.integers(-8, 5), max_size=8))
def test_where_every_call_crosses_as_bytes_the_same_visit_comes_to_the_same(
    steps: list[Step], moves: list[int]
) -> None:
    straight = asyncio.run(Resident([]).live(steps))
    resident = Resident(moves)
    wandering = asyncio.run(resident.live(steps, SerialisingPlugin))
    note(f"{straight} {wandering}")
    assert wandering == straight
    assert resident.wrong == []


def test_back_from_every_single_page_of_a_long_visit_changes_nothing() -> None:
    steps = ["choose", "ask", "now", "fetch", "measure", "branch", "read", "random", "tell", "ask", "check"]
    straight = asyncio.run(Resident([]).live(steps))
    for page in range(13):
        resident = Resident([0] * page + [1])
        assert asyncio.run(resident.live(steps)) == straight, f"Back at page {page}"
        assert resident.wrong == []


async def test_the_time_a_service_was_told_stays_while_the_resident_goes_back() -> None:
    program = Program(["choose", "now", "tell"])
    async with running(program) as s:
        assert isinstance(s.clock, ManualClock)
        s.screen.answer("test.program")
        await s.page("choose", "choose 0")
        s.screen.answer("a")
        tell = await s.page("tell")
        await s.clock.advance(5)
        s.screen.press("back")
        await s.page("choose", "choose 0")
        s.screen.answer("a")
        again = await s.page("tell")
        assert again.title == tell.title


async def test_a_second_measurement_keeps_its_own_reading_after_back() -> None:
    program = Program(["measure", "measure", "tell"])
    async with running(program) as s:
        page = await _after(s, s.screen.page, lambda: s.screen.answer("test.program"))
        results: list[Capture] = []
        while page.kind != "tell":
            if isinstance(page, Capture) and page.result:
                results.append(page)
            busy = answers(page, set()) is None
            page = await _after(s, page, (lambda: None) if busy else s.screen.answer)
        first, second = results
        assert first.result != second.result, "two measurements, two readings"
        page = await _after(s, page, lambda: s.screen.press("back"))
        assert isinstance(page, Capture)
        assert page.result == second.result
        page = await _after(s, page, lambda: s.screen.press("back"))
        assert isinstance(page, Capture)
        assert page.result == first.result
        page = await _after(s, page, s.screen.answer)
        assert isinstance(page, Capture)
        assert page.result == second.result


async def test_who_the_resident_is_is_unknown_again_before_the_card() -> None:
    known: list[bool] = []

    class AsksLate(Service):
        id = "test.late"
        title = _("Late")

        async def serve(self, visit: Visit) -> None:
            known.append(visit.person is not None)
            await visit.tell(_("First"))
            await visit.identify(Level.CLAIMED)
            await visit.tell(_("Second"))

    clock = ManualClock()
    reader = SimIdReader(SimIdReader.Settings(), DeviceContext(Role.ID_READER, clock))
    async with station([AsksLate()], clock=clock, bound={Role.ID_READER: [reader]}) as s:
        await s.menu()
        s.screen.answer("test.late")
        await s.page("tell", "First")
        s.screen.answer()
        await s.page("capture")
        await reader.control("card", reader.controls()[0].options[1])
        await s.page("capture", "Is this you")
        s.screen.answer()
        await s.page("tell", "Second")
        s.screen.press("back")
        await s.page("capture", "Is this you")
        s.screen.press("back")
        await s.page("tell", "First")
        assert known == [False] * len(known)
        assert len(known) == 3


async def test_back_from_a_change_link_goes_to_the_page_before() -> None:
    program = Program(["choose", "ask", "check"])
    async with running(program) as s:
        s.screen.answer("test.program")
        await s.page("choose", "choose 0")
        s.screen.answer("a")
        await s.page("ask")
        s.screen.answer(who="Mai", many="1")
        await s.page("check")
        s.screen.press("change", "step 1")
        await s.page("ask")
        s.screen.press("back")
        page = await s.page("choose", "choose 0")
        assert isinstance(page, Choose)
        assert page.selected == "a"


async def test_values_that_come_with_back_from_a_page_without_fields_are_dropped() -> None:
    program = Program(["choose", "choose"])
    async with running(program) as s:
        s.screen.answer("test.program")
        await s.page("choose", "choose 0")
        s.screen.answer("a")
        page = await s.page("choose", "choose 1")
        forged = Pressed(page=page.id, revision=page.revision, button="back", values={"selected": "b"})
        page = await _after(s, page, lambda: s.screen.send(forged))
        page = await _after(s, page, lambda: s.screen.answer("a"))
        assert page.title.id.startswith("choose 1")


async def test_a_changed_answer_after_back_changes_what_depends_on_it_and_nothing_else() -> None:
    program = Program(["choose", "random", "tell"])
    async with station([program]) as s:
        await s.menu()
        s.screen.answer("test.program")
        first = await s.page("choose", "choose 0")
        s.screen.answer("a")
        tell = await s.page("tell")
        s.screen.press("back")
        await s.screen.until(lambda page: page.id == first.id)
        s.screen.answer("b")
        other = await s.page("tell")
        assert other.title != tell.title
        s.screen.answer()
        await s.page("done")
    ((choice, _dice, _told),) = program.results
    assert choice == "b"


async def test_after_the_commit_back_says_why_it_does_nothing() -> None:
    class Sends(Service):
        id = "test.sends"
        title = _("Sends")

        async def serve(self, visit: Visit) -> None:
            await visit.tell(_("Before"))
            await visit.commit(_("It is sent and cannot be changed here."))
            await visit.tell(_("After"))
            await visit.done(_("Done"))

    async with station([Sends()]) as s:
        await s.menu()
        s.screen.answer("test.sends")
        await s.page("tell", "Before")
        s.screen.answer()
        await s.page("tell", "After")
        assert s.screen.view.back
        s.screen.press("back")
        await s.screen.until(lambda page: s.screen.view.note is not None)
        assert s.screen.view.note is not None
        assert "cannot be changed" in s.screen.view.note.id
        assert s.screen.page.title.id == "After"


async def test_back_never_leads_to_another_residents_answer() -> None:
    program = Program(["ask", "tell"])
    async with station([program]) as s:
        for _visit in range(2):
            await s.menu()
            s.screen.answer("test.program")
            page = await s.page("ask")
            assert isinstance(page, Ask)
            assert [each.value for each in page.fields] == ["", "", ""]
            assert not isinstance(page, Check)
            s.screen.answer(who="Mai", many="1")
            await s.page("tell")
            s.screen.press("start_over")
            await s.page("leave")
            s.screen.answer("leave")
            await s.attract()
