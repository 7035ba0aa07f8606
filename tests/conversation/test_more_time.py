"""A resident who needs more time gets it on every page; the next one begins anew."""

from __future__ import annotations

from support.anything import Anything

from tramkit.conversation.timeouts import Timeouts
from tramkit.testing.station import Running, station
from tramkit_hal.device.clock import ManualClock
from tramkit_hal.ui.pages import Bar

LIMITS = Timeouts(menu=60, longer=900, countdown=30, farewell=0.1)


async def _choose(running: Running, value: str) -> None:
    running.screen.press(Bar.SETTINGS)
    await running.page("settings")
    running.screen.answer(value)
    await running.screen.until(lambda page: page.kind == "settings" and running.screen.view.mode.more_time)
    running.screen.answer("continue")
    await running.page("choose")


async def test_more_time_is_waited_on_every_page_and_forgotten_with_the_visit() -> None:
    clock = ManualClock()
    async with station([Anything()], clock=clock, timeouts=LIMITS) as running:
        await running.menu()
        await _choose(running, "time:more")
        await clock.advance(899)
        assert running.screen.view.page.kind == "choose"
        await clock.advance(2)
        await running.page("timeout")
        await clock.advance(31)
        await running.attract()
        await running.menu()
        assert not running.screen.view.mode.more_time
        await clock.advance(61)
        await running.page("timeout")
