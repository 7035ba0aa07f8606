"""Look-ups that can be guessed at are counted by the station, over visits and the processes that serve them."""

from __future__ import annotations

import pytest

from tramkit import Messages, Service, Visit, verbatim
from tramkit.station.wrong_tries import MAX_KINDS, TriesError, WrongTries
from tramkit.testing.station import station
from tramkit_hal.device.clock import ManualClock

_ = Messages("tests")


class Guessing(Service):
    """Looks a number up, and nobody has it."""

    id = "test.guessing"
    title = _("Guessing")
    needs_date = False

    async def serve(self, visit: Visit) -> None:
        for attempt in range(3):
            if await visit.must_wait("number", attempt, most=5, seconds=600) > 0:
                await visit.done(verbatim("Later"))
                return
            await visit.read(verbatim(f"Try {attempt}"))
            await visit.was_wrong("number", attempt)
        await visit.done(verbatim("Done"))


@pytest.mark.shows("ASVS V2", "ASVS V8")
async def test_wrong_tries_are_counted_over_visits_until_their_time_is_over() -> None:
    clock = ManualClock()
    async with station([Guessing()], clock=clock) as site:

        async def visit() -> tuple[int, str]:
            await site.menu()
            site.screen.answer("test.guessing")
            tries = 0
            while True:
                page = await site.screen.until(lambda page: page.kind in ("read", "done"))
                if page.kind == "done":
                    site.screen.answer()
                    await site.attract()
                    return tries, page.title.id
                tries += 1
                site.screen.answer()
                await site.screen.until(lambda next, before=page: next.id != before.id)

        assert await visit() == (3, "Done")
        assert await visit() == (2, "Later")
        assert await visit() == (0, "Later")
        await clock.advance(601)
        assert await visit() == (3, "Done")


def test_kinds_are_counted_apart_and_no_more_of_them_than_can_be() -> None:
    tries = WrongTries(ManualClock())
    for number in range(MAX_KINDS):
        tries.wrong("a", str(number))
    assert tries.wait("a", "1", 1, 60) > 0
    assert tries.wait("b", "1", 1, 60) == 0
    with pytest.raises(TriesError):
        tries.wrong("b", "1")
    for most, seconds in ((0, 60.0), (1000, 60.0), (1, 0.0), (1, 1e9)):
        with pytest.raises(TriesError):
            tries.wait("a", "1", most, seconds)
