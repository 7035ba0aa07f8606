"""A plugin in processes of its own, as the station sees it: a worker, and a process for each visit."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Literal

from tramkit.host.calls import OtherSideError
from tramkit.host.egress import Egress
from tramkit.host.ending import Followed, Signal
from tramkit.host.host import Host
from tramkit.host.peer import HOST, Peer, Target
from tramkit.host.plugin_side import Description
from tramkit.host.remote_plugin import RemotePlugin
from tramkit.host.worker import TERMINALS, WORKER
from tramkit.plugins.process.calls import CLOCK, EGRESS
from tramkit.plugins.process.frames import MAX_OF_PLUGIN, FrameSocket
from tramkit.plugins.process.launcher import LaunchError, Template
from tramkit_hal.device.clock import Clock, SystemClock

_log = logging.getLogger(__name__)

READY_SECONDS = 20.0
"""So long a forked process may take until it says that it is ready."""
CALL_SECONDS = 30.0
"""So long a worker may take to answer one call."""
START_SECONDS = 15.0
STOP_SECONDS = 3.0
FOLLOW_SECONDS = 6.0
"""So long a service may take to put its things away; then its process is ended."""
BLOCKED_SECONDS = 2.0
"""A process that was not heard for so long is named in the log."""
GIVEN_UP_SECONDS = 6.0
"""A process that was not heard for so long is ended."""
LOOK_SECONDS = 0.5
BACK_OFF = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
MAX_LOGGED = 120
"""Lines a minute of a plugin that go into the station's log; the others are counted."""
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


class Process:
    """One process of a plugin: its pipe, and whether it is alive."""

    def __init__(self, plugin: ProcessPlugin, role: Literal["worker", "visit"]) -> None:
        self._plugin = plugin
        self.visit = ""
        """The visit that it serves, once one has begun."""
        self._number, self._socket, self.ended = plugin.template.fork(role)
        self.role = role
        self.peer = Peer(self._send, lambda name: plugin.target_of(self, name))
        self.peer.on_note = self._note
        self.peer.stamp = plugin.stamp
        self._frames: FrameSocket | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.heard_at = asyncio.get_running_loop().time()
        self.named = False
        self.over = False

    async def open(self) -> None:
        """Wait until it is ready.

        :raises LaunchError: it is not.
        """
        self._frames = await FrameSocket.over(self._socket, self._take, self._lost, MAX_OF_PLUGIN)
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._ready
        except (TimeoutError, OtherSideError):
            self.kill()
            raise LaunchError("a process of the plugin did not start") from None

    def _send(self, frame: bytes) -> None:
        if self._frames is not None:
            self._frames.send(frame)

    def _take(self, frame: bytes) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        self.named = False
        self.peer.receive(frame)

    def _note(self, told: dict[str, Any]) -> None:
        if told.get("note") == "ready" and not self._ready.done():
            self._ready.set_result(None)
        elif told.get("note") == "log":
            self._plugin.log(told)

    def _lost(self) -> None:
        self.over = True
        gone = OtherSideError("the plugin's process has ended")
        if not self._ready.done():
            self._ready.set_exception(gone)
            self._ready.exception()
        self.peer.close(gone)
        self._plugin.process_ended(self)

    def kill(self) -> None:
        """End it at once, whatever it does; what it knew is gone with it."""
        if not self.over:
            self._plugin.template.end(self._number)
            if self._frames is not None:
                self._frames.close()
            else:
                self._socket.close()
                self.over = True


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
        self._logged: tuple[int, int] = (0, 0)
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
        except (LaunchError, OtherSideError, TimeoutError) as error:
            _log.error("plugin did not start", extra={"plugin": self.name, "trouble": str(error)})
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
            with contextlib.suppress(OtherSideError, TimeoutError, RuntimeError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._call("stop")
        if self._spare is not None:
            with contextlib.suppress(asyncio.CancelledError, LaunchError):
                (await self._spare).kill()
        ended = [each.ended for each in (self._worker, *self._visits.values()) if each is not None]
        for process in (self._worker, *self._visits.values()):
            if process is not None:
                process.kill()
        if ended:
            await asyncio.wait(ended, timeout=STOP_SECONDS)
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
        result, _answer = await worker.peer.call("worker", WORKER, name, *args)
        return result

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
            except (LaunchError, OtherSideError, TimeoutError):
                continue
            _log.info("plugin's worker runs again", extra={"plugin": self.name})
            return

    def _template_gone(self) -> None:
        if not self._stopping:
            self._states = {}
            _log.error("plugin is gone until the station starts again", extra={"plugin": self.name})

    async def _watch_over(self) -> None:
        """Ask for states, name a process whose loop stands, and end it where it stands on."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = asyncio.get_running_loop().time()
            for process in [each for each in (self._worker, *self._visits.values()) if each is not None]:
                silent = now - process.heard_at
                if process.over or silent < BLOCKED_SECONDS:
                    continue
                if not process.named:
                    process.named = True
                    extra = {"plugin": self.name, "role": process.role, "place": self.template.printed.place}
                    _log.error("plugin is blocked", extra=extra)
                if silent > GIVEN_UP_SECONDS:
                    _log.error("plugin's process is ended", extra={"plugin": self.name, "role": process.role})
                    process.kill()
            if self._worker is not None and not self._worker.over:
                with contextlib.suppress(OtherSideError, TimeoutError, RuntimeError):
                    async with asyncio.timeout(LOOK_SECONDS * 4):
                        await self.look()
                        self._failures = 0

    def log(self, told: dict[str, Any]) -> None:
        """Write a line of the plugin into the station's log, under the plugin's name, and not too many of them."""
        minute = int(asyncio.get_running_loop().time() // 60)
        at, lines = self._logged
        lines = lines + 1 if at == minute else 1
        self._logged = (minute, lines)
        if lines == MAX_LOGGED:
            _log.warning("plugin logs too much; the rest of this minute is left out", extra={"plugin": self.name})
        if lines >= MAX_LOGGED:
            return
        line, extra = told.get("line"), told.get("extra")
        if not isinstance(line, dict) or not isinstance(extra, dict):
            return
        fields = {f"{key}"[:40]: value for key, value in list(extra.items())[:12] if f"{key}" not in _RESERVED}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        logger = logging.getLogger("tramkit.plugins.said")
        level = _LEVELS.get(str(line.get("level")), logging.INFO)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        logger.log(level, "%s", str(line.get("event"))[:200], extra={**fields, "plugin": self.name})  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]

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
        except (TimeoutError, OtherSideError):
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


_RESERVED = frozenset((*logging.makeLogRecord({}).__dict__, "message", "asctime", "plugin", "event", "level"))


def _seen(task: asyncio.Task[Process]) -> None:
    """Take note of how a spare failed: it is made anew with the next visit."""
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.warning("no process waits for the next visit", extra={"trouble": str(error)})
