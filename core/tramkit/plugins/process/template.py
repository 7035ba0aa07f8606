"""The template of a plugin's processes: it imports the plugin, sees no resident, and forks.

It runs no loop and no thread, so that it can fork safely. It is a program of its own, with the number of its pipe as
argument, or forked of one that has imported nothing but Tramkit. Frames of its pipe, JSON each:

- ``{"template": n}`` with an end of a pipe: fork a template of another plugin, which is spoken to there.
- ``{"load": {...}}``: import the plugin; answered by ``{"described": {...}}`` or ``{"kept_out": step, "reason": …}``.
- ``{"fork": n, "role": "worker"|"visit"}`` with an end of a pipe: fork a process that serves there.
- ``{"kill": n}``: end one. ``{"ended": n, "status": s}`` is told of each that has ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any, NoReturn

# imported once, for all that are forked
from tramkit.plugins.process import child
from tramkit.plugins.process.child import Loaded
from tramkit.plugins.process.frames import receive_frame, send_frame

MAX_FRAME = 4 * 1024 * 1024
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4


def main() -> None:
    """Serve the pipe whose number is the first argument."""
    end = socket.socket(fileno=int(sys.argv[1]))
    limits: dict[str, int] = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    _harden(limits)
    while True:
        end = Template(end).run()


def _harden(limits: dict[str, int]) -> None:
    """End with the station, leave no core behind, and take no more than is granted."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}")
        _soft, hard = resource.getrlimit(kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # the station ends it, and not who closes the terminal


def _nothing(_signal: int, _frame: object) -> None:
    """A signal that only wakes."""


class Template:
    """One template: its pipe, and what it has forked."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._children: dict[int, int] = {}
        self._numbers: dict[int, int] = {}
        self._plugin: Loaded | None = None
        self._wake, other = socket.socketpair()
        self._wake.setblocking(False)
        other.setblocking(False)
        self._other = other
        signal.set_wakeup_fd(other.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)

    def run(self) -> socket.socket:
        """Do what is asked until the station is gone; in a forked template, return the pipe it is spoken to by."""
        while True:
            ready, _w, _x = select.select([self._end, self._wake], [], [])
            if self._wake in ready:
                with contextlib.suppress(BlockingIOError):
                    self._wake.recv(4096)
                self._reap()
            if self._end in ready:
                got = receive_frame(self._end, MAX_FRAME)
                if got is None:
                    self._end_all()
                again = self._do(json.loads(got[0]), got[1])
                if again is not None:
                    return again

    def _do(self, told: dict[str, Any], files: list[int]) -> socket.socket | None:
        if "load" in told:
            self._tell(self._load(told["load"]))
        elif "fork" in told:
            self._fork(int(told["fork"]), str(told["role"]), socket.socket(fileno=files[0]))
        elif "template" in told:
            other = socket.socket(fileno=files[0])
            if self._forked(int(told["template"])):
                _harden({})
                self._leave()
                return other
            other.close()
        elif "kill" in told:
            pid = self._numbers.get(int(told["kill"]))
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        return None

    def _load(self, asked: dict[str, Any]) -> dict[str, Any]:
        plugin = child.load_plugin(asked)
        if isinstance(plugin, dict):
            return plugin
        self._plugin = plugin
        gc.collect()
        gc.freeze()
        return {"described": plugin.described.model_dump(mode="json")}

    def _fork(self, number: int, role: str, end: socket.socket) -> None:
        plugin = self._plugin
        if plugin is None:
            end.close()
            return
        if self._forked(number):
            self._leave()
            status = 1
            try:
                child.serve(end, role, plugin)
                status = 0
            finally:
                os._exit(status)
        end.close()

    def _forked(self, number: int) -> bool:
        """Fork; return whether this is the child."""
        pid = os.fork()
        if pid:
            self._children[pid] = number
            self._numbers[number] = pid
            return False
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        return True

    def _leave(self) -> None:
        """Let go of what is the template's own, in what it has forked."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for each in (self._end, self._wake, self._other):
            each.close()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            number = self._children.pop(pid, None)
            if number is not None:
                self._numbers.pop(number, None)
                self._tell({"ended": number, "status": status})

    def _tell(self, frame: dict[str, Any]) -> None:
        try:
            send_frame(self._end, json.dumps(frame).encode())
        except OSError:
            self._end_all()

    def _end_all(self) -> NoReturn:
        for pid in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        os._exit(0)


if __name__ == "__main__":
    main()
