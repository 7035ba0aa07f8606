"""Names the plugin that blocks the station's own loop: file and line, in the log.

A thread of its own looks whether the loop turns. Where it stands, what stands on it is named; a plugin that runs
inline has then blocked every resident, and its services are closed until the operator opens them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

_log = logging.getLogger(__name__)

BLOCKED_SECONDS = 1.5
"""After so long without a turn the loop is blocked."""
BEAT_SECONDS = 0.25


class Watchdog:
    """Watches a loop.

    :param folders: of the packages of plugins that run inline, by plugin.
    :param on_blocked: is told the plugin, in the loop, once that turns again.
    """

    def __init__(self, folders: Mapping[str, Path], on_blocked: Callable[[str], None]) -> None:
        self._folders = {name: f"{folder}/" for name, folder in folders.items()}
        self._on_blocked = on_blocked
        self._turned_at = time.monotonic()
        self._ended = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread_id = 0

    async def watch(self) -> None:
        """Watch the loop that runs, until this is cancelled."""
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        try:
            while True:
                self._turned_at = time.monotonic()
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            self._ended.set()

    def _watch(self) -> None:
        named = 0.0
        while not self._ended.wait(BEAT_SECONDS):
            turned = self._turned_at
            if time.monotonic() - turned > BLOCKED_SECONDS and turned != named:
                named = turned
                self._name(sys._current_frames().get(self._thread_id))  # pyright: ignore[reportPrivateUsage]

    def _name(self, frame: FrameType | None) -> None:
        """Tell what the loop stands at: where a plugin is on its stack, that one, and its own line nearest to it."""
        stack: list[FrameType] = []
        while frame is not None:
            stack.append(frame)
            frame = frame.f_back
        for each in stack:
            for plugin, folder in self._folders.items():
                if each.f_code.co_filename.startswith(folder):
                    _log.error("plugin blocks the station", extra={"plugin": plugin, "place": _place(each)})
                    self._tell(plugin)
                    return
        if stack:
            _log.error("the station is blocked", extra={"place": _place(stack[0])})

    def _tell(self, plugin: str) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._on_blocked, plugin)


def _place(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} {frame.f_code.co_name}"
