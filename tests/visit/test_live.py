"""A page that changes while it stands, and a visit that ends just then."""

from __future__ import annotations

import asyncio

from tramkit import Messages, Service, Visit, Wait
from tramkit.testing.station import station

_ = Messages("tests")


class EndedAsThePageGoes(Service):
    """The visit is ended at the instant at which its live page is taken away."""

    id = "test.ended"
    title = _("Ended")

    def __init__(self) -> None:
        self.stopped = asyncio.Event()
        self.went_on = False

    async def serve(self, visit: Visit) -> None:
        await visit.commit(_("It is sent."))
        try:
            async with visit.live(Wait(title=_("Wait"))):
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            self.went_on = True
        finally:
            self.stopped.set()


async def test_a_visit_that_ends_while_a_live_page_is_taken_away_is_over() -> None:
    service = EndedAsThePageGoes()
    async with station([service]) as s:
        await s.menu()
        s.screen.answer(service.id)
        async with asyncio.timeout(10):
            await service.stopped.wait()
        assert not service.went_on, "the end of the visit was swallowed"
