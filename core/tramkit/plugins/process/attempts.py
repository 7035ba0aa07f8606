"""What a confined plugin tries and may not, for the operator's log.

The kernel refuses; this only tells. It hears what Python itself is asked for (PEP 578), so code that goes round Python
is refused without a word, or ended by the kernel, which the template tells.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import Any

MAX_ATTEMPTS = 50
"""Attempts of one process that are told; each kind once."""

_REFUSED = {
    "socket.connect": "connect",
    "socket.bind": "listen",
    "socket.sendto": "send",
    "socket.getaddrinfo": "resolve a name",
    "socket.gethostbyname": "resolve a name",
    "subprocess.Popen": "start a program",
    "os.system": "start a program",
    "os.exec": "start a program",
    "os.posix_spawn": "start a program",
    "os.spawn": "start a program",
    "pty.spawn": "start a program",
    "os.fork": "fork",
    "os.forkpty": "fork",
    "os.kill": "signal a process",
    "os.killpg": "signal a process",
    "signal.pthread_kill": "signal a process",
    "os.mkdir": "write a file",
    "os.symlink": "write a file",
    "os.link": "write a file",
    "os.rename": "write a file",
    "os.remove": "write a file",
    "os.chmod": "write a file",
    "os.setxattr": "write a file",
    "mmap.__new__": "share memory",
    "fcntl.flock": "lock a file",
}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND


class Attempts:
    """Hears attempts from here on, in this process; it cannot be taken away again.

    :ivar tell: takes the words of an attempt; may be called in any thread.
    """

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._known: set[str] = set()
        self._tell: Callable[[str], None] = self._waiting.append
        sys.addaudithook(self._hear)

    def tell_to(self, tell: Callable[[str], None]) -> None:
        """Tell those before now, and those that come."""
        self._tell = tell
        for each in self._waiting:
            tell(each)
        self._waiting.clear()

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        try:
            words = _words(event, arguments)
            if words and words not in self._known and len(self._known) < MAX_ATTEMPTS:
                self._known.add(words)
                self._tell(words)
        except Exception:
            pass


def _words(event: str, arguments: tuple[Any, ...]) -> str:
    if event == "open":
        path, _mode, flags = arguments
        if not isinstance(path, str):
            return ""
        if isinstance(flags, int) and flags & _WRITES:
            return "" if path == os.devnull else f"write a file: {path[:120]}"
        looked_for = path.startswith("/") and "/__pycache__/" not in path
        return f"read a file: {path[:120]}" if looked_for and not os.path.lexists(path) else ""
    if event == "socket.__new__" and arguments[1] not in (socket.AF_UNIX, -1):
        return "open a socket"
    return _REFUSED.get(event, "")
