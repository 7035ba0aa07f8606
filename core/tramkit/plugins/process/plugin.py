"""A plugin in processes of its own, as the station sees it: a worker, and a process for each visit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from tramkit.host.calls import OtherSideError
from tramkit.host.egress import Egress
from tramkit.host.ending import Followed, Signal
from tramkit.host.host import Host
from tramkit.host.peer import HOST, Target
from tramkit.host.plugin_side import Description
from tramkit.host.remote_plugin import RemotePlugin
from tramkit.host.worker import PASSED_ON, TERMINALS, WORKER
from tramkit.plugins.process.calls import CLOCK, EGRESS
from tramkit.plugins.process.launcher import LaunchError, Template
from tramkit.plugins.process.process import Process
from tramkit.plugins.process.said import Said
from tramkit_hal.device.clock import Clock, SystemClock

_log = logging.getLogger(__name__)

CALL_SECONDS = 30.0
"""So long a worker may take to answer one call."""
START_SECONDS = 15.0
STOP_SECONDS = 3.0
FOLLOW_SECONDS = 6.0
"""So long a service may take to put its things away; then its process is ended."""
BLOCKED_SECONDS = 1.6
"""A process that was not heard for so long is named in the log."""
GIVEN_UP_SECONDS = 6.0
"""A process that was not heard for so long is ended."""
WATCH_SECONDS = 0.2
"""How often it is looked whether a process was heard."""
LOOK_SECONDS = 0.5
"""How often the worker is asked for states."""
FRESH_SECONDS = 5.0
"""A worker that has carried orders out, and has had nothing to do for so long, gives way to a fresh one."""
BACK_OFF = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0)


class ProcessPlugin(RemotePlugin):
    """A plugin whose code runs in processes of its own.

    :param name: of the plugin.
    :param template: that has it imported.
    :param clock: the station's.
    :param egress: asks outside systems for it.
    """

    def __init__(self, name: str, described: Description, template: Template, clock: Clock, egress: Egress) -> None:
        super().__init__(described, self._to_worker)
        self.name = name
        self._background = described.background
        self.template = template
        self._clock = clock
        self._egress = egress
        self._worker: Process | None = None
        self._spare: asyncio.Task[Process] | None = None
        self._visits: dict[str, Process] = {}
        self._watching: asyncio.Task[None] | None = None
        self._restarting: asyncio.Task[None] | None = None
        self._failures = 0
        self._stopping = False
        self.said = Said(name)
        self.stamp: Callable[[], dict[str, Any]] | None = None if isinstance(clock, SystemClock) else self._stamp

    def _stamp(self) -> dict[str, Any]:
        return {"now": self._clock.now().isoformat(), "monotonic": self._clock.monotonic()}

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Start the worker, and a process that waits for the first visit; what fails costs this plugin only."""
        self._stopping = False
        self.template.attach()
        self.template.on_gone = self._template_gone
        self._watching = asyncio.create_task(self._watch_over(), name=f"processes of {self.name}")
        try:
            await self._start_worker()
        except Exception as error:  # the plugin's edge: whatever its process answers
            _log.error("plugin did not start", extra={"plugin": self.name, "trouble": type(error).__name__})
            self._restart()
        self._make_spare()

    async def _start_worker(self) -> None:
        self._worker = worker = Process(self, "worker")
        await worker.open()
        self.peer = worker.peer
        async with asyncio.timeout(START_SECONDS):
            await self._call("start")
            await self.look()

    async def stop(self) -> None:
        """End all its processes; the worker may put its things away."""
        self._stopping = True
        for task in (self._watching, self._restarting, self._spare):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(each for each in (self._watching, self._restarting) if each), return_exceptions=True)
        if self._worker is not None and not self._worker.over:
            with contextlib.suppress(Exception):  # the plugin's edge: it is ended anyhow
                async with asyncio.timeout(STOP_SECONDS):
                    await self._call("stop")
        if self._spare is not None:
            (spare,) = await asyncio.gather(self._spare, return_exceptions=True)
            if isinstance(spare, Process):
                spare.kill()
        ended = [each.ended for each in (self._worker, *self._visits.values()) if each is not None]
        for process in (self._worker, *self._visits.values()):
            if process is not None:
                process.kill()
        if ended:
            await asyncio.wait(ended, timeout=STOP_SECONDS)
        for _turn in range(3):  # what was given up closes its end in the loop's next turns
            await asyncio.sleep(0)
        self.template.detach()
        self.template.kill()

    def close(self) -> None:
        """End its template, where it never was started."""
        self._stopping = True
        self.template.kill()

    def _to_worker(self, frame: bytes) -> None:
        raise OtherSideError("the plugin's worker does not run")

    async def _call(self, name: str, *args: object) -> Any:
        worker = self._worker
        if worker is None or worker.over:
            raise OtherSideError("the plugin's worker does not run")
        if name not in PASSED_ON:
            result, _answer = await worker.peer.call("worker", WORKER, name, *args)
            return result
        worker.knows = True
        worker.under_way += 1
        try:
            result, _answer = await worker.peer.call("worker", WORKER, name, *args)
            return result
        finally:
            worker.under_way -= 1
            worker.told_at = asyncio.get_running_loop().time()

    def process_ended(self, process: Process) -> None:
        """Take note that a process has gone; a worker is started anew."""
        if process is self._worker and not self._stopping:
            self._states = {}
            _log.error("plugin's worker ended", extra={"plugin": self.name})
            self._restart()

    def _restart(self) -> None:
        if self._restarting is None or self._restarting.done():
            self._restarting = asyncio.create_task(self._start_again(), name=f"worker of {self.name}")

    async def _start_again(self) -> None:
        while not self._stopping and not self.template.gone:
            await asyncio.sleep(BACK_OFF[min(self._failures, len(BACK_OFF) - 1)])
            self._failures += 1
            try:
                await self._start_worker()
            except Exception:  # the plugin's edge
                continue
            _log.info("plugin's worker runs again", extra={"plugin": self.name})
            return

    def _template_gone(self) -> None:
        if not self._stopping:
            self._states = {}
            _log.error("plugin is gone until the station starts again", extra={"plugin": self.name})

    async def _watch_over(self) -> None:
        """Name a process whose loop stands, and end it where it stands on; ask for states meanwhile."""
        loop = asyncio.get_running_loop()
        looking: asyncio.Task[None] | None = None
        look_at = 0.0
        while True:
            before = loop.time()
            await asyncio.sleep(WATCH_SECONDS)
            now = loop.time()
            if now - before < 2 * WATCH_SECONDS:  # else this loop stood itself, and has not listened
                for process in [each for each in (self._worker, *self._visits.values()) if each is not None]:
                    self._watch_one(process, now - process.heard_at)
            if now >= look_at and (looking is None or looking.done()):
                look_at = now + LOOK_SECONDS
                looking = asyncio.create_task(self._look(), name=f"states of {self.name}")

    def _watch_one(self, process: Process, silent: float) -> None:
        if process.over or silent < BLOCKED_SECONDS:
            return
        extra = {"plugin": self.name, "role": process.role, "place": process.printed.place}
        if not process.named and (process.printed.place or silent > 2 * BLOCKED_SECONDS):
            process.named = True
            _log.error("plugin is blocked", extra=extra)
        if silent > GIVEN_UP_SECONDS:
            _log.error("plugin's process is ended", extra={**extra, "reason": "it is blocked"})
            process.kill()

    async def _look(self) -> None:
        worker = self._worker
        if worker is None or worker.over or self._stopping:
            return
        try:
            async with asyncio.timeout(LOOK_SECONDS * 4):
                await self.look()
            self._failures = 0
        except Exception as error:  # the plugin's edge: states grow stale
            _log.debug("no states", extra={"plugin": self.name, "trouble": type(error).__name__})
        if worker is self._worker and self._is_used(worker):
            await self._refresh(worker)

    def _is_used(self, worker: Process) -> bool:
        """Whether a worker knows of orders, and has had nothing to do for a while; one with a life of its own stays."""
        idle = asyncio.get_running_loop().time() - worker.told_at
        return worker.knows and not worker.under_way and idle > FRESH_SECONDS and not self._background

    async def _refresh(self, worker: Process) -> None:
        """Put a fresh worker in the place of one that knows of orders: what it knew ends with it."""
        fresh = Process(self, "worker")
        try:
            await fresh.open()
            async with asyncio.timeout(START_SECONDS):
                await fresh.peer.call("worker", WORKER, "start")
        except Exception as error:  # the plugin's edge
            _log.warning("no fresh worker", extra={"plugin": self.name, "trouble": type(error).__name__})
            fresh.kill()
            worker.told_at = asyncio.get_running_loop().time()
            return
        if worker is not self._worker or worker.over or worker.under_way or self._stopping:
            fresh.kill()
            return
        self._worker = fresh
        self.peer = fresh.peer
        worker.kill()

    # ── what it may call ──────────────────────────────────────────────────────────────────────────────────

    def target_of(self, process: Process, name: str) -> Target | None:
        """Return what a process may call by a name: its own visit, terminals in the worker; None: nothing."""
        match name:
            case "egress":
                return Target(EGRESS, self._egress)
            case "clock":
                return Target(CLOCK, self._clock)
            case "terminals" if process.role == "worker" and self._terminals is not None:
                return Target(TERMINALS, self._terminals)
            case _ if process.visit and name == f"host:{process.visit}" and process.visit in self._hosts:
                return Target(HOST, self._hosts[process.visit])
            case _:
                return None

    # ── visits ────────────────────────────────────────────────────────────────────────────────────────────

    def _make_spare(self) -> None:
        if not self._stopping and not self.template.gone:
            self._spare = asyncio.create_task(self._fork_spare(), name=f"spare of {self.name}")
            self._spare.add_done_callback(_seen)

    async def _fork_spare(self) -> Process:
        process = Process(self, "visit")
        await process.open()
        return process

    async def _process_of(self, visit: str) -> Process:
        process = self._visits.get(visit)
        if process is not None and not process.over:
            return process
        spare, self._spare = self._spare, None
        process = None
        if spare is not None:
            with contextlib.suppress(LaunchError):
                process = await spare
        if process is None or process.over:
            process = await self._fork_spare()
        process.visit = visit
        self._visits[visit] = process
        self._make_spare()
        return process

    async def serve(self, visit: str, service: str, host: Host) -> None:
        """Lead a resident through a service; see :class:`PluginSide`."""
        self._hosts[visit] = host
        process = await self._process_of(visit)
        await process.peer.call("worker", WORKER, "serve", visit, service, host.snapshot)

    async def signal(self, visit: str, signal: Signal) -> Followed:
        """Take the service away from its page; where it does not follow, its process is ended."""
        process = self._visits.get(visit)
        if process is None or process.over:
            return "killed"
        try:
            async with asyncio.timeout(FOLLOW_SECONDS):
                followed, _answer = await process.peer.call("worker", WORKER, "signal", visit, signal)
        except Exception:  # the plugin's edge
            followed = "did_not_stop"
        if followed == "did_not_stop":
            _log.error("service does not stop", extra={"plugin": self.name, "visit": visit})
            process.kill()
            return "killed"
        return followed

    def visit_ended(self, visit: str) -> None:
        """End the process of a visit: what it knew is gone with it."""
        self._hosts.pop(visit, None)
        if (process := self._visits.pop(visit, None)) is not None:
            process.kill()


def _seen(task: asyncio.Task[Process]) -> None:
    """Take note of how a spare failed: it is made anew with the next visit."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("no process waits for the next visit", extra={"trouble": str(error)})
