"""Starts the templates of plugins, and the processes that they fork."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tramkit.host.calls import BadCallError
from tramkit.plugins.process import confine
from tramkit.plugins.process.frames import receive_frame, send_frame
from tramkit_hal import TramkitError

_log = logging.getLogger(__name__)

LOAD_SECONDS = 60.0
"""So long a plugin may take to be imported."""
MAX_FRAME = 4 * 1024 * 1024
MAX_LINES = 200
"""Lines a minute that are taken of what a plugin prints; the others are counted."""
_MODULE = "tramkit.plugins.process.template"
_PLACE = re.compile(r'^  File "([^"]+)", line (\d+) in (\S+)')


class LaunchError(TramkitError, RuntimeError):
    """A template that did not start, or did not answer; why, for the operator."""


@dataclass
class Printed:
    """What a plugin's processes write to their standard error: bounded, and where a blocked one stands.

    :ivar last: the line that was printed last.
    :ivar place: file, line and function at which a process was blocked last; empty: none was.
    """

    plugin: str
    place: str = ""
    last: str = ""
    _dump: list[str] = field(default_factory=list[str])

    def follow(self, pipe: int) -> None:
        """Read the pipe in a thread until its other end is closed."""
        threading.Thread(target=self._read, args=(pipe,), name=f"printed by {self.plugin}", daemon=True).start()

    def _read(self, pipe: int) -> None:
        with os.fdopen(pipe, "rb", buffering=0) as end:
            rest = b""
            while chunk := end.read(4096):
                *lines, rest = (rest + chunk)[-65536:].split(b"\n")
                for line in lines:
                    self._line(line.decode(errors="replace"))

    def _line(self, line: str) -> None:
        if line.startswith("Timeout ("):
            self._dump = []
        elif found := _PLACE.match(line):
            self._dump.append(f"{found[1].rpartition('/')[2]}:{found[2]} {found[3]}")
            if len(self._dump) == 1:
                self.place = self._dump[0]
        elif line and not line.startswith(("Thread 0x", "Current thread", "Extension modules")):
            self.last = line[:200]
            _log.debug("plugin prints", extra={"plugin": self.plugin, "said": self.last})

    def told(self) -> str:
        """Return the last line that was printed, in brackets; empty: nothing was."""
        return f" ({self.last})" if self.last else ""


class Template:
    """A plugin's template, spoken to over its pipe.

    :param end: the station's end.
    :param kill: ends it and all that it has forked, whatever they do.
    """

    def __init__(self, name: str, end: socket.socket, kill: Callable[[], None], printed: Printed) -> None:
        self.name = name
        self.printed = printed
        self._end = end
        self._kill = kill
        self._numbers = count(1)
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._buffer = bytearray()
        self.on_gone: Callable[[], None] = lambda: None
        self.gone = False

    def load(self, asked: Mapping[str, Any]) -> None:
        """Ask it to import the plugin; see :meth:`loaded`."""
        with contextlib.suppress(OSError):
            send_frame(self._end, json.dumps({"load": asked}).encode())

    def loaded(self) -> dict[str, Any]:
        """Return what it said of the plugin.

        :raises LaunchError: it says nothing.
        """
        self._end.settimeout(LOAD_SECONDS)
        try:
            got = receive_frame(self._end, MAX_FRAME)
        except TimeoutError:
            raise LaunchError(f"it was not imported within {LOAD_SECONDS:.0f} s") from None
        except (OSError, BadCallError):
            got = None
        if got is None:
            raise LaunchError("its process ended while it was imported")
        told: dict[str, Any] = json.loads(got[0])
        return told

    def attach(self) -> None:
        """Listen to it, in the loop that runs."""
        self._end.settimeout(1.0)
        asyncio.get_running_loop().add_reader(self._end.fileno(), self._readable)

    def detach(self) -> None:
        """Listen no more."""
        with contextlib.suppress(ValueError, OSError, RuntimeError):
            asyncio.get_running_loop().remove_reader(self._end.fileno())

    def _readable(self) -> None:
        try:
            chunk = self._end.recv(65536)
        except OSError:
            chunk = b""
        if not chunk:
            self._lost()
            return
        self._buffer += chunk
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[:4])
            if length > MAX_FRAME:
                self.kill()
                return
            if len(self._buffer) < 4 + length:
                return
            told = json.loads(self._buffer[4 : 4 + length])
            del self._buffer[: 4 + length]
            future = self._ended.pop(int(told.get("ended", 0)), None)
            if future is not None and not future.done():
                future.set_result(int(told.get("status", 0)))

    def _lost(self) -> None:
        if self.gone:
            return
        self.gone = True
        self.detach()
        for future in self._ended.values():
            if not future.done():
                future.set_result(-1)
        self._ended.clear()
        self.on_gone()

    def fork(self, role: str) -> tuple[int, socket.socket, asyncio.Future[int]]:
        """Fork a process; return its number, the station's end of its pipe, and what is done once it has ended.

        :raises LaunchError: the template is gone.
        """
        number = next(self._numbers)
        ours, theirs = socket.socketpair()
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._ended[number] = ended
        try:
            send_frame(self._end, json.dumps({"fork": number, "role": role}).encode(), theirs.fileno())
        except OSError:
            ours.close()
            self._lost()
            raise LaunchError("the plugin's template is gone") from None
        finally:
            theirs.close()
        return number, ours, ended

    def end(self, number: int) -> None:
        """End one of its processes, whatever it does."""
        try:
            send_frame(self._end, json.dumps({"kill": number}).encode())
        except OSError:
            self._lost()

    def kill(self) -> None:
        """End it and all that it has forked."""
        self._kill()
        self._lost_quietly()

    def _lost_quietly(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._lost()
        self._end.close()


class _Root:
    """The template of templates: Tramkit imported once, for all plugins that are not confined."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._end: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._printed = Printed("plugins")

    def template(self, name: str) -> Template:
        """Start the template of a plugin."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            assert self._end is not None
            ours, theirs = socket.socketpair()
            try:
                send_frame(self._end, json.dumps({"template": next(self._numbers)}).encode(), theirs.fileno())
            finally:
                theirs.close()
            return Template(name, ours, lambda: None, self._printed)

    def _start(self) -> None:
        if self._end is not None:
            self._end.close()
        environment = {"LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        self._process, self._end = _program([sys.executable, "-I", "-m", _MODULE], (), self._printed, environment)


def _program(
    words: Sequence[str], more: Sequence[str], printed: Printed, environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a template by a program of its own; return it, and the station's end of its pipe."""
    read, write = os.pipe()
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [*words, str(theirs.fileno()), *more],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=write,
        stderr=write,
        env=environment,
        start_new_session=True,
    )
    theirs.close()
    os.close(write)
    printed.follow(read)
    return process, ours


_root = _Root()


def start_template(name: str) -> Template:
    """Start the template of a plugin that runs in processes of the station's own user."""
    return _root.template(name)


def start_confined(name: str, folders: Sequence[str], files: Sequence[str]) -> Template:
    """Start the template of a plugin that is confined.

    :param folders: from which it is imported.
    :param files: that it may read.
    """
    printed = Printed(name)
    words = [*confine.command(folders, files), sys.executable, "-I", "-m", _MODULE]
    process, end = _program(words, [confine.limits_argument()], printed, {"PATH": os.defpath})

    def kill() -> None:
        process.kill()
        threading.Thread(target=process.wait, daemon=True).start()

    return Template(name, end, kill, printed)
