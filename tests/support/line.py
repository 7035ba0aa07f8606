"""The far end of a serial line: a pseudo-terminal whose other side is a device of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import tty
from collections.abc import Callable


class Line:
    """A serial line; what the driver writes comes to :attr:`heard`.

    :attr:`path` keeps its name when the line is pulled and plugged in again, as a link in ``/dev/serial/by-id`` does.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.heard: Callable[[bytes], None] = lambda _data: None
        self._main = self._line = -1
        self._unsent = bytearray()

    def plug(self) -> None:
        """Plug it in."""
        self._main, self._line = pty.openpty()
        tty.setraw(self._line)
        os.set_blocking(self._main, False)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.symlink(os.ttyname(self._line), self.path)
        asyncio.get_running_loop().add_reader(self._main, self._readable)

    def unplug(self) -> None:
        """Pull it out."""
        if self._main < 0:
            return
        asyncio.get_running_loop().remove_reader(self._main)
        os.close(self._line)
        os.close(self._main)
        self._main = -1
        os.unlink(self.path)

    def say(self, data: bytes) -> None:
        """Send bytes to the driver."""
        self._unsent += data
        self._send()

    def _send(self) -> None:
        """Write what the line takes; the rest once the driver has read."""
        if self._main < 0:
            self._unsent.clear()
            return
        with contextlib.suppress(BlockingIOError):
            del self._unsent[: os.write(self._main, self._unsent)]
        if self._unsent:
            asyncio.get_running_loop().call_later(0.005, self._send)

    def _readable(self) -> None:
        try:
            data = os.read(self._main, 4096)
        except OSError:
            return
        self.heard(data)
