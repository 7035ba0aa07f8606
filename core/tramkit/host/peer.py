"""One end of a pipe between the two sides: calls to the other end, and calls of the other end to what stands here.

A frame is one JSON object: ``{"id", "to", "call", "with"}`` asks, ``{"id", "ok"}`` or ``{"id", "error"}`` answers,
``{"id", "cancel": true}`` takes a question back. An answer of a host carries its snapshot.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

from tramkit.host.calls import BadCallError, Calls, error_as_data, error_of
from tramkit.host.host import Host

_log = logging.getLogger(__name__)

MAX_FRAME = 64 * 1024 * 1024
"""Bytes of one frame, at most: an order with all its files."""

HOST = Calls(Host)


@dataclass(frozen=True)
class Target:
    """What the other end may call here."""

    calls: Calls
    object: Any


class Proxy:
    """What stands at the other end under a name: each call of its protocol crosses.

    :param to: the name.
    """

    def __init__(self, peer: Peer, to: str, calls: Calls) -> None:
        self._peer = peer
        self._to = to
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._calls:
            raise AttributeError(name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            result, _answer = await self._peer.call(self._to, self._calls, name, *args, **kwargs)
            return result

        return call


class Peer:
    """One end of the pipe.

    :param send: puts a frame on the way; must not block.
    :param target: what a name stands for here; None: nothing.
    :ivar stamp: makes what goes along with each frame, e.g. the time; None: nothing does.
    :ivar on_stamp: takes what came along with a frame.
    :ivar on_note: takes a frame that asks and answers nothing.
    """

    def __init__(self, send: Callable[[bytes], None], target: Callable[[str], Target | None]) -> None:
        self._send = send
        self._target = target
        self._ids = count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._gone: Exception | None = None
        self.stamp: Callable[[], dict[str, Any]] | None = None
        self.on_stamp: Callable[[dict[str, Any]], None] | None = None
        self.on_note: Callable[[dict[str, Any]], None] | None = None

    @property
    def busy(self) -> int:
        """How many calls of the other end are under way here."""
        return len(self._running)

    async def call(self, to: str, calls: Calls, name: str, *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        """Call the other end; return the result, and the answer whole.

        :raises Exception: what it raised there, as far as the interface knows it.
        """
        if self._gone is not None:
            raise self._gone
        id = next(self._ids)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[id] = future
        self._put({"id": id, "to": to, "call": name, "with": calls.arguments(name, args, kwargs)})
        try:
            answer = await future
        except asyncio.CancelledError:
            if id in self._waiting:
                self._put({"id": id, "cancel": True})
            raise
        finally:
            self._waiting.pop(id, None)
        if "error" in answer:
            raise error_of(answer["error"])
        return calls.read_result(name, answer.get("ok")), answer

    def receive(self, frame: bytes) -> None:
        """Take a frame of the other end.

        :raises BadCallError: it is none.
        """
        try:
            told = json.loads(frame) if len(frame) <= MAX_FRAME else None
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise BadCallError("a frame is one JSON object")
        said = cast("dict[str, Any]", told)
        id = said.get("id")
        if not isinstance(id, int):
            raise BadCallError("a frame has an id")
        if self.on_stamp is not None and "stamp" in said:
            self.on_stamp(said["stamp"])
        if "note" in said:
            if self.on_note is not None:
                self.on_note(said)
        elif "call" in said:
            task = asyncio.create_task(self._answer(id, said), name="call of the other side")
            self._running[id] = task
        elif "cancel" in said:
            if (task := self._running.pop(id, None)) is not None:
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)
                task.cancel()
        elif (future := self._waiting.get(id)) is not None and not future.done():
            future.set_result(said)

    def close(self, gone: Exception | None = None) -> None:
        """Give up: nothing is answered any more, and what waits for an answer is cancelled.

        :param gone: raised there instead, and by each call that still comes.
        """
        self._gone = gone
        for task in self._running.values():
            task.cancel()
        for future in self._waiting.values():
            if gone is None:
                future.cancel()
            elif not future.done():
                future.set_exception(gone)
        self._running.clear()
        self._waiting.clear()

    async def _answer(self, id: int, said: dict[str, Any]) -> None:
        if self._ending:  # what was taken back puts its things away first: two steps must not share a page
            await asyncio.wait(self._ending)
        try:
            answer = await self._do(said)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if not isinstance(error, (RuntimeError, ValueError, BadCallError)):
                _log.debug("call failed", exc_info=error)
            answer = {"error": error_as_data(error)}
        self._running.pop(id, None)
        self._put({"id": id, **answer})

    async def _do(self, said: dict[str, Any]) -> dict[str, Any]:
        name, target = str(said["call"]), self._target(str(said.get("to", "")))
        if target is None or name not in target.calls:
            raise BadCallError(f'no call "{name[:40]}" here')
        arguments = target.calls.read_arguments(name, said.get("with"))
        result = await getattr(target.object, name)(**arguments)
        answer = {"ok": target.calls.result(name, result)}
        if target.calls is HOST:
            answer["snapshot"] = target.object.snapshot.model_dump(mode="json")
        return answer

    def _put(self, frame: dict[str, Any]) -> None:
        if self.stamp is not None:
            frame["stamp"] = self.stamp()
        self._send(json.dumps(frame, separators=(",", ":"), ensure_ascii=False).encode())
