"""Residents who do anything the screen lets them do, before a service that shows every kind of page."""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Protocol

from tramkit import (
    Call,
    Document,
    Fact,
    Form,
    Level,
    Messages,
    Option,
    Row,
    Service,
    Visit,
    Vital,
    Wait,
    forms,
    verbatim,
)
from tramkit_hal.screens.robot import Act, Walker, has_way_out
from tramkit_hal.ui.pages import View

_ = Messages("tests")

STEPS = (
    "choose",
    "many",
    "ask",
    "consents",
    "read",
    "check",
    "tell",
    "identify",
    "measure",
    "camera",
    "fetch",
    "commit",
    "queue",
    "call",
    "print",
)
MAX_ACTS = 60
"""After so many a resident has had enough and leaves."""

SORRY = "We are sorry"


class Details(Form):
    """Every kind of field that is typed."""

    who: Annotated[str, forms.name(_("Who?"))]
    number: Annotated[str, forms.citizen_id(_("Number?"))]
    born: Annotated[date, forms.day(_("Born?"))]
    phone: Annotated[str | None, forms.phone(_("Phone?"), required=False)]


class Consents(Form):
    """Consents and a choice."""

    share: Annotated[bool, forms.consent(_("May the doctor see it?"))]
    since: Annotated[str, forms.choice(_("Since?"), tuple(Option(value=each, label=verbatim(each)) for each in "ab"))]
    fever: Annotated[bool, forms.yes_no(_("Fever?"))]


class Anything(Service):
    """Goes through random steps, others at each visit."""

    id = "test.anything"
    title = _("Anything")

    async def serve(self, visit: Visit) -> None:
        said: list[str] = []
        for number in range(visit.random.randint(1, 6)):
            step = visit.random.choice(STEPS)
            said.append(str(await self._step(visit, step, f"{number} {step} {len(said)}")))
        await visit.done(_("Done"), verbatim(f"{len(said)}"))

    async def _step(self, visit: Visit, step: str, about: str) -> object:
        title = verbatim(about)
        options = [Option(value=value, label=verbatim(value)) for value in "abc"]
        match step:
            case "choose":
                return await visit.choose(title, options, name=about)
            case "many":
                return await visit.choose(title, [Option(value=f"{n}", label=verbatim(f"{n}")) for n in range(20)])
            case "ask":
                return await visit.ask(Details, title, name=about)
            case "consents":
                return await visit.ask(Consents, title, name=about)
            case "read":
                await visit.read(title, verbatim("Dài " * 60))
            case "check":
                facts = [Fact(label=verbatim("x"), value=title, change=name) for name in (about, "menu", "0 ask 0")]
                await visit.check(title, facts, action=_("Send"))
            case "tell":
                return await visit.tell(title, options=options)
            case "identify":
                return await visit.identify(Level.CLAIMED)
            case "measure":
                return await visit.measure(Vital.PULSE, title)
            case "camera":
                await visit.try_camera(title, title)
            case "fetch":
                return await visit.fetch(self._look_up, about)
            case "commit":
                await visit.commit(_("It is sent."))
            case "print":
                await visit.print(Document(title=title, blocks=(Row(label=title, value=title),)), name=about)
            case _:
                await visit.commit(_("It is sent."))
                page = (
                    Wait(title=title, options=tuple(options))
                    if step == "queue"
                    else Call(title=title, video="doctor", own_video="self")
                )
                async with visit.live(page) as live:
                    return await live.answer()
        return ""

    async def _look_up(self, about: str) -> list[str]:
        await asyncio.sleep(0)
        return [about]


class Glass(Protocol):
    """What a walker has before it: any screen of a running station."""

    @property
    def view(self) -> View: ...

    @property
    def over(self) -> bool:
        """Whether nobody is at the station any more."""
        ...

    async def happen(self, view: View) -> None:
        """Let something happen beside the screen, or nothing."""
        ...

    async def do(self, act: Act, view: View) -> None:
        """Do it before that view, and wait for what the station shows instead.

        :raises TimeoutError: nothing came of it.
        """
        ...


@dataclass
class Walked:
    """What a visit was like.

    :ivar pages: kind and title of each.
    :ivar placed: orders, by service.
    """

    acts: list[str]
    kinds: set[str]
    pages: set[str]
    placed: dict[str, int] = field(default_factory=dict[str, int])


async def walk(glass: Glass, seed: int, most: int = MAX_ACTS, **nature: float) -> Walked:
    """Make one visit as the resident of a seed, from the menu to its end.

    :param nature: how the resident is, as of :class:`Walker`.
    :raises AssertionError: a dead end, a page without a way out, an apology; the message has the seed and the acts.
    """
    walker, done, kinds, pages = Walker(seed, **nature), list[str](), set[str](), set[str]()
    try:
        while not glass.over:
            view = glass.view
            kinds.add(view.page.kind)
            pages.add(f"{view.page.kind} {view.page.title.id}")
            assert has_way_out(view) or not view.page.answers(), f"no way out of {view.page.kind}"
            assert not view.page.title.id.startswith(SORRY), "the station apologises"
            act = walker.act(view) if len(done) < most else enough(view)
            done.append(f"{view.page.kind} {view.page.title.id[:30]!r}: {act.do} {act.choice} {act.value} {act.values}")
            assert len(done) < most + MAX_ACTS, "the visit does not end"
            await glass.happen(view)
            await glass.do(act, view)
    except (AssertionError, TimeoutError) as error:
        told = "\n  ".join(done[-12:])
        test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        again = f"TRAMKIT_WALKER={seed} .venv/bin/python -m pytest -s '{test}'"
        raise AssertionError(f"{error or 'nothing came of it'}\n  {told}\nagain: {again}") from error
    return Walked(done, kinds, pages)


def enough(view: View) -> Act:
    """Return what a resident does who wants to go: leave, whatever stands there."""
    if "leave" in view.page.answers():
        return Act(choice="leave")
    if view.page.kind in ("help", "settings", "done", "fault"):
        return Act(choice="continue")
    return Act(do="press", choice="start_over")


def seeds(first: int, count: int) -> list[int]:
    """Return the seeds of a row of walkers; only the one of ``TRAMKIT_WALKER`` where that is given, to replay it."""
    if "TRAMKIT_WALKER" in os.environ:
        return [int(os.environ["TRAMKIT_WALKER"])]
    return [random.Random(f"{first}/{number}").randrange(10**9) for number in range(count)]
