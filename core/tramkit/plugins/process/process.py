"""One process of a plugin, as the station sees it: its pipe, and whether it is alive."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from signal import SIGSYS
from typing import Any, Literal, Protocol

from tramkit.confinement.frames import MAX_OF_PLUGIN, FrameSocket
from tramkit.host.calls import BadCallError, OtherSideError
from tramkit.host.peer import Peer, Target
from tramkit.plugins.process.launcher import LaunchError, Template
from tramkit.plugins.process.said import Said

_log = logging.getLogger(__name__)

READY_SECONDS = 20.0
"""So long a forked process may take until it says that it is ready."""
MAX_FRAMES, MAX_BYTES = 2000, 32 * 1024 * 1024
"""Frames and bytes that are taken of one process in a second; whoever sends more is ended."""


class Owner(Protocol):
    """Whose process it is."""

    name: str
    template: Template
    said: Said
    stamp: Callable[[], dict[str, Any]] | None

    def target_of(self, process: Process, name: str) -> Target | None:
        """Return what a process may call by a name; None: nothing."""
        ...

    def process_ended(self, process: Process) -> None:
        """Take note that a process has gone."""
        ...


class Process:
    """One process of a plugin: its pipe, and whether it is alive."""

    def __init__(self, plugin: Owner, role: Literal["worker", "visit"]) -> None:
        self._plugin = plugin
        self.visit = ""
        """The visit that it serves, once one has begun."""
        self._number, self._socket, self.printed, self.ended = plugin.template.fork(role)
        self.role = role
        self.peer = Peer(self._send, lambda name: plugin.target_of(self, name))
        self.peer.on_note = self._note
        self.peer.stamp = plugin.stamp
        self._frames: FrameSocket | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ended.add_done_callback(self._has_ended)
        self.heard_at = asyncio.get_running_loop().time()
        self.named = False
        self.over = False
        self._killed = False
        self._second = (0, 0, 0)
        self.knows = False
        """Whether it was told of an order, a payment or a sign-in."""
        self.told_at = 0.0
        self.under_way = 0

    async def open(self) -> None:
        """Wait until it is ready.

        :raises LaunchError: it is not.
        """
        try:
            self._frames = await FrameSocket.over(self._socket, self._take, self._lost, MAX_OF_PLUGIN)
            async with asyncio.timeout(READY_SECONDS):
                await self._ready
        except (TimeoutError, OtherSideError):
            self.kill()
            raise LaunchError("a process of the plugin did not start") from None
        except asyncio.CancelledError:
            self.kill()
            raise

    def _send(self, frame: bytes) -> None:
        if self._frames is not None:
            self._frames.send(frame)

    def _take(self, frame: bytes) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        self.named = False
        second, frames, size = self._second
        if second != int(self.heard_at):
            second, frames, size = int(self.heard_at), 0, 0
        self._second = (second, frames + 1, size + len(frame))
        if frames >= MAX_FRAMES or size + len(frame) > MAX_BYTES + MAX_OF_PLUGIN:
            self._give_up("it floods the station")
            return
        try:
            self.peer.receive(frame)
        except BadCallError as error:
            self._give_up(str(error)[:200])

    def _give_up(self, reason: str) -> None:
        """End a process that does what no process of Tramkit does, and tell the operator so."""
        extra = {"plugin": self._plugin.name, "role": self.role, "reason": reason}
        _log.error("plugin's process is ended", extra=extra)
        self.kill()

    def _note(self, told: dict[str, Any]) -> None:
        if told.get("note") == "ready" and not self._ready.done():
            self._ready.set_result(None)
        elif told.get("note") == "log":
            self._plugin.said.log(told)
        elif told.get("note") == "attempt":
            self._plugin.said.attempted(str(told.get("words")))

    def _lost(self) -> None:
        self.over = True
        gone = OtherSideError("the plugin's process has ended")
        if not self._ready.done():
            self._ready.set_exception(gone)
            self._ready.exception()
        self.peer.close(gone)
        self._plugin.process_ended(self)

    def _has_ended(self, ended: asyncio.Future[int]) -> None:
        """Tell how it ended, where the station has not ended it."""
        if self._killed or ended.cancelled() or ended.result() < 0:
            return
        status = ended.result()
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            reason = "it asked the kernel for what no service needs" if number == SIGSYS else f"signal {number}"
        else:
            reason = f"exit {os.waitstatus_to_exitcode(status)}"
        extra = {"plugin": self._plugin.name, "role": self.role, "reason": reason}
        _log.error("plugin's process has ended", extra=extra)

    def kill(self) -> None:
        """End it at once, whatever it does; what it knew is gone with it."""
        if not self.over:
            self.over = self._killed = True
            self._plugin.template.end(self._number)
            if self._frames is not None:
                self._frames.close()
            else:
                self._socket.close()
