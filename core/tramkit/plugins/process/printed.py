"""What a process of a plugin writes to its standard error: bounded, and where it is blocked."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import re

_log = logging.getLogger(__name__)

MAX_BYTES = 256 * 1024
"""Bytes a minute that are read; whoever prints more waits for the next minute."""
MAX_LINES = 400
"""Lines a minute that are looked at."""
MAX_FRAMES = 100
"""Frames of a blocked thread that are looked at."""
_FRAME = re.compile(r'^  File "([^"]+)", line (\d+) in (\S+)')


class Printed:
    """What one process prints.

    :param plugin: whose process it is.
    :param folder: of the plugin's package: a place in it is told rather than one in a library that it calls.
    """

    def __init__(self, plugin: str, folder: str) -> None:
        self._plugin = plugin
        self._folder = folder
        self._last = ""
        self._rest = b""
        self._end = -1
        self._frames: list[tuple[str, str]] | None = None
        self._minute = (-1, 0, 0)
        self._reading: asyncio.AbstractEventLoop | None = None
        self._later: asyncio.TimerHandle | None = None

    @property
    def place(self) -> str:
        """File, line and function at which it was blocked last; empty: it was not."""
        frames = self._frames or []
        own = [place for file, place in frames if self._folder and file.startswith(f"{self._folder}/")]
        return own[0] if own else frames[0][1] if frames else ""

    def pipe(self) -> int:
        """Return what the process is to write to; its own copy is closed by the caller."""
        self._end, write = os.pipe()
        os.set_blocking(self._end, False)
        with contextlib.suppress(OSError):
            fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 65536)
        return write

    def attach(self) -> None:
        """Read it in the loop that runs."""
        self._later = None
        if self._end >= 0 and self._reading is None:
            self._reading = asyncio.get_running_loop()
            self._reading.add_reader(self._end, self.read)

    def close(self) -> None:
        """Read it no more."""
        self._pause()
        if self._later is not None:
            self._later.cancel()
        if self._end >= 0:
            os.close(self._end)
            self._end = -1

    def _pause(self) -> None:
        if self._reading is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed
                self._reading.remove_reader(self._end)
            self._reading = None

    def read(self) -> None:
        """Read what is there."""
        try:
            chunk = os.read(self._end, 65536) if self._end >= 0 else b""
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self.close()
            return
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[-4096:]
        for line in lines:
            if self._lines_left():
                self._line(line.decode(errors="replace"))
        self._slow_down(len(chunk))

    def _lines_left(self) -> bool:
        minute, lines, size = self._minute
        self._minute = (minute, lines + 1, size)
        return lines < MAX_LINES

    def _slow_down(self, more: int) -> None:
        """Read on in the next minute only, where too much was read in this one."""
        if self._reading is None:
            return
        loop = self._reading
        now = int(loop.time() // 60)
        minute, lines, size = self._minute
        if minute != now:
            minute, lines, size = now, 0, 0
        size += more
        self._minute = (minute, lines, size)
        if size > MAX_BYTES:
            _log.error("plugin prints too much", extra={"plugin": self._plugin})
            self._pause()
            self._later = loop.call_later(60.0, self.attach)

    def _line(self, line: str) -> None:
        if line.startswith(("Timeout (", "Thread 0x", "Current thread")):
            self._frames = []  # threads are told the newest first: the loop's own is the last
        elif found := _FRAME.match(line):
            if self._frames is not None and len(self._frames) < MAX_FRAMES:
                self._frames.append((found[1], f"{found[1].rpartition('/')[2]}:{found[2]} {found[3]}"))
        elif line and not line.startswith("Extension modules"):
            self._last = "".join(letter if letter.isprintable() else "?" for letter in line[:200])
            _log.debug("plugin prints", extra={"plugin": self._plugin, "said": self._last})

    def told(self) -> str:
        """Return the last line that was printed, in brackets; empty: nothing was."""
        return f" ({self._last})" if self._last else ""
