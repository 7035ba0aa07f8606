"""Starts the templates of plugins, and the processes that they fork."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, cast

from tramkit.confinement import confine
from tramkit.confinement.frames import receive_by, send_frame
from tramkit.host.calls import BadCallError
from tramkit.plugins.process.printed import Printed
from tramkit_hal import TramkitError

_log = logging.getLogger(__name__)

LOAD_SECONDS = 60.0
"""So long a plugin may take to be imported."""
MAX_FRAME = 4 * 1024 * 1024
_MODULE = "tramkit.plugins.process.template"


class LaunchError(TramkitError, RuntimeError):
    """A template that did not start, or did not answer; why, for the operator."""


class Template:
    """A plugin's template, spoken to over its pipe.

    :param end: the station's end.
    :param kill: ends it and all that it has forked, whatever they do.
    :param folder: of the plugin's package.
    :param waits: the process that has imported the plugin is the first that serves.
    :ivar printed: by the process that imported the plugin.
    """

    def __init__(
        self, name: str, end: socket.socket, kill: Callable[[], None], folder: str = "", *, waits: bool = False
    ) -> None:
        self.name = name
        self.folder = folder
        self.waits = waits
        self.printed = Printed(name, folder)
        self.said: Printed | None = None
        self._answer: socket.socket | None = None
        self._loaded = 0
        self._end = end
        self._kill = kill
        self._numbers = count(1)
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._buffer = bytearray()
        self.on_gone: Callable[[], None] = lambda: None
        self.gone = False

    def load(self, asked: Mapping[str, Any]) -> None:
        """Ask it to import the plugin; see :meth:`loaded`."""
        number = next(self._numbers)
        ours, theirs = socket.socketpair()
        output = self.printed.pipe()
        try:
            self._tell({"load": asked, "fork": number}, theirs.fileno(), output)
        finally:
            theirs.close()
            os.close(output)
        self._answer = ours
        self._loaded = number

    def loaded(self) -> dict[str, Any]:
        """Return what was said of the plugin.

        :raises LaunchError: nothing is said.
        """
        assert self._answer is not None
        try:
            got = receive_by(self._answer, MAX_FRAME, time.monotonic() + LOAD_SECONDS)
            told = json.loads(got) if got is not None else None
        except TimeoutError:
            raise LaunchError(f"it was not imported within {LOAD_SECONDS:.0f} s") from None
        except (OSError, BadCallError, ValueError, RecursionError):
            told = None
        self.printed.read()
        if not isinstance(told, dict):
            raise LaunchError("its process ended while it was imported")
        self._answer.settimeout(1.0)
        return cast("dict[str, Any]", told)

    def told(self) -> str:
        """Return the last line that its program, or the process that imports the plugin, has printed; in brackets."""
        if self.said is not None:
            self.said.read()
        return self.printed.told() or (self.said.told() if self.said is not None else "")

    def attach(self) -> None:
        """Listen to it, in the loop that runs."""
        self._end.settimeout(1.0)
        asyncio.get_running_loop().add_reader(self._end.fileno(), self._readable)
        self.printed.attach()

    def detach(self) -> None:
        """Listen no more."""
        with contextlib.suppress(ValueError, OSError, RuntimeError):
            asyncio.get_running_loop().remove_reader(self._end.fileno())
        self.printed.close()

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
            number, status = int(told.get("ended", 0)), int(told.get("status", 0))
            future = self._ended.pop(number, None)
            if future is not None and not future.done():
                future.set_result(status)
            elif number == self._loaded:
                self._loaded = 0

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

    def fork(self, role: str) -> tuple[int, socket.socket, Printed, asyncio.Future[int]]:
        """Fork a process, or take the one that has the plugin imported.

        :returns: its number, the station's end of its pipe, what it prints, and what is done once it has ended.
        :raises LaunchError: the template is gone.
        """
        ours, theirs = socket.socketpair()
        ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        try:
            number, printed = self._begin(role, theirs, ended)
        except OSError:
            ours.close()
            self._lost()
            raise LaunchError("the plugin's template is gone") from None
        finally:
            theirs.close()
        return number, ours, printed, ended

    def _begin(self, role: str, theirs: socket.socket, ended: asyncio.Future[int]) -> tuple[int, Printed]:
        if self.waits and self._loaded and self._answer is not None:
            number, answer = self._loaded, self._answer
            self._loaded, self._answer = 0, None
            self._ended[number] = ended
            with answer, contextlib.suppress(OSError):  # it has ended since: its pipe says so
                send_frame(answer, json.dumps({"role": role}).encode(), theirs.fileno())
            return number, self.printed
        number = next(self._numbers)
        self._ended[number] = ended
        printed = Printed(self.name, self.folder)
        output = printed.pipe()
        try:
            self._tell({"fork": number, "role": role}, theirs.fileno(), output)
        finally:
            os.close(output)
        printed.attach()
        return number, printed

    def _tell(self, told: Mapping[str, Any], *files: int) -> None:
        send_frame(self._end, json.dumps(told).encode(), *files)

    def end(self, number: int) -> None:
        """End one of its processes, whatever it does."""
        try:
            self._tell({"kill": number})
        except OSError:
            self._lost()

    def kill(self) -> None:
        """End it and all that it has forked."""
        self._kill()
        with contextlib.suppress(RuntimeError):
            self._lost()
        self._end.close()
        if self._answer is not None:
            self._answer.close()


class _Root:
    """The template of templates: Tramkit imported once, for all plugins that are not confined."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._end: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._output = os.open(os.devnull, os.O_WRONLY)

    def template(self, name: str, folder: str) -> Template:
        """Start the template of a plugin."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            assert self._end is not None
            ours, theirs = socket.socketpair()
            told = json.dumps({"template": next(self._numbers)}).encode()
            try:
                send_frame(self._end, told, theirs.fileno(), self._output)
            finally:
                theirs.close()
            return Template(name, ours, lambda: None, folder)

    def _start(self) -> None:
        if self._end is not None:
            self._end.close()
        environment = {"LANG": "C.UTF-8"}
        self._process, self._end = _program([sys.executable, "-I", "-B", "-m", _MODULE], (), self._output, environment)


def _program(
    words: Sequence[str], more: Sequence[str], output: int, environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], socket.socket]:
    """Start a template by a program of its own; return it, and the station's end of its pipe."""
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [*words, str(theirs.fileno()), *more],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=environment,
        start_new_session=True,
    )
    theirs.close()
    return process, ours


_root = _Root()


def start_template(name: str, folder: str) -> Template:
    """Start the template of a plugin that runs in processes of the station's own user.

    :param folder: of its package.
    """
    return _root.template(name, folder)


def start_confined(name: str, folder: str, files: Sequence[str]) -> Template:
    """Start the template of a plugin that is confined.

    :param folder: of its package.
    :param files: that it may read.
    """
    words = [*confine.command([folder], files), sys.executable, "-I", "-B", "-m", _MODULE]
    said = Printed(name, folder)
    output = said.pipe()
    process, end = _program(words, [confine.limits_argument()], output, {"PATH": os.defpath})
    os.close(output)
    with contextlib.suppress(OSError):  # where memory runs short, the kernel ends these before the station
        Path(f"/proc/{process.pid}/oom_score_adj").write_text("900", encoding="ascii")

    def kill() -> None:
        said.close()
        process.kill()
        threading.Thread(target=process.wait, daemon=True).start()

    template = Template(name, end, kill, folder, waits=True)
    template.said = said
    return template
