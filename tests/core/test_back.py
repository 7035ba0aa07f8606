"""Back at any page, as often as one likes, then Continue: the visit ends in the same result."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from hypothesis import given, note, settings
from hypothesis import strategies as st
from support.station import Running, station

from tramkit import Fact, Form, Messages, Option, Service, Visit, forms, verbatim
from tramkit_hal.pages import AnyPage, Ask, Check, Choose, Tell

_ = Messages("tests")

Step = str
STEPS = ("choose", "ask", "read", "check", "tell", "fetch", "now", "random", "branch")


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

    async def look_up(self, question: str) -> str:
        return f"found for {question}"

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
                return await visit.choose(title, options)
            case "ask":
                return str((await visit.ask(Details, title)).typed())
            case "read":
                await visit.read(title, verbatim("long words"))
            case "check":
                await visit.check(title, [Fact(label=verbatim("x"), value=verbatim(about))], action=verbatim("Send"))
            case "tell":
                return await visit.tell(title, options=options[:2])
            case "fetch":
                return await visit.fetch(self.look_up, about)
            case "now":
                return visit.now().isoformat()
            case "random":
                return str(visit.random.randrange(10**9))
            case _:
                if await visit.choose(title, options) == "a":
                    return await visit.choose(verbatim(f"deeper {about}"), options)
        return ""


def _mark(said: Sequence[str]) -> str:
    return hashlib.sha256("|".join(said).encode()).hexdigest()[:8]


def answers(page: AnyPage) -> tuple[str, dict[str, str]]:
    """Return what this resident answers: the same for the same page."""
    number = int(hashlib.sha256(page.title.id.encode()).hexdigest(), 16)
    match page:
        case Choose():
            return page.options[number % len(page.options)].value, {}
        case Tell() if page.options:
            return (*(option.value for option in page.options), "continue")[number % 3], {}
        case Ask():
            return "continue", {"who": "An" * (1 + number % 3), "many": str(number % 900), "why": "vì" * (number % 2)}
        case _:
            return "continue", {}


def prefilled(page: AnyPage) -> tuple[str, dict[str, str]] | None:
    """Return the answer that stands on the page already; None: none does."""
    match page:
        case Choose() if page.selected:
            return page.selected, {}
        case Ask() if page.fields[0].value:
            return "continue", {each.name: each.value for each in page.fields}
    return None


async def live(steps: Sequence[Step], backs: Sequence[int]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Live through a visit, going back ``backs[n]`` pages from the n-th page that is shown; return what came of it."""
    program = Program(steps)
    wrong: list[str] = []
    async with station([program]) as s:
        await s.menu()
        s.screen.answer("test.program")
        await walk(s, list(backs), wrong)
        s.screen.answer()
        await s.attract()
    return program.results, wrong


async def walk(s: Running, backs: list[int], wrong: list[str]) -> None:
    """Answer page after page until the last one."""
    given: dict[str, tuple[str, dict[str, str]]] = {}
    page = await _next(s, None)
    while page.kind != "done":
        back = backs.pop(0) if backs else 0
        for _again in range(back):
            if page.title.id.startswith("What would you like"):
                break
            before, page = page, await _press_back(s, page)
            assert page.id != before.id
        if page.title.id.startswith("What would you like"):
            s.screen.answer("test.program")
            page = await _next(s, page)
            continue
        answer = answers(page)
        stands = prefilled(page)
        if page.id in given and isinstance(page, Choose | Ask) and stands != given[page.id]:
            wrong.append(f"{page.title.id}: {stands} stands, {given[page.id]} was answered")
        given[page.id] = answer
        s.screen.answer(answer[0], **answer[1])
        page = await _next(s, page)


async def _press_back(s: Running, page: AnyPage) -> AnyPage:
    s.screen.press("back")
    return await _next(s, page)


async def _next(s: Running, before: AnyPage | None) -> AnyPage:
    if before is None:
        return await s.screen.until(lambda page: not page.title.id.startswith("What would you like"))
    return await s.screen.until(lambda page: (page.id, page.revision) != (before.id, before.revision))


@settings(max_examples=300, deadline=None, derandomize=True, print_blob=True)
@given(
    steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=7),
    backs=st.lists(st.integers(0, 5), max_size=12),
)
def test_back_at_any_page_then_continue_changes_nothing(steps: list[Step], backs: list[int]) -> None:
    straight, _none = asyncio.run(live(steps, []))
    wandering, wrong = asyncio.run(live(steps, backs))
    note(f"{straight} {wandering}")
    assert wandering[-1] == straight[-1]
    assert wrong == []


def test_back_from_every_single_page_of_a_long_visit_changes_nothing() -> None:
    steps = ["choose", "ask", "now", "fetch", "branch", "read", "random", "tell", "ask", "check"]
    straight, _none = asyncio.run(live(steps, []))
    for page in range(9):
        wandering, wrong = asyncio.run(live(steps, [0] * page + [1]))
        assert wandering[-1] == straight[-1], f"Back at page {page}"
        assert wrong == []


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


async def test_after_the_commit_back_is_not_offered_and_says_why() -> None:
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
        if s.screen.view.back:
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
