"""A receipt printer at the other end of the wire: it obeys bytes one by one, and its paper can be looked at."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import tty
from collections.abc import Callable

from PIL import Image

REAL_TIME = {b"\x10\x04": 3, b"\x10\x05": 3, b"\x10\x14": 10}


class Paper:
    """One piece of paper, from cut to cut."""

    def __init__(self) -> None:
        self.rows: list[bytes] = []

    def picture(self) -> Image.Image:
        """Return what is on it, black on white."""
        width = max(map(len, self.rows))
        data = b"".join(row.ljust(width, b"\0") for row in self.rows)
        return Image.frombytes("1", (width * 8, len(self.rows)), bytes(byte ^ 0xFF for byte in data))


class FakeEscPos:
    """A printer's parser and paper; what it answers goes to :attr:`say`.

    :param cut_after: bytes after which its plug is pulled, once; its parser keeps what it was in the middle of.
    """

    def __init__(self) -> None:
        self.say: Callable[[bytes], None] = lambda _data: None
        self.papers: list[Paper] = []
        self.now = Paper()
        self.buffer = bytearray()
        self.out = self.low = self.cover = self.cutter = False
        self.mute = False
        self.knows_process_ids = True
        self.keeps_buffer = True
        self.clears = True
        self.garbage = b""
        self.received = 0
        self.cut_after: int | None = None
        self.pulled: Callable[[], None] = lambda: None
        self.status_back = False
        self.text = b""
        """What it took for letters: a picture whose end was lost would be printed as such."""

    # ── the wire ──

    def feed(self, data: bytes) -> None:
        """Take bytes as they come in; real-time commands are obeyed at once."""
        for byte in data:
            if self.cut_after is not None and self.received >= self.cut_after:
                self.cut_after = None
                self.power_off()
                self.pulled()
                return
            self.received += 1
            self.buffer.append(byte)
            self._real_time()
            if not self._held:
                self._obey()

    def power_off(self) -> None:
        if not self.keeps_buffer:
            self.buffer.clear()

    def set(self, **flags: bool) -> None:
        """Open the cover, take the paper out …; it tells by itself where it was told to."""
        for name, value in flags.items():
            setattr(self, name, value)
        if self.status_back:
            self._tell()
        if not self._held:
            self._obey()

    @property
    def _held(self) -> bool:
        return self.out or self.cover or self.cutter

    def _answer(self, data: bytes) -> None:
        if not self.mute:
            self.say(self.garbage + data)

    def _tell(self) -> None:
        first = 0x10 | (0x08 if self._held else 0) | (0x20 if self.cover else 0)
        third = (0x0C if self.out else 0) | (0x03 if self.low or self.out else 0)
        self._answer(bytes((first, 0x08 if self.cutter else 0, third, 0x0F)))

    def _real_time(self) -> None:
        """Obey a real-time command wherever it stands: that is what makes dots that look like one dangerous."""
        for start, size in REAL_TIME.items():
            if len(self.buffer) >= size and self.buffer[-size : -size + 2] == start:
                command = bytes(self.buffer[-size:])
                if start == b"\x10\x04" and command[2] in (1, 2, 3, 4):
                    self._answer(bytes((0x12 | (0x60 if self.out else 0) | (0x0C if self.low or self.out else 0),)))
                elif command == b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08" and self.clears:
                    self.buffer.clear()
                    return
                if not self._in_picture:
                    del self.buffer[-size:]

    @property
    def _in_picture(self) -> bool:
        return self.buffer[:4] == b"\x1dv0\x00"

    # ── in order ──

    def _obey(self) -> None:
        while self.buffer:
            size = self._size()
            if size is None or len(self.buffer) < size:
                return
            command = bytes(self.buffer[:size])
            del self.buffer[:size]
            self._do(command)

    def _size(self) -> int | None:
        head = self.buffer
        if head[0] not in (0x1B, 0x1D, 0x10):
            return 1
        if len(head) < 2:
            return None
        if head[0] == 0x10:
            return REAL_TIME.get(bytes(head[:2]), 1)
        if head[0] == 0x1B:
            return 2
        if head[1] == 0x76:
            if len(head) < 8:
                return None
            return 8 + int.from_bytes(head[4:6], "little") * int.from_bytes(head[6:8], "little")
        if head[1] == 0x28:
            return 5 + int.from_bytes(head[3:5], "little") if len(head) >= 5 else None
        return {0x56: 4, 0x72: 3, 0x61: 3}.get(head[1], 2)

    def _do(self, command: bytes) -> None:
        match command[:2]:
            case b"\x1dv":
                width, rows = int.from_bytes(command[4:6], "little"), int.from_bytes(command[6:8], "little")
                self.now.rows += [command[8 + row * width : 8 + (row + 1) * width] for row in range(rows)]
            case b"\x1dV":
                self.papers.append(self.now)
                self.now = Paper()
            case b"\x1da":
                self.status_back = command[2] != 0
                if self.status_back:
                    self._tell()
            case b"\x1d(" if self.knows_process_ids:
                self._answer(b"\x37\x22" + command[7:11] + b"\0")
            case b"\x1dr":
                self._answer(bytes((0x0F if self.out else 0x03 if self.low else 0,)))
            case _ if len(command) == 1 and command != b"\0":
                self.text += command
            case _:
                pass


class TcpPrinter(FakeEscPos):
    """The printer at a TCP port of its own."""

    port = 0
    _server: asyncio.Server | None = None

    def __init__(self) -> None:
        super().__init__()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        self.status_back = False

        def say(data: bytes) -> None:
            with contextlib.suppress(OSError):
                writer.write(data)

        self.say = say
        self.pulled = writer.transport.abort
        try:
            while not writer.is_closing() and (data := await reader.read(4096)):
                self.feed(data)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def unplug(self) -> None:
        """Nobody answers at its address any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    stop = unplug


class SerialPrinter(FakeEscPos):
    """The printer at the end of a serial line (a pseudo-terminal)."""

    def __init__(self) -> None:
        super().__init__()
        self._main, self._line = pty.openpty()
        tty.setraw(self._line)
        self.path = os.ttyname(self._line)
        os.set_blocking(self._main, False)

    async def start(self) -> None:
        self.say = lambda data: void(os.write(self._main, data))
        asyncio.get_running_loop().add_reader(self._main, self._readable)

    def _readable(self) -> None:
        with contextlib.suppress(OSError):
            self.feed(os.read(self._main, 4096))

    async def stop(self) -> None:
        """Pull it out: the line hangs up."""
        if self._main < 0:
            return
        asyncio.get_running_loop().remove_reader(self._main)
        os.close(self._line)
        os.close(self._main)
        self._main = -1


def void(_value: object) -> None:
    return
