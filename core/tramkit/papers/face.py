"""What phones speak to, as a program of its own: it hears strangers, and has nothing of the station's.

``python -I -B -m tramkit.papers.face PIPE CONTROL LIMITS``, with the numbers of two sockets. The station listens, and
hands over what it listens with: where the machine can confine, this process sees no file, no network and no other
process, and can do nothing but take what comes to that socket. It knows the link that is shown (whoever scans the code
knows as much) and no key, order or person.

Frames of the pipe are JSON, after a line break the bytes of files. From the station: ``begin``, ``move``, ``link``,
``looked``; from here: ``look``, ``event``, ``log``. On the other socket, which carries what is listened with:
``serve`` and ``unserve``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import resource
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tramkit.confinement import confine
from tramkit.confinement.frames import FrameSocket, receive_frame
from tramkit.papers.link import Link, LinkEvent
from tramkit.papers.phone_app import PhoneApp
from tramkit.papers.place import Place
from tramkit.papers.problem import Made, Problem
from tramkit.papers.sending import NotTakenError
from tramkit_hal.device.clock import SystemClock
from tramkit_hal.words import Text

MAX_FRAME = 256 * 1024
"""Bytes of what the station tells: a link, or why a file is not taken."""
_FIELDS = frozenset(logging.makeLogRecord({}).__dict__)


@dataclass
class _ToldLink(Link):
    """A link whose events go to the station."""

    told: Callable[[LinkEvent], None] = field(default=lambda _event: None, repr=False)

    def tell(self, what: LinkEvent) -> None:
        """Tell the station."""
        self.told(what)


class _Face:
    """Serves phones, and asks the station about whatever they have sent."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._pipe: FrameSocket | None = None
        self._clock = SystemClock()
        self._app: PhoneApp | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.BaseSite | None = None
        self._looking: asyncio.Future[list[Made]] | None = None
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._gone = asyncio.Event()

    async def run(self, pipe: socket.socket) -> None:
        """Serve until the station is gone."""
        self._pipe = await FrameSocket.over(pipe, self._take, self._gone.set, MAX_FRAME)
        await self._gone.wait()

    def send(self, told: dict[str, Any], data: bytes = b"") -> None:
        """Tell the station something."""
        if self._pipe is not None:
            self._pipe.send(json.dumps(told).encode() + b"\n" + data)

    # ── what the station tells ────────────────────────────────────────────────────────────────────────────

    def _take(self, frame: bytes) -> None:
        told = json.loads(frame.partition(b"\n")[0])
        match told["kind"]:
            case "begin":
                self._app = PhoneApp(self._clock, told["agency"], told["most_bytes"], self._look)
                self._runner = self._app.runner(proxied=told["proxied"])
                asyncio.get_running_loop().add_reader(self._control.fileno(), self._handed_over)
            case "move" if self._app is not None:
                self._app.place = Place(told["address"])
            case "link" if self._app is not None:
                self._offer(self._app, told["link"])
            case "looked":
                self._looked(told["problems"])
            case _:
                self._gone.set()

    def _offer(self, app: PhoneApp, told: dict[str, Any] | None) -> None:
        if app.link is not None:
            app.link.spent = True
        waiting, self._looking = self._looking, None
        if waiting is not None and not waiting.done():
            waiting.set_result([])  # for a link that is no longer there: its phone is told so
        if told is None:
            app.link = None
            return
        expires = self._clock.monotonic() + told.pop("seconds")
        what = Text.model_validate(told.pop("what"))
        token: str = told["token"]
        app.link = _ToldLink("", what=what, expires=expires, told=lambda event: self.send(_event(token, event)), **told)

    def _looked(self, problems: list[tuple[int, str, Any]]) -> None:
        waiting, self._looking = self._looking, None
        if waiting is None or waiting.done():
            return
        if problems:
            waiting.set_exception(NotTakenError(tuple((number, Problem(why), of) for number, why, of in problems)))
        else:
            waiting.set_result([])  # the station has them, and gives them to whom they were sent for

    async def _look(self, files: list[bytes], _room: int) -> list[Made]:
        assert self._app is not None
        link = self._app.link
        waiting = self._looking = asyncio.get_running_loop().create_future()
        told = {"kind": "look", "token": link.token if link else "", "sizes": [len(each) for each in files]}
        self.send(told, b"".join(files))
        return await waiting

    # ── what is listened with ─────────────────────────────────────────────────────────────────────────────

    def _handed_over(self) -> None:
        try:
            got = receive_frame(self._control, MAX_FRAME, 1)
        except OSError:
            got = None
        if got is None:
            self._gone.set()
            return
        what, files = got
        listening = socket.socket(fileno=files[0]) if files else None
        task = asyncio.create_task(self._change(listening if what == b"serve" else None))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _change(self, listening: socket.socket | None) -> None:
        async with self._changing:
            assert self._runner is not None
            site, self._site = self._site, None
            if site is not None:
                await site.stop()
            if listening is not None:
                if self._runner.server is None:
                    await self._runner.setup()
                self._site = web.SockSite(self._runner, listening)
                await self._site.start()


def _event(token: str, event: LinkEvent) -> dict[str, Any]:
    problems = [(problem.value, kind) for problem, kind in zip(event.problems, event.of, strict=True)]
    return {"kind": "event", "token": token, "what": event.kind, "problems": problems}


class _ToTheStation(logging.Handler):
    """Gives lines of the log to the station."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        super().__init__(logging.INFO)
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        more = {name: str(value) for name, value in record.__dict__.items() if name not in _FIELDS}
        with contextlib.suppress(Exception):  # a line that cannot be told ends nothing
            self._send({"kind": "log", "level": record.levelno, "said": record.getMessage(), "more": more})


def main() -> None:
    """Serve until the station is gone."""
    pipe, control = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limits: dict[str, int] = json.loads(sys.argv[3])
    for name, most in limits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}")
        _soft, hard = resource.getrlimit(kind)
        granted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (granted, granted))
    if limits:
        confine.lock_process(accepts=True)
    asyncio.run(_serve(pipe, control))


async def _serve(pipe: socket.socket, control: socket.socket) -> None:
    face = _Face(control)
    root = logging.getLogger()
    root.addHandler(_ToTheStation(face.send))
    root.setLevel(logging.INFO)
    await face.run(pipe)


if __name__ == "__main__":
    main()
