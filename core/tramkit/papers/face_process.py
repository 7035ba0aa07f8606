"""The station's side of the process that phones speak to (:mod:`tramkit.papers.face`): starts it, and believes little.

What it says is bounded: files only for the link that is shown, one sending at a time and so many of them. Whatever it
sends is looked at by the confined parser as before; that something arrived counts only where it was looked at here. A
process that ends is begun anew; what it listened with stays open meanwhile, so that phones wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import sys
from collections.abc import Mapping
from typing import Any, cast

from tramkit.confinement import confine
from tramkit.confinement.frames import FrameSocket, send_frame
from tramkit.papers.link import Link, LinkEvent
from tramkit.papers.phone_app import SENDINGS
from tramkit.papers.place import Place
from tramkit.papers.problem import Made, Problem
from tramkit.papers.sending import MAX_TOGETHER, NotTakenError, examined
from tramkit_hal.device.clock import Clock
from tramkit_hal.ui.serving import LogBudget

AGAIN_SECONDS = 1.0
"""After which a process that has ended is begun anew."""
MAX_FRAME = MAX_TOGETHER + 64 * 1024
MAX_EVENTS = 500
"""Of one link; who tells more is no longer heard."""
MAX_LETTERS = 200
"""Of a line of its log."""
_MODULE = "tramkit.papers.face"
_EVENTS = frozenset({"opened", "stranger", "sending", "refused"})
_log = logging.getLogger(__name__)


class FaceProcess:
    """Serves phones in a process of its own.

    :param agency: whose station it is, on each page.
    :param most_bytes: of one file.
    :param proxied: a proxy stands before it.
    """

    def __init__(self, clock: Clock, agency: str, most_bytes: int, *, proxied: bool) -> None:
        self._clock = clock
        self._begin = {"kind": "begin", "agency": agency, "most_bytes": most_bytes, "proxied": proxied}
        self._most_bytes = most_bytes
        self._lines = LogBudget(clock)
        self._place = Place()
        self._link: Link | None = None
        self._listening: socket.socket | None = None
        self._pipe: FrameSocket | None = None
        self._control: socket.socket | None = None
        self._living: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._seen: tuple[Made, ...] = ()
        self._looks = self._events = 0
        self.pid = 0
        """Of the process; 0: there is none."""

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Begin the process."""
        self._living = asyncio.create_task(self._live(), name="uploads")

    async def stop(self) -> None:
        """End the process."""
        for task in (self._living, self._looking):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._living = self._looking = None

    async def serve(self, listening: socket.socket) -> None:
        """Hand over a socket that listens."""
        self._listening = listening
        self._hand_over(b"serve", listening)

    async def unserve(self) -> None:
        """Take nothing more, and close the socket."""
        listening, self._listening = self._listening, None
        self._hand_over(b"unserve")
        if listening is not None:
            listening.close()

    def move(self, place: Place) -> None:
        """Be told where it is reached."""
        self._place = place
        self._tell({"kind": "move", "address": place.address})

    def offer(self, link: Link | None) -> None:
        """Show a link; None: none any more."""
        self._link = link
        self._seen, self._looks, self._events = (), 0, 0
        if self._looking is not None:
            self._looking.cancel()
        self._tell(self._told_link())

    async def _live(self) -> None:
        while True:
            ours, theirs = socket.socketpair()
            control, their_control = socket.socketpair()
            ended = asyncio.Event()
            process = await asyncio.create_subprocess_exec(
                *self._words(theirs.fileno(), their_control.fileno()),
                pass_fds=[theirs.fileno(), their_control.fileno()],
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env={"PATH": os.defpath, "LANG": "C.UTF-8"},
                start_new_session=True,
            )
            theirs.close()
            their_control.close()
            control.settimeout(1.0)
            self.pid = process.pid
            try:
                self._pipe = await FrameSocket.over(ours, self._take, ended.set, MAX_FRAME)
                self._control = control
                self._tell_all()
                await ended.wait()
            finally:
                self.pid = 0
                pipe, self._pipe, self._control = self._pipe, None, None
                if pipe is not None:
                    pipe.close()
                control.close()
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await asyncio.shield(process.wait())
            _log.error("what serves phones has ended and begins anew", extra={"status": process.returncode})
            await self._clock.sleep(AGAIN_SECONDS)

    def _words(self, *numbers: int) -> list[str]:
        """Return what the process is started with."""
        more = [*map(str, numbers)]
        if reason := confine.why_not():
            _log.warning("what serves phones is not confined", extra={"reason": reason})
            return [sys.executable, "-I", "-B", "-m", _MODULE, *more, "{}"]
        return [*confine.command((), ()), sys.executable, "-I", "-B", "-m", _MODULE, *more, confine.limits_argument()]

    # ── what it is told ───────────────────────────────────────────────────────────────────────────────────

    def _tell(self, told: dict[str, Any]) -> None:
        if self._pipe is not None:
            self._pipe.send(json.dumps(told).encode() + b"\n")

    def _tell_all(self) -> None:
        self._tell(self._begin)
        self._tell({"kind": "move", "address": self._place.address})
        if self._link is not None and not self._link.spent:
            self._tell(self._told_link())
        if self._listening is not None:
            self._hand_over(b"serve", self._listening)

    def _told_link(self) -> dict[str, Any]:
        link = self._link
        if link is None:
            return {"kind": "link", "link": None}
        return {
            "kind": "link",
            "link": {
                "token": link.token,
                "what": link.what.model_dump(mode="json"),
                "most": link.most,
                "room": link.room,
                "language": link.language,
                "kind": link.kind,
                "seconds": link.expires - self._clock.monotonic(),
            },
        }

    def _hand_over(self, what: bytes, *listening: socket.socket) -> None:
        if self._control is None:
            return
        try:
            send_frame(self._control, what, *(each.fileno() for each in listening))
        except OSError:
            if self._pipe is not None:
                self._pipe.close()

    # ── what it tells ─────────────────────────────────────────────────────────────────────────────────────

    def _take(self, frame: bytes) -> None:
        line, _newline, data = frame.partition(b"\n")
        try:
            told = json.loads(line)
            if told["kind"] == "log":
                self._log(int(told["level"]), str(told["said"]), told["more"])
            elif self._link is not None and told["token"] == self._link.token:
                self._heard(self._link, told, data)
        except (ValueError, KeyError, TypeError, RecursionError):
            _log.error("what serves phones says what cannot be understood")
            if self._pipe is not None:
                self._pipe.close()

    def _log(self, level: int, said: str, more: Mapping[str, object]) -> None:
        """Write a line of its log into the station's, and not too many."""
        if (left_out := self._lines.take()) is not None:
            told = ", ".join(f"{name} {value}" for name, value in more.items())
            extra = {"face": "uploads", "said": _plain(said), "more": _plain(told), "left_out": left_out}
            _log.log(
                logging.WARNING if level >= logging.WARNING else logging.INFO, "what serves phones says", extra=extra
            )

    def _heard(self, link: Link, told: dict[str, Any], data: bytes) -> None:
        self._events += 1
        if self._events > MAX_EVENTS:
            return
        what = told["kind"], told.get("what")
        if told["kind"] == "look":
            self._look(link, [int(size) for size in told["sizes"]], data)
        elif what == ("event", "arrived"):
            if self._seen and not link.spent:
                link.spent = True
                link.tell(LinkEvent("arrived", files=self._seen))
        elif told["kind"] == "event" and told["what"] in _EVENTS:
            problems = [(Problem(problem), of) for problem, of in told["problems"]]
            link.tell(
                LinkEvent(told["what"], tuple(problem for problem, _of in problems), tuple(of for _p, of in problems))
            )

    def _look(self, link: Link, sizes: list[int], data: bytes) -> None:
        """Look at what a phone has sent, unless there is more of it than there may be."""
        self._looks += 1
        busy = self._looking is not None and not self._looking.done()
        fits = 0 < len(sizes) <= link.most and sum(sizes) == len(data) <= link.room
        if busy or self._looks > SENDINGS or not fits or not all(0 < size <= self._most_bytes for size in sizes):
            self._tell({"kind": "looked", "problems": [(0, Problem.MUCH.value, "")]})
            return
        files: list[bytes] = []
        for size in sizes:
            files.append(data[:size])
            data = data[size:]
        self._looking = asyncio.create_task(self._examine(link, files))

    async def _examine(self, link: Link, files: list[bytes]) -> None:
        try:
            made = tuple(await examined(files, link.room))
            problems: list[tuple[int, str, str]] = []
        except NotTakenError as refused:
            made = ()
            problems = [(number, problem.value, kind) for number, problem, kind in refused.problems]
        if link is self._link:
            self._seen = made
            self._tell(cast("dict[str, Any]", {"kind": "looked", "problems": problems}))


def _plain(said: str) -> str:
    """Return words as one line that a terminal can show."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in said[:MAX_LETTERS])
