"""The template of a plugin's processes: it sees no resident, and forks.

It runs no loop and no thread, so that it can fork safely. It is a program of its own, with the number of its pipe as
argument, or forked of one that has imported nothing but Tramkit. A confined one runs no code of the plugin's: each
process that it forks locks itself and imports the plugin then, so that whoever forks and ends can be believed whatever
the plugin is; an unconfined one has the plugin imported. Frames of its pipe, JSON each, with ends of pipes beside them:

- ``{"template": n}``, its pipe, its output: fork a template of another plugin, which is spoken to there.
- ``{"load": {...}, "fork": n}``, where to answer, its output: import the plugin, or fork a process that does; answered
  by ``{"described": {...}}`` or ``{"kept_out": step, "reason": …}``. Such a process is told there what it is to serve.
- ``{"fork": n, "role": "worker"|"visit"}``, its pipe, its output: fork a process that serves there.
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
from collections.abc import Callable
from typing import Any, NoReturn

# imported once, for all that are forked
from tramkit.confinement import confine
from tramkit.confinement.frames import receive_frame, send_frame
from tramkit.plugins.process import child
from tramkit.plugins.process.child import Loaded

MAX_FRAME = 4 * 1024 * 1024
MAX_FILES = 4096
PR_SET_PDEATHSIG = 1


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
    if limits:
        confine.hide_memory()
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
        self._asked: dict[str, Any] = {}
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
            self._asked = told["load"]
            self._load(int(told["fork"]), socket.socket(fileno=files[0]), files[1])
        elif "fork" in told:
            self._fork(int(told["fork"]), str(told["role"]), socket.socket(fileno=files[0]), files[1])
        elif "template" in told:
            other = socket.socket(fileno=files[0])
            if self._forked(int(told["template"])):
                _harden({})
                self._leave(other, files[1])
                return other
            other.close()
            os.close(files[1])
        elif "kill" in told:
            pid = self._numbers.get(int(told["kill"]))
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        return None

    def _load(self, number: int, answer: socket.socket, output: int) -> None:
        """Import the plugin here, or in a process that is forked for it."""
        if self._asked["confined"]:
            gc.collect()
            gc.freeze()  # what is forked leaves these pages as they are, and shares them
            if self._forked(number):
                self._leave(answer, output)
                _run(lambda: child.begin(answer, self._asked))
            os.close(output)
        else:
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.close(output)
            plugin = child.load_plugin(self._asked)
            self._plugin = None if isinstance(plugin, dict) else plugin
            gc.collect()
            gc.freeze()
            with contextlib.suppress(OSError):
                send_frame(answer, json.dumps(child.described(plugin)).encode())
        answer.close()

    def _fork(self, number: int, role: str, end: socket.socket, output: int) -> None:
        if (self._plugin is not None or self._asked.get("confined")) and self._forked(number):
            self._leave(end, output)
            _run(lambda: child.serve(end, role, self._plugin or child.load_confined(self._asked)))
        end.close()
        os.close(output)

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

    def _leave(self, end: socket.socket, output: int) -> None:
        """Let go of what is the template's own, in what it has forked: it shares no open file with another process."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for file, number in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(file, number)
        for each in (self._end, self._wake, self._other):
            each.close()
        for file in (nothing, output):
            os.close(file)
        if self._asked.get("confined"):
            os.closerange(3, end.fileno())
            os.closerange(end.fileno() + 1, MAX_FILES)

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


def _run(serve: Callable[[], None]) -> NoReturn:
    """Serve in a forked process, and end it."""
    status = 1
    try:
        serve()
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
