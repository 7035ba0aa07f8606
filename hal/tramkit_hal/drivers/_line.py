"""The station's own protocol for boards on a serial line: lines of ASCII with a number and a check sum.

docs/serial-protocol.md describes it for who builds a board. One board may serve several roles: its line is opened once
and shared.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import math
from collections.abc import Callable, Mapping
from typing import ClassVar
from urllib.parse import quote, unquote

from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.drivers._wire import Wire, WireSettings, dial

VERSION = "1"
MAX_LINE = 1024
HELLO_SECONDS = 2.0

Fields = Mapping[str, str]

CODES = {
    "busy": Trouble.CLAIMED,
    "unreadable": Trouble.UNREADABLE,
    "unsupported": Trouble.UNSUPPORTED,
    "fault": Trouble.FAULTY,
    "setup": Trouble.MISCONFIGURED,
}
"""What a board may refuse with; any other word is a fault."""


def checksum(text: str) -> str:
    """Return the CRC-16/CCITT-FALSE (polynomial 1021h, start FFFFh) as four hexadecimal digits."""
    crc = 0xFFFF
    for byte in text.encode("ascii"):
        crc ^= byte << 8
        for _bit in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
            crc &= 0xFFFF
    return f"{crc:04X}"


def line(*words: str, **fields: str) -> bytes:
    """Return words and fields as one line: ``>7 MEASURE kind=pulse*1A2B``."""
    text = " ".join([*words, *(f"{name}={quote(value, safe=':,.+-/')}" for name, value in fields.items())])
    return f"{text}*{checksum(text)}\n".encode("ascii")


def parse(data: bytes) -> tuple[list[str], dict[str, str]] | None:
    """Read a line; None: it was disturbed on the way."""
    try:
        text, star, given = data.decode("ascii").strip().rpartition("*")
    except UnicodeDecodeError:
        return None
    if not star or given.upper() != checksum(text):
        return None
    words = text.split(" ")
    fields = {name: unquote(value) for name, equals, value in (word.partition("=") for word in words) if equals}
    return [word for word in words if "=" not in word], fields


class Board:
    """A board at the end of a line, shared by the drivers of all its roles."""

    _open: ClassVar[dict[tuple[int, str], Board]] = {}

    def __init__(self, key: tuple[int, str]) -> None:
        self._key = key
        self._wire: Wire | None = None
        self._listener: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Fields]] = {}
        self._users: list[tuple[Callable[[str, Fields], None], Callable[[], None]]] = []
        self._starting = asyncio.Lock()
        self.hello: Fields = {}

    @classmethod
    async def use(cls, settings: WireSettings, heard: Callable[[str, Fields], None], gone: Callable[[], None]) -> Board:
        """Open the line, or share it where another role has.

        :param heard: is told each event of the board.
        :param gone: is told that the line broke.
        """
        key = (id(asyncio.get_running_loop()), settings.identity)
        board = cls._open.get(key) or cls(key)
        cls._open[key] = board
        async with board._starting:
            if board._wire is None:
                try:
                    await board._start(settings)
                except BaseException:
                    if not board._users:
                        cls._open.pop(key, None)
                    await board._stop()
                    raise
            board._users.append((heard, gone))
        return board

    async def _start(self, settings: WireSettings) -> None:
        wire = self._wire = await dial(settings)
        self._listener = asyncio.create_task(self._listen(wire), name="board listener")
        await wire.write(b"\n")  # ends whatever half a line the board has seen
        self.hello = await self.ask("HELLO", HELLO_SECONDS)
        if self.hello.get("protocol") != VERSION:
            raise DeviceError(Trouble.MISCONFIGURED, "the board speaks another version of the protocol")

    async def leave(self, heard: Callable[[str, Fields], None]) -> None:
        """Give the line back; the last one closes it."""
        self._users = [user for user in self._users if user[0] != heard]
        if not self._users:
            if self._open.get(self._key) is self:
                del self._open[self._key]
            await self._stop()

    async def _stop(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None and listener is not asyncio.current_task():
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
        wire, self._wire = self._wire, None
        if wire is not None:
            await wire.close()

    async def ask(self, verb: str, seconds: float, **fields: str) -> Fields:
        """Ask and wait for the answer to this very question.

        :param seconds: until the board counts as silent.
        :raises DeviceError: what the board refused with; ``deadline`` where it is silent.
        """
        if self._wire is None:
            raise DeviceError(Trouble.UNPLUGGED)
        number = str(next(self._numbers) % 10_000)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self._wire.write(line(f">{number}", verb, **fields))
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            raise DeviceError(Trouble.DEADLINE, f"the board is silent on {verb}") from None
        finally:
            self._waiting.pop(number, None)

    async def _listen(self, wire: Wire) -> None:
        waiting = bytearray()
        while data := await wire.read():
            waiting += data
            while (end := waiting.find(b"\n")) >= 0:
                read = parse(bytes(waiting[:end]))
                del waiting[: end + 1]
                if read is not None:
                    self._take(*read)
            if len(waiting) > MAX_LINE:
                waiting.clear()
        self._broke()

    def _take(self, words: list[str], fields: dict[str, str]) -> None:
        if len(words) < 2:
            return
        kind, number, word = words[0][:1], words[0][1:], words[1]
        if kind == "!":
            for heard, _gone in tuple(self._users):
                heard(word, fields)
        answer = self._waiting.get(number) if kind == "<" else None
        if answer is None or answer.done():
            return  # too late, or to nobody
        if word == "OK":
            answer.set_result(fields)
        else:
            code = fields.get("code", "")
            answer.set_exception(DeviceError(CODES.get(code, Trouble.FAULTY), f"the board says {code}"))

    def _broke(self) -> None:
        if self._open.get(self._key) is self:
            del self._open[self._key]
        users, self._users = self._users, []
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(DeviceError(Trouble.UNPLUGGED))
        for _heard, gone in users:
            gone()


class BoardPart:
    """What the drivers of a board share; put before the device class."""

    settings: WireSettings
    _board: Board | None = None

    def _hear(self, event: str, fields: Fields) -> None:
        """Take an event of the board."""

    def _gone(self) -> None:
        """Note that the line broke."""
        raise NotImplementedError

    async def _join(self) -> Board:
        await self._part()
        self._board = await Board.use(self.settings, self._hear, self._gone)
        return self._board

    async def _part(self) -> None:
        board, self._board = self._board, None
        if board is not None:
            await board.leave(self._hear)

    async def _ask(self, verb: str, seconds: float, **fields: str) -> Fields:
        if self._board is None:
            raise DeviceError(Trouble.UNPLUGGED)
        return await self._board.ask(verb, seconds, **fields)

    def _names(self, kind: str) -> list[str]:
        """Return what the board says it has of a kind, e.g. ``vitals=pulse,spo2``."""
        given = self._board.hello.get(kind, "") if self._board is not None else ""
        return [name for name in given.split(",") if name]

    async def _quietly(self, verb: str, seconds: float = 1.0, **fields: str) -> None:
        """Tell the board something that must not keep anybody waiting."""
        with contextlib.suppress(DeviceError):
            await self._ask(verb, seconds, **fields)


def number(text: str | None) -> float | None:
    """Read a number; None: there is none, so it is not known."""
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None
