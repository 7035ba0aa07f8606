"""One service in one visit: run, and run again over its journal when the resident goes back."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from tramkit.asking.idle import Idle
from tramkit.asking.journal import Journal
from tramkit.asking.recorder import Recorder
from tramkit.host.ending import BackPressed, ChangePressed, Ended, Followed, Signal
from tramkit.host.host import Host
from tramkit.visit.service import Service
from tramkit.visit.station_steps import PREFIX
from tramkit.visit.visit import Visit
from tramkit_hal.ui.events import Answered
from tramkit_hal.ui.pages import AnyPage

_log = logging.getLogger(__name__)

CANCEL_SECONDS = 5.0
"""How long a cancelled service may take to put its things away."""


class Serving:
    """Runs a service in one visit and follows what takes it away from its page.

    :param visit: id of the visit.
    """

    def __init__(self, visit: str, service: Service) -> None:
        self._id = visit
        self._service = service
        self._journal = Journal()
        self._recorder = Recorder(self._journal, self._show_nowhere)
        self._visit: Visit | None = None
        self._task: asyncio.Task[None] | None = None
        self._runs_again: asyncio.Future[bool] | None = None

    async def run(self, host: Host) -> None:
        """Serve until the service is done.

        :raises NotIdentifiedError: and whatever else the service raises.
        """
        self._recorder.exchange = partial(self._show, host)
        while True:
            self._journal.begin()
            begun = await host.begin(self._journal.keys(PREFIX))
            self._runs_again = None
            self._visit = visit = Visit(self._id, host, self._recorder, begun)
            self._task = task = asyncio.create_task(self._serve(visit), name=f"service {self._service.id}")
            try:
                await asyncio.wait({task})
                if (again := self._signalled()) is None:
                    return task.result()
                if not await again:  # the station goes on without it
                    await asyncio.get_running_loop().create_future()
            finally:
                if self._signalled() is None:  # else it was told already, and may be putting its things away
                    task.cancel()

    def _signalled(self) -> asyncio.Future[bool] | None:
        return self._runs_again

    async def _serve(self, visit: Visit) -> None:
        await self._service.serve(visit)

    async def signal(self, signal: Signal) -> Followed:
        """Take the service away from its page; return when it has stopped, or has not in five seconds."""
        task = self._task
        if task is None or self._visit is None or task.done():  # it has raised: what it asked can be taken back still
            return "taken" if self._follow(signal) else "exhausted"
        self._runs_again = again = asyncio.get_running_loop().create_future()
        if isinstance(signal, Ended):
            self._visit.ending = signal.ending
        followed: Followed = "did_not_stop"
        try:
            if await self._stopped(task):
                followed = "taken" if self._follow(signal) else "exhausted"
        finally:
            again.set_result(followed == "taken")
        return followed

    async def _stopped(self, task: asyncio.Task[None]) -> bool:
        """Cancel the service; return whether it has stopped."""
        task.cancel()
        done, _pending = await asyncio.wait({task}, timeout=CANCEL_SECONDS)
        if not done:
            _log.error("service does not stop", extra={"visit": self._id, "service": self._service.id})
        elif not task.cancelled() and (error := task.exception()) is not None:
            _log.error("service failed while it was ended", extra={"visit": self._id}, exc_info=error)
        return bool(done)

    def _follow(self, signal: Signal) -> bool:
        """Take back what the signal takes back; return whether there was something."""
        current = self._recorder.current
        match signal:
            case BackPressed(typed=typed):
                if typed and current:
                    self._journal.keep_draft(current, dict(typed))
                if self._journal.can_go_back():
                    self._journal.back()
                    return True
                self._journal.back_to_start()
            case ChangePressed(name=name):
                if self._journal.change(name, resume_until=current):
                    return True
                self._journal.back_to_start(resume_until=current)
            case Ended():
                pass
        return False

    def forget(self) -> None:
        """Forget everything of the visit."""
        self._journal.wipe()
        self._recorder = Recorder(self._journal, self._show_nowhere)
        self._visit = None
        self._task = None

    async def _show(self, host: Host, page: AnyPage, idle: Idle, *, scanned: str = "") -> Answered:
        return await host.show(page, idle, back=self._journal.can_go_back(), scanned=scanned)

    async def _show_nowhere(self, page: AnyPage, idle: Idle, *, scanned: str = "") -> Answered:
        raise RuntimeError("a service asks only while it serves")
