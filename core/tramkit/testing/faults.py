"""Fault rounds: one visit for each way in which each request of a service can go wrong.

A round passes when the resident is told, or comes to the end all the same; the station apologises for nobody, nobody is
kept, and nothing is left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import get_args

from tramkit.sandbox import Fault, FaultOrder, Sandbox
from tramkit.testing.kit import KitStation
from tramkit.testing.walking import SORRY

Journey = Callable[[KitStation], Awaitable[None]]
"""A visit from the first page to its last one, as it goes when nothing fails."""
Opened = Callable[[], AbstractAsyncContextManager[tuple[KitStation, Sandbox]]]

SECONDS = 60.0
"""So long a visit with a fault in it may take."""


@dataclass(frozen=True)
class Round:
    """What came of a visit.

    :param request: which request failed, from 0.
    :param told: titles of the pages that only this visit had.
    :param finished: it came to its end all the same.
    """

    fault: Fault
    request: int
    told: tuple[str, ...]
    finished: bool


async def fault_rounds(opened: Opened, journey: Journey, canaries: tuple[str, ...] = ()) -> list[Round]:
    """Make the visit once without a fault, then once for each fault at each request.

    :param opened: opens a station and the sandbox that its service asks; one for each round.
    :param canaries: what the resident types and what must not be found after the visit.
    :raises AssertionError: in a round the station apologised, nothing was told, or something was left behind.
    """
    async with opened() as (s, sandbox):
        await journey(s)
        await s.ended()
        usual, requests = set(s.pages), sandbox.requests
    assert requests, "the visit asks the sandbox nothing"
    rounds: list[Round] = []
    for request in range(requests):
        for fault in get_args(Fault):
            async with opened() as (s, sandbox):
                sandbox.order_faults(FaultOrder(faults=(fault,), after=request, slow_seconds=0.2))
                rounds.append(await _round(s, journey, usual, fault, request))
                left = s.left_behind(*canaries)
                assert not left, f"{fault} at request {request}: left behind: {left}"
    return rounds


async def _round(s: KitStation, journey: Journey, usual: set[str], fault: Fault, request: int) -> Round:
    where = f"{fault} at request {request}"
    going = asyncio.create_task(_whole(s, journey))
    unusual = asyncio.create_task(_told(s, usual))
    try:
        async with asyncio.timeout(SECONDS):
            await asyncio.wait({going, unusual}, return_when=asyncio.FIRST_COMPLETED)
    except TimeoutError:
        raise AssertionError(f"{where}: nothing comes of it; shown is {s.pages[-1]!r}") from None
    finally:
        unusual.cancel()
        finished = going.done() and not going.cancelled() and going.exception() is None
        if not finished:
            going.cancel()
        results = await asyncio.gather(going, unusual, return_exceptions=True)
    if not finished and isinstance(results[0], Exception) and not unusual.done():
        raise AssertionError(f"{where}: {results[0]}")
    told = tuple(page for page in s.pages if page not in usual)
    sorry = [page for page in told if SORRY in page]
    assert not sorry, f"{where}: the station apologises: the service let the fault through"
    if not finished:
        await leave(s)
    return Round(fault, request, told, finished)


async def _whole(s: KitStation, journey: Journey) -> None:
    await journey(s)
    await s.ended()


async def _told(s: KitStation, usual: set[str]) -> None:
    """Wait until the resident is told something that nobody is told when nothing fails."""
    while not any(view.page.answers() and page_of(view.page) not in usual for view in s.views):
        await asyncio.sleep(0.01)


def page_of(page: object) -> str:
    """Return kind and title of a page, as :attr:`KitStation.pages` has it."""
    return f"{getattr(page, 'kind', '')}: {getattr(getattr(page, 'title', None), 'id', '')}"


async def leave(s: KitStation) -> None:
    """Go, whatever stands there."""
    from tramkit.testing.walking import enough

    async with asyncio.timeout(SECONDS):
        while s.station.progress is not None:
            before, view = len(s.views), s.views[-1]
            event = enough(view).event(view.page)
            if event is not None and view.page.answers():
                _send(s, event)
            await s.until(lambda before=before: len(s.views) > before or s.station.progress is None)
    await s.ended()


def _send(s: KitStation, event: object) -> None:
    from tramkit_hal.screens.scripted import ScriptedScreen

    if not isinstance(s.screen, ScriptedScreen):
        raise TypeError("fault rounds go before the scripted screen")
    s.screen.send(event)  # pyright: ignore[reportArgumentType]
