"""Calls of a library that may block for ever: each in a thread of its own, and no more than a few that hang."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from tramkit_hal.device.errors import DeviceError, Trouble

T = TypeVar("T")

MAX_HUNG = 4
"""Calls of one library that may hang; until one of them comes back no other is begun."""

HUNG_SECONDS = 2.0
"""A call that nobody waits for any more hangs when it has not come back so long after it began."""

MAX_LEFT = 16
"""Calls that nobody waits for any more, of whatever age."""


class LibraryCalls:
    """The calls of one library.

    The threads of :func:`asyncio.to_thread` are few and the whole station's: a sound server that hangs would take one
    at each try to open it, until nothing else works. A thread that hangs here is nobody's, and does not keep the
    process from ending.

    :param name: of the library, for its threads' names and for the operator.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._left: set[_Call] = set()

    async def call(self, work: Callable[[], T]) -> T:
        """Run something that blocks; whoever stops waiting leaves it to its thread, and its result is nobody's.

        :raises DeviceError: ``deadline`` where :data:`MAX_HUNG` earlier calls hang still, or :data:`MAX_LEFT` were
            left; and what the work raises.
        """
        with self._lock:
            now = time.monotonic()
            hung = sum(now - each.began > HUNG_SECONDS for each in self._left)
            if hung >= MAX_HUNG or len(self._left) >= MAX_LEFT:
                raise DeviceError(Trouble.DEADLINE, f"{self._name} does not answer")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        call = _Call(now)

        def settle(result: Any, error: BaseException | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)

        def run() -> None:
            result, failed = None, None
            try:
                result = work()
            except Exception as error:  # the driver's edge: it is raised where the work was asked for
                failed = error
            with self._lock:
                call.over = True
                self._left.discard(call)
            call_soon(loop, settle, result, failed)

        threading.Thread(target=run, name=self._name, daemon=True).start()
        try:
            return await future
        except asyncio.CancelledError:
            with self._lock:
                if not call.over:
                    self._left.add(call)
            raise


class _Call:
    """A call under way: when it began, and whether it has come back."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.over = False


def call_soon(loop: asyncio.AbstractEventLoop, what: Callable[..., None], *args: object) -> None:
    """Have the loop call something, from another thread; where it has closed nobody listens any more."""
    try:
        loop.call_soon_threadsafe(what, *args)
    except RuntimeError:
        return
