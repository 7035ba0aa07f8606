"""A service that shows every kind of page, in random steps."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

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
