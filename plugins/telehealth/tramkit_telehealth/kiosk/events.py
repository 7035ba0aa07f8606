"""What a page of the consultation reacts to: the desk, the resident, time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from tramkit import Clock, Live
from tramkit_telehealth.case_link import CaseLink, CaseMessage

TICK_SECONDS = 0.25


@dataclass(frozen=True)
class Tick:
    """Time has passed: look at connection and media again."""


@dataclass(frozen=True)
class Typed:
    """The resident writes: what stands in the field now."""

    text: str = field(repr=False)


CallEvent = CaseMessage | str | Typed | Tick
"""The desk spoke, the resident pressed (a choice) or wrote, time has passed."""


@contextlib.asynccontextmanager
async def events(case: CaseLink, live: Live, clock: Clock) -> AsyncGenerator[asyncio.Queue[CallEvent]]:
    """Gather what happens while a live page stands, in order; what the desk said and nobody read goes back."""
    happened: asyncio.Queue[CallEvent] = asyncio.Queue()

    async def desk() -> None:
        while True:
            happened.put_nowait(await case.next())

    async def resident() -> None:
        while True:
            happened.put_nowait(await live.answer())

    async def writing() -> None:
        while True:
            happened.put_nowait(Typed(await live.typed()))

    async def time() -> None:
        while True:
            await clock.sleep(TICK_SECONDS)
            if happened.empty():
                happened.put_nowait(Tick())

    pumps = [asyncio.create_task(pump()) for pump in (desk, resident, writing, time)]
    try:
        yield happened
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        rest = [happened.get_nowait() for _each in range(happened.qsize())]
        case.put_back([each for each in rest if not isinstance(each, str | Typed | Tick)])
