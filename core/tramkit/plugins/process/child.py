"""What runs in a plugin's processes: the plugin's own code, at the other end of a pipe from the station."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import json
import logging
import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, cast

from tramkit.confinement import confine
from tramkit.confinement.frames import MAX_TO_PLUGIN, FrameSocket, receive_frame, send_frame
from tramkit.host.egress import Egress
from tramkit.host.peer import Peer, Proxy
from tramkit.host.plugin_side import Description
from tramkit.host.remote_host import Streams
from tramkit.host.worker import PluginWorker
from tramkit.log import configure
from tramkit.plugins.hookspecs import PluginContext
from tramkit.plugins.importing import load_here
from tramkit.plugins.installed import KeptOutError, installed
from tramkit.plugins.process.attempts import Attempts
from tramkit.plugins.process.calls import CLOCK, EGRESS
from tramkit.visit import egress
from tramkit.visit.inline import InlinePlugin
from tramkit_hal.device.clock import Clock, SystemClock

BEAT_SECONDS = 0.5
"""How often a process says that its loop turns."""
MAX_ROLE = 1024
BLOCKED_SECONDS = 1.0
"""After so long without a turn it is written where the loop stands."""


@dataclass
class Loaded:
    """A plugin that was imported here."""

    plugin: InlinePlugin
    described: Description
    clock: StationClock | None
    attempts: Attempts | None = None


class StationClock:
    """The station's clock, where it is not the machine's: it says the time with each frame, and sleeps there."""

    def __init__(self) -> None:
        self.peer: Peer | None = None
        self._machine = SystemClock()
        self._told: dict[str, Any] = {}

    def take(self, told: dict[str, Any]) -> None:
        """Take the time that came with a frame."""
        self._told = told

    def now(self) -> Any:
        from datetime import datetime

        return datetime.fromisoformat(self._told["now"]) if self._told else self._machine.now()

    def monotonic(self) -> float:
        return float(self._told["monotonic"]) if self._told else self._machine.monotonic()

    async def sleep(self, seconds: float) -> None:
        assert self.peer is not None
        await self.peer.call("clock", CLOCK, "sleep", seconds)


def load_plugin(asked: dict[str, Any]) -> Loaded | dict[str, Any]:
    """Import a plugin and make what it offers; return it, or why it is kept out.

    :param asked: ``entry`` (name, value, group), ``version``, ``folder``, ``path``, ``settings``, ``context``, ``log``.
    """
    configure(asked["log"])
    for folder in reversed(asked["path"]):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    clock: Clock = StationClock() if asked["clock"] == "station" else SystemClock()
    context = PluginContext(clock=clock, station=asked["station"], site=asked["site"])
    entry = EntryPoint(**asked["entry"])
    plugin = installed(entry, asked["version"], Path(asked["folder"]))
    try:
        made = load_here(plugin, asked["settings"], context, environ=asked["environ"])
    except KeptOutError as out:
        return {"kept_out": out.step, "reason": out.reason}
    if threading.active_count() > 1:
        return {"kept_out": "import", "reason": "it starts a thread when it is imported; begin it in start()"}
    described = Description(
        services=made.services,
        payment_methods=made.payment_methods,
        identity_methods=made.identity_methods,
        background=made.background,
    )
    return Loaded(made, described, clock if isinstance(clock, StationClock) else None)


def described(plugin: Loaded | dict[str, Any]) -> dict[str, Any]:
    """Return what the station is told of a plugin that was imported, or why it is kept out."""
    return plugin if isinstance(plugin, dict) else {"described": plugin.described.model_dump(mode="json")}


def begin(answer: socket.socket, asked: dict[str, Any]) -> None:
    """Import a plugin into this process, confined; tell what it offers; then serve what the station says there."""
    plugin = _load_locked(asked)
    send_frame(answer, json.dumps(described(plugin)).encode())
    if isinstance(plugin, dict) or (told := receive_frame(answer, MAX_ROLE)) is None:
        return
    answer.close()
    serve(socket.socket(fileno=told[1][0]), json.loads(told[0])["role"], plugin)


def load_confined(asked: dict[str, Any]) -> Loaded:
    """Import a plugin into this process, confined.

    :raises RuntimeError: it is kept out now, though it was not before.
    """
    plugin = _load_locked(asked)
    if isinstance(plugin, dict):
        raise RuntimeError("the plugin cannot be imported any more")
    return plugin


def _load_locked(asked: dict[str, Any]) -> Loaded | dict[str, Any]:
    confine.lock_process()
    attempts = Attempts()
    plugin = load_plugin(asked)
    if isinstance(plugin, Loaded):
        plugin.attempts = attempts
    return plugin


def serve(end: socket.socket, role: str, loaded: Loaded) -> None:
    """Serve one pipe until its other end is gone."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asyncio.run(_serve(end, role, loaded))


async def _serve(end: socket.socket, role: str, loaded: Loaded) -> None:
    frames: FrameSocket | None = None
    worker: PluginWorker | None = None

    def take(frame: bytes) -> None:
        assert worker is not None
        worker.peer.receive(frame)

    def send(frame: bytes) -> None:
        assert frames is not None
        frames.send(frame)

    frames = await FrameSocket.over(end, take, lambda: os._exit(0), MAX_TO_PLUGIN)
    worker = PluginWorker(loaded.plugin, send, lambda _visit: cast("Streams", _NoStreams()))
    if loaded.clock is not None:
        loaded.clock.peer = worker.peer
        worker.peer.on_stamp = loaded.clock.take
    egress.use(cast("Egress", Proxy(worker.peer, "egress", EGRESS)))
    logging.getLogger().handlers[:] = [_LogOverPipe(send)]
    if loaded.attempts is not None:
        loop = asyncio.get_running_loop()
        loaded.attempts.tell_to(lambda words: _told(loop, send, words))
    send(json.dumps({"id": 0, "note": "ready"}).encode())
    while True:
        with contextlib.suppress(ValueError, OSError):  # no standard error
            faulthandler.dump_traceback_later(BLOCKED_SECONDS)
        send(b'{"id":0,"note":"beat"}')
        await asyncio.sleep(BEAT_SECONDS)


def _told(loop: asyncio.AbstractEventLoop, send: Any, words: str) -> None:
    frame = json.dumps({"id": 0, "note": "attempt", "words": words}).encode()
    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(send, frame)


class _LogOverPipe(logging.Handler):
    """Gives lines of the log to the station, which counts them and writes them with the plugin's name."""

    def __init__(self, send: Any) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(Exception):
            line = {"level": record.levelname.lower(), "event": str(record.msg)[:200], "logger": record.name[:80]}
            extra = {
                name: value
                for name, value in record.__dict__.items()
                if name not in _OWN and isinstance(value, str | int | float | bool)
            }
            error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
            if error is not None:
                extra["error"] = place_of(error)
            self._send(json.dumps({"id": 0, "note": "log", "line": line, "extra": extra}).encode())


_OWN = frozenset(logging.makeLogRecord({}).__dict__)


def place_of(error: BaseException) -> str:
    """Return an error's type and where it was raised, without its message."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


class _NoStreams:
    """Moving pictures and sound do not cross to a process."""

    def __getattr__(self, name: str) -> Any:
        if name == "close":
            return lambda: None
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*_args: Any, **_kwargs: Any) -> Any:
            raise RuntimeError("pictures and sound need isolation = 'inline'")

        return refuse
