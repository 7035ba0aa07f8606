"""A wire between a driver and its device that breaks in every way a wire can: by socket, or a serial line."""

from __future__ import annotations

import asyncio
import contextlib
import random
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path

from support.line import Line


class WireFault(StrEnum):
    """What may be wrong with a wire or what lies behind it."""

    UNPLUG = "unplug"
    HANG = "hang"
    GARBAGE = "garbage"
    SLOW = "slow"


class BadWire(ABC):
    """A wire; :attr:`fault` says what is wrong with it now.

    :param seed: of the garbage.
    :param late: seconds by which a slow device's answers are late.
    """

    def __init__(self, seed: int, late: float) -> None:
        self.dice = random.Random(seed)
        self.late = late
        self.fault: WireFault | None = None

    async def break_(self, fault: WireFault) -> None:
        """Let a fault begin."""
        self.fault = fault
        if fault is WireFault.UNPLUG:
            await self._unplug()

    async def mend(self) -> None:
        """Put everything right."""
        before, self.fault = self.fault, None
        if before is WireFault.UNPLUG:
            await self._plug()

    def garbage(self) -> bytes:
        """Return bytes that mean nothing."""
        return self.dice.randbytes(self.dice.randint(1, 64))

    @abstractmethod
    async def _unplug(self) -> None: ...

    @abstractmethod
    async def _plug(self) -> None: ...


class BadLine(BadWire):
    """A serial line before something that hears and says."""

    def __init__(self, line: Line, seed: int, late: float) -> None:
        super().__init__(seed, late)
        self.line = line
        self._hears = line.heard
        line.heard = self._heard

    def _heard(self, data: bytes) -> None:
        match self.fault:
            case None:
                self._hears(data)
            case WireFault.GARBAGE:
                self.line.say(self.garbage())
            case WireFault.SLOW:
                asyncio.get_running_loop().call_later(self.late, self._hears, data)
            case _:
                pass

    async def _unplug(self) -> None:
        self.line.unplug()

    async def _plug(self) -> None:
        self.line.plug()


Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class BadSocket(BadWire):
    """A relay before a server.

    :param connect: opens a connection to the server.
    :param path: where it listens; None: at :attr:`port` of 127.0.0.1.
    """

    def __init__(self, connect: Connect, seed: int, late: float, path: Path | None = None) -> None:
        super().__init__(seed, late)
        self.port = 0
        self._connect, self._path = connect, path
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def _plug(self) -> None:
        if self._path is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]
        else:
            self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def _unplug(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    start, stop = _plug, _unplug

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        far: asyncio.StreamWriter | None = None
        try:
            back, far = await self._connect()
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, far, writer))
                both.create_task(self._pass(back, writer, None))
        except* OSError:
            pass
        finally:
            for end in (writer, far):
                if end is not None:
                    with contextlib.suppress(Exception):
                        end.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter | None
    ) -> None:
        while data := await reader.read(65536):
            if self.fault is WireFault.HANG:
                continue
            if self.fault is WireFault.GARBAGE:
                if back is not None:
                    back.write(self.garbage())
                continue
            if self.fault is WireFault.SLOW:
                await asyncio.sleep(self.late)
            writer.write(data)
        raise ConnectionResetError
